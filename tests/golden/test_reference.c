/* SPDX-License-Identifier: Apache-2.0
 *
 * Every cell of $TAYRA_TRACES/reference.csv that is ok and of a policy there is, replayed and
 * compared.  The file gives miss ratios to 6 decimals: equal there is equal to the last request on
 * traces of up to 1.5 million rows, as half a unit of the last place is less than one request.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tayra/base.h>

#include "base/mem.h"
#include "sim/replay.h"
#include "sim/requests.h"
#include "sim/trace.h"

struct cell {
	char trace[64], policy[64], mode[16], status[64];
	double share, miss_ratio;
	uint64_t capacity, requests, keys;
};

/* Column `index` of a line, empty when it is not there. */
static void
column(const char *line, int index, char *out, size_t size)
{
	size_t n;

	for (; index > 0 && line; index--) {
		line = strchr(line, ',');
		line = line ? line + 1 : NULL;
	}
	n = line ? strcspn(line, ",\r\n") : 0;
	if (n >= size)
		n = size - 1;
	if (n > 0)
		memcpy(out, line, n);
	out[n] = '\0';
}

static void
parse(const char *line, struct cell *cell)
{
	char text[64];

	column(line, 0, cell->trace, sizeof(cell->trace));
	column(line, 1, text, sizeof(text));
	cell->share = strtod(text, NULL);
	column(line, 3, cell->policy, sizeof(cell->policy));
	column(line, 4, text, sizeof(text));
	cell->miss_ratio = strtod(text, NULL);
	column(line, 7, cell->mode, sizeof(cell->mode));
	column(line, strcmp(cell->mode, "byte") == 0 ? 8 : 2, text, sizeof(text));
	cell->capacity = strtoull(text, NULL, 10);
	column(line, 9, text, sizeof(text));
	cell->requests = strtoull(text, NULL, 10);
	column(line, 10, text, sizeof(text));
	cell->keys = strtoull(text, NULL, 10);
	column(line, 12, cell->status, sizeof(cell->status));
}

static const char *
our_name(const struct cell *cell)
{
	static const char *const names[][2] = { { "LRU", "lru" },
						{ "FIFO", "fifo" },
						{ "S3-FIFO", "s3fifo" },
						{ "Belady", "belady" } };

	if (strcmp(cell->status, "ok") != 0 ||
	    (strcmp(cell->mode, "obj") != 0 && strcmp(cell->mode, "byte") != 0))
		return NULL;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i][0], cell->policy) == 0)
			return names[i][1];
	return NULL;
}

static struct tayra__requests *
load(const char *folder, const char *name)
{
	struct tayra__trace_error error;
	struct tayra__requests *requests;
	struct tayra__trace *trace;
	char path[512];

	snprintf(path, sizeof(path), "%s/%s.csv.zst", folder, name);
	if (tayra__trace_open(path, TAYRA__TRACE_AUTO, &trace, &error) ||
	    tayra__requests_load(trace, 0, NULL, NULL, &requests, &error))
		fail_msg("%s", error.text);
	tayra__trace_close(trace);
	return requests;
}

/* The trace of the cell before, as the file goes trace by trace. */
struct loaded {
	char name[64];
	struct tayra__requests *requests;
	uint32_t *next_use;
};

static void
unload(struct loaded *loaded)
{
	tayra__requests_destroy(loaded->requests);
	tayra__mem_free(loaded->next_use);
	*loaded = (struct loaded){ 0 };
}

static void
have(struct loaded *loaded, const char *folder, const char *name)
{
	if (strcmp(loaded->name, name) == 0)
		return;
	unload(loaded);
	snprintf(loaded->name, sizeof(loaded->name), "%s", name);
	loaded->requests = load(folder, name);
	loaded->next_use = tayra__requests_next_use(loaded->requests);
	assert_non_null(loaded->next_use);
}

/* The capacity must also be what we make of the share. */
static void
check_capacity(const struct cell *cell, const struct tayra__requests *requests,
	       enum tayra__sizes sizes)
{
	struct tayra__capacity capacity;
	const char *why;
	char text[32];
	uint64_t resolved;

	snprintf(text, sizeof(text), "%g%%", cell->share * 100);
	assert_int_equal(tayra__capacity_parse(text, strlen(text), &capacity, &why), TAYRA_OK);
	assert_int_equal(tayra__capacity_resolve(&capacity, sizes, requests->keys,
						 requests->footprint_bytes, &resolved, &why),
			 TAYRA_OK);
	assert_int_equal(resolved, cell->capacity);
}

static bool
check(const struct cell *cell, const struct loaded *loaded)
{
	struct tayra__replay_options options = {
		.policy = our_name(cell),
		.sizes = cell->mode[0] == 'b' ? TAYRA__SIZES_REAL : TAYRA__SIZES_UNIT,
		.capacity = cell->capacity,
		.next_use = loaded->next_use,
	};
	struct tayra__replay_result result;
	double ratio;

	assert_int_equal(loaded->requests->count, cell->requests);
	assert_int_equal(loaded->requests->keys, cell->keys);
	check_capacity(cell, loaded->requests, options.sizes);
	assert_int_equal(tayra__replay_run(loaded->requests, &options, &result), TAYRA_OK);
	ratio = round((double)result.misses / (double)result.requests * 1e6) / 1e6;
	if (fabs(ratio - cell->miss_ratio) < 1e-9)
		return true;
	print_error("%s %s %s %g: %.6f, the reference has %.6f\n", cell->trace, cell->policy,
		    cell->mode, cell->share, ratio, cell->miss_ratio);
	return false;
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define ROWS_MAX 150000 /* of a trace: the instrumented build takes the small ones only */
#else
#define ROWS_MAX UINT32_MAX
#endif

static void
each_reference_cell_is_matched_to_the_last_request(void **state)
{
	const char *folder = getenv("TAYRA_TRACES");
	struct loaded loaded = { 0 };
	unsigned matched = 0, wrong = 0;
	char path[512], line[1024];
	FILE *file;

	if (!folder)
		skip();
	snprintf(path, sizeof(path), "%s/reference.csv", folder);
	file = fopen(path, "r");
	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		struct cell cell;

		parse(line, &cell);
		if (!our_name(&cell) || cell.requests > ROWS_MAX)
			continue;
		have(&loaded, folder, cell.trace);
		if (check(&cell, &loaded))
			matched++;
		else
			wrong++;
	}
	fclose(file);
	unload(&loaded);
	print_message("# %u cells equal to the reference\n", matched);
	assert_int_equal(wrong, 0);
	assert_true(matched > 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_reference_cell_is_matched_to_the_last_request),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
