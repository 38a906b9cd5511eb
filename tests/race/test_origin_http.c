/* SPDX-License-Identifier: Apache-2.0
 *
 * Threads on one HTTP origin: answers, errors and hanging requests at once, and a handle destroyed
 * while they are out.
 */
#include "../load/stage.h"

#include <pthread.h>
#include <stdlib.h>

#include "../origin/server.h"

enum { THREADS = 8, ROUNDS = 40 };

struct world {
	struct tayra *t;
	struct tayra_origin *origin;
	_Atomic unsigned next, wrong, answers;
};

static void *
ask_much(void *arg)
{
	static const char *const paths[] = { "echo", "404", "chunked", "slow", "500" };
	struct world *w = arg;

	for (int i = 0; i < ROUNDS; i++) {
		struct tayra_request r = TAYRA_REQUEST_INIT;
		unsigned n = atomic_fetch_add(&w->next, 1);
		struct tayra_ref ref;
		char key[40];
		int status;

		snprintf(key, sizeof(key), "%s.%u", paths[n % 5], n / 7);
		r.key = key, r.key_len = strlen(key), r.origin = w->origin;
		r.timeout_ns = n % 5 == 3 ? 3 * TAYRA_NS_PER_MS : 20 * TAYRA_NS_PER_S;
		r.ttl_ms = 1;
		status = tayra_get_or_load(w->t, &r, &ref);
		if (status == TAYRA_OK && n % 5 == 0 &&
		    (ref.value_len != strlen(key) + 1 ||
		     memcmp((const char *)ref.value + 1, key, strlen(key)) != 0))
			atomic_fetch_add(&w->wrong, 1);
		if (status == TAYRA_OK)
			atomic_fetch_add(&w->answers, 1);
		else if (n % 5 == 0 && status != TAYRA_E_CLOSED)
			atomic_fetch_add(&w->wrong, 1);
		tayra_release(&ref);
	}
	return NULL;
}

static void
world_open(struct world *w, struct server *s)
{
	struct tayra_origin_options o = TAYRA_ORIGIN_OPTIONS_INIT;
	char url[100];

	memset(w, 0, sizeof(*w));
	server_open(s);
	o.threads = 4;
	snprintf(url, sizeof(url), "http://127.0.0.1:%u/{key}", s->port);
	assert_int_equal(tayra_origin_http(&o, NULL, url, NULL, 0, &w->origin), TAYRA_OK);
	assert_int_equal(tayra_create(NULL, &w->t), TAYRA_OK);
}

static void
everyone_gets_the_answer_to_their_own_question(void **state)
{
	struct world w;
	struct server s;
	pthread_t threads[THREADS];

	world_open(&w, &s);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, ask_much, &w), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	tayra_destroy(w.t);
	tayra_origin_close(w.origin);
	server_close(&s);
	assert_int_equal(atomic_load(&w.wrong), 0);
	assert_true(atomic_load(&w.answers) > THREADS * ROUNDS / 4);
}

static void
a_handle_destroyed_over_running_loads_ends_them_and_the_origin_can_be_closed(void **state)
{
	for (int round = 0; round < 5; round++) {
		enum { LOADS = 20 };
		struct world w;
		struct server s;
		struct tayra_cq *cq;
		struct tayra_completion c[LOADS];
		struct tayra_ref ref;

		world_open(&w, &s);
		assert_int_equal(tayra_cq_create(w.t, &cq), TAYRA_OK);
		for (int i = 0; i < LOADS; i++) {
			struct tayra_request r = TAYRA_REQUEST_INIT;
			char key[20];

			snprintf(key, sizeof(key), "%s%d", i % 2 ? "slow" : "echo", i);
			r.key = key, r.key_len = strlen(key), r.origin = w.origin;
			assert_int_equal(tayra_get_or_load_start(w.t, &r, cq, NULL, &ref),
					 TAYRA_PENDING);
		}
		usleep((useconds_t)round * 500);
		tayra_destroy(w.t);
		tayra_origin_close(w.origin);
		assert_int_equal(tayra_cq_drain(cq, c, LOADS), LOADS);
		for (int i = 0; i < LOADS; i++)
			tayra_release(&c[i].ref);
		tayra_cq_destroy(cq);
		server_close(&s);
	}
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(everyone_gets_the_answer_to_their_own_question),
	cmocka_unit_test(
		a_handle_destroyed_over_running_loads_ends_them_and_the_origin_can_be_closed),
};

RUN_TESTS(tests)
