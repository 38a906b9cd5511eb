/* SPDX-License-Identifier: Apache-2.0 */
#include "stage.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <sys/wait.h>

#include "tier/state.h"

static void
what_was_put_is_read_with_all_that_is_known_of_it(void **state)
{
	struct tayra__tier_meta meta = {
		.born_ms = STAGE_NOW - 5,
		.fresh_ms = STAGE_NOW + 7,
		.expire_ms = STAGE_NOW + 9,
		.version = 42,
		.cost_ns = 1234567,
	};
	struct tayra__tier *tier = stage_open();
	struct tayra__tier_value value;

	assert_int_equal(tier->ops->put(tier, "key", 3, "value", 5, &meta, STAGE_NOW), TAYRA_OK);
	assert_int_equal(tier->ops->get(tier, "key", 3, STAGE_NOW, &value), TAYRA_OK);
	assert_int_equal(value.len, 5);
	assert_memory_equal(value.data, "value", 5);
	assert_int_equal(value.meta.born_ms, meta.born_ms);
	assert_int_equal(value.meta.fresh_ms, meta.fresh_ms);
	assert_int_equal(value.meta.expire_ms, meta.expire_ms);
	assert_int_equal(value.meta.version, 42);
	assert_int_equal(value.meta.cost_ns, 1234000);
	tayra__tier_value_free(&value);
	assert_null(value.data);
	assert_int_equal(tier->ops->get(tier, "kez", 3, STAGE_NOW, &value), TAYRA_E_NOT_FOUND);
	assert_int_equal(tier->ops->get(tier, "key", 3, STAGE_NOW + 9, &value), TAYRA_E_NOT_FOUND);
	/* From a clock ahead of ours: nobody knows how old it is. */
	assert_int_equal(tier->ops->get(tier, "key", 3, STAGE_NOW - 6, &value), TAYRA_E_NOT_FOUND);
	assert_int_equal(tier->ops->get(tier, "key", 3, STAGE_NOW + 8, &value), TAYRA_OK);
	tayra__tier_value_free(&value);
	assert_int_equal(tier->ops->close(tier), TAYRA_OK);
}

static void
the_empty_key_and_the_empty_value_are_like_any_other(void **state)
{
	struct tayra__tier *tier = stage_open();
	struct tayra__tier_meta meta = stage_meta(1);
	struct tayra__tier_value value;

	assert_int_equal(tier->ops->put(tier, "", 0, "", 0, &meta, STAGE_NOW), TAYRA_OK);
	assert_int_equal(tier->ops->close(tier), TAYRA_OK);
	tier = stage_open();
	assert_int_equal(tier->ops->get(tier, "", 0, STAGE_NOW, &value), TAYRA_OK);
	assert_int_equal(value.len, 0);
	tayra__tier_value_free(&value);
	tier->ops->close(tier);
}

static void
deleted_and_overwritten_values_stay_so_after_a_restart(void **state)
{
	struct tayra__tier *tier = stage_open();

	for (uint64_t key = 0; key < 30; key++)
		assert_int_equal(stage_put(tier, key, 1, 100), TAYRA_OK);
	for (uint64_t key = 0; key < 10; key++)
		assert_int_equal(stage_put(tier, key, 2, 50), TAYRA_OK);
	for (uint64_t key = 10; key < 20; key++)
		assert_int_equal(stage_remove(tier, key), TAYRA_OK);
	assert_int_equal(stage_remove(tier, 10), TAYRA_E_NOT_FOUND);
	for (int restart = 0; restart < 3; restart++) {
		for (uint64_t key = 0; key < 30; key++)
			assert_int_equal(stage_get(tier, key), key < 10 ? 2 : key < 20 ? 0 : 1);
		assert_int_equal(stage_stats(tier).items, 20);
		assert_int_equal(tier->ops->close(tier), TAYRA_OK);
		tier = stage_open();
	}
	tier->ops->close(tier);
}

static void
the_oldest_make_room_within_the_limit(void **state)
{
	struct tayra__tier *tier;
	unsigned segments, kept = 0;
	const uint64_t limit = 4 * STAGE_MIB;
	uint64_t most = 0;

	assert_int_equal(
		stage_open_with((struct tayra__file_options){ .limit_bytes = limit }, &tier),
		TAYRA_OK);
	for (uint64_t key = 0; key < 2000; key++) {
		uint64_t disk;

		assert_int_equal(stage_put(tier, key, 1, 10000), TAYRA_OK);
		disk = stage_disk(&segments);
		most = disk > most ? disk : most;
	}
	assert_true(most <= limit);
	assert_true(most > limit - 2 * STAGE_MIB); /* and it is used */
	for (uint64_t key = 0; key < 2000; key++) {
		uint64_t version = stage_get(tier, key);

		assert_true(version == 0 || version == 1);
		assert_true(version == 1 || kept == 0); /* none missing after the oldest kept */
		kept += version == 1;
	}
	assert_true(kept * 10000 > limit / 2);
	assert_int_equal(stage_stats(tier).items, kept);
	assert_true(stage_stats(tier).reclaimed > 10);
	tier->ops->close(tier);
}

static void
a_lower_limit_holds_from_the_next_start_on(void **state)
{
	struct tayra__tier *tier = stage_open();
	unsigned segments;

	for (uint64_t key = 0; key < 700; key++)
		stage_put(tier, key, 1, 10000);
	assert_true(stage_disk(&segments) > 5 * STAGE_MIB);
	tier->ops->close(tier);
	assert_int_equal(
		stage_open_with((struct tayra__file_options){ .limit_bytes = 4 * STAGE_MIB },
				&tier),
		TAYRA_OK);
	assert_true(stage_disk(&segments) <= 4 * STAGE_MIB);
	assert_int_equal(stage_get(tier, 699), 1);
	tier->ops->close(tier);
}

static void
the_index_is_bounded_too(void **state)
{
	struct tayra__tier *tier;

	assert_int_equal(
		stage_open_with((struct tayra__file_options){ .index_bytes = 16000 }, &tier),
		TAYRA_OK);
	for (uint64_t key = 0; key < 30000; key++) {
		assert_int_equal(stage_put(tier, key, 1, 100), TAYRA_OK);
		assert_true(stage_stats(tier).items <= 1000);
	}
	assert_int_equal(stage_get(tier, 29999), 1);
	tier->ops->close(tier);
}

static void
what_is_too_large_removes_what_was_there(void **state)
{
	struct tayra__tier *tier = stage_open();

	assert_int_equal(stage_put(tier, 1, 1, 100), TAYRA_OK);
	assert_int_equal(stage_put(tier, 1, 2, STAGE_MIB), TAYRA_E_TOO_LARGE);
	assert_int_equal(stage_get(tier, 1), 0);
	assert_int_equal(stage_put(tier, 2, 1, STAGE_MIB - 200), TAYRA_OK);
	assert_int_equal(tier->ops->close(tier), TAYRA_OK);
	tier = stage_open();
	assert_int_equal(stage_get(tier, 1), 0);
	assert_int_equal(stage_get(tier, 2), 1);
	tier->ops->close(tier);
}

static struct disk disk;
static struct tayra__tier *read_from;

/* Between the look in the index and the read: everything else comes and goes. */
static void
push_everything_out(void)
{
	disk.before_read = NULL;
	for (uint64_t key = 100; key < 108; key++)
		assert_int_equal(stage_put(read_from, key, 1, 900000), TAYRA_OK);
	assert_int_equal(stage_get(read_from, 1), 0);
}

static void
a_reader_keeps_the_segment_it_reads(void **state)
{
	disk_init(&disk);
	assert_int_equal(
		stage_open_with((struct tayra__file_options){ .io = &disk.io,
							      .limit_bytes = 4 * STAGE_MIB },
				&read_from),
		TAYRA_OK);
	assert_int_equal(stage_put(read_from, 1, 1, 50000), TAYRA_OK);
	disk.before_read = push_everything_out;
	assert_int_equal(stage_get(read_from, 1), 1);
	assert_int_equal(stage_stats(read_from).corrupt, 0);
	read_from->ops->close(read_from);
}

static void
a_second_opener_is_refused_until_the_first_is_gone(void **state)
{
	struct tayra__tier *tier = stage_open(), *second = (void *)1;
	struct tayra__file_options options = { .path = stage_dir, .limit_bytes = 8 * STAGE_MIB };
	char error[200];
	int status;
	pid_t child;

	assert_int_equal(tayra__file_open(&options, error, sizeof(error), &second), TAYRA_E_FULL);
	assert_null(second);
	assert_non_null(strstr(error, "in use"));
	child = fork();
	if (child == 0) {
		status = tayra__file_open(&options, NULL, 0, &second);
		_exit(status == TAYRA_E_FULL ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	tier->ops->close(tier);
	assert_int_equal(tayra__file_open(&options, NULL, 0, &second), TAYRA_OK);
	second->ops->close(second);
}

static void
touch(const char *name, const char *bytes)
{
	char path[256];
	FILE *f;

	stage_path(name, path);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(bytes, f);
	fclose(f);
}

static void
refused(int expected, const char *saying)
{
	struct tayra__file_options options = { .path = stage_dir, .limit_bytes = 8 * STAGE_MIB };
	struct tayra__tier *tier = (void *)1;
	char error[300], tiny[5];

	assert_int_equal(tayra__file_check(&options, error, sizeof(error)), expected);
	assert_non_null(strstr(error, saying));
	assert_int_equal(tayra__file_open(&options, error, sizeof(error), &tier), expected);
	assert_null(tier);
	assert_non_null(strstr(error, saying));
	assert_non_null(strstr(error, stage_dir));
	assert_null(strchr(error, '\n'));
	assert_int_equal(tayra__file_open(&options, tiny, sizeof(tiny), &tier), expected);
}

static void
a_directory_of_something_else_is_refused_and_left_alone(void **state)
{
	char path[256];

	touch("photo.jpg", "x");
	refused(TAYRA_E_INVAL, "photo.jpg");
	stage_path("photo.jpg", path);
	assert_int_equal(unlink(path), 0);
	touch(TAYRA__STATE_NAME,
	      "something of somebody else that is long enough to be a state file ...");
	refused(TAYRA_E_INVAL, TAYRA__STATE_NAME);
	stage_path(TAYRA__STATE_NAME, path);
	assert_int_equal(unlink(path), 0);
	touch("segment-00000001", "x");
	refused(TAYRA_E_INVAL, "no file");
	assert_int_equal(access(path, F_OK), -1);
	stage_path("segment-00000001", path);
	assert_int_equal(access(path, F_OK), 0);
}

static int
check(const char *path)
{
	const struct tayra__file_options options = { .path = path };
	char error[300] = "x";
	int status = tayra__file_check(&options, error, sizeof(error));

	assert_true((status == TAYRA_OK) == (error[0] == '\0'));
	return status;
}

static void
a_check_takes_what_opening_would_and_makes_nothing(void **state)
{
	struct tayra__tier *tier;
	char path[256];

	assert_int_equal(check(stage_dir), TAYRA_OK);
	stage_path(TAYRA__STATE_NAME, path);
	assert_int_equal(access(path, F_OK), -1);
	tier = stage_open();
	assert_int_equal(stage_put(tier, 1, 1, 100), TAYRA_OK);
	assert_int_equal(check(stage_dir), TAYRA_OK); /* in use: it takes no lock, and needs none */
	tier->ops->close(tier);
	assert_int_equal(check(stage_dir), TAYRA_OK);
	assert_int_equal(truncate(path, 20), 0); /* damaged: begun anew */
	assert_int_equal(check(stage_dir), TAYRA_OK);
	stage_path("nowhere", path);
	assert_int_equal(check(path), TAYRA_E_IO);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(check(""), TAYRA_E_INVAL);
}

static void
another_format_is_refused_by_its_number(void **state)
{
	struct tayra__tier *tier = stage_open();
	struct tayra__state s;
	char path[256];
	int fd;

	tier->ops->close(tier);
	stage_path(TAYRA__STATE_NAME, path);
	fd = open(path, O_RDWR);
	assert_int_equal(pread(fd, &s, sizeof(s), 0), sizeof(s));
	s.format = 77;
	s.check = 0; /* a newer format may well have its checksum elsewhere */
	assert_int_equal(pwrite(fd, &s, sizeof(s), 0), sizeof(s));
	close(fd);
	refused(TAYRA_E_UNSUPPORTED, "77");
}

static void
options_out_of_range_are_refused_with_a_line(void **state)
{
	const struct tayra__file_options bad[] = {
		{ .path = NULL },
		{ .path = "" },
		{ .path = stage_dir, .limit_bytes = STAGE_MIB },
		{ .path = stage_dir, .segment_bytes = 1000 },
		{ .path = stage_dir, .segment_bytes = 17 * STAGE_MIB },
		{ .path = stage_dir, .limit_bytes = 1ull << 60 },
		{ .path = stage_dir,
		  .segment_bytes = STAGE_MIB,
		  .limit_bytes = 200000 * STAGE_MIB },
		{ .path = stage_dir, .sync = (enum tayra__sync)9 },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct tayra__tier *tier;
		char error[300];

		assert_int_equal(tayra__file_open(&bad[i], error, sizeof(error), &tier),
				 TAYRA_E_INVAL);
		assert_true(strlen(error) > 10);
	}
}

/* Nobody closed it: what is there is what a killed process leaves. */
static struct tayra__tier *
after_a_kill(struct tayra__tier *tier)
{
	struct tayra__file_options o = { .io = &disk.io };

	disk_kill(&disk, tier);
	if (stage_open_with(o, &tier) != TAYRA_OK)
		abort();
	return tier;
}

static void
what_was_cleared_is_not_back_after_a_kill(void **state)
{
	struct tayra__file_options o = { .io = &disk.io };
	struct tayra__tier *tier;

	disk_init(&disk);
	assert_int_equal(stage_open_with(o, &tier), TAYRA_OK);
	for (uint64_t key = 0; key < 1000; key++)
		assert_int_equal(stage_put(tier, key, 1, 2000), TAYRA_OK);
	assert_int_equal(stage_clear_some(tier, 7), TAYRA_OK);
	tier = after_a_kill(tier);
	for (uint64_t key = 0; key < 1000; key++)
		assert_int_equal(stage_get(tier, key), (key & 255) != 7);
	assert_int_equal(stage_stats(tier).items, 996);
	assert_int_equal(tier->ops->clear(tier, NULL, 0, STAGE_NOW), TAYRA_OK);
	assert_int_equal(stage_stats(tier).items, 0);
	assert_int_equal(stage_put(tier, 3, 2, 10), TAYRA_OK);
	tier = after_a_kill(tier);
	assert_int_equal(stage_stats(tier).items, 1);
	assert_int_equal(stage_get(tier, 3), 2);
	assert_int_equal(stage_remove(tier, 3), TAYRA_OK);
	assert_int_equal(tier->ops->clear(tier, "x", 1, STAGE_NOW), TAYRA_OK); /* of nothing */
	tier->ops->close(tier);
}

/* A record that cannot be read may be one of those: then all have to go. */
static void
a_clear_that_cannot_read_a_key_forgets_everything(void **state)
{
	struct tayra__file_options o = { .io = &disk.io };
	struct tayra__tier *tier;

	disk_init(&disk);
	assert_int_equal(stage_open_with(o, &tier), TAYRA_OK);
	for (uint64_t key = 0; key < 10; key++)
		assert_int_equal(stage_put(tier, key, 1, 20), TAYRA_OK);
	disk.fail_from = atomic_load(&disk.calls) + 3;
	disk.fail_count = 1;
	assert_int_equal(stage_clear_some(tier, 7), TAYRA_OK);
	assert_int_equal(stage_stats(tier).items, 0);
	tier = after_a_kill(tier);
	assert_int_equal(stage_stats(tier).items, 0);
	tier->ops->close(tier);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define ON_STAGE(f) cmocka_unit_test_setup_teardown(f, stage_up, stage_down)
		ON_STAGE(what_was_cleared_is_not_back_after_a_kill),
		ON_STAGE(a_clear_that_cannot_read_a_key_forgets_everything),
		ON_STAGE(what_was_put_is_read_with_all_that_is_known_of_it),
		ON_STAGE(the_empty_key_and_the_empty_value_are_like_any_other),
		ON_STAGE(deleted_and_overwritten_values_stay_so_after_a_restart),
		ON_STAGE(the_oldest_make_room_within_the_limit),
		ON_STAGE(a_lower_limit_holds_from_the_next_start_on),
		ON_STAGE(the_index_is_bounded_too),
		ON_STAGE(what_is_too_large_removes_what_was_there),
		ON_STAGE(a_reader_keeps_the_segment_it_reads),
		ON_STAGE(a_second_opener_is_refused_until_the_first_is_gone),
		ON_STAGE(a_directory_of_something_else_is_refused_and_left_alone),
		ON_STAGE(a_check_takes_what_opening_would_and_makes_nothing),
		ON_STAGE(another_format_is_refused_by_its_number),
		ON_STAGE(options_out_of_range_are_refused_with_a_line),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
