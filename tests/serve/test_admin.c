/* SPDX-License-Identifier: Apache-2.0
 *
 * Real connections on the loopback.  What is not there without libmicrohttpd is skipped.
 */
#include "serve/admin.h"

#include <tayra/base.h>

#include <arpa/inet.h>
#include <jansson.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "watch/family.h"
#include "watch/openmetrics.h"
#include "watch/openmetrics_text.h"
#include "watch/page.h"
#include "watch/registry.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

static const struct tayra__watch_row hits = {
	.name = "hits", .sentence = "Hits", .type = TAYRA__WATCH_COUNTER, .labels = { "by" }
};
static const struct tayra__watch_row took = { .name = "took_seconds",
					      .unit = "seconds",
					      .sentence = "Took",
					      .type = TAYRA__WATCH_HISTOGRAM,
					      .per_unit = 1e9 };
static const struct tayra__headline headlines[] = {
	{ "Hits", "All of them", NULL, { .metric = "hits" } },
	{ "Latency",
	  "Until the answer, 99th percentile",
	  "seconds",
	  { .metric = "took_seconds", .quantile = 0.99 } },
};
static const struct tayra__page page = { "A test", headlines, 2 };

static struct {
	struct tayra__registry *registry;
	struct tayra__series *hits;
	struct tayra__admin *admin;
	bool well;
} stage;

static bool
healthy(void *ctx, char *why, size_t size)
{
	if (!stage.well)
		snprintf(why, size, "the origin is gone");
	return stage.well;
}

static struct tayra__admin_options
options(void)
{
	return (struct tayra__admin_options){ .registry = stage.registry,
					      .page = &page,
					      .healthy = healthy };
}

static int
set_up(void **state)
{
	const char *by = "</script><b>\"x\\";
	struct tayra__family *family;
	struct tayra__admin_options ours;

	memset(&stage, 0, sizeof(stage));
	stage.well = true;
	assert_int_equal(tayra__registry_create(&stage.registry), TAYRA_OK);
	tayra__registry_add_family(stage.registry, &hits, 0, &family);
	stage.hits = tayra__family_series(family, &by);
	tayra__series_add(stage.hits, 4321);
	tayra__registry_add_family(stage.registry, &took, 0, &family);
	tayra__series_observe(tayra__family_series(family, NULL), 2500000);
	ours = options();
	if (tayra__admin_create(&ours, &stage.admin) == TAYRA_E_UNSUPPORTED)
		stage.admin = NULL;
	return 0;
}

static int
tear_down(void **state)
{
	tayra__admin_destroy(stage.admin);
	tayra__registry_destroy(stage.registry);
	return 0;
}

static int
connect_to(uint16_t port)
{
	const struct timeval patience = { .tv_sec = 15 };
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

static char head[2048], body[1 << 18];

/* All that comes until the connection closes; the status. */
static int
ask(const char *request)
{
	static char text[1 << 18];
	int fd = connect_to(tayra__admin_port(stage.admin));
	size_t used = 0;
	ssize_t n;
	char *end;

	assert_int_equal(send(fd, request, strlen(request), MSG_NOSIGNAL), strlen(request));
	while (used < sizeof(text) - 1 && (n = read(fd, text + used, sizeof(text) - 1 - used)) > 0)
		used += (size_t)n;
	close(fd);
	text[used] = '\0';
	end = strstr(text, "\r\n\r\n");
	if (!end)
		return 0;
	snprintf(body, sizeof(body), "%s", end + 4);
	end[2] = '\0';
	snprintf(head, sizeof(head), "%.2047s", text);
	return (int)strtol(text + strlen("HTTP/1.1 "), NULL, 10);
}

static int
get(const char *path)
{
	char request[256];

	snprintf(request, sizeof(request),
		 "GET %s HTTP/1.1\r\nHost: localhost:1\r\nConnection: close\r\n\r\n", path);
	return ask(request);
}

static void
need_admin(void)
{
	if (!stage.admin)
		skip();
}

static void
metrics_are_openmetrics(void **state)
{
	need_admin();
	assert_int_equal(get("/metrics"), 200);
	assert_non_null(strstr(head, "Content-Type: " TAYRA__OPENMETRICS_TYPE "\r\n"));
	assert_null(om_fault(body));
	assert_non_null(strstr(body, "hits_total{by=\"</script><b>\\\"x\\\\\"} 4321\n"));
}

static void
the_snapshot_is_json_of_now(void **state)
{
	json_t *json;

	need_admin();
	tayra__series_add(stage.hits, 1);
	assert_int_equal(get("/metrics.json"), 200);
	assert_non_null(strstr(head, "Content-Type: application/json\r\n"));
	assert_non_null(strstr(head, "Cache-Control: no-store\r\n"));
	json = json_loads(body, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(json);
	assert_true(json_number_value(json_object_get(
			    json_array_get(json_object_get(json, "headlines"), 0), "value")) ==
		    4322);
	json_decref(json);
}

static void
the_page_has_a_policy_with_a_nonce_of_its_own(void **state)
{
	char first[64], wanted[96], *nonce;

	need_admin();
	assert_int_equal(get("/"), 200);
	nonce = strstr(head, "script-src 'nonce-");
	assert_non_null(nonce);
	snprintf(first, sizeof(first), "%.32s", nonce + strlen("script-src 'nonce-"));
	snprintf(wanted, sizeof(wanted), "<script nonce=\"%s\">", first);
	assert_non_null(strstr(body, wanted));
	assert_non_null(strstr(head, "default-src 'none'"));
	assert_int_equal(get("/"), 200);
	assert_null(strstr(head, first));
}

static void
health_says_why_not(void **state)
{
	need_admin();
	assert_int_equal(get("/healthz"), 200);
	assert_string_equal(body, "ok\n");
	stage.well = false;
	assert_int_equal(get("/healthz"), 503);
	assert_string_equal(body, "the origin is gone\n");
}

static void
what_is_not_there_or_not_reading_is_refused(void **state)
{
	static const char *const missing[] = { "/x", "//", "/metrics/", "/../etc/passwd",
					       "/%2e%2e/" };

	need_admin();
	for (size_t i = 0; i < sizeof(missing) / sizeof(missing[0]); i++)
		assert_int_equal(get(missing[i]), 404);
	assert_int_equal(get("/metrics?x=1"), 200);
	assert_int_equal(ask("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n"
			     "Connection: close\r\n\r\nabc"),
			 405);
	assert_non_null(strstr(head, "Allow: GET, HEAD\r\n"));
	assert_int_equal(ask("HEAD /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: "
			     "close\r\n\r\n"),
			 200);
	assert_string_equal(body, "");
}

/* A web page whose name was made to point here must not be able to read us. */
static void
a_foreign_name_is_refused(void **state)
{
	static const struct {
		const char *host;
		int status;
	} hosts[] = {
		{ "localhost", 200 },
		{ "LOCALHOST:80", 200 },
		{ "127.0.0.1", 200 },
		{ "127.1.2.3:9", 200 },
		{ "[::1]:80", 200 },
		{ "evil.example", 403 },
		{ "localhost.evil.example", 403 },
		{ "127.0.0.1.evil.example", 403 },
		{ "10.0.0.1", 403 },
		{ "[::2]", 403 },
		{ "[::1", 403 },
		{ "[", 403 },
		{ "", 403 },
		{ ":80", 403 },
	};
	char request[256];

	need_admin();
	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
		snprintf(request, sizeof(request),
			 "GET /healthz HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n",
			 hosts[i].host);
		assert_int_equal(ask(request), hosts[i].status);
	}
}

static void
rubbish_leaves_it_standing(void **state)
{
	static const char *const rubbish[] = { "\r\n\r\n", "GET\r\n\r\n", "\x16\x03\x01",
					       "GET / HTTP/9.9\r\n\r\n" };
	char *long_one = malloc(100000);

	need_admin();
	for (size_t i = 0; i < sizeof(rubbish) / sizeof(rubbish[0]); i++) {
		int fd = connect_to(tayra__admin_port(stage.admin));

		assert_true(send(fd, rubbish[i], strlen(rubbish[i]), MSG_NOSIGNAL) > 0);
		close(fd);
	}
	memset(long_one, 'x', 99999);
	memcpy(long_one, "GET /", 5);
	long_one[99999] = '\0';
	for (int i = 0; i < 3; i++) {
		int fd = connect_to(tayra__admin_port(stage.admin));

		send(fd, long_one, 99999, MSG_NOSIGNAL);
		close(fd);
	}
	assert_int_equal(get("/healthz"), 200);
	free(long_one);
}

/* Sixteen say nothing: the next has to wait, and is answered when they are gone. */
static void
connections_are_bounded(void **state)
{
	static const char request[] = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
	const struct timeval moment = { .tv_usec = 200000 };
	int idle[16], next;
	char text[16];

	need_admin();
	for (int i = 0; i < 16; i++)
		idle[i] = connect_to(tayra__admin_port(stage.admin));
	next = connect_to(tayra__admin_port(stage.admin));
	setsockopt(next, SOL_SOCKET, SO_RCVTIMEO, &moment, sizeof(moment));
	assert_true(send(next, request, strlen(request), MSG_NOSIGNAL) > 0);
	assert_true(read(next, text, sizeof(text)) <= 0);
	close(next);
	for (int i = 0; i < 16; i++)
		close(idle[i]);
	assert_int_equal(get("/healthz"), 200);
}

/* Many who have begun and gone, at once: none of them keeps its place until a timeout. */
static void
who_has_hung_up_holds_nothing(void **state)
{
	int begun[100];

	need_admin();
	for (int i = 0; i < 100; i++) {
		begun[i] = connect_to(tayra__admin_port(stage.admin));
		assert_int_equal(send(begun[i], "GET / HT", 8, MSG_NOSIGNAL), 8);
	}
	for (int i = 0; i < 100; i++)
		close(begun[i]);
	/* Timeouts would be a minute, in seven rounds. */
	assert_int_equal(get("/healthz"), 200);
}

/* Refusing what is malformed and stopping at the same time has crashed a library. */
static void
it_stops_while_rubbish_comes(void **state)
{
	need_admin();
	for (int round = 0; round < 50; round++) {
		static const char rubbish[] = "GET / HTTP/9.9\r\n\r\n";
		struct tayra__admin_options ours = options();
		int fds[16];

		for (int i = 0; i < 16; i++)
			fds[i] = connect_to(tayra__admin_port(stage.admin));
		/* The last is connected when this one has been answered. */
		close(fds[0]);
		assert_int_equal(get("/healthz"), 200);
		for (int i = 1; i < 16; i++)
			send(fds[i], rubbish, sizeof(rubbish) - 1, MSG_NOSIGNAL);
		tayra__admin_destroy(stage.admin);
		stage.admin = NULL;
		for (int i = 1; i < 16; i++)
			close(fds[i]);
		assert_int_equal(tayra__admin_create(&ours, &stage.admin), TAYRA_OK);
	}
}

static void
it_listens_where_it_should_and_nowhere_else(void **state)
{
	struct tayra__admin_options ours = options();
	struct tayra__admin *admin = (void *)1;

	need_admin();
	ours.address = "0.0.0.0";
	assert_int_equal(tayra__admin_create(&ours, &admin), TAYRA_E_INVAL);
	assert_null(admin);
	ours.address = "::";
	assert_int_equal(tayra__admin_create(&ours, &admin), TAYRA_E_INVAL);
	ours.address = "localhost";
	assert_int_equal(tayra__admin_create(&ours, &admin), TAYRA_E_INVAL);
	ours.address = NULL;
	ours.connections = 1001;
	assert_int_equal(tayra__admin_create(&ours, &admin), TAYRA_E_INVAL);
	ours.connections = 0;
	ours.port = tayra__admin_port(stage.admin); /* taken */
	assert_int_equal(tayra__admin_create(&ours, &admin), TAYRA_E_IO);
}

int
main(void)
{
#define test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		test(metrics_are_openmetrics),
		test(the_snapshot_is_json_of_now),
		test(the_page_has_a_policy_with_a_nonce_of_its_own),
		test(health_says_why_not),
		test(what_is_not_there_or_not_reading_is_refused),
		test(a_foreign_name_is_refused),
		test(rubbish_leaves_it_standing),
		test(connections_are_bounded),
		test(who_has_hung_up_holds_nothing),
		test(it_stops_while_rubbish_comes),
		test(it_listens_where_it_should_and_nowhere_else),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
