/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/exact_list.h"

#include <tayra/base.h>

#include "base/mem.h"

int
tayra__exact_list_create(const struct tayra__exact_policy *policy,
			 const struct tayra__exact_options *options, struct tayra__exact **out)
{
	struct tayra__exact_list *list = tayra__mem_alloc(sizeof(*list));

	*out = NULL;
	if (!list)
		return TAYRA_E_NOMEM;
	list->exact.policy = policy;
	list->exact.options = *options;
	list->links = tayra__mem_array(options->keys + (size_t)1, sizeof(*list->links));
	list->resident = tayra__mem_array(options->keys, sizeof(*list->resident));
	if (!list->links || !list->resident) {
		tayra__exact_list_destroy(&list->exact);
		return TAYRA_E_NOMEM;
	}
	tayra__chain_init(list->links, options->keys);
	*out = &list->exact;
	return TAYRA_OK;
}

void
tayra__exact_list_destroy(struct tayra__exact *exact)
{
	struct tayra__exact_list *list = (struct tayra__exact_list *)exact;

	if (!list)
		return;
	tayra__mem_free(list->links);
	tayra__mem_free(list->resident);
	tayra__mem_free(list);
}

bool
tayra__exact_list_resident(const struct tayra__exact *exact, uint32_t id)
{
	return ((const struct tayra__exact_list *)exact)->resident[id];
}

void
tayra__exact_list_miss(struct tayra__exact *exact, uint32_t id, uint32_t row)
{
	struct tayra__exact_list *list = (struct tayra__exact_list *)exact;
	uint32_t head = exact->options.keys;

	while (tayra__exact_crowded(exact, id))
		tayra__exact_list_remove(exact, tayra__chain_oldest(list->links, head));
	tayra__chain_push(list->links, head, id);
	list->resident[id] = 1;
	tayra__exact_enter(exact, id);
}

void
tayra__exact_list_remove(struct tayra__exact *exact, uint32_t id)
{
	struct tayra__exact_list *list = (struct tayra__exact_list *)exact;

	tayra__chain_remove(list->links, id);
	list->resident[id] = 0;
	tayra__exact_leave(exact, id);
}
