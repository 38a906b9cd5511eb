/* SPDX-License-Identifier: Apache-2.0
 *
 * The limits of origins as parameters of CONFIG, over the wire.
 */
#include "http.h"

#include <tayra/tayra.h>

#include "load/origin.h"
#include "serve/route.h"

#define BULK(text, len) "$" len "\r\n" text "\r\n"
#define OK              "+OK\r\n"
#define FAILED(name)    "-ERR CONFIG SET failed (possibly related to argument '" name "') - "

/* Loads that wait to be let go. */
static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	int waiting;
	bool open;
} source = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };

static struct tayra_pace *paces[2];
static struct tayra_origin *origins[2];
static struct running running;
static uint16_t port; /* of the page; 0: built without */

static int
fetch(void *arg, const void *key, size_t len, void **value, size_t *value_len)
{
	(void)arg, (void)key, (void)len;
	pthread_mutex_lock(&source.lock);
	source.waiting++;
	pthread_cond_broadcast(&source.changed);
	while (!source.open)
		pthread_cond_wait(&source.changed, &source.lock);
	pthread_mutex_unlock(&source.lock);
	*value = strdup("v");
	*value_len = 1;
	return TAYRA_OK;
}

static void
await_waiting(int loads)
{
	pthread_mutex_lock(&source.lock);
	while (source.waiting < loads)
		pthread_cond_wait(&source.changed, &source.lock);
	pthread_mutex_unlock(&source.lock);
}

static int
waiting(void)
{
	int n;

	pthread_mutex_lock(&source.lock);
	n = source.waiting;
	pthread_mutex_unlock(&source.lock);
	return n;
}

static void
let_go(void)
{
	pthread_mutex_lock(&source.lock);
	source.open = true;
	pthread_cond_broadcast(&source.changed);
	pthread_mutex_unlock(&source.lock);
}

/* Two origins, "fast" and "b.c", each with a fixed limit of 1 and 4 threads. */
static int
setup(void **state)
{
	static const char *const names[] = { "fast", "b.c" };
	static const uint32_t threads[] = { 4, 4 };
	char text[512], *page;
	struct tayra__route routes[2] = { { .keys = "a:{x}" }, { .keys = "b:{x}" } };

	source.waiting = 0;
	source.open = false;
	for (int i = 0; i < 2; i++) {
		struct tayra_pace_options limit = TAYRA_PACE_OPTIONS_INIT;
		struct tayra_origin_options options = TAYRA_ORIGIN_OPTIONS_INIT;

		limit.limiter = TAYRA_LIMITER_FIXED;
		limit.limit = 1;
		limit.limit_max = 4;
		assert_int_equal(tayra_pace_create(&limit, &paces[i]), TAYRA_OK);
		options.pace = paces[i];
		options.threads = 4;
		assert_int_equal(tayra_origin_function(&options, fetch, NULL, &origins[i]),
				 TAYRA_OK);
		routes[i].origin = origins[i];
	}
	client_start(&running, (struct tayra__server_options){ .memory_bytes = 16u << 20,
							       .routes = routes,
							       .route_count = 2,
							       .paces = paces,
							       .pace_names = names,
							       .pace_threads = threads,
							       .pace_count = 2,
							       .admin = "127.0.0.1:0",
							       .admin_if_free = true });
	tayra__server_describe(running.server, text, sizeof(text));
	page = strstr(text, "status at http://127.0.0.1:");
	port = page ? (uint16_t)strtoul(page + strlen("status at http://127.0.0.1:"), NULL, 10) : 0;
	return 0;
}

static int
teardown(void **state)
{
	let_go();
	client_stop(&running);
	for (int i = 0; i < 2; i++) {
		tayra_origin_close(origins[i]);
		tayra_pace_destroy(paces[i]);
	}
	return 0;
}

static void
a_higher_limit_lets_in_the_load_that_waits(void **state)
{
	int a = client_connect(&running), b = client_connect(&running);
	int admin = client_connect(&running);

	client_send(a, "GET a:1\r\n", 9);
	await_waiting(1);
	client_send(b, "GET a:2\r\n", 9);
	client_say(admin, "CONFIG GET pace.fast.limit",
		   "*2\r\n" BULK("pace.fast.limit", "15") BULK("1", "1"));
	assert_int_equal(waiting(), 1);
	client_say(admin, "CONFIG SET pace.fast.limit 2", OK);
	await_waiting(2);
	let_go();
	client_expect(a, "$1\r\nv\r\n", 7);
	client_expect(b, "$1\r\nv\r\n", 7);
	close(a);
	close(b);
	close(admin);
}

static void
a_name_without_an_origin_is_all_of_them(void **state)
{
	int fd = client_connect(&running);

	client_say(fd, "CONFIG SET pace.limit 3", OK);
	client_say(fd, "CONFIG GET pace.b.c.limit",
		   "*2\r\n" BULK("pace.b.c.limit", "14") BULK("3", "1"));
	client_say(fd, "CONFIG GET pace.limit", "*2\r\n" BULK("pace.limit", "10") BULK("3", "1"));
	client_say(fd, "CONFIG SET pace.b.c.limit 2", OK);
	client_say(fd, "CONFIG GET pace.limit",
		   "*2\r\n" BULK("pace.limit", "10") BULK("mixed", "5"));
	client_say(fd, "CONFIG SET PACE.FAST.LIMITER elasticity pace.fast.dither 0.2", OK);
	client_say(fd, "CONFIG GET pace.fast.window",
		   "*2\r\n" BULK("pace.fast.window", "16") BULK("50ms", "4"));
	close(fd);
}

static void
what_one_origin_refuses_changes_none(void **state)
{
	int fd = client_connect(&running);

	client_say(fd, "CONFIG SET pace.b.c.limit_min 1 pace.b.c.limit_max 2", OK);
	client_say(fd, "CONFIG SET pace.limit 3",
		   FAILED("pace.limit") "limit 3 is not from limit_min 1 to limit_max 2\r\n");
	client_say(fd, "CONFIG GET pace.limit", "*2\r\n" BULK("pace.limit", "10") BULK("1", "1"));
	close(fd);
}

static void
what_is_wrong_is_said_in_one_line(void **state)
{
	int fd = client_connect(&running);

	client_say(fd, "CONFIG SET pace.fast.limit_max 5",
		   FAILED("pace.fast.limit_max") "limit_max 5 is more than the 4 loads that the "
						 "routes of origin 'fast' take at a time\r\n");
	client_say(fd, "CONFIG SET pace.fast.limit 0",
		   FAILED("pace.fast.limit") "limit '0' is not a number from 1 to 1e+06\r\n");
	client_say(fd, "CONFIG SET pace.fast.mode sometimes",
		   FAILED("pace.fast.mode") "mode 'sometimes' does not exist; there are: enforce "
					    "monitor off\r\n");
	client_say(fd, "CONFIG SET pace.fast.limti 1",
		   FAILED("pace.fast.limti") "unknown parameter\r\n");
	client_say(fd, "CONFIG SET pace.slow.limit 1",
		   FAILED("pace.slow.limit") "unknown parameter\r\n");
	client_say(fd, "CONFIG GET pace.fast.limit",
		   "*2\r\n" BULK("pace.fast.limit", "15") BULK("1", "1"));
	client_say(fd, "PING", "+PONG\r\n");
	close(fd);
}

/* The limits of both as metrics, by origin, and why one was changed. */
static void
what_decides_and_why_it_changed_are_metrics(void **state)
{
	static const char *const samples[] = {
		"tayra_limit{origin=\"fast\"} 2\n",
		"tayra_limit{origin=\"b.c\"} 1\n",
		"tayra_limit_waiting{origin=\"fast\",class=\"normal\"} 0\n",
		"tayra_limit_shed_total{origin=\"fast\",class=\"low\",reason=\"codel\"} 0\n",
		"tayra_limit_outcomes_total{origin=\"fast\",outcome=\"ok\"} 0\n",
		"tayra_limit_decisions_total{origin=\"fast\",move=\"raised\"} 0\n",
		"tayra_limit_window_p90_seconds{origin=\"fast\"} 0\n",
		"tayra_limit_changes_total{origin=\"fast\",reason=\"set by hand\"} 1\n",
	};
	int fd = client_connect(&running);
	static char page[1 << 18];

	if (port == 0)
		skip(); /* built without it */
	client_say(fd, "CONFIG SET pace.fast.limit 2", OK);
	for (size_t i = sizeof(samples) / sizeof(samples[0]); i-- > 0;) {
		/* What a tick has put down is a tenth of a second old. */
		for (int tries = 0; !strstr(page, samples[i]) && tries < 100; tries++) {
			usleep(50000);
			http_get(port, "/metrics", page, sizeof(page));
		}
		if (!strstr(page, samples[i]))
			fail_msg("no '%s' in %s", samples[i], page);
	}
	close(fd);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_higher_limit_lets_in_the_load_that_waits),
		TEST(a_name_without_an_origin_is_all_of_them),
		TEST(what_one_origin_refuses_changes_none),
		TEST(what_is_wrong_is_said_in_one_line),
		TEST(what_decides_and_why_it_changed_are_metrics),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
