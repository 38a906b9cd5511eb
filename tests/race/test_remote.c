/* SPDX-License-Identifier: Apache-2.0
 *
 * Two remote tiers on one server, several threads on each, while connections are killed and the
 * server is frozen.  Each key is changed by one tier and read by both.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "net/redis.h"
#include "tier/remote.h"

#define NOW     1700000000000ull
#define KEYS    8u
#define THREADS 3u /* a tier */
#define ROUNDS  8u

struct side;

struct key {
	pthread_mutex_t changing;
	uint64_t next;          /* version; changing */
	_Atomic uint64_t truth; /* what a load that begins now finds */
	_Atomic uint64_t floor; /* nothing older may be got by whoever changes it */
	_Atomic uint64_t seen;  /* the latest that the other has got */
};

struct side {
	struct tayra__tier *tier;
	struct side *other;
	struct key keys[KEYS];
	char letter;
	_Atomic uint64_t hits, told, everything;
};

static struct redis server;
static _Atomic bool stop, wrong;

static void
hear(void *ctx, const void *key, size_t key_len)
{
	struct side *s = ctx;

	atomic_fetch_add(key ? &s->told : &s->everything, 1);
}

/* => the version got, 0: none. */
static uint64_t
get(struct tayra__tier *t, const char *name, size_t len)
{
	struct tayra__tier_value value;
	uint64_t version = 0;

	if (t->ops->get(t, name, len, NOW, &value) != TAYRA_OK)
		return 0;
	if (value.len != sizeof(version)) {
		atomic_store(&wrong, true);
		return 0;
	}
	memcpy(&version, value.data, sizeof(version));
	if (version != value.meta.version)
		atomic_store(&wrong, true);
	tayra__tier_value_free(&value);
	return version;
}

/* By the tier that owns the key. */
static void
change(struct side *s, struct key *k, const char *name, size_t len, bool remove)
{
	struct tayra__tier_meta meta = { NOW, NOW + 1000, UINT64_MAX, 0, 0 };

	pthread_mutex_lock(&k->changing);
	meta.version = k->next++;
	atomic_store(&k->truth, meta.version);
	if (remove)
		s->tier->ops->remove(s->tier, name, len, NOW);
	else
		s->tier->ops->put(s->tier, name, len, &meta.version, sizeof(meta.version), &meta,
				  NOW);
	atomic_store(&k->floor, meta.version);
	pthread_mutex_unlock(&k->changing);
}

static void
look(struct side *s, struct key *k, const char *name, size_t len)
{
	uint64_t floor = atomic_load(&k->floor), version = get(s->tier, name, len);

	if (version && version < floor)
		atomic_store(&wrong, true);
	if (version)
		atomic_fetch_add(&s->hits, 1);
}

/* As a load by who does not own the key: what was true when it began, whatever came since. */
static void
offer_across(struct side *s, struct key *k, const char *name, size_t len)
{
	struct tayra__tier_meta meta = { NOW, NOW + 1000, UINT64_MAX, 0, 0 };
	uint64_t began_ns = tayra__clock_mono_ns(tayra_clock_real()), took_ms;

	meta.version = atomic_load(&k->truth);
	if (!meta.version)
		return;
	if (meta.version % 2)
		sched_yield();
	else
		poll(NULL, 0, 2);
	took_ms = (tayra__clock_mono_ns(tayra_clock_real()) - began_ns) / 1000000 + 1;
	s->tier->ops->offer(s->tier, name, len, &meta.version, sizeof(meta.version), &meta,
			    NOW + took_ms);
}

/* Of the other's keys no version is got after a later one. */
static void
look_across(struct side *s, struct key *k, const char *name, size_t len)
{
	uint64_t seen = atomic_load(&k->seen), version = get(s->tier, name, len);

	if (version && version < seen)
		atomic_store(&wrong, true);
	while (version > seen && !atomic_compare_exchange_weak(&k->seen, &seen, version))
		;
}

static void *
work(void *arg)
{
	struct side *s = arg;
	uint64_t x = (uint64_t)(uintptr_t)&s | 1;

	while (!atomic_load(&stop)) {
		struct side *of;
		char name[3];
		unsigned k;

		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		k = (unsigned)(x >> 32) % KEYS;
		of = x % 4 == 0 ? s->other : s;
		snprintf(name, sizeof(name), "%c%u", of->letter, k);
		if (of != s && x / 16 % 4 == 0)
			offer_across(s, &of->keys[k], name, 2);
		else if (of != s)
			look_across(s, &of->keys[k], name, 2);
		else if (x % 16 < 6)
			change(s, &s->keys[k], name, 2, x % 16 == 1);
		else
			look(s, &s->keys[k], name, 2);
	}
	return NULL;
}

static void
disturb(unsigned round)
{
	switch (round % 3) {
	case 0: redis_say(&server, "CLIENT KILL TYPE normal SKIPME yes"); break;
	case 1:
		kill(server.pid, SIGSTOP);
		poll(NULL, 0, 150);
		kill(server.pid, SIGCONT);
		break;
	default: redis_say(&server, "FLUSHALL"); break;
	}
}

/* Wait, a minute at most, until values come again. */
static void
wait_for_hits(struct side *s)
{
	uint64_t before = atomic_load(&s->hits);

	for (int i = 0; atomic_load(&s->hits) < before + 20; i++) {
		assert_true(i < 60000);
		poll(NULL, 0, 1);
	}
}

static void
nobody_gets_what_was_before_a_change_that_has_returned(void **state)
{
	static struct side sides[2] = { { .letter = 'a' }, { .letter = 'b' } };
	struct tayra__remote_options o = {
		.url = server.url,
		.timeout_ns = 30 * TAYRA_NS_PER_MS,
		.connections = 2,
	};
	pthread_t threads[2 * THREADS];

	if (!redis_is_installed()) {
		print_message("# skipped: redis-server is not installed\n");
		skip();
	}
	assert_true(redis_up(&server));
	for (unsigned i = 0; i < 2; i++) {
		sides[i].other = &sides[1 - i];
		for (unsigned k = 0; k < KEYS; k++) {
			pthread_mutex_init(&sides[i].keys[k].changing, NULL);
			sides[i].keys[k].next = 1;
		}
		assert_int_equal(tayra__remote_open(&o, NULL, 0, &sides[i].tier), TAYRA_OK);
		tayra__tier_watch(sides[i].tier, hear, &sides[i]);
	}
	for (unsigned i = 0; i < 2 * THREADS; i++)
		pthread_create(&threads[i], NULL, work, &sides[i % 2]);
	for (unsigned round = 0; round < ROUNDS && !atomic_load(&wrong); round++) {
		wait_for_hits(&sides[0]);
		wait_for_hits(&sides[1]);
		disturb(round);
	}
	wait_for_hits(&sides[0]);
	atomic_store(&stop, true);
	for (unsigned i = 0; i < 2 * THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_false(atomic_load(&wrong));
	for (unsigned i = 0; i < 2; i++) {
		assert_true(atomic_load(&sides[i].told) > 0);
		assert_true(atomic_load(&sides[i].everything) > 0);
		sides[i].tier->ops->close(sides[i].tier);
	}
	redis_down(&server);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_gets_what_was_before_a_change_that_has_returned),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
