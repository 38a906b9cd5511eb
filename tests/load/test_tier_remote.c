/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include <tayra/tayra.h>

#include "net/redis.h"

static char error[200];
static struct redis server;

/* A handle of one process, as it were, on the shared server. */
struct process {
	struct tayra_tier_remote *tier;
	struct tayra *t;
	_Atomic unsigned loads;
};
static struct process a, b;

/* Wait, a minute at most, for something that has to come. */
#define EVENTUALLY(condition)                                                                      \
	do {                                                                                       \
		int left = 6000;                                                                   \
		while (!(condition) && left-- > 0)                                                 \
			poll(NULL, 0, 10);                                                         \
		assert_true(left > 0);                                                             \
	} while (0)

static void
start(struct process *p)
{
	struct tayra_tier_remote_options o = TAYRA_TIER_REMOTE_OPTIONS_INIT;
	struct tayra_options options = TAYRA_OPTIONS_INIT;

	o.url = server.url;
	o.timeout_ns = 5 * TAYRA_NS_PER_S;
	assert_int_equal(tayra_tier_remote_open(&o, error, sizeof(error), &p->tier), TAYRA_OK);
	options.remote_tier = p->tier;
	options.ticker = true;
	options.ttl_ms = 3600000;
	assert_int_equal(tayra_create(&options, &p->t), TAYRA_OK);
	atomic_store(&p->loads, 0);
}

static int
start_both(void **state)
{
	if (!redis_is_installed())
		return 0;
	assert_true(redis_up(&server));
	start(&a);
	start(&b);
	poll(NULL, 0, 20); /* what began to load before it was connected is not offered */
	return 0;
}

static void
end(struct process *p)
{
	tayra_destroy(p->t);
	tayra_tier_remote_close(p->tier);
}

/* A server that tells nobody of changes: all depends on what is offered to it. */
static int
start_both_untold(void **state)
{
	server = (struct redis){ .extra = { "--rename-command", "HELLO", "" } };
	return start_both(state);
}

static int
end_both(void **state)
{
	if (!redis_is_installed())
		return 0;
	end(&a);
	end(&b);
	redis_down(&server);
	server = (struct redis){ 0 };
	return 0;
}

static void
need_redis(void)
{
	if (!redis_is_installed()) {
		print_message("# skipped: redis-server is not installed\n");
		skip();
	}
}

static void
load_it(struct tayra_load *load, void *arg)
{
	struct process *p = arg;

	atomic_fetch_add(&p->loads, 1);
	tayra_load_done(load, "loaded", 6, NULL);
}

/* => the status, and what is then in ref is given back. */
static int
ask(struct process *p, const char *key, enum tayra_tier *from)
{
	struct tayra_request r = TAYRA_REQUEST_INIT;
	struct tayra_ref ref;
	int status;

	r.key = key;
	r.key_len = strlen(key);
	r.load = load_it;
	r.load_arg = p;
	status = tayra_get_or_load(p->t, &r, &ref);
	*from = status == TAYRA_OK ? ref.tier : TAYRA_TIER_NONE;
	if (status == TAYRA_OK)
		assert_memory_equal(ref.value, "loaded", 6);
	tayra_release(&ref);
	return status;
}

/* => whether that is what is there; NULL: nothing. */
static bool
has(struct process *p, const char *key, const char *value)
{
	struct tayra_ref ref;
	bool same = value == NULL;

	if (tayra_get(p->t, key, strlen(key), &ref) == TAYRA_OK) {
		same = value && ref.value_len == strlen(value) &&
		       memcmp(ref.value, value, ref.value_len) == 0;
		tayra_release(&ref);
	}
	return same;
}

static bool
is_out(struct process *p)
{
	struct tayra_stats s = TAYRA_STATS_INIT;

	tayra_stats(p->t, &s);
	return s.remote.out;
}

static void
what_one_has_loaded_another_gets_from_the_server(void **state)
{
	enum tayra_tier from;

	need_redis();
	assert_int_equal(ask(&a, "k", &from), TAYRA_OK);
	assert_int_equal(from, TAYRA_TIER_ORIGIN);
	EVENTUALLY(has(&b, "k", "loaded"));
	assert_int_equal(ask(&b, "k", &from), TAYRA_OK);
	assert_int_not_equal(from, TAYRA_TIER_ORIGIN);
	assert_int_equal(b.loads, 0);
	assert_int_equal(ask(&a, "k", &from), TAYRA_OK);
	assert_int_equal(from, TAYRA_TIER_RAM); /* its own was not taken from it */
}

static void
what_one_changes_another_forgets(void **state)
{
	need_redis();
	assert_int_equal(tayra_put(a.t, "k", 1, "old", 3, 0, 0), TAYRA_OK);
	EVENTUALLY(has(&b, "k", "old"));
	assert_int_equal(tayra_put(a.t, "k", 1, "new", 3, 0, 0), TAYRA_OK);
	EVENTUALLY(has(&b, "k", "new"));
	assert_int_equal(tayra_delete(b.t, "k", 1), TAYRA_OK);
	EVENTUALLY(has(&a, "k", NULL));
	assert_true(has(&b, "k", NULL));
}

/* While the one loads, the other changes the key. */
static void
load_late(struct tayra_load *load, void *arg)
{
	const bool puts = arg != NULL;

	poll(NULL, 0, 20);
	if (puts)
		assert_int_equal(tayra_put(b.t, "k", 1, "new", 3, 0, 0), TAYRA_OK);
	else
		tayra_delete(b.t, "k", 1);
	tayra_load_done(load, "old", 3, NULL);
}

static void
ask_late(bool puts)
{
	struct tayra_request r = TAYRA_REQUEST_INIT;
	struct tayra_ref ref;

	poll(NULL, 0, 20);
	r.key = "k";
	r.key_len = 1;
	r.load = load_late;
	r.load_arg = puts ? &b : NULL;
	assert_int_equal(tayra_get_or_load(a.t, &r, &ref), TAYRA_OK);
	tayra_release(&ref);
}

static void
what_was_loaded_before_another_changed_it_does_not_come_after_it(void **state)
{
	enum tayra_tier from;

	need_redis();
	ask_late(true);
	EVENTUALLY(has(&a, "k", "new")); /* its own was forgotten */
	assert_true(has(&b, "k", "new"));
	assert_int_not_equal(tayra_delete(a.t, "k", 1), TAYRA_E_IO);
	assert_int_not_equal(tayra_delete(b.t, "k", 1), TAYRA_E_IO);
	ask_late(false);
	EVENTUALLY(has(&a, "k", NULL));
	assert_true(has(&b, "k", NULL));
	/* And what is loaded now is shared. */
	EVENTUALLY(ask(&a, "k", &from) == TAYRA_OK && has(&b, "k", "loaded"));
}

static void
a_server_that_is_killed_and_started_again_is_no_error_to_who_asks(void **state)
{
	enum tayra_tier from;
	char key[16];

	need_redis();
	for (int i = 0; i < 300; i++) {
		snprintf(key, sizeof(key), "%d", i);
		assert_int_equal(ask(i % 2 ? &a : &b, key, &from), TAYRA_OK);
		if (i == 100)
			redis_kill(&server);
		if (i == 200)
			assert_true(redis_start(&server));
	}
	EVENTUALLY(!is_out(&a) && !is_out(&b));
	EVENTUALLY(tayra_put(a.t, "k", 1, "new", 3, 0, 0) == TAYRA_OK && has(&b, "k", "new"));
}

static void
options_of_another_size_are_refused(void **state)
{
	struct tayra_tier_remote_options o = TAYRA_TIER_REMOTE_OPTIONS_INIT;
	struct tayra_tier_remote *tier = (void *)&o;

	o.url = "redis://localhost";
	o.size = 0;
	assert_int_equal(tayra_tier_remote_open(&o, error, sizeof(error), &tier), TAYRA_E_INVAL);
	assert_null(tier);
	assert_non_null(strstr(error, "not of this version"));
	assert_int_equal(tayra_tier_remote_open(NULL, NULL, 0, &tier), TAYRA_E_INVAL);
	assert_int_equal(tayra_tier_remote_open(&o, NULL, 0, NULL), TAYRA_E_INVAL);
	assert_int_equal(tayra_tier_remote_close(NULL), TAYRA_OK);
}

static void
a_url_that_is_none_is_said_in_one_line(void **state)
{
	struct tayra_tier_remote_options o = TAYRA_TIER_REMOTE_OPTIONS_INIT;
	struct tayra_tier_remote *tier;

	o.url = "http://u:hunter2@localhost";
	assert_int_equal(tayra_tier_remote_open(&o, error, sizeof(error), &tier), TAYRA_E_INVAL);
	assert_string_equal(error, "Redis URL: it begins with neither redis:// nor unix://");
}

static void
a_server_that_is_not_there_yet_is_no_error(void **state)
{
	struct tayra_tier_remote_options o = TAYRA_TIER_REMOTE_OPTIONS_INIT;
	struct tayra_tier_remote *tier;

	o.url = "unix:///nowhere/socket";
	assert_int_equal(tayra_tier_remote_open(&o, error, sizeof(error), &tier), TAYRA_OK);
	assert_non_null(strstr(error, "unix:///nowhere/socket: No such file or directory"));
	assert_int_equal(tayra_tier_remote_close(tier), TAYRA_OK);
}

#define SHARED(name) cmocka_unit_test_setup_teardown(name, start_both, end_both)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_of_another_size_are_refused),
		cmocka_unit_test(a_url_that_is_none_is_said_in_one_line),
		cmocka_unit_test(a_server_that_is_not_there_yet_is_no_error),
		SHARED(what_one_has_loaded_another_gets_from_the_server),
		SHARED(what_one_changes_another_forgets),
		SHARED(what_was_loaded_before_another_changed_it_does_not_come_after_it),
		cmocka_unit_test_setup_teardown(
			what_was_loaded_before_another_changed_it_does_not_come_after_it,
			start_both_untold, end_both),
		SHARED(a_server_that_is_killed_and_started_again_is_no_error_to_who_asks),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
