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
	double share, miss_ratio, byte_miss_ratio; /* the latter negative where it is not given */
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
	column(line, 5, text, sizeof(text));
	cell->byte_miss_ratio = text[0] ? strtod(text, NULL) : -1;
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
	struct tayra__requests *requests = NULL;
	struct tayra__trace *trace;
	char path[512];

	snprintf(path, sizeof(path), "%s/%s.csv.zst", folder, name);
	if (tayra__trace_open(path, TAYRA__TRACE_AUTO, &trace, &error) ||
	    tayra__requests_load(trace, 0, NULL, NULL, &requests, &error))
		fail_msg("%s", error.text);
	tayra__trace_close(trace);
	return requests;
}

#define FLOORS_MAX 8

/* The trace of the cell before, as the file goes trace by trace. */
struct loaded {
	char name[64];
	struct tayra__requests *requests;
	uint32_t *next_use;
	struct {
		uint64_t capacity;
		double miss_ratio;
	} floors[FLOORS_MAX];
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

static struct tayra__replay_result
replayed(const struct cell *cell, const struct loaded *loaded, const char *policy,
	 enum tayra__engine engine)
{
	struct tayra__replay_options options = {
		.policy = policy,
		.engine = engine,
		.sizes = cell->mode[0] == 'b' ? TAYRA__SIZES_REAL : TAYRA__SIZES_UNIT,
		.capacity = cell->capacity,
		.next_use = loaded->next_use,
		.seed = 1,
	};
	struct tayra__replay_result result;

	assert_int_equal(loaded->requests->count, cell->requests);
	assert_int_equal(loaded->requests->keys, cell->keys);
	check_capacity(cell, loaded->requests, options.sizes);
	assert_int_equal(tayra__replay_run(loaded->requests, &options, &result), TAYRA_OK);
	return result;
}

static double
ratio_of(uint64_t part, uint64_t whole)
{
	return (double)part / (double)whole;
}

/* Not of the cells looked at, right, wrong. */
enum verdict { SKIPPED, RIGHT, WRONG };

static enum verdict
complain(const struct cell *cell, const char *what, double ours)
{
	print_error("%s %s %s %g: %s is %.6f, the reference has %.6f, by bytes %.6f\n", cell->trace,
		    cell->policy, cell->mode, cell->share, what, ours, cell->miss_ratio,
		    cell->byte_miss_ratio);
	return WRONG;
}

static bool
equal_as_printed(double ours, double theirs)
{
	return fabs(round(ours * 1e6) / 1e6 - theirs) < 1e-9;
}

static enum verdict
check_exact(const struct cell *cell, struct loaded *loaded)
{
	const char *policy = our_name(cell);
	struct tayra__replay_result result;
	double ratio, byte_ratio;

	if (!policy)
		return SKIPPED;
	result = replayed(cell, loaded, policy, TAYRA__ENGINE_EXACT);
	ratio = ratio_of(result.misses, result.requests);
	byte_ratio = ratio_of(result.missed_bytes, loaded->requests->get_bytes);
	if (!equal_as_printed(ratio, cell->miss_ratio))
		return complain(cell, "the miss ratio", ratio);
	if (cell->byte_miss_ratio >= 0 && loaded->requests->sized &&
	    !equal_as_printed(byte_ratio, cell->byte_miss_ratio))
		return complain(cell, "the byte miss ratio", byte_ratio);
	return RIGHT;
}

/* The floor at that capacity, worked out once a trace. */
static double
floor_of(const struct cell *cell, struct loaded *loaded)
{
	struct tayra__replay_result result;
	size_t i = 0;

	while (i < FLOORS_MAX && loaded->floors[i].capacity &&
	       loaded->floors[i].capacity != cell->capacity)
		i++;
	assert_true(i < FLOORS_MAX);
	if (loaded->floors[i].capacity == 0) {
		result = replayed(cell, loaded, "belady-bypass", TAYRA__ENGINE_EXACT);
		loaded->floors[i].capacity = cell->capacity;
		loaded->floors[i].miss_ratio = ratio_of(result.misses, result.requests);
	}
	return loaded->floors[i].miss_ratio;
}

/* Every policy of the reference, ours or not. */
static enum verdict
check_floor(const struct cell *cell, struct loaded *loaded)
{
	double floor_ratio;

	if (strcmp(cell->mode, "obj") != 0 || strcmp(cell->status, "ok") != 0)
		return SKIPPED;
	floor_ratio = floor_of(cell, loaded);
	return cell->miss_ratio + 1e-6 >= floor_ratio ? RIGHT
						      : complain(cell, "the floor", floor_ratio);
}

static enum verdict
check_engine(const struct cell *cell, struct loaded *loaded)
{
	const char *policy = our_name(cell);
	struct tayra__replay_result result;
	double ratio;

	if (!policy || cell->capacity < 10000 || strcmp(cell->mode, "obj") != 0 ||
	    (strcmp(policy, "lru") != 0 && strcmp(policy, "s3fifo") != 0))
		return SKIPPED;
	result = replayed(cell, loaded, policy, TAYRA__ENGINE_CACHE);
	ratio = ratio_of(result.misses, result.requests);
	return fabs(ratio - cell->miss_ratio) <= 0.003 ? RIGHT
						       : complain(cell, "the engine's", ratio);
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define ROWS_MAX 150000 /* of a trace: the instrumented build takes the small ones only */
#else
#define ROWS_MAX UINT32_MAX
#endif

typedef enum verdict check_fn(const struct cell *cell, struct loaded *loaded);

/* Runs a check over the file; returns how many cells were right. */
static unsigned
each_cell(check_fn *check)
{
	const char *folder = getenv("TAYRA_TRACES");
	struct loaded loaded = { 0 };
	unsigned counts[3] = { 0 };
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
		if (cell.requests == 0 || cell.requests > ROWS_MAX)
			continue;
		if (strcmp(cell.mode, "obj") != 0 && strcmp(cell.mode, "byte") != 0)
			continue;
		have(&loaded, folder, cell.trace);
		counts[check(&cell, &loaded)]++;
	}
	fclose(file);
	unload(&loaded);
	print_message("# %u cells\n", counts[RIGHT]);
	assert_int_equal(counts[WRONG], 0);
	return counts[RIGHT];
}

static void
each_reference_cell_is_matched_to_the_last_request(void **state)
{
	assert_true(each_cell(check_exact) > 0);
}

static void
no_policy_of_the_reference_goes_below_belady_with_bypass(void **state)
{
	assert_true(each_cell(check_floor) > 0);
}

static void
the_production_engine_is_within_0_3_points_at_10000_objects(void **state)
{
	/* The traces an instrumented build takes have no such cell. */
	unsigned right = each_cell(check_engine);

	assert_true(right > 0 || ROWS_MAX < UINT32_MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_reference_cell_is_matched_to_the_last_request),
		cmocka_unit_test(no_policy_of_the_reference_goes_below_belady_with_bypass),
		cmocka_unit_test(the_production_engine_is_within_0_3_points_at_10000_objects),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
