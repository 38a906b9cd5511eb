/* SPDX-License-Identifier: Apache-2.0
 *
 * The handle with a file tier below a RAM so small that most of what is read comes from below.
 */
#include <dirent.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <pthread.h>

#include <tayra/tayra.h>

#include "base/rng.h"

#define KEYS    64
#define THREADS 4
#define REMOVED (1ull << 63)
#define BYTES   (16u << 10)

static char dir[128];

static int
up(void **state)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(dir, sizeof(dir), "%s/tayra-race-file.XXXXXX", tmp ? tmp : "/tmp");
	return mkdtemp(dir) ? 0 : -1;
}

static int
down(void **state)
{
	DIR *d = opendir(dir);
	struct dirent *entry;

	while (d && (entry = readdir(d)))
		if (entry->d_name[0] != '.')
			unlinkat(dirfd(d), entry->d_name, 0);
	if (d)
		closedir(d);
	return rmdir(dir);
}

/* Outlives a killed child. */
struct account {
	_Atomic uint64_t truth[KEYS]; /* what the origin says */
	_Atomic uint64_t told[KEYS];  /* the version whose delete or put has returned */
	_Atomic uint64_t next, wrong, calls, from_file;
};

static struct account *account;
static struct tayra *t;
static struct tayra_tier_file *tier;
static pthread_mutex_t writer[KEYS];

static void
open_handle(bool ticker)
{
	struct tayra_tier_file_options file = TAYRA_TIER_FILE_OPTIONS_INIT;
	struct tayra_cache_options cache = TAYRA_CACHE_OPTIONS_INIT;
	struct tayra_options o = TAYRA_OPTIONS_INIT;

	file.path = dir;
	file.limit_bytes = 16u << 20;
	cache.memory_bytes = TAYRA_CACHE_MEMORY_MIN;
	cache.shards = 1;
	o.cache = &cache;
	o.ticker = ticker;
	o.ttl_ms = 3600000;
	if (tayra_tier_file_open(&file, NULL, 0, &tier) != TAYRA_OK)
		abort();
	o.file_tier = tier;
	if (tayra_create(&o, &t) != TAYRA_OK)
		abort();
}

static void
close_handle(void)
{
	tayra_destroy(t);
	tayra_tier_file_close(tier);
}

/* A value says its version at both ends. */
static void
fill(unsigned char *bytes, uint64_t version)
{
	memset(bytes, (int)(version & 255), BYTES);
	memcpy(bytes, &version, sizeof(version));
	memcpy(bytes + BYTES - sizeof(version), &version, sizeof(version));
}

static uint64_t
version_in(const struct tayra_ref *ref)
{
	uint64_t head, tail;

	if (ref->value_len != BYTES)
		return UINT64_MAX;
	memcpy(&head, ref->value, sizeof(head));
	memcpy(&tail, (const char *)ref->value + BYTES - sizeof(tail), sizeof(tail));
	return head == tail ? head : UINT64_MAX;
}

static void
load(struct tayra_load *l, void *arg)
{
	const uint64_t key = *(const uint64_t *)tayra_load_key(l, NULL);
	unsigned char bytes[BYTES];

	fill(bytes, atomic_load(&account->truth[key]));
	tayra_load_done(l, bytes, BYTES, NULL);
}

/* The origin changes, and the cache is told: by a delete, or with the new value. */
static void
change(struct tayra__rng *rng, uint64_t key)
{
	unsigned char bytes[BYTES];
	uint64_t version;

	pthread_mutex_lock(&writer[key]);
	version = atomic_fetch_add(&account->next, 1) + 1;
	atomic_store(&account->truth[key], version);
	fill(bytes, version);
	if (tayra__rng_below(rng, 2))
		tayra_delete(t, &key, sizeof(key));
	else if (tayra_put(t, &key, sizeof(key), bytes, BYTES, 0, 0) != TAYRA_OK)
		tayra_delete(t, &key, sizeof(key));
	atomic_store(&account->told[key], version);
	atomic_fetch_add(&account->calls, 1);
	pthread_mutex_unlock(&writer[key]);
}

static void
look(struct tayra__rng *rng, uint64_t key)
{
	struct tayra_request r = TAYRA_REQUEST_INIT;
	uint64_t told = atomic_load(&account->told[key]), version;
	struct tayra_ref ref;
	int status;

	r.key = &key;
	r.key_len = sizeof(key);
	r.load = load;
	status = tayra__rng_below(rng, 3) ? tayra_get_or_load(t, &r, &ref)
					  : tayra_get(t, &key, sizeof(key), &ref);
	if (status != TAYRA_OK)
		return;
	version = version_in(&ref);
	if (version == UINT64_MAX || version < told)
		atomic_fetch_add(&account->wrong, 1);
	atomic_fetch_add(&account->from_file, ref.tier == TAYRA_TIER_FILE);
	tayra_release(&ref);
}

static void *
work(void *arg)
{
	struct tayra__rng rng;

	tayra__rng_init(&rng, (uintptr_t)arg + atomic_load(&account->next));
	for (int i = 0; i < 1500; i++) {
		uint64_t key = tayra__rng_below(&rng, KEYS);

		if (tayra__rng_below(&rng, 3) == 0)
			change(&rng, key);
		else
			look(&rng, key);
	}
	return NULL;
}

static void
share_account(void)
{
	account = mmap(NULL, sizeof(*account), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		       -1, 0);
	assert_ptr_not_equal(account, MAP_FAILED);
	for (int i = 0; i < KEYS; i++)
		pthread_mutex_init(&writer[i], NULL);
}

static void
nobody_reads_what_was_before_a_change_that_has_returned(void **state)
{
	pthread_t threads[THREADS];

	share_account();
	for (int ticker = 0; ticker < 2; ticker++) {
		open_handle(ticker);
		for (uintptr_t i = 0; i < THREADS; i++)
			assert_int_equal(pthread_create(&threads[i], NULL, work, (void *)(i + 1)),
					 0);
		for (int i = 0; i < THREADS; i++)
			pthread_join(threads[i], NULL);
		close_handle();
	}
	assert_int_equal(atomic_load(&account->wrong), 0);
	assert_true(atomic_load(&account->from_file) > 20);
	munmap(account, sizeof(*account));
}

static void *
work_for_ever(void *arg)
{
	for (;;)
		work(arg);
	return NULL;
}

static void
child(void)
{
	pthread_t other;

	open_handle(true);
	pthread_create(&other, NULL, work_for_ever, (void *)7);
	work_for_ever((void *)8);
}

/* What the killed one's callers were told holds for the next one. */
static void
judge(void)
{
	for (uint64_t key = 0; key < KEYS; key++) {
		struct tayra_ref ref;

		if (tayra_get(t, &key, sizeof(key), &ref) != TAYRA_OK)
			continue;
		if (version_in(&ref) == UINT64_MAX ||
		    version_in(&ref) < atomic_load(&account->told[key]))
			atomic_fetch_add(&account->wrong, 1);
		atomic_fetch_add(&account->from_file, 1);
		tayra_release(&ref);
	}
}

static void
killed_under_load_the_next_process_serves_nothing_outdated(void **state)
{
	unsigned rounds = getenv("TAYRA_LONG") ? 50 : 8;
	struct tayra__rng rng;

	share_account();
	tayra__rng_init(&rng, 17);
	for (unsigned round = 0; round < rounds; round++) {
		uint64_t before = atomic_load(&account->calls);
		int status;
		pid_t pid = fork();

		if (pid == 0)
			child();
		for (int i = 0; i < 20000 && atomic_load(&account->calls) < before + 100; i++)
			usleep(1000);
		usleep((unsigned)tayra__rng_below(&rng, 20000));
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
		assert_true(atomic_load(&account->calls) > before);
		open_handle(false);
		judge();
		close_handle();
	}
	print_message("# %u kills, %llu changes, %llu values served after them\n", rounds,
		      (unsigned long long)atomic_load(&account->calls),
		      (unsigned long long)atomic_load(&account->from_file));
	assert_int_equal(atomic_load(&account->wrong), 0);
	assert_true(atomic_load(&account->from_file) > rounds * 10);
	munmap(account, sizeof(*account));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			nobody_reads_what_was_before_a_change_that_has_returned, up, down),
		cmocka_unit_test_setup_teardown(
			killed_under_load_the_next_process_serves_nothing_outdated, up, down),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
