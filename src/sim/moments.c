/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/moments.h"

#include "base/mem.h"
#include "sim/trace.h"

#include <math.h>
#include <stdio.h>
#include <tayra/base.h>

struct list {
	struct tayra__moment *items;
	size_t count, room;
};

static int
add(struct list *list, struct tayra__moment moment)
{
	if (list->count == TAYRA__MOMENTS_MAX)
		return TAYRA_E_TOO_LARGE;
	if (list->count == list->room) {
		size_t room = list->room ? list->room * 2 : 1024;
		void *items = tayra__mem_resize(list->items, room * sizeof(*list->items));

		if (!items)
			return TAYRA_E_NOMEM;
		list->items = items;
		list->room = room;
	}
	list->items[list->count++] = moment;
	return TAYRA_OK;
}

/* => TAYRA_E_NOT_FOUND at the end of the trace or of the time. */
static int
read_row(struct tayra__trace *trace, double faster, uint64_t length_ns, double *start_s,
	 struct list *list, struct tayra__trace_error *error)
{
	struct tayra__trace_request row;
	int status = tayra__trace_next(trace, &row, error);
	double ns;
	uint64_t last_ns;

	if (status != TAYRA_OK || row.op == TAYRA__TRACE_DELETE)
		return status;
	if (list->count == 0)
		*start_s = row.time_s;
	ns = (row.time_s - *start_s) * 1e9 / faster;
	if (ns >= (double)length_ns)
		return TAYRA_E_NOT_FOUND;
	last_ns = list->count ? list->items[list->count - 1].at_ns : 0;
	status = add(list, (struct tayra__moment){ (uint64_t)fmax(ns, (double)last_ns),
						   fmin(row.cost_ms, 1e9) });
	if (status == TAYRA_E_TOO_LARGE)
		snprintf(error->text, sizeof(error->text), "over %u requests in that time",
			 TAYRA__MOMENTS_MAX);
	return status;
}

int
tayra__moments_read(const char *path, double faster, uint64_t length_ns, struct tayra__moment **out,
		    size_t *count, char *error, size_t error_len)
{
	struct tayra__trace_error why = { "" };
	struct tayra__trace *trace;
	struct list list = { 0 };
	double start_s = 0;
	int status = tayra__trace_open(path, TAYRA__TRACE_AUTO, &trace, &why);

	while (status == TAYRA_OK)
		status = read_row(trace, faster, length_ns, &start_s, &list, &why);
	tayra__trace_close(trace);
	if (status == TAYRA_E_NOT_FOUND)
		status = TAYRA_OK;
	if (status == TAYRA_OK && list.count == 0) {
		status = TAYRA_E_CORRUPT;
		snprintf(why.text, sizeof(why.text), "%s: no request in it", path);
	}
	if (status == TAYRA_OK) {
		*out = list.items;
		*count = list.count;
		return TAYRA_OK;
	}
	tayra__mem_free(list.items);
	snprintf(error, error_len, "%s", why.text[0] ? why.text : tayra_status_text(status));
	return status;
}
