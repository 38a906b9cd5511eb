/* SPDX-License-Identifier: Apache-2.0
 *
 * TAYRA.DELTAG and TAYRA.DELPREFIX.
 */
#include "client.h"
#include "net/redis.h"

#include <stdatomic.h>

#include <tayra/tayra.h>

#include "serve/route.h"

static struct redis redis;
static struct running one, two;
static _Atomic unsigned version;

/* The version there is. */
static int
fetch(void *arg, const void *key, size_t len, void **value, size_t *value_len)
{
	char text[16];

	(void)arg, (void)key, (void)len;
	snprintf(text, sizeof(text), "%u", atomic_load(&version));
	*value = strdup(text);
	*value_len = strlen(text);
	return TAYRA_OK;
}

static struct tayra_origin *
open_origin(void)
{
	struct tayra_origin_options o = TAYRA_ORIGIN_OPTIONS_INIT;
	struct tayra_origin *origin;

	o.pattern = "user:{id}:{what}";
	o.tags = "user:{id} {what}";
	assert_int_equal(tayra_origin_function(&o, fetch, NULL, &origin), TAYRA_OK);
	return origin;
}

static struct tayra__route
route_to(struct tayra_origin *origin)
{
	return (struct tayra__route){ .keys = "user:{id}:{what}",
				      .origin = origin,
				      .ttl_ms = 3600000 };
}

static void
what_was_loaded_with_a_tag_is_loaded_anew(void **state)
{
	struct tayra_origin *origin = open_origin();
	const struct tayra__route route = route_to(origin);
	int fd;

	(void)state;
	client_start(&one, (struct tayra__server_options){
				   .memory_bytes = 16u << 20, .routes = &route, .route_count = 1 });
	fd = client_connect(&one);
	atomic_store(&version, 1);
	client_say(fd, "MGET user:1:name user:1:age user:2:name",
		   "*3\r\n$1\r\n1\r\n$1\r\n1\r\n$1\r\n1\r\n");
	client_say(fd, "SET user:3:name mine", "+OK\r\n");
	atomic_store(&version, 2);
	client_say(fd, "TAYRA.DELTAG user:9", "+OK\r\n");
	client_say(fd, "GET user:1:name", "$1\r\n1\r\n");
	client_say(fd, "tayra.deltag user:1", "+OK\r\n");
	client_say(fd, "MGET user:1:name user:1:age user:2:name",
		   "*3\r\n$1\r\n2\r\n$1\r\n2\r\n$1\r\n1\r\n");
	atomic_store(&version, 3);
	client_say(fd, "TAYRA.DELTAG name user:2", "+OK\r\n");
	client_say(fd, "MGET user:1:name user:1:age user:2:name user:3:name",
		   "*4\r\n$1\r\n3\r\n$1\r\n2\r\n$1\r\n3\r\n$4\r\nmine\r\n"); /* a SET has none */
	close(fd);
	client_stop(&one);
	tayra_origin_close(origin);
}

static void
what_begins_so_is_forgotten_in_its_database_alone(void **state)
{
	struct tayra_origin *origin = open_origin();
	const struct tayra__route route = route_to(origin);

	(void)state;
	for (size_t routes = 0; routes < 2; routes++) {
		int fd;

		client_start(&one, (struct tayra__server_options){ .memory_bytes = 16u << 20,
								   .routes = &route,
								   .route_count = routes });
		fd = client_connect(&one);
		client_say(fd, "MSET a: 1 a:b 2 b:a 3 a 4", "+OK\r\n");
		client_say(fd, "SELECT 3", "+OK\r\n");
		client_say(fd, "MSET a:b 5 b 6", "+OK\r\n");
		client_say(fd, "TAYRA.DELPREFIX c", "+OK\r\n");
		client_say(fd, "DBSIZE", ":2\r\n");
		client_say(fd, "TAYRA.DELPREFIX b", "+OK\r\n");
		client_say(fd, "MGET a:b b", "*2\r\n$1\r\n5\r\n$-1\r\n");
		client_say(fd, "SELECT 0", "+OK\r\n");
		client_say(fd, "TAYRA.DELPREFIX a:", "+OK\r\n");
		client_say(fd, "MGET a: a:b b:a a", "*4\r\n$-1\r\n$-1\r\n$1\r\n3\r\n$1\r\n4\r\n");
		client_say(fd, "SELECT 3", "+OK\r\n");
		client_say(fd, "GET a:b", "$1\r\n5\r\n");
		close(fd);
		client_stop(&one);
	}
	tayra_origin_close(origin);
}

/* A command with one argument of so many bytes. */
static void
say_long(int fd, const char *name, size_t len, const char *reply)
{
	char head[64], *bytes = malloc(len + 2);

	snprintf(head, sizeof(head), "*2\r\n$%zu\r\n%s\r\n$%zu\r\n", strlen(name), name, len);
	client_send(fd, head, strlen(head));
	memset(bytes, 'x', len);
	memcpy(bytes + len, "\r\n", 2);
	client_send(fd, bytes, len + 2);
	client_expect(fd, reply, strlen(reply));
	free(bytes);
}

static void
what_cannot_be_a_tag_or_a_prefix_is_refused(void **state)
{
	struct tayra_origin *origin = open_origin();
	const struct tayra__route route = route_to(origin);

	(void)state;
	for (size_t routes = 0; routes < 2; routes++) {
		int fd;

		client_start(&one, (struct tayra__server_options){ .memory_bytes = 16u << 20,
								   .routes = &route,
								   .route_count = routes });
		fd = client_connect(&one);
		client_say(fd, "TAYRA.DELTAG",
			   "-ERR wrong number of arguments for 'tayra.deltag' command\r\n");
		client_say(fd, "TAYRA.DELPREFIX a b",
			   "-ERR wrong number of arguments for 'tayra.delprefix' command\r\n");
		client_say(fd, "TAYRA.DELPREFIX \"\"",
			   "-ERR every key begins with nothing; use FLUSHDB\r\n");
		client_say(fd, "TAYRA.DELTAG \"\"", "+OK\r\n");
		say_long(fd, "TAYRA.DELTAG", TAYRA_KEY_MAX, "+OK\r\n");
		say_long(fd, "TAYRA.DELTAG", TAYRA_KEY_MAX + 1, "-ERR");
		client_expect(fd, " key or", 7);
		close(fd);
		client_stop(&one);
	}
	tayra_origin_close(origin);
}

static void
servers_that_share_a_remote_tier_hear_of_it(void **state)
{
	struct tayra_origin *origin = open_origin();
	const struct tayra__route route = route_to(origin);
	struct tayra__server_options o = { .memory_bytes = 16u << 20,
					   .routes = &route,
					   .route_count = 1 };
	int a, b;

	(void)state;
	if (!redis_is_installed()) {
		tayra_origin_close(origin);
		print_message("# skipped: redis-server is not installed\n");
		skip();
	}
	memset(&redis, 0, sizeof(redis));
	assert_true(redis_up(&redis));
	o.remote_tier = redis.url;
	client_start(&one, o);
	client_start(&two, o);
	a = client_connect(&one);
	b = client_connect(&two);
	usleep(1100000); /* of what is older than both, what has tags is not believed */
	atomic_store(&version, 1);
	client_say(a, "GET user:1:name", "$1\r\n1\r\n");
	client_ask_until(b, "GET user:1:name", "$1\r\n1\r\n");
	atomic_store(&version, 2);
	client_say(a, "TAYRA.DELTAG user:1", "+OK\r\n");
	client_say(a, "GET user:1:name", "$1\r\n2\r\n");
	client_ask_until(b, "GET user:1:name", "$1\r\n2\r\n");
	client_say(b, "SET plain 1", "+OK\r\n");
	client_say(b, "TAYRA.DELPREFIX pl", "+OK\r\n");
	client_ask_until(a, "GET plain", "$-1\r\n");
	/* Nobody can be told. */
	kill(redis.pid, SIGSTOP);
	client_say(a, "TAYRA.DELTAG user:1", "-");
	kill(redis.pid, SIGCONT);
	close(a);
	close(b);
	client_stop(&one);
	client_stop(&two);
	redis_down(&redis);
	tayra_origin_close(origin);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_loaded_with_a_tag_is_loaded_anew),
		cmocka_unit_test(what_begins_so_is_forgotten_in_its_database_alone),
		cmocka_unit_test(what_cannot_be_a_tag_or_a_prefix_is_refused),
		cmocka_unit_test(servers_that_share_a_remote_tier_hear_of_it),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
