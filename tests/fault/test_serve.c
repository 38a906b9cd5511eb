/* SPDX-License-Identifier: Apache-2.0
 *
 * A server and a client of it, with every allocation of the server refused in turn.  A connection
 * may end by that, the server may not.  Leaks are the sanitizer's to find.
 */
#include "../serve/client.h"

#include <tayra/tayra.h>

#include "base/mem.h"
#include "serve/feeds.h"
#include "serve/route.h"

#define ATTEMPTS_MAX 100

static struct tayra__route route = { .keys = "load:{x}" };
/* Nobody listens there: it is blind, which is no error. */
static const char *const prefixes[] = { "load:", "more:" };
static const struct tayra__feed_source feed = {
	.kind = TAYRA__FEED_REDIS,
	.name = "load",
	.prefixes = prefixes,
	.prefix_count = 2,
	.where = "unix:///no/such/socket",
};

static int
fetch(void *arg, const void *key, size_t len, void **value, size_t *value_len)
{
	(void)arg;
	*value = malloc(len);
	memcpy(*value, key, len);
	*value_len = len;
	return TAYRA_OK;
}

/* Requests that need memory: arguments, a value that stays behind in buffers, lists of keys. */
static void
strain(int fd)
{
	char text[40000], reply[65536];
	size_t len = 0;

	len += (size_t)snprintf(text, sizeof(text), "*12\r\n$4\r\nMGET\r\n");
	for (int i = 0; i < 11; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "$1\r\nk\r\n");
	len += (size_t)snprintf(
		text + len, sizeof(text) - len,
		"SET k v\r\nKEYS *\r\nINFO\r\nCLIENT LIST\r\nRANDOMKEY\r\nSELECT 1\r\n"
		"SET k v\r\nFLUSHDB\r\nSELECT 0\r\nMGET load:1 load:2 k\r\n"
		"*2\r\n$3\r\nGET\r\n$6\r\nload:3\r\n*2\r\n$3\r\nGET\r\n$1\r\nk\r\n*3\r\n$"
		"3\r\nSET\r\n$1\r\nb\r\n$30000\r\n");
	if (send(fd, text, len, MSG_NOSIGNAL) < 0)
		return;
	usleep(2000);
	memset(text, 'v', 30002);
	memcpy(text + 30000, "\r\n", 2);
	if (send(fd, text, 30002, MSG_NOSIGNAL) < 0)
		return;
	shutdown(fd, SHUT_WR);
	while (recv(fd, reply, sizeof(reply), 0) > 0)
		continue;
}

/* Whether the server came up with the n-th allocation from now on, and all later, refused. */
static bool
attempt(uint64_t n, uint64_t *asked)
{
	const struct tayra_strategy strategy = TAYRA_STRATEGY_INIT;
	const struct tayra_warm_key warm[] = { { "load:w", 6, 1 }, { "other", 5, 0 } };
	const struct tayra__server_options options = { .strategy = &strategy,
						       .warm_keys = warm,
						       .warm_count = 2,
						       .listen = "127.0.0.1:0",
						       .memory_bytes = 8u << 20,
						       .admin = "127.0.0.1:0",
						       .admin_if_free = true,
						       .routes = &route,
						       .route_count = 1,
						       .feeds = &feed,
						       .feed_count = 1 };
	struct running running;
	char error[256];
	int fd, status;

	tayra__mem_fail_after(n);
	status = tayra__server_create(&options, error, sizeof(error), &running.server);
	if (status != TAYRA_OK) {
		tayra__mem_fail_after(0);
		assert_int_equal(status, TAYRA_E_NOMEM);
		assert_null(running.server);
		assert_true(error[0]);
		return false;
	}
	running.port = (uint16_t)strtoul(strrchr(tayra__server_address(running.server), ':') + 1,
					 NULL, 10);
	assert_int_equal(pthread_create(&running.thread, NULL, client_run_server, &running), 0);
	fd = client_connect(&running);
	strain(fd);
	close(fd);
	*asked = tayra__mem_count();
	tayra__mem_fail_after(0);
	fd = client_connect(&running);
	client_say(fd, "PING", "+PONG\r\n");
	close(fd);
	client_stop(&running);
	return true;
}

static void
a_server_outlives_every_refused_allocation(void **state)
{
	struct tayra_origin_options origin = TAYRA_ORIGIN_OPTIONS_INIT;
	uint64_t n, asked = 0;
	bool ever_down = false;

	assert_int_equal(tayra_origin_function(&origin, fetch, NULL, &route.origin), TAYRA_OK);
	for (n = 1; n <= ATTEMPTS_MAX; n++) {
		bool up = attempt(n, &asked);

		ever_down |= !up;
		if (up && asked < n)
			break;
	}
	tayra_origin_close(route.origin);
	assert_true(ever_down);
	assert_in_range(n, 8, ATTEMPTS_MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_server_outlives_every_refused_allocation),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
