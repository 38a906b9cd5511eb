/* SPDX-License-Identifier: Apache-2.0 */
#include "stage.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <signal.h>
#include <cmocka.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/rng.h"

#define THREADS 2
#define KEYS    400 /* a thread */

/* Told by the child as it goes; outlives it. */
struct account {
	_Atomic uint64_t begun[THREADS * KEYS]; /* the version being put; its top bit: removed */
	_Atomic uint64_t done[THREADS * KEYS];
	_Atomic uint64_t calls;
	_Atomic uint64_t next;
};
#define REMOVED (1ull << 63)

static struct account *account;
static struct tayra__tier *writing_to;

static void
write_one(struct tayra__rng *rng, unsigned thread)
{
	uint64_t key = thread * KEYS + tayra__rng_below(rng, KEYS);
	uint64_t version = atomic_fetch_add(&account->next, 1) + 1;
	size_t len = tayra__rng_below(rng, 16) ? tayra__rng_below(rng, 2000) : 60000;
	int status;

	if (tayra__rng_below(rng, 4) == 0)
		version |= REMOVED;
	atomic_store(&account->begun[key], version);
	status = version & REMOVED ? stage_remove(writing_to, key)
				   : stage_put(writing_to, key, version, len);
	if (status != TAYRA_OK && !(version & REMOVED))
		_exit(9);
	atomic_store(&account->done[key], version);
	atomic_fetch_add(&account->calls, 1);
}

static void *
write_on(void *arg)
{
	unsigned thread = (unsigned)(uintptr_t)arg;
	struct tayra__rng rng;

	tayra__rng_init(&rng, atomic_load(&account->next) * THREADS + thread);
	for (;;)
		write_one(&rng, thread);
	return NULL;
}

static void
child(void)
{
	pthread_t other;

	if (stage_open_with((struct tayra__file_options){ .limit_bytes = 128 * STAGE_MIB },
			    &writing_to) != TAYRA_OK)
		_exit(8);
	pthread_create(&other, NULL, write_on, (void *)1);
	write_on((void *)0);
}

/* => what was acknowledged and is missing. */
static unsigned
judge(struct tayra__tier *tier, unsigned *acknowledged)
{
	unsigned missing = 0;

	for (uint64_t key = 0; key < THREADS * KEYS; key++) {
		uint64_t done = atomic_load(&account->done[key]);
		uint64_t begun = atomic_load(&account->begun[key]);
		uint64_t found = stage_get(tier, key);

		if (done && !(done & REMOVED))
			(*acknowledged)++;
		if (found == 0)
			missing += done && !(done & REMOVED) && begun == done;
		else
			assert_true(found == begun || (found == done && !(done & REMOVED)));
	}
	return missing;
}

static void
killed_at_any_moment_it_serves_nothing_wrong_and_keeps_what_was_put(void **state)
{
	unsigned rounds = getenv("TAYRA_LONG") ? 50 : 10, missing = 0, acknowledged = 0;
	struct tayra__rng rng;

	account = mmap(NULL, sizeof(*account), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		       -1, 0);
	assert_ptr_not_equal(account, MAP_FAILED);
	tayra__rng_init(&rng, 3);
	for (unsigned round = 0; round < rounds; round++) {
		uint64_t before = atomic_load(&account->calls);
		struct tayra__tier *tier;
		int status;
		pid_t pid = fork();

		if (pid == 0)
			child();
		for (int i = 0; i < 5000 && atomic_load(&account->calls) < before + 200; i++)
			usleep(1000);
		usleep((unsigned)tayra__rng_below(&rng, 30000));
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
		assert_true(atomic_load(&account->calls) > before);

		assert_int_equal(
			stage_open_with(
				(struct tayra__file_options){ .limit_bytes = 128 * STAGE_MIB },
				&tier),
			TAYRA_OK);
		missing += judge(tier, &acknowledged);
		assert_int_equal(stage_stats(tier).corrupt, 0);
		tier->ops->close(tier);
	}
	print_message("# %u kills, %llu calls, %u values looked for, %u missing\n", rounds,
		      (unsigned long long)atomic_load(&account->calls), acknowledged, missing);
	assert_true(acknowledged > rounds * 100);
	assert_true(missing * 100 <= acknowledged);
	munmap(account, sizeof(*account));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			killed_at_any_moment_it_serves_nothing_wrong_and_keeps_what_was_put,
			stage_up_on_disk, stage_down),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
