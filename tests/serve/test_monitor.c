/* SPDX-License-Identifier: Apache-2.0 */
#include "http.h"

#include "base/clock.h"
#include "watch/alert.h"
#include "watch/openmetrics_text.h"

#include <stdatomic.h>
#include <sys/wait.h>

static char body[1 << 18];
static struct running running;
static uint16_t port; /* of the page; 0: built without */

static _Atomic uint64_t now_ns;

static uint64_t
test_mono_ns(void *ctx)
{
	return atomic_load(&now_ns);
}

static uint64_t
test_wall_ms(void *ctx)
{
	return 1700000000000ull + atomic_load(&now_ns) / TAYRA_NS_PER_MS;
}

static const struct tayra_clock test_clock = { test_mono_ns, test_wall_ms, NULL };

/* As client_start() has it, but for running it. */
static void
create(struct tayra__server_options options)
{
	char text[512], *page;

	options.listen = "127.0.0.1:0";
	options.admin = "127.0.0.1:0";
	options.admin_if_free = true;
	options.memory_bytes = 16u << 20;
	if (tayra__server_create(&options, text, sizeof(text), &running.server) != TAYRA_OK)
		fail_msg("%s", text);
	running.port = (uint16_t)strtoul(strrchr(tayra__server_address(running.server), ':') + 1,
					 NULL, 10);
	tayra__server_describe(running.server, text, sizeof(text));
	page = strstr(text, "status at http://127.0.0.1:");
	port = page ? (uint16_t)strtoul(page + strlen("status at http://127.0.0.1:"), NULL, 10) : 0;
	assert_true(page || strstr(text, "built without libmicrohttpd"));
}

static void
start(struct tayra__server_options options)
{
	create(options);
	assert_int_equal(pthread_create(&running.thread, NULL, client_run_server, &running), 0);
}

/* Until the metrics say so: the server puts them down ten times a second. */
static void
wait_for(const char *line)
{
	uint64_t begin_ns = tayra__clock_mono_ns(tayra_clock_real());

	do {
		assert_int_equal(http_get(port, "/metrics", body, sizeof(body)), 200);
		if (strstr(body, line))
			return;
	} while (tayra__clock_mono_ns(tayra_clock_real()) - begin_ns <
		 CLIENT_PATIENCE_S * TAYRA_NS_PER_S);
	fail_msg("no '%s' in %s", line, body);
}

static void
metrics_say_what_was_done(void **state)
{
	int fd;

	start((struct tayra__server_options){ 0 });
	if (!port) {
		client_stop(&running);
		skip();
	}
	fd = client_connect(&running);
	client_say(fd, "SET a 1", "+OK\r\n");
	client_say(fd, "GET a", "$1\r\n1\r\n");
	client_say(fd, "MGET a b", "*2\r\n$1\r\n1\r\n$-1\r\n");
	client_say(fd, "EXISTS a", ":1\r\n");
	client_say(fd, "NONSENSE",
		   "-ERR unknown command 'NONSENSE', with args beginning with: \r\n");
	wait_for("\ntayra_commands_total{group=\"unknown\"} 1\n");
	assert_null(om_fault(body));
	assert_non_null(strstr(body, "\ntayra_commands_total{group=\"string\"} 3\n"));
	assert_non_null(strstr(body, "\ntayra_commands_total{group=\"generic\"} 1\n"));
	assert_non_null(strstr(body, "\ntayra_turn_seconds_count{group=\"string\"} 3\n"));
	assert_non_null(strstr(body, "\ntayra_lookups_total 3\n"));
	assert_non_null(strstr(body, "\ntayra_hits_total 2\n"));
	assert_non_null(strstr(body, "\ntayra_error_replies_total 1\n"));
	assert_non_null(strstr(body, "\ntayra_connections 1\n"));
	assert_null(strstr(body, "\ntayra_tier_hits_total{")); /* what is not in use is not shown */
	assert_null(strstr(body, "\ntayra_loads_total "));
	assert_null(strstr(body, "\ntayra_leases_total "));
	assert_null(strstr(body, "\ntayra_forward_requests_total "));
	assert_null(strstr(body, "\ntayra_prefetch_used_total{"));
	assert_non_null(strstr(body, "\ntayra_items 1\n"));
	assert_non_null(strstr(body, "\ntayra_memory_max_bytes 16777216\n"));
	close(fd);
	wait_for("\ntayra_connections 0\n");
	client_stop(&running);
}

static void
metrics_are_of_the_tier_that_is_there(void **state)
{
	char folder[] = "/tmp/test_monitor.XXXXXX";
	pid_t child;

	assert_non_null(mkdtemp(folder));
	start((struct tayra__server_options){ .file_tier = folder, .file_tier_bytes = 16u << 20 });
	if (port) {
		wait_for("\ntayra_tier_hits_total{tier=\"file\"} 0\n");
		assert_null(strstr(body, "{tier=\"remote\"}"));
		assert_null(om_fault(body));
	}
	client_stop(&running);
	child = fork();
	if (child == 0) {
		execlp("rm", "rm", "-rf", folder, (char *)NULL);
		_exit(127);
	}
	waitpid(child, NULL, 0);
	if (!port)
		skip();
}

static void
a_turn_of_several_groups_is_counted_as_mixed(void **state)
{
	static const char ask[] = "SET a 1\r\nEXISTS a\r\n";
	int fd;

	start((struct tayra__server_options){ 0 });
	if (!port) {
		client_stop(&running);
		skip();
	}
	fd = client_connect(&running);
	client_send(fd, ask, strlen(ask));
	client_expect(fd, "+OK\r\n:1\r\n", 9);
	wait_for("\ntayra_turn_seconds_count{group=\"mixed\"} 1\n");
	close(fd);
	client_stop(&running);
}

static void
the_page_and_the_snapshot_are_served(void **state)
{
	start((struct tayra__server_options){ 0 });
	if (!port) {
		client_stop(&running);
		skip();
	}
	assert_int_equal(http_get(port, "/", body, sizeof(body)), 200);
	assert_non_null(strstr(body, "<title>tayra serve"));
	assert_non_null(strstr(body, "Hit ratio"));
	assert_int_equal(http_get(port, "/metrics.json", body, sizeof(body)), 200);
	assert_non_null(strstr(body, "tayra_memory_used_bytes"));
	assert_int_equal(http_get(port, "/healthz", body, sizeof(body)), 200);
	client_stop(&running);
}

static void
a_server_that_does_not_move_is_not_healthy(void **state)
{
	atomic_store(&now_ns, TAYRA_NS_PER_S);
	create((struct tayra__server_options){ .clock = &test_clock });
	if (port) {
		assert_int_equal(http_get(port, "/healthz", body, sizeof(body)), 200);
		atomic_store(&now_ns, 7 * TAYRA_NS_PER_S);
		assert_int_equal(http_get(port, "/healthz", body, sizeof(body)), 503);
		assert_string_equal(body, "the server has not moved for 6 s\n");
	}
	tayra__server_destroy(running.server);
	if (!port)
		skip();
}

static _Atomic int told;

static void
tell(void *ctx, const char *json, size_t len, uint64_t at_ns)
{
	assert_non_null(strstr(json, "\"alert\":\"errors\""));
	assert_non_null(strstr(json, "\"state\":\"firing\""));
	atomic_fetch_add(&told, 1);
}

/* With no page: alerts need none. */
static void
alerts_tell_of_what_the_server_counts(void **state)
{
	static const struct tayra__alert_rule rule = {
		.name = "errors",
		.sentence = "Somebody is answered with errors",
		.top = { .metric = "tayra_error_replies" },
		.threshold = 0.5,
	};
	static const struct tayra__alert_action action = { .send = tell };
	uint64_t begin_ns = tayra__clock_mono_ns(tayra_clock_real());
	int fd;

	client_start(&running, (struct tayra__server_options){ .memory_bytes = 16u << 20,
							       .alert_rules = &rule,
							       .alert_rule_count = 1,
							       .alert_actions = &action,
							       .alert_action_count = 1 });
	fd = client_connect(&running);
	client_say(fd, "HELLO 9", "-NOPROTO unsupported protocol version\r\n");
	while (!atomic_load(&told) && tayra__clock_mono_ns(tayra_clock_real()) - begin_ns <
					      CLIENT_PATIENCE_S * TAYRA_NS_PER_S)
		usleep(10000);
	assert_int_equal(atomic_load(&told), 1);
	close(fd);
	client_stop(&running);
}

static void
what_cannot_be_shown_is_said(void **state)
{
	static const struct tayra__alert_rule rule = { .name = "a",
						       .sentence = "A",
						       .top = { .metric = "nothing" } };
	static const struct tayra__alert_rule growth = { .name = "b",
							 .sentence = "B",
							 .top = { .metric = "tayra_hits" },
							 .bottom = { .metric = "tayra_items" },
							 .window_ns = TAYRA_NS_PER_S };
	static const struct tayra__alert_rule near = { .name = "c",
						       .sentence = "C",
						       .top = { .metric = "tayra_hits" },
						       .bottom = { .metric = "tayra_lokups" } };
	static const char *const places[] = { "t.yaml:3:4: " };
	struct tayra__server_options options = { .listen = "127.0.0.1:0", .admin = "0.0.0.0:0" };
	struct tayra__server *server;
	char error[256];

	assert_int_equal(tayra__server_create(&options, error, sizeof(error), &server),
			 TAYRA_E_INVAL);
	assert_non_null(strstr(error, "can be reached from other machines"));
	options.admin = "127.0.0.1:99999";
	assert_int_equal(tayra__server_create(&options, error, sizeof(error), &server),
			 TAYRA_E_INVAL);
	assert_string_equal(error, "status page: '127.0.0.1:99999' is no address: port '99999' is "
				   "not a number from 0 to 65535");
	options.admin = NULL;
	options.alert_rules = &rule;
	options.alert_rule_count = 1;
	assert_int_equal(tayra__server_create(&options, error, sizeof(error), &server),
			 TAYRA_E_INVAL);
	assert_string_equal(error, "alert 'a': there is no metric 'nothing'");
	options.alert_rules = &growth;
	options.alert_places = places;
	assert_int_equal(tayra__server_create(&options, error, sizeof(error), &server),
			 TAYRA_E_INVAL);
	assert_string_equal(error, "t.yaml:3:4: alert 'b': 'tayra_items' is no counter, which "
				   "'over' needs");
	options.alert_rules = &near;
	options.check = true;
	assert_int_equal(tayra__server_create(&options, error, sizeof(error), &server),
			 TAYRA_E_INVAL);
	assert_string_equal(error, "t.yaml:3:4: alert 'c': there is no metric 'tayra_lokups'; did "
				   "you mean 'tayra_lookups'?");
}

static void
a_taken_address_is_an_error_or_a_page_less(void **state)
{
	struct tayra__server_options options = { .listen = "127.0.0.1:0" };
	struct tayra__server *server;
	char address[64], text[512], wanted[128];

	create((struct tayra__server_options){ 0 });
	if (port) {
		snprintf(address, sizeof(address), "127.0.0.1:%u", port);
		snprintf(wanted, sizeof(wanted), "no status page: %s: Address already in use",
			 address);
		options.admin = address;
		assert_int_equal(tayra__server_create(&options, text, sizeof(text), &server),
				 TAYRA_E_IO);
		assert_string_equal(text, wanted);
		options.admin_if_free = true;
		assert_int_equal(tayra__server_create(&options, text, sizeof(text), &server),
				 TAYRA_OK);
		tayra__server_describe(server, text, sizeof(text));
		assert_non_null(strstr(text, wanted));
		tayra__server_destroy(server);
	}
	tayra__server_destroy(running.server);
	if (!port)
		skip();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(metrics_say_what_was_done),
		cmocka_unit_test(metrics_are_of_the_tier_that_is_there),
		cmocka_unit_test(a_turn_of_several_groups_is_counted_as_mixed),
		cmocka_unit_test(the_page_and_the_snapshot_are_served),
		cmocka_unit_test(a_server_that_does_not_move_is_not_healthy),
		cmocka_unit_test(alerts_tell_of_what_the_server_counts),
		cmocka_unit_test(what_cannot_be_shown_is_said),
		cmocka_unit_test(a_taken_address_is_an_error_or_a_page_less),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
