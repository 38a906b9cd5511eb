/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <tayra/tayra.h>

#include "load/origin.h"
#include "serve/route.h"
#include "serve/warming.h"

#define KEYS 50

/* Two origins: each gives "v", but has no key that ends in 0.  `shut`: those of the second wait. */
static struct {
	_Atomic unsigned loads[2], waiting;
	_Atomic bool shut;
	struct tayra_origin *origins[2];
	struct tayra__routes *routes;
	struct tayra *t;
	char names[2 * KEYS][16];
	struct tayra_warm_key keys[2 * KEYS + 1];
} world;

static int
fetch(void *arg, const void *key, size_t len, void **value, size_t *value_len)
{
	uintptr_t which = (uintptr_t)arg;

	world.loads[which]++;
	if (which == 1) {
		world.waiting++;
		while (world.shut)
			sched_yield();
	}
	if (((const char *)key)[len - 1] == '0')
		return TAYRA_E_NOT_FOUND;
	*value = strdup("v");
	*value_len = 1;
	return TAYRA_OK;
}

static int
set_up(void **state)
{
	struct tayra_options options = TAYRA_OPTIONS_INIT;
	struct tayra__route routes[2] = { { .keys = "a:{n}" }, { .keys = "b:{n}" } };
	char error[200];

	memset(&world, 0, sizeof(world));
	options.ticker = true;
	for (uintptr_t i = 0; i < 2; i++) {
		assert_int_equal(tayra_origin_function(NULL, fetch, (void *)i, &world.origins[i]),
				 TAYRA_OK);
		routes[i].origin = world.origins[i];
	}
	assert_int_equal(tayra__routes_create(routes, 2, error, sizeof(error), &world.routes),
			 TAYRA_OK);
	assert_int_equal(tayra_create(&options, &world.t), TAYRA_OK);
	for (int i = 0; i < 2 * KEYS; i++) {
		int len = snprintf(world.names[i], sizeof(world.names[i]), "%c:%d", "ab"[i % 2],
				   i / 2);

		world.keys[i] = (struct tayra_warm_key){ world.names[i], (size_t)len, i };
	}
	world.keys[2 * KEYS] = (struct tayra_warm_key){ "other", 5, 0 };
	return 0;
}

static int
tear_down(void **state)
{
	tayra_destroy(world.t);
	tayra__routes_destroy(world.routes);
	tayra_origin_close(world.origins[0]);
	tayra_origin_close(world.origins[1]);
	return 0;
}

static struct tayra__warming *
begin(void)
{
	struct tayra__warming *warming;

	assert_int_equal(
		tayra__warming_create(world.t, world.routes, world.keys, 2 * KEYS + 1, &warming),
		TAYRA_OK);
	return warming;
}

static bool
is_cached(const char *stored, size_t len)
{
	struct tayra_ref ref;
	int status = tayra_get(world.t, stored, len, &ref);

	tayra_release(&ref);
	return status == TAYRA_OK;
}

static void
all_keys_are_loaded_by_their_routes_into_database_0(void **state)
{
	struct tayra__warming *warming = begin();
	struct tayra__warming_state now;

	do {
		sched_yield();
		tayra__warming_state(warming, &now);
	} while (now.running);
	assert_int_equal(now.progress.count, 2 * KEYS);
	assert_int_equal(now.progress.done, 2 * KEYS);
	assert_int_equal(now.progress.loaded, 2 * KEYS - 10);
	assert_int_equal(now.progress.absent, 10);
	assert_int_equal(now.unrouted, 1);
	assert_int_equal(world.loads[0], KEYS);
	assert_int_equal(world.loads[1], KEYS);
	assert_true(is_cached("\0a:1", 4) && is_cached("\0b:49", 5));
	assert_false(is_cached("\0a:10", 5) || is_cached("a:1", 3));
	tayra__warming_destroy(warming);
}

static void
an_origin_that_hangs_holds_up_no_other(void **state)
{
	struct tayra__warming *warming;
	struct tayra__warming_state now;

	world.shut = true;
	warming = begin();
	do {
		sched_yield();
		tayra__warming_state(warming, &now);
	} while (now.progress.done < KEYS || world.waiting == 0);
	assert_int_equal(world.loads[0], KEYS);
	assert_true(now.running && world.loads[1] < KEYS);
	world.shut = false;
	tayra__warming_destroy(warming);
}

static void *
destroy(void *warming)
{
	tayra__warming_destroy(warming);
	return NULL;
}

static void
destroying_it_begins_no_more_and_waits_for_what_is_out(void **state)
{
	struct tayra__warming *warming;
	struct tayra__warming_state now;
	uint64_t before_ns = 0;
	pthread_t thread;

	world.shut = true;
	warming = begin();
	while (world.waiting == 0)
		sched_yield();
	assert_int_equal(pthread_create(&thread, NULL, destroy, warming), 0);
	/* It hears of it with one of the next reports. */
	for (int reports = 0; reports < 5;) {
		sched_yield();
		tayra__warming_state(warming, &now);
		reports += now.progress.elapsed_ns != before_ns;
		before_ns = now.progress.elapsed_ns;
	}
	assert_true(now.running);
	world.shut = false;
	pthread_join(thread, NULL);
	assert_in_range(world.loads[1], 1, KEYS / 2);
}

/* An origin that notes for whom it was asked. */
static enum tayra_class seen;

static void
note_class(struct tayra_origin *origin, struct tayra_load *load)
{
	seen = tayra_load_class(load);
	tayra_load_done(load, "v", 1, NULL);
}

static void
it_goes_behind_all_that_clients_ask_for(void **state)
{
	struct tayra_origin origin = { .name = "noting", .load = note_class };
	struct tayra__route route = { .keys = "a:{n}", .origin = &origin, .cls = TAYRA_HIGH };
	struct tayra__warming_state now;
	struct tayra__warming *warming;
	struct tayra__routes *routes;
	char error[200];

	assert_int_equal(tayra__routes_create(&route, 1, error, sizeof(error), &routes), TAYRA_OK);
	assert_int_equal(tayra__warming_create(world.t, routes, world.keys, 1, &warming), TAYRA_OK);
	do {
		sched_yield();
		tayra__warming_state(warming, &now);
	} while (now.running);
	assert_int_equal(now.progress.loaded, 1);
	assert_int_equal(seen, TAYRA_BACKGROUND);
	tayra__warming_destroy(warming);
	tayra__routes_destroy(routes);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test_setup_teardown(all_keys_are_loaded_by_their_routes_into_database_0, set_up,
					tear_down),
	cmocka_unit_test_setup_teardown(an_origin_that_hangs_holds_up_no_other, set_up, tear_down),
	cmocka_unit_test_setup_teardown(it_goes_behind_all_that_clients_ask_for, set_up, tear_down),
	cmocka_unit_test_setup_teardown(destroying_it_begins_no_more_and_waits_for_what_is_out,
					set_up, tear_down),
};

int
main(void)
{
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
