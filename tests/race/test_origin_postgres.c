/* SPDX-License-Identifier: Apache-2.0
 *
 * Threads on one PostgreSQL origin while statements are cancelled, and while the server is killed
 * and comes back.  Skipped where there is no server to start.
 */
#include "../load/stage.h"

#include <pthread.h>
#include <stdlib.h>

#include "../origin/cluster.h"

enum { THREADS = 8 };

struct world {
	struct tayra *t;
	struct tayra_origin *origin;
	_Atomic unsigned next, wrong, answers;
	_Atomic bool stop;
};

static struct cluster cluster;

static int
make_cluster(void **state)
{
	cluster_create(&cluster);
	return 0;
}

static int
remove_cluster(void **state)
{
	cluster_destroy(&cluster);
	return 0;
}

/* Every third sleeps longer than its deadline. */
static void *
ask_much(void *arg)
{
	struct world *w = arg;

	while (!atomic_load(&w->stop)) {
		struct tayra_request r = TAYRA_REQUEST_INIT;
		unsigned n = atomic_fetch_add(&w->next, 1);
		struct tayra_ref ref;
		char key[64], value[40];
		int status;

		snprintf(value, sizeof(value), "v%u", n / 2);
		snprintf(key, sizeof(key), "%s:%s", n % 3 ? "0" : "60", value);
		r.key = key, r.key_len = strlen(key), r.origin = w->origin, r.ttl_ms = 1;
		r.timeout_ns = n % 3 ? 20 * TAYRA_NS_PER_S : 5 * TAYRA_NS_PER_MS;
		status = tayra_get_or_load(w->t, &r, &ref);
		if (status == TAYRA_OK && (ref.value_len != strlen(value) ||
					   memcmp(ref.value, value, strlen(value)) != 0))
			atomic_fetch_add(&w->wrong, 1);
		if (status == TAYRA_OK)
			atomic_fetch_add(&w->answers, 1);
		else if (status != TAYRA_E_TIMEOUT && status != TAYRA_E_ORIGIN)
			atomic_fetch_add(&w->wrong, 1);
		tayra_release(&ref);
		if (status == TAYRA_E_ORIGIN)
			usleep(1000);
	}
	return NULL;
}

static unsigned
wait_for_answers(struct world *w, unsigned more)
{
	unsigned begin = atomic_load(&w->answers);

	for (int i = 0; i < 3000 && atomic_load(&w->answers) - begin < more; i++)
		usleep(10000);
	return atomic_load(&w->answers) - begin;
}

static void
answers_are_right_while_statements_are_cancelled_and_the_server_comes_and_goes(void **state)
{
	struct tayra_origin_options o = TAYRA_ORIGIN_OPTIONS_INIT;
	struct world w = { 0 };
	pthread_t threads[THREADS];
	char error[200];

	if (!cluster.running)
		skip();
	o.threads = 4;
	o.pattern = "{seconds}:{value}";
	assert_int_equal(tayra_origin_postgres(&o, cluster.conninfo,
					       "SELECT $2::text FROM pg_sleep($1::float8)", error,
					       sizeof(error), &w.origin),
			 TAYRA_OK);
	assert_int_equal(tayra_create(NULL, &w.t), TAYRA_OK);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, ask_much, &w), 0);
	assert_true(wait_for_answers(&w, 100) >= 100);
	cluster_kill(&cluster);
	assert_true(cluster_start(&cluster));
	assert_true(wait_for_answers(&w, 100) >= 100);
	atomic_store(&w.stop, true);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	tayra_destroy(w.t);
	tayra_origin_close(w.origin);
	assert_int_equal(atomic_load(&w.wrong), 0);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(
		answers_are_right_while_statements_are_cancelled_and_the_server_comes_and_goes),
};

int
main(void)
{
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, make_cluster, remove_cluster);
}
