/* SPDX-License-Identifier: Apache-2.0
 *
 * Opening each origin and loading from it, with every allocation of ours refused in turn.  What the
 * libraries behind them allocate is their own.
 */
#include "../load/stage.h"

#include <stdlib.h>
#include <unistd.h>

#include "../net/redis.h"
#include "../origin/server.h"
#include "base/mem.h"

/* More than any operation here allocates. */
#define ENOUGH 64

typedef int (*open_fn)(const struct tayra_origin_options *options, struct tayra_origin **out);

static struct server server;
static struct redis redis;

static int
open_sqlite(const struct tayra_origin_options *options, struct tayra_origin **out)
{
	return tayra_origin_sqlite(options, ":memory:", "SELECT ?1 AS a, 2 AS b", NULL, 0, out);
}

/* Two keys are a batch. */
static int
open_sqlite_batch(const struct tayra_origin_options *options, struct tayra_origin **out)
{
	struct tayra_origin_options o = *options;

	o.batch = "SELECT value, value AS a, 3 AS b FROM json_each(?1)";
	o.batch_keys_max = 2;
	o.batch_window_ns = 20 * TAYRA_NS_PER_MS;
	return tayra_origin_sqlite(&o, ":memory:", "SELECT ?1 AS a, 2 AS b", NULL, 0, out);
}

/* Nobody listens there, and it opens all the same. */
static int
open_postgres(const struct tayra_origin_options *options, struct tayra_origin **out)
{
	return tayra_origin_postgres(options, "host=/no/such/folder", "SELECT $1", NULL, 0, out);
}

static int
open_redis(const struct tayra_origin_options *options, struct tayra_origin **out)
{
	return tayra_origin_redis(options, redis.url, "ECHO {name}", NULL, 0, out);
}

static int
open_http(const struct tayra_origin_options *options, struct tayra_origin **out)
{
	char url[100];

	snprintf(url, sizeof(url), "http://127.0.0.1:%u/{name}", server.port);
	return tayra_origin_http(options, NULL, url, NULL, 0, out);
}

static int
echo_many(void *arg, struct tayra_fetch *fetches, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		fetches[i].value = malloc(fetches[i].key_len);
		fetches[i].len = fetches[i].key_len;
		memcpy(fetches[i].value, fetches[i].key, fetches[i].len);
		fetches[i].status = TAYRA_OK;
	}
	return TAYRA_OK;
}

/* It takes no pattern. */
static int
open_batch(const struct tayra_origin_options *options, struct tayra_origin **out)
{
	struct tayra_origin_options o = *options;

	o.pattern = NULL;
	return tayra_origin_batch(&o, NULL, echo_many, NULL, out);
}

static void
opens_whole_or_not_at_all(open_fn open)
{
	struct tayra_origin_options o = TAYRA_ORIGIN_OPTIONS_INIT;
	struct tayra_origin *origin;
	uint64_t n = 0;
	int status;

	o.threads = 2;
	o.pattern = "k:{name}";
	do {
		tayra__mem_fail_after(++n);
		status = open(&o, &origin);
		tayra__mem_fail_after(0);
		if (status == TAYRA_E_UNSUPPORTED)
			skip();
		if (status != TAYRA_OK) {
			assert_int_equal(status, TAYRA_E_NOMEM);
			assert_null(origin);
		}
	} while (status != TAYRA_OK && n < ENOUGH);
	assert_int_equal(status, TAYRA_OK);
	assert_in_range(n, 2, ENOUGH);
	tayra_origin_close(origin);
}

/* The load's answer is the value or TAYRA_E_NOMEM, never anything else. */
static void
loads_whole_or_not_at_all(open_fn open, enum tayra_shape shape, const char *value)
{
	struct tayra_origin_options o = TAYRA_ORIGIN_OPTIONS_INIT;
	struct tayra_origin *origin;
	uint64_t n = 0;
	int status;

	o.threads = 1;
	o.pattern = "k:{name}";
	o.shape = shape;
	status = open(&o, &origin);
	if (status == TAYRA_E_UNSUPPORTED)
		skip();
	assert_int_equal(status, TAYRA_OK);
	do {
		struct stage s;
		struct tayra_ref ref;

		stage_open(&s, NULL);
		struct tayra_request r = ask(&s, "k:echo", NULL);

		r.origin = origin;
		tayra__mem_fail_after(++n);
		status = tayra_get_or_load(s.t, &r, &ref);
		tayra__mem_fail_after(0);
		if (status == TAYRA_OK)
			holds(&ref, value);
		else
			assert_int_equal(status, TAYRA_E_NOMEM);
		tayra_release(&ref);
		stage_close(&s);
	} while (status != TAYRA_OK && n < ENOUGH);
	assert_int_equal(status, TAYRA_OK);
	assert_in_range(n, 3, ENOUGH);
	tayra_origin_close(origin);
}

/* => how many came from one query for both; of the rest each is whole or TAYRA_E_NOMEM. */
static unsigned
come_together(struct tayra_origin *origin, uint64_t n)
{
	static const char *const keys[] = { "k:a", "k:b" };
	unsigned out = 0, together = 0;
	struct stage s;

	stage_open(&s, NULL);
	tayra__mem_fail_after(n);
	for (int i = 0; i < 2; i++) {
		struct tayra_request r = ask(&s, keys[i], NULL);
		int status;

		r.origin = origin;
		status = start(&s, &r, NULL);
		assert_true(status == TAYRA_PENDING || status == TAYRA_E_NOMEM);
		out += status == TAYRA_PENDING;
	}
	for (; out > 0; out--) {
		struct tayra_completion c;

		assert_int_equal(tayra_cq_wait(s.cq, &c, 1, 9 * TAYRA_NS_PER_S), 1);
		assert_true(c.status == TAYRA_OK || c.status == TAYRA_E_NOMEM);
		if (c.status == TAYRA_OK)
			together += ((const char *)c.ref.value)[c.ref.value_len - 2] == '3';
		tayra_release(&c.ref);
	}
	tayra__mem_fail_after(0);
	stage_close(&s);
	return together;
}

static void
two_keys_of_one_query_fail_at_each_allocation_and_leave_no_trace(void **state)
{
	struct tayra_origin_options o = TAYRA_ORIGIN_OPTIONS_INIT;
	struct tayra_origin *origin;
	uint64_t n = 0;

	opens_whole_or_not_at_all(open_sqlite_batch);
	o.threads = 1;
	o.pattern = "k:{name}";
	o.shape = TAYRA_SHAPE_ROW;
	assert_int_equal(open_sqlite_batch(&o, &origin), TAYRA_OK); /* or skipped above */
	while (come_together(origin, ++n) < 2 && n < ENOUGH)
		;
	assert_in_range(n, 4, ENOUGH - 1);
	tayra_origin_close(origin);
}

static void
a_batch_fails_at_each_allocation_and_leaves_no_trace(void **state)
{
	opens_whole_or_not_at_all(open_batch);
	loads_whole_or_not_at_all(open_batch, TAYRA_SHAPE_RAW, "k:echo");
}

static void
sqlite_fails_at_each_allocation_and_leaves_no_trace(void **state)
{
	opens_whole_or_not_at_all(open_sqlite);
	loads_whole_or_not_at_all(open_sqlite, TAYRA_SHAPE_JSON, "[{\"a\":\"echo\",\"b\":2}]");
}

static void
postgres_fails_at_each_allocation_and_leaves_no_trace(void **state)
{
	opens_whole_or_not_at_all(open_postgres);
}

static void
redis_fails_at_each_allocation_and_leaves_no_trace(void **state)
{
	if (!redis_is_installed())
		skip();
	assert_true(redis_up(&redis));
	opens_whole_or_not_at_all(open_redis);
	loads_whole_or_not_at_all(open_redis, TAYRA_SHAPE_RAW, "echo");
	redis_down(&redis);
}

static void
http_fails_at_each_allocation_and_leaves_no_trace(void **state)
{
	server_open(&server);
	opens_whole_or_not_at_all(open_http);
	loads_whole_or_not_at_all(open_http, TAYRA_SHAPE_RAW, "/echo");
	server_close(&server);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(a_batch_fails_at_each_allocation_and_leaves_no_trace),
	cmocka_unit_test(sqlite_fails_at_each_allocation_and_leaves_no_trace),
	cmocka_unit_test(two_keys_of_one_query_fail_at_each_allocation_and_leave_no_trace),
	cmocka_unit_test(postgres_fails_at_each_allocation_and_leaves_no_trace),
	cmocka_unit_test(redis_fails_at_each_allocation_and_leaves_no_trace),
	cmocka_unit_test(http_fails_at_each_allocation_and_leaves_no_trace),
};

RUN_TESTS(tests)
