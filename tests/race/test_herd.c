/* SPDX-License-Identifier: Apache-2.0
 *
 * A thousand threads ask for one key in the same moment: its origin is asked once.
 */
#include "../load/stage.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#include "base/clock.h"

#define HERD    1000
#define CALLS   5 /* of each thread */
#define TRIES   8 /* for the time, on a machine that others use too */
#define LOAD_NS (30 * TAYRA_NS_PER_MS)

struct herd {
	struct tayra *t;
	struct tayra_origin *origin;
	uint64_t soft_timeout_ns;
	_Atomic unsigned loads, wrong, waiting;
	_Atomic bool go;
	uint64_t took_ns[HERD * CALLS];
	struct member {
		struct herd *herd;
		pthread_t thread;
		uint64_t *took_ns;
	} members[HERD];
};

static int
fetch(void *arg, const void *key, size_t key_len, void **value, size_t *len)
{
	struct herd *herd = arg;

	atomic_fetch_add(&herd->loads, 1);
	tayra__clock_sleep_until_ns(tayra__clock_mono_ns(tayra_clock_real()) + LOAD_NS);
	*value = malloc(3);
	memcpy(*value, "new", 3);
	*len = 3;
	return TAYRA_OK;
}

static void *
ask_for_it(void *arg)
{
	struct member *member = arg;
	struct herd *herd = member->herd;
	struct tayra_request r = TAYRA_REQUEST_INIT;
	struct tayra_ref ref;

	r.key = "hot", r.key_len = 3;
	r.origin = herd->origin;
	r.ttl_ms = r.stale_ms = 60000;
	r.soft_timeout_ns = herd->soft_timeout_ns;
	atomic_fetch_add(&herd->waiting, 1);
	while (!atomic_load(&herd->go))
		sched_yield();
	for (int i = 0; i < CALLS; i++) {
		uint64_t began_ns = tayra__clock_mono_ns(tayra_clock_real());
		int status = tayra_get_or_load(herd->t, &r, &ref);

		member->took_ns[i] = tayra__clock_mono_ns(tayra_clock_real()) - began_ns;
		if (status != TAYRA_OK || ref.value_len != 3)
			atomic_fetch_add(&herd->wrong, 1);
		tayra_release(&ref);
	}
	return NULL;
}

static int
herd_size(void)
{
	return getenv("TAYRA_INSTRUMENTED") ? HERD / 10 : HERD;
}

enum before { MISSING, EXPIRED };

static void
come(struct herd *herd, enum before before, uint64_t soft_timeout_ns)
{
	pthread_attr_t small;

	memset(herd, 0, sizeof(*herd));
	herd->soft_timeout_ns = soft_timeout_ns;
	assert_int_equal(tayra_create(NULL, &herd->t), TAYRA_OK);
	assert_int_equal(tayra_origin_function(NULL, fetch, herd, &herd->origin), TAYRA_OK);
	if (before == EXPIRED)
		assert_int_equal(tayra_put(herd->t, "hot", 3, "old", 3, TAYRA_OFF, 60000),
				 TAYRA_OK);
	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 256u << 10);
	for (int i = 0; i < herd_size(); i++) {
		struct member *member = &herd->members[i];

		member->herd = herd;
		member->took_ns = &herd->took_ns[(size_t)i * CALLS];
		assert_int_equal(pthread_create(&member->thread, &small, ask_for_it, member), 0);
	}
	pthread_attr_destroy(&small);
	while (atomic_load(&herd->waiting) < (unsigned)herd_size())
		sched_yield();
	atomic_store(&herd->go, true);
	for (int i = 0; i < herd_size(); i++)
		pthread_join(herd->members[i].thread, NULL);
	tayra_destroy(herd->t);
	tayra_origin_close(herd->origin);
	assert_int_equal(atomic_load(&herd->wrong), 0);
	assert_int_equal(atomic_load(&herd->loads), 1);
}

static int
by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static uint64_t
p99_ns(struct herd *herd)
{
	const size_t n = (size_t)herd_size() * CALLS;

	qsort(herd->took_ns, n, sizeof(*herd->took_ns), by_size);
	return herd->took_ns[n * 99 / 100];
}

static struct herd herd;

static void
a_missing_key_is_loaded_once_for_a_thousand_threads(void **state)
{
	come(&herd, MISSING, 0);
}

static void
an_expired_key_is_loaded_once_for_a_thousand_threads(void **state)
{
	come(&herd, EXPIRED, TAYRA_OFF);
}

static void
with_what_is_stale_at_once_they_do_not_wait_for_that_load(void **state)
{
	uint64_t best_ns = UINT64_MAX;

	for (int i = 0; i < TRIES && best_ns > TAYRA_NS_PER_MS; i++) {
		uint64_t ns;

		come(&herd, EXPIRED, TAYRA_AT_ONCE);
		ns = p99_ns(&herd);
		best_ns = ns < best_ns ? ns : best_ns;
	}
	print_message("# p99 %.3f ms, the load takes %.0f ms\n", (double)best_ns / 1e6,
		      (double)LOAD_NS / 1e6);
	assert_true(best_ns <= TAYRA_NS_PER_MS || getenv("TAYRA_INSTRUMENTED"));
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(a_missing_key_is_loaded_once_for_a_thousand_threads),
	cmocka_unit_test(an_expired_key_is_loaded_once_for_a_thousand_threads),
	cmocka_unit_test(with_what_is_stale_at_once_they_do_not_wait_for_that_load),
};

RUN_TESTS(tests)
