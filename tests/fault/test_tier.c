/* SPDX-License-Identifier: Apache-2.0 */
#include "../tier/stage.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "base/mem.h"

#define KEYS 8

/* For each key, what may be found: the version put last, if that went well, or nothing.  A put that
 * failed may have happened. */
struct truth {
	uint64_t put[KEYS]; /* begun last; 0: removed last */
	uint64_t next;
	bool unsure[KEYS]; /* a remove said that it could not make sure */
};

static struct disk disk;

static int
reopen(struct tayra__tier **tier)
{
	return stage_open_with(
		(struct tayra__file_options){ .io = &disk.io, .limit_bytes = 4 * STAGE_MIB }, tier);
}

static void
put(struct truth *truth, struct tayra__tier *tier, uint64_t key, size_t len)
{
	truth->put[key] = ++truth->next;
	stage_put(tier, key, truth->put[key], len);
}

static void
take_away(struct truth *truth, struct tayra__tier *tier, uint64_t key)
{
	truth->put[key] = 0;
	truth->unsure[key] = stage_remove(tier, key) == TAYRA_E_IO;
}

/* Every kind of call, over enough bytes that segments begin and go. */
static void
story(struct truth *truth, struct tayra__tier *tier)
{
	for (uint64_t key = 0; key < 4; key++)
		put(truth, tier, key, 100);
	take_away(truth, tier, 0);
	put(truth, tier, 1, 300);
	for (uint64_t i = 0; i < 6; i++) {
		put(truth, tier, 4 + i % 3, 600000);
		stage_get(tier, i % KEYS);
	}
	put(truth, tier, 2, 300);
	take_away(truth, tier, 3);
	put(truth, tier, 0, 10);
	truth->put[5] = 0;
	truth->unsure[5] = stage_clear_some(tier, 5) == TAYRA_E_IO;
	put(truth, tier, 7, 100);
}

static void
assert_true_to(const struct truth *truth, struct tayra__tier *tier)
{
	for (uint64_t key = 0; key < KEYS; key++) {
		uint64_t found = stage_get(tier, key);

		assert_true(found == 0 || found == truth->put[key] || truth->unsure[key]);
	}
}

/* The n-th call of the story fails, and `count` - 1 after it.  => whether any did. */
static bool
fail_at(uint64_t n, uint64_t count)
{
	struct truth truth = { 0 };
	struct tayra__tier *tier = NULL;
	bool reached;

	stage_clear();
	atomic_store(&disk.calls, 0);
	disk.fail_from = n;
	disk.fail_count = count;
	if (reopen(&tier) == TAYRA_OK) {
		story(&truth, tier);
		assert_true_to(&truth, tier);
		tier->ops->tick(tier, STAGE_NOW);
		reached = atomic_load(&disk.calls) >= n;
		if (n % 2)
			tier->ops->close(tier);
		else
			disk_kill(&disk, tier);
	} else {
		assert_null(tier);
		reached = true;
	}
	disk.fail_from = 0;
	assert_int_equal(reopen(&tier), TAYRA_OK);
	assert_true_to(&truth, tier);
	assert_int_equal(stage_put(tier, 0, 1, 10), TAYRA_OK);
	tier->ops->close(tier);
	return reached;
}

static void
fail_each(uint64_t count)
{
	uint64_t n = 1;

	while (fail_at(n, count))
		n++;
	assert_true(n > 40);
}

static void
any_call_may_fail_once(void **state)
{
	disk_init(&disk);
	fail_each(1);
}

static void
a_write_may_be_half_done(void **state)
{
	disk_init(&disk);
	disk.half = true;
	fail_each(1);
	disk.error = ENOSPC;
	fail_each(2);
}

static void
a_write_may_be_done_and_called_failed(void **state)
{
	disk_init(&disk);
	disk.whole = true;
	fail_each(1);
}

static void
the_disk_may_take_nothing_more(void **state)
{
	disk_init(&disk);
	disk.only_writes = true; /* removing works: what cannot be covered goes as a whole */
	disk.half = true;
	fail_each(UINT64_MAX / 2);
}

/* With the disk failing for good, even removing, what is served while it lives is right; and when
 * it comes back, what is owed is paid first: by a tick, or by the next write. */
static void
die_and_come_back(bool by_tick)
{
	struct tayra__tier_meta meta = stage_meta(1);
	struct truth truth = { 0 };
	struct tayra__tier *tier;

	disk_init(&disk);
	assert_int_equal(reopen(&tier), TAYRA_OK);
	story(&truth, tier);
	disk.dead = true;
	put(&truth, tier, 1, 10);
	take_away(&truth, tier, 2);
	assert_true(truth.unsure[2]);
	truth.unsure[2] = false;
	assert_true_to(&truth, tier);
	assert_true(stage_stats(tier).out);
	disk.dead = false;
	if (by_tick)
		tier->ops->tick(tier, STAGE_NOW + 60000);
	else
		assert_int_equal(tier->ops->put(tier, "k", 1, "v", 1, &meta, STAGE_NOW + 60000),
				 TAYRA_OK);
	disk_kill(&disk, tier);
	assert_int_equal(reopen(&tier), TAYRA_OK);
	assert_true_to(&truth, tier);
	tier->ops->close(tier);
	stage_clear();
}

static void
a_dead_disk_is_a_miss_until_it_comes_back(void **state)
{
	die_and_come_back(true);
	die_and_come_back(false);
}

static void
a_full_disk_makes_it_step_out_and_it_comes_back(void **state)
{
	struct tayra__tier_meta meta = stage_meta(9);
	struct tayra__tier *tier;
	uint64_t calls;
	unsigned refused = 0;

	disk_init(&disk);
	disk.space = 2 * STAGE_MIB;
	assert_int_equal(reopen(&tier), TAYRA_OK);
	for (uint64_t key = 0; key < 100; key++)
		refused += stage_put(tier, key, 1, 50000) != TAYRA_OK;
	assert_true(refused > 10);
	assert_true(stage_stats(tier).out);
	calls = atomic_load(&disk.calls);
	assert_int_equal(stage_put(tier, 200, 1, 10), TAYRA_E_IO);
	assert_int_equal(atomic_load(&disk.calls), calls); /* out: it does not even try */
	disk.space = UINT64_MAX;
	assert_int_equal(stage_put(tier, 200, 1, 10), TAYRA_E_IO);
	assert_int_equal(tier->ops->put(tier, "k", 1, "v", 1, &meta, STAGE_NOW + 20000), TAYRA_OK);
	assert_false(stage_stats(tier).out);
	assert_int_equal(stage_put(tier, 200, 1, 10), TAYRA_OK);
	tier->ops->close(tier);
	disk_init(&disk);
	assert_int_equal(reopen(&tier), TAYRA_OK);
	assert_int_equal(stage_get(tier, 200), 1);
	tier->ops->close(tier);
}

static void
a_full_disk_takes_the_oldest_segment_for_the_newest_value(void **state)
{
	struct tayra__tier *tier;

	disk_init(&disk);
	assert_int_equal(reopen(&tier), TAYRA_OK);
	for (uint64_t key = 0; key < 3; key++)
		assert_int_equal(stage_put(tier, key, 1, 900000), TAYRA_OK);
	/* The one write fails; what the removed segment frees is enough for the next. */
	disk.error = ENOSPC;
	disk.fail_from = atomic_load(&disk.calls) + 2; /* the write of the header, after the open */
	disk.fail_count = 1;
	assert_int_equal(stage_put(tier, 4, 1, 900000), TAYRA_OK);
	assert_int_equal(stage_get(tier, 0), 0);
	assert_int_equal(stage_get(tier, 1), 1);
	assert_int_equal(stage_get(tier, 4), 1);
	tier->ops->close(tier);
}

/* Everything refused in turn until all of it goes well. */
static void
without_memory_nothing_leaks_and_nothing_old_is_served(void **state)
{
	uint64_t n = 1, count;

	disk_init(&disk);
	do {
		struct truth truth = { 0 };
		struct tayra__tier *tier = NULL;

		stage_clear();
		tayra__mem_fail_after(n++);
		if (reopen(&tier) == TAYRA_OK) {
			tayra__mem_fail_after(UINT64_MAX);
			put(&truth, tier, 1, 10);
			tayra__mem_fail_after(n);
			put(&truth, tier, 1, 10);
			put(&truth, tier, 2, 10);
			take_away(&truth, tier, 1);
			put(&truth, tier, 1, 20);
			stage_get(tier, 2);
			count = tayra__mem_count();
			tayra__mem_fail_after(0);
			assert_true_to(&truth, tier);
			disk_kill(&disk, tier);
		} else {
			assert_null(tier);
			count = UINT64_MAX;
		}
		tayra__mem_fail_after(0);
		assert_int_equal(reopen(&tier), TAYRA_OK);
		assert_true_to(&truth, tier);
		tier->ops->close(tier);
	} while (count >= n);
	assert_true(n > 4);
}

/* A directory that opening would take: a check that cannot tell says so, and accuses nobody. */
static void
a_check_that_cannot_look_says_so(void **state)
{
	const struct tayra__file_options options = { .path = stage_dir, .io = &disk.io };
	struct tayra__tier *tier;
	char error[300];
	int status;

	disk_init(&disk);
	assert_int_equal(reopen(&tier), TAYRA_OK);
	assert_int_equal(stage_put(tier, 1, 1, 10), TAYRA_OK);
	tier->ops->close(tier);
	tayra__mem_fail_after(1);
	assert_int_equal(tayra__file_check(&options, error, sizeof(error)), TAYRA_E_NOMEM);
	assert_non_null(strstr(error, "no memory"));
	tayra__mem_fail_after(0);
	disk.fail_count = 1;
	for (disk.fail_from = 1; disk.fail_from <= 4;
	     disk.fail_from++) { /* open, list, the state */
		atomic_store(&disk.calls, 0);
		status = tayra__file_check(&options, error, sizeof(error));
		assert_int_equal(status, TAYRA_E_IO);
		assert_non_null(strstr(error, strerror(EIO)));
	}
	disk.fail_from = 0;
	assert_int_equal(tayra__file_check(&options, error, sizeof(error)), TAYRA_OK);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define ON_STAGE(f) cmocka_unit_test_setup_teardown(f, stage_up, stage_down)
		ON_STAGE(any_call_may_fail_once),
		ON_STAGE(a_write_may_be_half_done),
		ON_STAGE(a_write_may_be_done_and_called_failed),
		ON_STAGE(the_disk_may_take_nothing_more),
		ON_STAGE(a_dead_disk_is_a_miss_until_it_comes_back),
		ON_STAGE(a_full_disk_makes_it_step_out_and_it_comes_back),
		ON_STAGE(a_full_disk_takes_the_oldest_segment_for_the_newest_value),
		ON_STAGE(without_memory_nothing_leaks_and_nothing_old_is_served),
		ON_STAGE(a_check_that_cannot_look_says_so),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
