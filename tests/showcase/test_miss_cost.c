/* SPDX-License-Identifier: Apache-2.0
 *
 * What misses cost on the catalogue, of real packages with the costs of their real queries; by
 * bench/miss_cost.h.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../bench/miss_cost.h"
#include "packages_text.h"
#include "showcase/source.h"

#include <tayra/base.h>
#include <tayra/prove.h>

/* The first part of the machine's package index, about 6,000 packages: a database of all takes most
 * of a minute of a busy machine to build. */
#define INDEX_BYTES (5u << 20)
#define STREAMS     6 /* the fewest that can decide */
#define REQUESTS    60000u
#define SHARE       0.2 /* of a stream's keys and values that fits */

/* => false without an index that is worth it. */
static bool
write_index(char path[64])
{
	struct tayra__source source;
	char error[200], *text = test_malloc(INDEX_BYTES);
	size_t len = 0;
	ssize_t got = 1;

	if (tayra__source_open(&source, NULL, error, sizeof(error)) == TAYRA_OK) {
		while (len < INDEX_BYTES && got > 0) {
			got = tayra__source_read(&source, text + len, INDEX_BYTES - len);
			len += got > 0 ? (size_t)got : 0;
		}
		tayra__source_close(&source);
	}
	while (len > 1 && memcmp(&text[len - 2], "\n\n", 2) != 0)
		len--;
	if (len > INDEX_BYTES / 2)
		write_file(path, text, len);
	test_free(text);
	return len > INDEX_BYTES / 2;
}

static double
cost_of(const struct miss_cost *m, const struct miss_stream *stream, enum tayra_policy policy)
{
	struct tayra_cache_options options = TAYRA_CACHE_OPTIONS_INIT;
	struct miss_result result;

	options.charge_max = (uint64_t)(SHARE * (double)stream->footprint_bytes);
	options.shards = 1;
	options.policy = policy;
	options.objective = TAYRA_OBJECTIVE_COST;
	options.seed = 1;
	assert_int_equal(miss_cost_run(m, stream, &options, &result), TAYRA_OK);
	assert_true(result.misses > stream->keys);
	return result.cost_ns;
}

static void
expect_less(const double *base, const double *tayra, const char *name)
{
	struct tayra_comparison c;

	assert_int_equal(tayra_prove_compare(base, tayra, STREAMS, NULL, &c), TAYRA_OK);
	print_message("# cost of misses against %s: %.3f [%.3f, %.3f], p %.3f\n", name, c.ratio,
		      c.lo, c.hi, c.p);
	assert_int_equal(c.verdict, TAYRA_BETTER);
}

/* By a set instead of a cache: what is not in it is a miss. */
static void
expect_each_once(const struct miss_cost *m, const struct miss_stream *stream,
		 const struct miss_result *result)
{
	bool *in = test_calloc(m->keys.count, sizeof(*in));
	uint64_t reads = 0, misses = 0;
	double cost_ns = 0;

	for (uint32_t i = 0; i < stream->count; i++) {
		uint32_t key = stream->event[i] & ~MISS_STREAM_DELETE;
		bool read = key == stream->event[i];

		reads += read;
		misses += read && !in[key];
		cost_ns += read && !in[key] ? (double)m->cost_ns[key] : 0;
		in[key] = read;
	}
	assert_int_equal(result->reads, reads);
	assert_int_equal(result->misses, misses);
	assert_true(result->cost_ns == cost_ns);
	assert_true(misses > stream->keys && misses < reads);
	test_free(in);
}

static void
with_room_for_all_only_what_is_new_or_was_updated_costs_its_loading(void **state)
{
	struct tayra_cache_options options = TAYRA_CACHE_OPTIONS_INIT;
	struct miss_stream stream;
	struct miss_result result;
	char path[64], error[400];
	struct miss_cost m;

	write_file(path, packages_text, strlen(packages_text));
	assert_int_equal(miss_cost_open(&m, path, error, sizeof(error)), TAYRA_OK);
	unlink(path);
	assert_int_equal(miss_cost_stream(&m, 1, 12000, &stream), TAYRA_OK);
	for (uint32_t key = 0; key < m.keys.count; key++)
		assert_true(m.cost_ns[key] > 0 && m.value_bytes[key] > 0);
	for (int policy = 0; tayra_policy_name((enum tayra_policy)policy); policy++) {
		options.policy = (enum tayra_policy)policy;
		options.objective = TAYRA_OBJECTIVE_COST;
		assert_int_equal(miss_cost_run(&m, &stream, &options, &result), TAYRA_OK);
		expect_each_once(&m, &stream, &result);
	}
	miss_cost_stream_fini(&stream);
	miss_cost_close(&m);
}

static void
on_the_catalogue_misses_of_policy_tayra_cost_less_than_those_of_either(void **state)
{
	double lru[STREAMS], s3fifo[STREAMS], tayra[STREAMS];
	char path[64], error[400];
	struct miss_cost m;

	if (getenv("TAYRA_INSTRUMENTED")) {
		print_message("under instruments queries do not cost what they cost\n");
		skip();
	}
	if (!write_index(path)) {
		print_message("apt-cache has no package index\n");
		skip();
	}
	assert_int_equal(miss_cost_open(&m, path, error, sizeof(error)), TAYRA_OK);
	unlink(path);
	for (int i = 0; i < STREAMS; i++) {
		struct miss_stream stream;

		assert_int_equal(miss_cost_stream(&m, (uint64_t)i + 1, REQUESTS, &stream),
				 TAYRA_OK);
		lru[i] = cost_of(&m, &stream, TAYRA_POLICY_LRU);
		s3fifo[i] = cost_of(&m, &stream, TAYRA_POLICY_S3FIFO);
		tayra[i] = cost_of(&m, &stream, TAYRA_POLICY_TAYRA);
		miss_cost_stream_fini(&stream);
	}
	expect_less(lru, tayra, "lru");
	expect_less(s3fifo, tayra, "s3fifo");
	miss_cost_close(&m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			with_room_for_all_only_what_is_new_or_was_updated_costs_its_loading),
		cmocka_unit_test(
			on_the_catalogue_misses_of_policy_tayra_cost_less_than_those_of_either),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
