/* SPDX-License-Identifier: Apache-2.0
 *
 * Clients on threads of their own against one server, which is stopped by yet another thread in the
 * middle of it.
 */
#include "../serve/client.h"

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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_server_can_be_stopped_under_load),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
