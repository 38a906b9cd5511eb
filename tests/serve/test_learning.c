/* SPDX-License-Identifier: Apache-2.0
 *
 * What a server learns of its keys, with an origin of the test's own.
 */
#include "http.h"

#include <tayra/tayra.h>

#include "base/clock.h"
#include "serve/route.h"

static char body[1 << 18];
static struct running running;
static struct tayra_origin *origin;
static uint16_t port; /* of the page; 0: built without */
static int client;
static _Atomic unsigned loads;

/* Every load brings other bytes. */
static int
fetch(void *arg, const void *key, size_t len, void **value, size_t *value_len)
{
	char *text = malloc(32);

	(void)arg, (void)key, (void)len;
	*value_len = (size_t)snprintf(text, 32, "%08u", loads++ % 100000000);
	*value = text;
	return TAYRA_OK;
}

static struct tayra_strategy
all_in(enum tayra_feature_mode mode)
{
	struct tayra_strategy s = TAYRA_STRATEGY_INIT;

	s.ttl_learning = s.prefetch_refresh = s.prefetch_successors = s.prefetch_changed =
		s.prefetch_periodic = s.predictor = s.patterns = mode;
	return s;
}

static void
start(const struct tayra_strategy *strategy, struct tayra__server_options options)
{
	struct tayra_origin_options from = TAYRA_ORIGIN_OPTIONS_INIT;
	struct tayra__route route = { .keys = "k:{name}", .ttl_ms = 400 };
	char text[512], *page;

	from.threads = 2;
	loads = 0;
	assert_int_equal(tayra_origin_function(&from, fetch, NULL, &origin), TAYRA_OK);
	route.origin = origin;
	options.routes = &route;
	options.route_count = 1;
	options.admin = "127.0.0.1:0";
	options.admin_if_free = true;
	options.strategy = strategy;
	if (!options.memory_bytes)
		options.memory_bytes = 16u << 20;
	client_start(&running, options);
	tayra__server_describe(running.server, text, sizeof(text));
	page = strstr(text, "status at http://127.0.0.1:");
	port = page ? (uint16_t)strtoul(page + strlen("status at http://127.0.0.1:"), NULL, 10) : 0;
	client = client_connect(&running);
}

static int
stop(void **state)
{
	close(client);
	client_stop(&running);
	tayra_origin_close(origin);
	return 0;
}

/* The reply to a command that is one bulk. */
static void
ask(const char *command)
{
	size_t used = 0, len = 0;

	client_send(client, command, strlen(command));
	client_send(client, "\r\n", 2);
	while (used < 2 || body[used - 1] != '\n')
		assert_int_equal(recv(client, body + used++, 1, 0), 1);
	assert_int_equal(body[0], '$');
	len = strtoul(body + 1, NULL, 10) + 2;
	assert_true(len < sizeof(body));
	for (used = 0; used < len;) {
		ssize_t n = recv(client, body + used, len - used, 0);

		assert_true(n > 0);
		used += (size_t)n;
	}
	body[used] = '\0';
}

/* A figure of INFO learning. */
static double
figure(const char *name)
{
	char line[64];
	const char *at;

	ask("INFO learning");
	snprintf(line, sizeof(line), "\n%s:", name);
	at = strstr(body, line);
	if (!at)
		fail_msg("no '%s' in %s", name, body);
	return strtod(at + strlen(line), NULL);
}

/* It is at least that, or becomes it. */
static void
until(const char *name, double least)
{
	uint64_t begin_ns = tayra__clock_mono_ns(tayra_clock_real());

	while (figure(name) < least)
		assert_true(tayra__clock_mono_ns(tayra_clock_real()) - begin_ns <
			    CLIENT_PATIENCE_S * TAYRA_NS_PER_S);
}

static void
config(const char *name, const char *value)
{
	char command[128];

	snprintf(command, sizeof(command), "CONFIG SET %s %s", name, value);
	client_say(client, command, "+OK\r\n");
}

/* "off" .. of CONFIG GET. */
static void
expect_config(const char *name, const char *value)
{
	char command[128], reply[128];

	snprintf(command, sizeof(command), "CONFIG GET %s", name);
	snprintf(reply, sizeof(reply), "*2\r\n$%zu\r\n%s\r\n$%zu\r\n%s\r\n", strlen(name), name,
		 strlen(value), value);
	client_say(client, command, reply);
}

static void
hits_of_ram_are_told_and_keys_have_their_own_names(void **state)
{
	const struct tayra_strategy s = all_in(TAYRA_FEATURE_MONITOR);
	unsigned long uses;

	start(&s, (struct tayra__server_options){ 0 });
	client_say(client, "SET plain 1", "+OK\r\n");
	for (int i = 0; i < 300; i++)
		client_say(client, "GET plain", "$1\r\n1\r\n");
	for (int i = 0; i < 20; i++)
		ask("GET k:hot");
	client_say(client, "GET none", "$-1\r\n");
	until("uses_told", 1);
	assert_true(figure("learning_bytes") > 0);
	assert_true(figure("learning_bytes") <= figure("learning_bytes_max"));
	if (!port)
		skip();
	assert_int_equal(http_get(port, "/patterns.json", body, sizeof(body)), 200);
	assert_non_null(strstr(body, "\"key\": \"plain\""));
	assert_non_null(strstr(body, "\"key\": \"k:hot\""));
	assert_non_null(strstr(body, "\"key\": \"none\""));
	/* A hit that meets the ticker is not counted. */
	uses = strtoul(strstr(body, "\"uses\": ") + strlen("\"uses\": "), NULL, 10);
	assert_true(uses > 200 && uses <= 321);
	assert_int_equal(http_get(port, "/patterns", body, sizeof(body)), 200);
	assert_non_null(strstr(body, "  plain "));
	assert_int_equal(http_get(port, "/", body, sizeof(body)), 200);
	assert_non_null(strstr(body, "href=\"./patterns\""));
}

static void
a_server_that_was_not_told_to_learn_cannot_be_made_to(void **state)
{
	start(NULL, (struct tayra__server_options){ 0 });
	ask("GET k:a");
	client_say(client, "CONFIG SET tayra-patterns on",
		   "-ERR CONFIG SET failed (possibly related to argument 'tayra-patterns') - no "
		   "memory was set aside for learning: the configuration has no 'learn'\r\n");
	client_say(client, "CONFIG SET tayra-learning off",
		   "-ERR CONFIG SET failed (possibly related to argument 'tayra-learning') - only "
		   "policy tayra learns what to evict\r\n");
	expect_config("tayra-ttl-learning", "off");
	ask("INFO learning");
	assert_null(strstr(body, "learning_bytes"));
	if (!port)
		skip();
	assert_int_equal(http_get(port, "/patterns.json", body, sizeof(body)), 404);
	assert_int_equal(http_get(port, "/", body, sizeof(body)), 200);
	assert_null(strstr(body, "./patterns"));
}

static void
with_every_switch_off_nothing_is_allocated_until_one_is_turned(void **state)
{
	const struct tayra_strategy s = all_in(TAYRA_FEATURE_OFF);

	start(&s, (struct tayra__server_options){ 0 });
	ask("GET k:a");
	assert_true(figure("learning_bytes") == 0);
	config("tayra-predictor", "monitor");
	assert_true(figure("learning_bytes") > 0);
	expect_config("tayra-predictor", "monitor");
}

static void
switches_are_turned_at_run_time_and_one_bypasses_all(void **state)
{
	const struct tayra_strategy s = all_in(TAYRA_FEATURE_MONITOR);
	double told;

	start(&s, (struct tayra__server_options){ .policy = TAYRA_POLICY_TAYRA });
	config("tayra-ttl-learning", "on");
	config("tayra-staleness-budget", "0.25");
	config("tayra-staleness-samples", "0.5");
	expect_config("tayra-staleness-samples", "0.5");
	config("tayra-staleness-samples", "off");
	expect_config("tayra-staleness-samples", "off");
	config("tayra-learning", "monitor");
	expect_config("tayra-ttl-learning", "on");
	expect_config("tayra-staleness-budget", "0.25");
	expect_config("tayra-learning", "monitor");
	client_say(client, "CONFIG SET tayra-patterns yes",
		   "-ERR CONFIG SET failed (possibly related to argument 'tayra-patterns') - "
		   "argument must be off, monitor or on\r\n");
	client_say(client, "CONFIG SET tayra-staleness-budget 1",
		   "-ERR CONFIG SET failed (possibly related to argument 'tayra-staleness-budget') "
		   "- argument must be a number between 0 and 1\r\n");
	client_say(client, "CONFIG SET tayra-staleness-samples 2",
		   "-ERR CONFIG SET failed (possibly related to argument "
		   "'tayra-staleness-samples') - argument must be off, or a number above 0 and at "
		   "most 1\r\n");
	ask("GET k:a");
	config("tayra-bypass-learning", "yes");
	expect_config("tayra-bypass-learning", "yes");
	expect_config("tayra-ttl-learning", "on"); /* what it is again afterwards */
	told = figure("ttls_chosen");
	for (int i = 0; i < 10; i++) {
		char command[32];

		snprintf(command, sizeof(command), "GET k:%d", i);
		ask(command);
	}
	assert_true(figure("ttls_chosen") == told);
	config("tayra-bypass-learning", "no");
	ask("GET k:new");
	assert_true(figure("ttls_chosen") > told);
}

/* Every load brings other bytes, so what is chosen is short. */
static void
learned_times_to_live_are_chosen_and_said(void **state)
{
	uint64_t begin_ns = tayra__clock_mono_ns(tayra_clock_real());
	struct tayra_strategy s = all_in(TAYRA_FEATURE_OFF);

	s.ttl_learning = TAYRA_FEATURE_ON;
	s.ttl_ms = 400;
	s.ttl_min_ms = 20;
	s.ttl_max_ms = 1000;
	start(&s, (struct tayra__server_options){ 0 });
	while (figure("reloads_changed") < 5) {
		ask("GET k:a");
		assert_true(tayra__clock_mono_ns(tayra_clock_real()) - begin_ns <
			    CLIENT_PATIENCE_S * TAYRA_NS_PER_S);
	}
	assert_true(figure("ttls_chosen") >= 6);
	assert_true(figure("ttl_mean_ms") >= 20 && figure("ttl_mean_ms") <= 1000);
	assert_true(figure("staleness") >= 0);
}

/* A hit that RAM answered begins it, since the route is told where something may follow. */
/* Within that time. */
static bool
is_loaded_ahead(uint64_t within_ns)
{
	uint64_t begin_ns = tayra__clock_mono_ns(tayra_clock_real());

	while (tayra__clock_mono_ns(tayra_clock_real()) - begin_ns < within_ns) {
		const char *at;

		ask("GET k:a");
		ask("INFO learning");
		at = strstr(body, "prefetch_refresh:would=");
		assert_non_null(at);
		at = strstr(at, "issued=");
		if (strtoul(at + strlen("issued="), NULL, 10) > 0)
			return true;
	}
	return false;
}

/* Begun anew where the machine stood still at the wrong moment: what was foreseen and came to
 * nothing is not tried again soon. */
static void
what_is_asked_for_again_and_again_is_loaded_ahead(void **state)
{
	struct tayra_strategy s = all_in(TAYRA_FEATURE_OFF);
	bool ahead = false;

	s.prefetch_refresh = s.predictor = TAYRA_FEATURE_ON;
	s.ttl_ms = 400;
	for (int attempt = 0; attempt < 3 && !ahead; attempt++) {
		if (attempt > 0)
			stop(state);
		start(&s, (struct tayra__server_options){ 0 });
		ahead = is_loaded_ahead(CLIENT_PATIENCE_S * TAYRA_NS_PER_S / 2);
	}
	assert_true(ahead);
}

static void
learning_is_part_of_the_memory(void **state)
{
	struct tayra_strategy s = all_in(TAYRA_FEATURE_ON);
	struct tayra__server *server;
	char error[256];
	double without, with;

	start(NULL, (struct tayra__server_options){ .memory_bytes = 8u << 20 });
	ask("INFO memory");
	without = strtod(strstr(body, "cache_memory_max:") + strlen("cache_memory_max:"), NULL);
	stop(NULL);
	start(&s, (struct tayra__server_options){ .memory_bytes = 8u << 20 });
	ask("INFO memory");
	with = strtod(strstr(body, "cache_memory_max:") + strlen("cache_memory_max:"), NULL);
	assert_true(without - with >= 512 << 10); /* a 16th */
	ask("GET k:a");
	assert_true(figure("learning_bytes") <= 512 << 10);
	s.learning_bytes = 5u << 20;
	assert_int_equal(
		tayra__server_create(&(struct tayra__server_options){ .listen = "127.0.0.1:0",
								      .memory_bytes = 8u << 20,
								      .strategy = &s },
				     error, sizeof(error), &server),
		TAYRA_E_INVAL);
	assert_string_equal(error, "learning_bytes 5242880 is not from 320K to a quarter of the "
				   "memory");
}

static void
the_metrics_have_what_was_learned(void **state)
{
	const struct tayra_strategy s = all_in(TAYRA_FEATURE_MONITOR);
	uint64_t begin_ns = tayra__clock_mono_ns(tayra_clock_real());

	start(&s, (struct tayra__server_options){ 0 });
	if (!port)
		skip();
	ask("GET k:a");
	do {
		assert_int_equal(http_get(port, "/metrics", body, sizeof(body)), 200);
		assert_true(tayra__clock_mono_ns(tayra_clock_real()) - begin_ns <
			    CLIENT_PATIENCE_S * TAYRA_NS_PER_S);
	} while (!strstr(body, "\ntayra_ttls_chosen_total 1\n"));
	assert_non_null(strstr(body, "\ntayra_staleness_budget_ratio 0.01\n"));
	assert_non_null(strstr(body, "\ntayra_prefetch_would_total{source=\"refresh\"} "));
	assert_non_null(strstr(body, "\ntayra_prefetch_used_total{source=\"successors\"} "));
	assert_non_null(strstr(body, "\ntayra_memory_bytes{part=\"learning\"} "));
	assert_null(strstr(body, "\ntayra_staleness_ratio ")); /* not known yet */
}

int
main(void)
{
#define TEST(claim) cmocka_unit_test_setup_teardown(claim, NULL, stop)
	const struct CMUnitTest tests[] = {
		TEST(hits_of_ram_are_told_and_keys_have_their_own_names),
		TEST(a_server_that_was_not_told_to_learn_cannot_be_made_to),
		TEST(with_every_switch_off_nothing_is_allocated_until_one_is_turned),
		TEST(switches_are_turned_at_run_time_and_one_bypasses_all),
		TEST(learned_times_to_live_are_chosen_and_said),
		TEST(what_is_asked_for_again_and_again_is_loaded_ahead),
		TEST(learning_is_part_of_the_memory),
		TEST(the_metrics_have_what_was_learned),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
