/* SPDX-License-Identifier: Apache-2.0
 *
 * Alerts posted to a real HTTP server on the loopback, which answers as it is told.
 */
#include "watch/webhook.h"

#include <tayra/base.h>

#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <jansson.h>

#include "watch/alert.h"
#include "watch/family.h"
#include "watch/reading.h"

#define S TAYRA_NS_PER_S

/* One connection after the other; the head and body of each request are kept. */
struct server {
	int fd;
	unsigned port;
	const char *answer; /* NULL: none, until released */
	pthread_t thread;
	pthread_mutex_t lock;
	char last[16384]; /* guarded by it */
	_Atomic unsigned requests;
	_Atomic bool release;
};

static struct {
	struct server server;
	struct tayra__registry *registry;
	struct tayra__webhook *webhook;
	struct tayra__alert_action action;
} stage;

/* Until the body that the head announces is there.  => bytes, 0: the peer is gone. */
static size_t
read_request(int fd, char *text, size_t max)
{
	size_t used = 0;

	for (;;) {
		ssize_t got = read(fd, text + used, max - 1 - used);
		char *end, *length;

		if (got <= 0)
			return 0;
		used += (size_t)got;
		text[used] = '\0';
		end = strstr(text, "\r\n\r\n");
		length = strstr(text, "Content-Length: ");
		if (end && length &&
		    used >= (size_t)(end + 4 - text) + strtoul(length + 16, NULL, 10))
			return used;
	}
}

static void
serve_one(struct server *server, int fd)
{
	static char text[16384];
	size_t len = read_request(fd, text, sizeof(text));

	if (len == 0)
		return;
	pthread_mutex_lock(&server->lock);
	memcpy(server->last, text, len + 1);
	atomic_fetch_add(&server->requests, 1);
	pthread_mutex_unlock(&server->lock);
	if (server->answer)
		(void)!write(fd, server->answer, strlen(server->answer));
	while (!server->answer && !atomic_load(&server->release))
		usleep(1000);
}

static void *
serve(void *arg)
{
	struct server *server = arg;
	int fd;

	while ((fd = accept(server->fd, NULL, NULL)) >= 0) {
		serve_one(server, fd);
		shutdown(fd, SHUT_RDWR);
		close(fd);
	}
	return NULL;
}

static void
start_server(const char *answer)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(address);
	struct server *server = &stage.server;

	server->answer = answer;
	server->fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(server->fd, (struct sockaddr *)&address, len), 0);
	assert_int_equal(listen(server->fd, 64), 0);
	getsockname(server->fd, (struct sockaddr *)&address, &len);
	server->port = ntohs(address.sin_port);
	pthread_mutex_init(&server->lock, NULL);
	assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
}

static int
set_up(void **state)
{
	memset(&stage, 0, sizeof(stage));
	stage.server.fd = -1;
	return tayra__registry_create(&stage.registry);
}

static int
tear_down(void **state)
{
	tayra__registry_destroy(stage.registry);
	tayra__webhook_destroy(stage.webhook);
	if (stage.server.fd >= 0) {
		atomic_store(&stage.server.release, true);
		shutdown(stage.server.fd, SHUT_RDWR);
		pthread_join(stage.server.thread, NULL);
		close(stage.server.fd);
	}
	return 0;
}

static int
create(const char *url, uint64_t timeout_ns)
{
	struct tayra__webhook_options options = { .name = "me",
						  .url = url,
						  .timeout_ns = timeout_ns };
	int status = tayra__webhook_create(stage.registry, &options, &stage.webhook);

	if (status == TAYRA_OK)
		stage.action = tayra__webhook_action(stage.webhook);
	return status;
}

/* A webhook to a server that answers so. */
static void
connect_to(const char *answer, uint64_t timeout_ns)
{
	char url[64];

	start_server(answer);
	snprintf(url, sizeof(url), "http://127.0.0.1:%u/hook", stage.server.port);
	assert_int_equal(create(url, timeout_ns), TAYRA_OK);
}

/* The last request, whole. */
static const char *
last(void)
{
	static char text[16384];

	pthread_mutex_lock(&stage.server.lock);
	memcpy(text, stage.server.last, sizeof(text));
	pthread_mutex_unlock(&stage.server.lock);
	return text;
}

static void
say(const char *text)
{
	stage.action.send(stage.action.ctx, text, strlen(text), 0);
}

static double
metric(const char *name)
{
	struct tayra__reading reading = { .metric = name };

	tayra__readings_take(stage.registry, &reading, 1);
	return reading.value;
}

/* Within 20 s. */
static void
wait_for(const char *name, double value)
{
	for (int i = 0; i < 10000 && metric(name) < value; i++)
		usleep(2000);
	assert_true(metric(name) == value);
}

static void
the_json_is_posted_and_counted(void **state)
{
	connect_to("HTTP/1.1 204 No Content\r\n\r\n", 0);
	say("{\"alert\":\"x\"}");
	wait_for("tayra_alert_webhook_sent", 1);
	assert_true(strncmp(last(), "POST /hook HTTP/1.1\r\n", 21) == 0);
	assert_non_null(strstr(last(), "Content-Type: application/json\r\n"));
	assert_non_null(strstr(last(), "\r\n\r\n{\"alert\":\"x\"}"));
	assert_true(metric("tayra_alert_webhook_failed") == 0);
}

/* From a rule to the wire. */
static void
an_alert_that_fires_arrives_with_its_figures(void **state)
{
	static const struct tayra__watch_row level = { .name = "level",
						       .sentence = "Level",
						       .type = TAYRA__WATCH_GAUGE };
	struct tayra__alert_rule rule = { .name = "too_high",
					  .sentence = "Level is high",
					  .top = { .metric = "level" },
					  .threshold = 10 };
	struct tayra__alerts *alerts;
	struct tayra__family *family;
	json_t *json;

	connect_to("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 0);
	assert_int_equal(tayra__registry_add_family(stage.registry, &level, 0, &family), TAYRA_OK);
	tayra__series_set(tayra__family_series(family, NULL), 12.5);
	assert_int_equal(tayra__alerts_create(stage.registry, &alerts), TAYRA_OK);
	assert_int_equal(tayra__alerts_add_rule(alerts, &rule), TAYRA_OK);
	assert_int_equal(tayra__alerts_add_action(alerts, &stage.action), TAYRA_OK);
	tayra__alerts_evaluate(alerts, 5 * S, 777);
	wait_for("tayra_alert_webhook_sent", 1);
	json = json_loads(strstr(last(), "\r\n\r\n") + 4, 0, NULL);
	assert_string_equal(json_string_value(json_object_get(json, "alert")), "too_high");
	assert_string_equal(json_string_value(json_object_get(json, "state")), "firing");
	assert_true(json_number_value(json_object_get(json, "value")) == 12.5);
	assert_true(json_number_value(json_object_get(json, "threshold")) == 10);
	assert_true(json_number_value(json_object_get(json, "since_ms")) == 777);
	json_decref(json);
	tayra__registry_destroy(stage.registry);
	stage.registry = NULL;
	tayra__alerts_destroy(alerts);
}

static void
a_refusal_is_a_failure(void **state)
{
	connect_to("HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n", 0);
	say("{}");
	wait_for("tayra_alert_webhook_failed", 1);
	assert_true(metric("tayra_alert_webhook_sent") == 0);
}

static void
a_redirect_is_not_followed(void **state)
{
	connect_to("HTTP/1.1 307 Elsewhere\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n", 0);
	say("{}");
	wait_for("tayra_alert_webhook_failed", 1);
	assert_int_equal(atomic_load(&stage.server.requests), 1);
}

static void
nobody_there_is_a_failure(void **state)
{
	char url[64];

	start_server("");
	snprintf(url, sizeof(url), "http://127.0.0.1:%u/", stage.server.port);
	shutdown(stage.server.fd, SHUT_RDWR);
	close(stage.server.fd);
	pthread_join(stage.server.thread, NULL);
	stage.server.fd = -1;
	assert_int_equal(create(url, 0), TAYRA_OK);
	say("{}");
	wait_for("tayra_alert_webhook_failed", 1);
}

static void
an_answer_that_is_not_http_or_does_not_come_is_a_failure(void **state)
{
	connect_to("220 this is no HTTP\r\n", 0);
	say("{}");
	wait_for("tayra_alert_webhook_failed", 1);
}

/* The server takes the first and says nothing; 16 wait; the sender never does. */
static void
a_server_that_hangs_holds_nobody_up(void **state)
{
	connect_to(NULL, 60 * S);
	say("{}");
	for (int i = 0; i < 10000 && atomic_load(&stage.server.requests) == 0; i++)
		usleep(2000);
	for (int i = 0; i < 20; i++)
		say("{}");
	assert_true(metric("tayra_alert_webhook_dropped") == 4);
	assert_true(metric("tayra_alert_webhook_sent") == 0);
	/* tear_down breaks the one off that is being sent. */
}

static void
what_takes_too_long_is_a_failure(void **state)
{
	connect_to(NULL, 50 * TAYRA_NS_PER_MS);
	say("{}");
	wait_for("tayra_alert_webhook_failed", 1);
}

static void
addresses_that_are_none_are_refused(void **state)
{
	static const char *const bad[] = {
		"",          "ftp://host/",        "file:///etc/passwd", "http://",
		"host/path", "http://host:99999/", "http://ho st/"
	};
	char longest[TAYRA__WEBHOOK_URL_MAX + 1];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(create(bad[i], 0), TAYRA_E_INVAL);
	assert_int_equal(create(NULL, 0), TAYRA_E_INVAL);
	assert_int_equal(create("http://host/", 1), TAYRA_E_INVAL);
	assert_int_equal(create("http://host/", 61 * S), TAYRA_E_INVAL);
	memset(longest, 'a', sizeof(longest) - 1);
	memcpy(longest, "http://", 7);
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(create(longest, 0), TAYRA_E_INVAL);
	assert_null(stage.webhook);
}

static void
a_message_that_is_too_long_is_dropped(void **state)
{
	static char text[TAYRA__ALERT_JSON_MAX + 2];

	connect_to("HTTP/1.1 204 No Content\r\n\r\n", 0);
	memset(text, 'x', sizeof(text) - 1);
	say(text);
	assert_true(metric("tayra_alert_webhook_dropped") == 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_json_is_posted_and_counted, set_up, tear_down),
		cmocka_unit_test_setup_teardown(an_alert_that_fires_arrives_with_its_figures,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_refusal_is_a_failure, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_redirect_is_not_followed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(nobody_there_is_a_failure, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			an_answer_that_is_not_http_or_does_not_come_is_a_failure, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(a_server_that_hangs_holds_nobody_up, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(what_takes_too_long_is_a_failure, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(addresses_that_are_none_are_refused, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_message_that_is_too_long_is_dropped, set_up,
						tear_down),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
