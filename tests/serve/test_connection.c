/* SPDX-License-Identifier: Apache-2.0 */
#include "client.h"

#include <sys/resource.h>

static struct running running;

static void
start(struct tayra__server_options options)
{
	if (!options.memory_bytes)
		options.memory_bytes = 16u << 20;
	client_start(&running, options);
}

static void
pipelined_requests_are_answered_in_order_wherever_they_are_cut(void **state)
{
	const char text[] = "SET a 1\r\n*2\r\n$3\r\nGET\r\n$1\r\na\r\nINCR a\r\n\r\nGET a\r\n";
	const char reply[] = "+OK\r\n$1\r\n1\r\n:2\r\n$1\r\n2\r\n";
	int fd;

	start((struct tayra__server_options){ 0 });
	fd = client_connect(&running);
	for (size_t cut = 0; cut < sizeof(text); cut++) {
		client_send(fd, text, cut);
		if (cut % 7 == 0)
			usleep(1000);
		client_send(fd, text + cut,
			    sizeof(text) - 1 - (cut < sizeof(text) - 1 ? cut : sizeof(text) - 1));
		client_expect(fd, reply, sizeof(reply) - 1);
	}
	close(fd);
	client_stop(&running);
}

/* More than a turn takes, a turn's input and a send's output. */
static void
a_long_pipeline_is_answered_whole(void **state)
{
	enum { COUNT = 20000 };
	static const char ask[] = "GET key\r\n", reply[] = "$5\r\nvalue\r\n";
	char *asks = malloc(COUNT * (sizeof(ask) - 1)),
	     *replies = malloc(COUNT * (sizeof(reply) - 1));
	int fd;

	for (size_t i = 0; i < COUNT; i++) {
		memcpy(asks + i * (sizeof(ask) - 1), ask, sizeof(ask) - 1);
		memcpy(replies + i * (sizeof(reply) - 1), reply, sizeof(reply) - 1);
	}
	start((struct tayra__server_options){ 0 });
	fd = client_connect(&running);
	client_say(fd, "SET key value", "+OK\r\n");
	client_send(fd, asks, COUNT * (sizeof(ask) - 1));
	/* Nothing more will come: what was sent is answered all the same. */
	shutdown(fd, SHUT_WR);
	client_expect(fd, replies, COUNT * (sizeof(reply) - 1));
	client_expect_end(fd);
	client_stop(&running);
	free(asks);
	free(replies);
}

static void
one_pipeline_does_not_keep_others_waiting(void **state)
{
	char asks[8000];
	int greedy, other;

	start((struct tayra__server_options){ 0 });
	greedy = client_connect(&running);
	other = client_connect(&running);
	for (size_t i = 0; i < sizeof(asks); i += 8)
		memcpy(asks + i, "GET key\n", 8);
	for (int i = 0; i < 50; i++)
		client_send(greedy, asks, sizeof(asks));
	client_say(other, "PING", "+PONG\r\n");
	close(greedy);
	client_say(other, "PING", "+PONG\r\n");
	close(other);
	client_stop(&running);
}

static void
a_protocol_error_is_said_before_the_end(void **state)
{
	static const char *const wrong[][2] = {
		{ "*3000000000\r\n", "-ERR Protocol error: invalid multibulk length\r\n" },
		{ "*1\r\n$2000000000\r\n", "-ERR Protocol error: invalid bulk length\r\n" },
		{ "*1\r\nfoo\r\n", "-ERR Protocol error: expected '$', got 'f'\r\n" },
		{ "set \"a\r\n", "-ERR Protocol error: unbalanced quotes in request\r\n" },
		{ "PING\r\n*x\r\nPING\r\n",
		  "+PONG\r\n-ERR Protocol error: invalid multibulk length\r\n" },
	};

	start((struct tayra__server_options){ 0 });
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		int fd = client_connect(&running);

		client_send(fd, wrong[i][0], strlen(wrong[i][0]));
		client_expect(fd, wrong[i][1], strlen(wrong[i][1]));
		client_expect_end(fd);
	}
	client_stop(&running);
}

static void
quit_is_the_last_that_is_executed(void **state)
{
	int fd;

	start((struct tayra__server_options){ 0 });
	fd = client_connect(&running);
	client_say(fd, "QUIT\r\nSET a 1", "+OK\r\n");
	client_expect_end(fd);
	fd = client_connect(&running);
	client_say(fd, "GET a", "$-1\r\n");
	close(fd);
	client_stop(&running);
}

static void
who_does_not_read_is_closed_and_others_are_served(void **state)
{
	char value[10000], set[10100];
	bool closed = false;
	int slow, other;

	start((struct tayra__server_options){ .output_max_bytes = 200000 });
	slow = client_connect(&running);
	other = client_connect(&running);
	memset(value, 'v', sizeof(value));
	snprintf(set, sizeof(set), "SET a %.*s", (int)sizeof(value), value);
	client_say(other, set, "+OK\r\n");
	/* The kernel's buffers take some megabytes before the server's own grow. */
	for (int i = 0; i < 5000 && !closed; i++)
		closed = send(slow, "GET a\r\n", 7, MSG_NOSIGNAL) < 0;
	client_say(other, "STRLEN a", ":10000\r\n");
	client_expect_end(slow);
	client_send(other, "INFO stats\r\n", 12);
	for (;;) {
		char reply[4096];
		ssize_t n = recv(other, reply, sizeof(reply) - 1, 0);

		assert_true(n > 0);
		reply[n] = '\0';
		assert_non_null(strstr(reply, "client_output_buffer_limit_disconnections:1"));
		break;
	}
	close(other);
	client_stop(&running);
}

static void
what_connections_hold_together_is_bounded(void **state)
{
	enum { CLIENTS = 12 };
	const size_t len = 400000; /* twelve are more than the 2 MiB that 16 MiB leave */
	char *half = calloc(1, len);
	int fds[CLIENTS], other, ended = 0;

	start((struct tayra__server_options){ 0 });
	other = client_connect(&running);
	for (int i = 0; i < CLIENTS; i++) {
		fds[i] = client_connect(&running);
		client_send(fds[i], "*2\r\n$3\r\nGET\r\n$500000\r\n", 23);
		for (size_t sent = 0; sent < len;) {
			ssize_t n = send(fds[i], half + sent, len - sent, MSG_NOSIGNAL);

			if (n <= 0)
				break;
			sent += (size_t)n;
		}
		client_say(other, "PING", "+PONG\r\n");
	}
	for (int i = 0; i < CLIENTS; i++) {
		char byte;

		ended += recv(fds[i], &byte, 1, MSG_DONTWAIT) == 0 || errno == ECONNRESET;
		close(fds[i]);
	}
	assert_in_range(ended, 1, CLIENTS - 1);
	client_say(other, "PING", "+PONG\r\n");
	close(other);
	client_stop(&running);
	free(half);
}

static void
a_thousand_connections_are_served(void **state)
{
	enum { CLIENTS = 1000 };
	struct rlimit limit;
	static int fds[CLIENTS];

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = limit.rlim_max < 4096 ? limit.rlim_max : 4096;
	setrlimit(RLIMIT_NOFILE, &limit);
	if (limit.rlim_cur < 2 * CLIENTS + 64)
		skip();
	start((struct tayra__server_options){ .clients_max = CLIENTS });
	for (int i = 0; i < CLIENTS; i++)
		fds[i] = client_connect(&running);
	for (int i = 0; i < CLIENTS; i++)
		client_send(fds[i], "INCR n\r\n", 8);
	for (int i = 0; i < CLIENTS; i++) {
		char reply[16];

		assert_true(recv(fds[i], reply, sizeof(reply), 0) >= 4);
		assert_int_equal(reply[0], ':');
	}
	client_say(fds[0], "GET n", "$4\r\n1000\r\n");
	int more = client_connect(&running);

	client_expect(more, "-ERR max number of clients reached\r\n", 36);
	client_expect_end(more);
	for (int i = 0; i < CLIENTS; i++)
		close(fds[i]);
	client_stop(&running);
}

static void
the_silent_are_closed_after_the_timeout(void **state)
{
	int fd;

	start((struct tayra__server_options){ .idle_timeout_ms = 300 });
	fd = client_connect(&running);
	client_say(fd, "PING", "+PONG\r\n");
	client_expect_end(fd);
	client_stop(&running);
}

static void
without_the_password_nothing_is_served(void **state)
{
	int fd;

	start((struct tayra__server_options){ .password = "s3cret\0x", .password_len = 8 });
	fd = client_connect(&running);
	client_say(fd, "GET a", "-NOAUTH Authentication required.\r\n");
	client_say(fd, "AUTH s3cret",
		   "-WRONGPASS invalid username-password pair or user is disabled.\r\n");
	client_say(fd, "HELLO 3", "-NOAUTH HELLO must be called");
	client_expect_end((shutdown(fd, SHUT_WR), fd));
	fd = client_connect(&running);
	client_say(fd, "AUTH other \"s3cret\\x00x\"",
		   "-WRONGPASS invalid username-password pair or user is disabled.\r\n");
	client_say(fd, "AUTH default \"s3cret\\x00x\"", "+OK\r\n");
	client_say(fd, "SET a 1", "+OK\r\n");
	client_say(fd, "RESET", "+RESET\r\n");
	client_say(fd, "GET a", "-NOAUTH Authentication required.\r\n");
	close(fd);
	fd = client_connect(&running);
	client_send(fd, "*100\r\n", 6);
	client_expect(fd, "-ERR Protocol error: unauthenticated multibulk length\r\n", 55);
	client_expect_end(fd);
	fd = client_connect(&running);
	client_send(fd, "*1\r\n$100000000\r\n", 16);
	client_expect(fd, "-ERR Protocol error: unauthenticated bulk length\r\n", 50);
	client_expect_end(fd);
	client_stop(&running);
}

static void
addresses_others_can_reach_need_a_password(void **state)
{
	struct tayra__server_options options = { .listen = "0.0.0.0:0", .memory_bytes = 8u << 20 };
	struct tayra__server *server;
	char error[256];

	assert_int_equal(tayra__server_create(&options, error, sizeof(error), &server),
			 TAYRA_E_INVAL);
	assert_null(server);
	assert_non_null(strstr(error, "give a password"));
	options.listen = "nowhere";
	assert_int_equal(tayra__server_create(&options, error, sizeof(error), &server),
			 TAYRA_E_INVAL);
	options.listen = "127.0.0.1:0";
	options.memory_bytes = 1u << 20;
	assert_int_equal(tayra__server_create(&options, error, sizeof(error), &server),
			 TAYRA_E_INVAL);
	assert_non_null(strstr(error, "too few"));
}

static void
a_port_in_use_is_said_in_one_line(void **state)
{
	struct tayra__server_options options = { .memory_bytes = 8u << 20 };
	struct tayra__server *server;
	char error[256];

	start((struct tayra__server_options){ 0 });
	options.listen = tayra__server_address(running.server);
	assert_int_equal(tayra__server_create(&options, error, sizeof(error), &server), TAYRA_E_IO);
	assert_non_null(strstr(error, "cannot listen on 127.0.0.1:"));
	assert_null(strchr(error, '\n'));
	client_stop(&running);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pipelined_requests_are_answered_in_order_wherever_they_are_cut),
		cmocka_unit_test(a_long_pipeline_is_answered_whole),
		cmocka_unit_test(one_pipeline_does_not_keep_others_waiting),
		cmocka_unit_test(a_protocol_error_is_said_before_the_end),
		cmocka_unit_test(quit_is_the_last_that_is_executed),
		cmocka_unit_test(who_does_not_read_is_closed_and_others_are_served),
		cmocka_unit_test(what_connections_hold_together_is_bounded),
		cmocka_unit_test(a_thousand_connections_are_served),
		cmocka_unit_test(the_silent_are_closed_after_the_timeout),
		cmocka_unit_test(without_the_password_nothing_is_served),
		cmocka_unit_test(addresses_others_can_reach_need_a_password),
		cmocka_unit_test(a_port_in_use_is_said_in_one_line),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
