/* SPDX-License-Identifier: Apache-2.0
 *
 * Clients on threads of their own against one server, which is stopped by yet another thread in the
 * middle of it.
 */
#include "../serve/http.h"

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

/* The page's thread reads while the server's thread counts. */
static void
figures_are_read_under_load(void **state)
{
	static char body[1 << 18];
	struct running running;
	pthread_t clients[CLIENTS];
	int fds[CLIENTS];
	char text[512], *page;

	client_start(&running, (struct tayra__server_options){ .memory_bytes = 8u << 20,
							       .admin = "127.0.0.1:0",
							       .admin_if_free = true });
	for (int i = 0; i < CLIENTS; i++) {
		fds[i] = client_connect(&running);
		assert_int_equal(pthread_create(&clients[i], NULL, count, &fds[i]), 0);
	}
	tayra__server_describe(running.server, text, sizeof(text));
	page = strstr(text, "http://127.0.0.1:");
	for (int i = 0; page && i < ROUNDS; i++) {
		static const char *const paths[] = { "/metrics", "/metrics.json", "/", "/healthz" };
		uint16_t port = (uint16_t)strtoul(page + strlen("http://127.0.0.1:"), NULL, 10);

		assert_int_equal(http_get(port, paths[i % 4], body, sizeof(body)), 200);
	}
	client_stop(&running);
	for (int i = 0; i < CLIENTS; i++)
		pthread_join(clients[i], NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(figures_are_read_under_load),
		cmocka_unit_test(a_server_can_be_stopped_under_load),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
