/* SPDX-License-Identifier: Apache-2.0
 *
 * exact_lru.c: evict what was used longest ago.
 */
#include "sim/exact_list.h"

static int
create(const struct tayra__exact_options *options, struct tayra__exact **out)
{
	return tayra__exact_list_create(&tayra__exact_lru, options, out);
}

static void
hit(struct tayra__exact *exact, uint32_t id, uint32_t row)
{
	struct tayra__exact_list *list = (struct tayra__exact_list *)exact;

	tayra__chain_remove(list->links, id);
	tayra__chain_push(list->links, exact->options.keys, id);
}

const struct tayra__exact_policy tayra__exact_lru = {
	.name = "lru",
	.sentence = "least recently used",
	.resident_bytes = sizeof(struct tayra__link),
	.create = create,
	.destroy = tayra__exact_list_destroy,
	.resident = tayra__exact_list_resident,
	.hit = hit,
	.miss = tayra__exact_list_miss,
	.remove = tayra__exact_list_remove,
};
