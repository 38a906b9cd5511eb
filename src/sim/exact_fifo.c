/* SPDX-License-Identifier: Apache-2.0
 *
 * exact_fifo.c: first in, first out.  A hit changes nothing.
 */
#include "sim/exact_list.h"

static int
create(const struct tayra__exact_options *options, struct tayra__exact **out)
{
	return tayra__exact_list_create(&tayra__exact_fifo, options, out);
}

static void
hit(struct tayra__exact *exact, uint32_t id, uint32_t row)
{
}

const struct tayra__exact_policy tayra__exact_fifo = {
	.name = "fifo",
	.sentence = "first in, first out",
	/* A ring of ids would do; the links let deletes and expiry take from the middle. */
	.resident_bytes = sizeof(struct tayra__link),
	.create = create,
	.destroy = tayra__exact_list_destroy,
	.resident = tayra__exact_list_resident,
	.hit = hit,
	.miss = tayra__exact_list_miss,
	.remove = tayra__exact_list_remove,
};
