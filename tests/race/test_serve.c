/* SPDX-License-Identifier: Apache-2.0
 *
 * Clients on threads of their own against one server, which is stopped by yet another thread in the
 * middle of it.
 */
#include "../serve/http.h"

#include <tayra/tayra.h>

#include "serve/route.h"

#define CLIENTS 4
#define ROUNDS  20

/* Counts for itself, in pipelines, until the server goes away. */
static void *
count(void *arg)
{
	int fd = *(const int *)arg;
	char reply[4096];

	while (send(fd, "INCR n\r\nINCR n\r\nGET n\r\n", 23, MSG_NOSIGNAL) > 0 &&
	       recv(fd, reply, sizeof(reply), 0) > 0)
		continue;
	close(fd);
	return NULL;
}

static void
a_server_can_be_stopped_under_load(void **state)
{
	for (int round = 0; round < ROUNDS; round++) {
		struct running running;
		pthread_t clients[CLIENTS];
		int fds[CLIENTS];

		client_start(&running, (struct tayra__server_options){ .memory_bytes = 8u << 20 });
		for (int i = 0; i < CLIENTS; i++) {
			fds[i] = client_connect(&running);
			assert_int_equal(pthread_create(&clients[i], NULL, count, &fds[i]), 0);
		}
		usleep((useconds_t)round * 500);
		client_stop(&running);
		for (int i = 0; i < CLIENTS; i++)
			pthread_join(clients[i], NULL);
	}
}

/* The page's thread reads while the server's thread counts and learns. */
static void
figures_are_read_under_load(void **state)
{
	static char body[1 << 18];
	const struct tayra_strategy strategy = TAYRA_STRATEGY_INIT;
	struct running running;
	pthread_t clients[CLIENTS];
	int fds[CLIENTS];
	char text[512], *page;

	client_start(&running, (struct tayra__server_options){ .memory_bytes = 8u << 20,
							       .strategy = &strategy,
							       .admin = "127.0.0.1:0",
							       .admin_if_free = true });
	for (int i = 0; i < CLIENTS; i++) {
		fds[i] = client_connect(&running);
		assert_int_equal(pthread_create(&clients[i], NULL, count, &fds[i]), 0);
	}
	tayra__server_describe(running.server, text, sizeof(text));
	page = strstr(text, "http://127.0.0.1:");
	for (int i = 0; page && i < ROUNDS; i++) {
		static const char *const paths[] = {
			"/metrics", "/metrics.json", "/", "/healthz", "/patterns", "/patterns.json"
		};
		uint16_t port = (uint16_t)strtoul(page + strlen("http://127.0.0.1:"), NULL, 10);

		assert_int_equal(http_get(port, paths[i % 6], body, sizeof(body)), 200);
	}
	client_stop(&running);
	for (int i = 0; i < CLIENTS; i++)
		pthread_join(clients[i], NULL);
}

/* A value or a failure, from the origin's threads. */
static int
fetch(void *arg, const void *key, size_t len, void **value, size_t *value_len)
{
	(void)arg;
	if (((const char *)key)[len - 1] == '3')
		return TAYRA_E_ORIGIN;
	*value = malloc(len);
	memcpy(*value, key, len);
	*value_len = len;
	return TAYRA_OK;
}

/* Loads, writes over them, and now and then goes away without having read. */
static void *
read_through(void *arg)
{
	static const char text[] =
		"*2\r\n$3\r\nGET\r\n$3\r\nk:1\r\n*2\r\n$3\r\nGET\r\n$3\r\nk:2\r\n"
		"MGET k:1 k:3 k:4\r\nSET k:1 x\r\nDEL k:1 k:2\r\nFLUSHDB\r\n";
	const struct running *running = arg;
	char reply[4096];

	for (int i = 0; i < 40; i++) {
		int fd = client_connect(running);

		for (int j = 0; j < 5; j++)
			if (send(fd, text, sizeof(text) - 1, MSG_NOSIGNAL) < 0 ||
			    (i % 4 && recv(fd, reply, sizeof(reply), 0) <= 0))
				break;
		close(fd);
	}
	return NULL;
}

static void
completions_come_from_origins_while_clients_come_and_go(void **state)
{
	struct tayra_origin_options options = TAYRA_ORIGIN_OPTIONS_INIT;
	struct tayra__route route = { .keys = "k:{x}", .ttl_ms = 1, .stale_ms = 1000 };
	struct tayra_pace *pace;
	struct running running;
	pthread_t clients[CLIENTS];

	assert_int_equal(tayra_pace_create(NULL, &pace), TAYRA_OK);
	options.pace = pace;
	assert_int_equal(tayra_origin_function(&options, fetch, NULL, &route.origin), TAYRA_OK);
	client_start(&running, (struct tayra__server_options){ .memory_bytes = 8u << 20,
							       .routes = &route,
							       .route_count = 1,
							       .paces = &pace,
							       .pace_count = 1 });
	for (int i = 0; i < CLIENTS; i++)
		assert_int_equal(pthread_create(&clients[i], NULL, read_through, &running), 0);
	for (int i = 0; i < CLIENTS; i++)
		pthread_join(clients[i], NULL);
	client_stop(&running);
	tayra_origin_close(route.origin);
	tayra_pace_destroy(pace);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(figures_are_read_under_load),
		cmocka_unit_test(a_server_can_be_stopped_under_load),
		cmocka_unit_test(completions_come_from_origins_while_clients_come_and_go),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
