/* SPDX-License-Identifier: Apache-2.0
 *
 * Times of loading that a configuration gives, and CONFIG turns, as clients of a server see them.
 */
#include "client.h"

#include <stdatomic.h>

#include <tayra/tayra.h>

#include "base/clock.h"
#include "serve/route.h"

static struct running running;
static struct tayra_origin *origin;
static int client;
static char body[8192];
static atomic_uint calls;
static atomic_bool down, held, slow; /* loads fail; loads wait */

/* "none" is not there, and all else is "v". */
static int
fetch(void *arg, const void *key, size_t len, void **value, size_t *value_len)
{
	const struct timespec moment = { .tv_nsec = 200000 }, while_slow = { .tv_nsec = 30000000 };

	(void)arg;
	calls++;
	if (slow)
		nanosleep(&while_slow, NULL);
	while (held)
		nanosleep(&moment, NULL);
	if (down)
		return TAYRA_E_ORIGIN;
	if (memmem(key, len, "none", 4))
		return TAYRA_E_NOT_FOUND;
	*value = strdup("v");
	*value_len = 1;
	return TAYRA_OK;
}

static void
start(struct tayra__route route, const struct tayra_strategy *loads)
{
	struct tayra_origin_options options = TAYRA_ORIGIN_OPTIONS_INIT;

	calls = 0;
	down = held = slow = false;
	options.threads = 2;
	assert_int_equal(tayra_origin_function(&options, fetch, NULL, &origin), TAYRA_OK);
	route.origin = origin;
	route.keys = "k:{name}";
	client_start(&running, (struct tayra__server_options){ .memory_bytes = 16u << 20,
							       .routes = &route,
							       .route_count = 1,
							       .loads = loads });
	client = client_connect(&running);
}

static int
stop(void **state)
{
	(void)state;
	held = false;
	close(client);
	client_stop(&running);
	tayra_origin_close(origin);
	return 0;
}

/* A figure of INFO loads. */
static unsigned long
figure(const char *name)
{
	char line[64];
	const char *at;
	size_t have = 0;

	client_send(client, "INFO loads\r\n", 12);
	do {
		ssize_t n = recv(client, body + have, sizeof(body) - 1 - have, 0);

		assert_true(n > 0);
		have += (size_t)n;
		body[have] = '\0';
	} while (have < 2 || strcmp(body + have - 2, "\r\n") != 0 ||
		 !strstr(body, "absent_replies:"));
	snprintf(line, sizeof(line), "\n%s:", name);
	at = strstr(body, line);
	assert_non_null(at);
	return strtoul(at + strlen(line), NULL, 10);
}

static bool
patience(uint64_t begin_ns)
{
	return tayra__clock_mono_ns(tayra_clock_real()) - begin_ns <
	       CLIENT_PATIENCE_S * TAYRA_NS_PER_S;
}

static void
config(const char *name, const char *value)
{
	char command[128], reply[128];

	snprintf(command, sizeof(command), "CONFIG SET load.%s \"%s\"", name, value);
	client_say(client, command, "+OK\r\n");
	snprintf(command, sizeof(command), "CONFIG GET load.%s", name);
	snprintf(reply, sizeof(reply), "*2\r\n$%zu\r\nload.%s\r\n$%zu\r\n%s\r\n", strlen(name) + 5,
		 name, strlen(value), value);
	client_say(client, command, reply);
}

static void
that_a_key_is_not_there_is_believed_for_a_time(void **state)
{
	struct tayra_strategy loads = TAYRA_STRATEGY_INIT;

	loads.absent_ttl_ms = 600000;
	start((struct tayra__route){ 0 }, &loads);
	for (int i = 0; i < 3; i++)
		client_say(client, "GET k:none", "$-1\r\n");
	assert_int_equal(calls, 1);
	assert_int_equal(figure("absent_replies"), 2);
	config("absent_ttl", "off");
	for (int i = 0; i < 3; i++)
		client_say(client, "GET k:none2", "$-1\r\n");
	assert_int_equal(calls, 4);
}

static void
what_a_route_says_of_that_counts_for_its_keys(void **state)
{
	struct tayra_strategy loads = TAYRA_STRATEGY_INIT;

	loads.absent_ttl_ms = 600000;
	start((struct tayra__route){ .absent_ttl_ms = TAYRA_OFF, .error_ttl_ms = 600000 }, &loads);
	for (int i = 0; i < 3; i++)
		client_say(client, "GET k:none", "$-1\r\n");
	assert_int_equal(calls, 3);
	down = true;
	client_say(client, "GET k:a", "-ORIGIN the origin failed\r\n");
	client_send(client, "GET k:a\r\n", 9);
	client_expect(client, "-ORIGIN the origin failed, retry after ", 39);
	assert_int_equal(calls, 4);
}

static void
what_is_stale_is_served_at_once_where_that_is_said(void **state)
{
	uint64_t begin_ns = tayra__clock_mono_ns(tayra_clock_real());

	start((struct tayra__route){ .ttl_ms = 1,
				     .stale_ms = 600000,
				     .soft_timeout_ns = TAYRA_AT_ONCE },
	      NULL);
	client_say(client, "GET k:a", "$1\r\nv\r\n");
	held = true; /* nobody who waited for a load would be answered */
	while (figure("stale_at_once") < 3 && patience(begin_ns))
		client_say(client, "GET k:a", "$1\r\nv\r\n");
	assert_true(figure("stale_at_once") >= 3);
	while (calls < 2 && patience(begin_ns))
		;
	assert_int_equal(calls, 2);
	held = false;
}

static void
it_can_be_turned_on_and_off_for_routes_that_do_not_say(void **state)
{
	start((struct tayra__route){ .ttl_ms = 1, .stale_ms = 600000 }, NULL);
	client_say(client, "CONFIG GET load.soft_timeout",
		   "*2\r\n$17\r\nload.soft_timeout\r\n$3\r\noff\r\n");
	config("soft_timeout", "at once");
	client_say(client, "GET k:a", "$1\r\nv\r\n");
	while (calls < 2) /* once it is stale, a load is begun and nobody waits for it */
		client_say(client, "GET k:a", "$1\r\nv\r\n");
	assert_true(figure("stale_at_once") > 0);
	config("soft_timeout", "50ms");
	config("soft_timeout", "off");
	client_say(client, "CONFIG SET load.soft_timeout soon",
		   "-ERR CONFIG SET failed (possibly related to argument 'load.soft_timeout') - "
		   "'soon' is no duration of at least 1ms (30s, 5m, 2h), nor 'at once'\r\n");
}

static void
a_hit_late_in_a_values_time_has_it_loaded_anew_behind_it(void **state)
{
	uint64_t begin_ns = tayra__clock_mono_ns(tayra_clock_real());
	struct tayra_strategy loads = TAYRA_STRATEGY_INIT;

	loads.refresh_at = 1e-5; /* of 100 s */
	start((struct tayra__route){ .ttl_ms = 100000 }, &loads);
	client_say(client, "GET k:a", "$1\r\nv\r\n");
	while (calls < 2 && patience(begin_ns))
		client_say(client, "GET k:a", "$1\r\nv\r\n");
	assert_true(calls >= 2);
	assert_int_equal(figure("load_failures"), 0);
	config("refresh_at", "off");
}

/* Asked again while the machine is too busy to tell. */
static void
or_by_chance_before_its_time_is_over(void **state)
{
	struct tayra_strategy loads = TAYRA_STRATEGY_INIT;
	bool early = false;

	loads.xfetch = 100;
	start((struct tayra__route){ .ttl_ms = 1000 }, &loads);
	slow = true; /* so that it begins as much earlier */
	for (int attempt = 0; attempt < 5 && !early; attempt++) {
		uint64_t begin_ns = tayra__clock_mono_ns(tayra_clock_real());
		const unsigned before = calls;
		char command[16];

		snprintf(command, sizeof(command), "GET k:%d", attempt);
		while (calls < before + 2 && patience(begin_ns))
			client_say(client, command, "$1\r\nv\r\n");
		early = tayra__clock_mono_ns(tayra_clock_real()) - begin_ns < TAYRA_NS_PER_S;
	}
	assert_true(early);
	config("xfetch", "off");
}

static void
or_where_its_route_says_so(void **state)
{
	uint64_t begin_ns = tayra__clock_mono_ns(tayra_clock_real());

	start((struct tayra__route){ .ttl_ms = 100000, .refresh_at = 1e-5 }, NULL);
	client_say(client, "GET k:a", "$1\r\nv\r\n");
	while (calls < 2 && patience(begin_ns))
		client_say(client, "GET k:a", "$1\r\nv\r\n");
	assert_true(calls >= 2);
}

static void
but_not_where_its_route_forbids_it(void **state)
{
	struct tayra_strategy loads = TAYRA_STRATEGY_INIT;
	uint64_t begin_ns = tayra__clock_mono_ns(tayra_clock_real());

	loads.refresh_at = 1e-5;
	start((struct tayra__route){ .ttl_ms = 100000, .refresh_at = -1 }, &loads);
	/* For 20 times as long as one that may would take. */
	while (tayra__clock_mono_ns(tayra_clock_real()) - begin_ns < 20 * TAYRA_NS_PER_MS)
		client_say(client, "GET k:a", "$1\r\nv\r\n");
	assert_int_equal(calls, 1);
}

static void
a_group_that_fails_rests_and_its_throttle_can_be_turned(void **state)
{
	struct tayra_strategy loads = TAYRA_STRATEGY_INIT;
	char command[32];

	loads.throttle_ms = 600000;
	start((struct tayra__route){ 0 }, &loads);
	client_say(client, "CONFIG GET load.throttle_max",
		   "*2\r\n$17\r\nload.throttle_max\r\n$4\r\n900s\r\n");
	down = true;
	for (int i = 0; i < 20; i++) {
		snprintf(command, sizeof(command), "GET k:%d\r\n", i);
		client_send(client, command, strlen(command));
		client_expect(client, "-ORIGIN the origin failed", 25);
		while (recv(client, body, 1, 0) == 1 && body[0] != '\n')
			continue;
	}
	assert_int_equal(calls, 5);
	assert_int_equal(figure("loads_rested"), 15);
	config("throttle", "off");
	client_say(client, "CONFIG GET load.nothing", "*0\r\n");
}

int
main(void)
{
#define TEST(claim) cmocka_unit_test_teardown(claim, stop)
	const struct CMUnitTest tests[] = {
		TEST(that_a_key_is_not_there_is_believed_for_a_time),
		TEST(what_a_route_says_of_that_counts_for_its_keys),
		TEST(what_is_stale_is_served_at_once_where_that_is_said),
		TEST(it_can_be_turned_on_and_off_for_routes_that_do_not_say),
		TEST(a_hit_late_in_a_values_time_has_it_loaded_anew_behind_it),
		TEST(or_by_chance_before_its_time_is_over),
		TEST(or_where_its_route_says_so),
		TEST(but_not_where_its_route_forbids_it),
		TEST(a_group_that_fails_rests_and_its_throttle_can_be_turned),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
