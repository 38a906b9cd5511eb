/* SPDX-License-Identifier: Apache-2.0 */
#include "stage.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tier/record.h"
#include "tier/state.h"

/* The directory as it was, to begin from again and again. */
struct snapshot {
	struct {
		char name[256];
		unsigned char *bytes;
		size_t len;
	} files[16];
	unsigned count;
};

static struct disk disk;

static int
up(void **state)
{
	disk_init(&disk);
	return stage_up(state);
}

static int
try_open(uint64_t boot, enum tayra__sync sync, struct tayra__tier **out)
{
	return stage_open_with(
		(struct tayra__file_options){ .io = &disk.io, .boot = boot, .sync = sync }, out);
}

static struct tayra__tier *
reopen(void)
{
	struct tayra__tier *tier;

	if (try_open(1, TAYRA__SYNC_NONE, &tier) != TAYRA_OK)
		abort();
	return tier;
}

static void
take_snapshot(struct snapshot *s)
{
	DIR *dir = opendir(stage_dir);
	struct dirent *entry;
	struct stat st;

	assert_non_null(dir);
	s->count = 0;
	while ((entry = readdir(dir))) {
		int fd = entry->d_name[0] == '.' ? -1 : openat(dirfd(dir), entry->d_name, O_RDONLY);

		if (fd < 0)
			continue;
		assert_true(s->count < 16);
		assert_int_equal(fstat(fd, &st), 0);
		snprintf(s->files[s->count].name, 256, "%s", entry->d_name);
		s->files[s->count].len = (size_t)st.st_size;
		s->files[s->count].bytes = malloc((size_t)st.st_size + 1);
		assert_int_equal(pread(fd, s->files[s->count].bytes, (size_t)st.st_size, 0),
				 st.st_size);
		s->count++;
		close(fd);
	}
	closedir(dir);
}

static void
free_snapshot(struct snapshot *s)
{
	for (unsigned i = 0; i < s->count; i++)
		free(s->files[i].bytes);
}

/* The first `len` bytes of a file of the snapshot. */
static void
restore_one(const struct snapshot *s, unsigned i, size_t len)
{
	char path[256];
	int fd;

	stage_path(s->files[i].name, path);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, s->files[i].bytes, len), (ssize_t)len);
	close(fd);
}

static void
restore(const struct snapshot *s)
{
	stage_clear();
	for (unsigned i = 0; i < s->count; i++)
		restore_one(s, i, s->files[i].len);
}

static unsigned
file_number(const struct snapshot *s, const char *name)
{
	for (unsigned i = 0; i < s->count; i++)
		if (strcmp(s->files[i].name, name) == 0)
			return i;
	fail_msg("no %s", name);
	return 0;
}

/* Keys 1..6: 1 and 4 overwritten, 2 and 5 deleted. */
static void
write_story(struct tayra__tier *tier, size_t len)
{
	for (uint64_t key = 1; key <= 6; key++)
		assert_int_equal(stage_put(tier, key, 1, len + key), TAYRA_OK);
	assert_int_equal(stage_put(tier, 1, 2, len), TAYRA_OK);
	assert_int_equal(stage_remove(tier, 2), TAYRA_OK);
	assert_int_equal(stage_put(tier, 4, 2, len + 9), TAYRA_OK);
	assert_int_equal(stage_remove(tier, 5), TAYRA_OK);
}

static uint64_t
story_says(uint64_t key)
{
	return key == 1 || key == 4 ? 2 : key == 2 || key == 5 ? 0 : 1;
}

/* What is there is right; returns how many are. */
static unsigned
assert_nothing_wrong(struct tayra__tier *tier)
{
	unsigned found = 0;

	for (uint64_t key = 1; key <= 6; key++) {
		uint64_t version = stage_get(tier, key);

		if (version != 0)
			assert_int_equal(version, story_says(key));
		found += version != 0;
	}
	return found;
}

static void
cut_at_every_byte(struct snapshot *s, size_t from, uint64_t key, uint64_t before)
{
	unsigned segment = file_number(s, "segment-00000001");
	size_t whole = s->files[segment].len;

	for (size_t len = from; len < whole; len++) {
		struct tayra__tier *tier;

		restore(s);
		restore_one(s, segment, len);
		tier = reopen();
		assert_int_equal(assert_nothing_wrong(tier), 4);
		assert_int_equal(stage_get(tier, key), before);
		/* And the log goes on from there. */
		assert_int_equal(stage_put(tier, key, 7, 30), TAYRA_OK);
		disk_kill(&disk, tier);
		tier = reopen();
		assert_int_equal(stage_get(tier, key), 7);
		assert_int_equal(assert_nothing_wrong(tier), 4);
		disk_kill(&disk, tier);
	}
}

static void
a_record_torn_at_any_byte_is_cut_and_no_more(void **state)
{
	struct tayra__tier *tier = reopen();
	struct snapshot s;
	size_t before;
	unsigned segments;

	write_story(tier, 40);
	stage_put(tier, 100, 3, 60);
	before = stage_disk(&segments) - sizeof(struct tayra__state);
	stage_put(tier, 100, 4, 400); /* torn: its put never returned, so 3 still counts */
	disk_kill(&disk, tier);
	take_snapshot(&s);
	cut_at_every_byte(&s, before, 100, 3);
	free_snapshot(&s);
}

static void
a_delete_torn_at_any_byte_has_not_happened(void **state)
{
	struct tayra__tier *tier = reopen();
	struct snapshot s;
	size_t before;
	unsigned segments;

	write_story(tier, 40);
	stage_put(tier, 100, 3, 60);
	before = stage_disk(&segments) - sizeof(struct tayra__state);
	stage_remove(tier, 100);
	disk_kill(&disk, tier);
	take_snapshot(&s);
	cut_at_every_byte(&s, before, 100, 3);
	free_snapshot(&s);
}

static void
a_bit_flipped_anywhere_never_gives_a_wrong_value(void **state)
{
	struct tayra__tier *tier = reopen();
	unsigned best = 0, worst = 6;
	struct snapshot s;

	write_story(tier, 20);
	disk_kill(&disk, tier);
	take_snapshot(&s);
	for (unsigned i = 0; i < s.count; i++) {
		for (size_t at = 0; at < s.files[i].len; at++) {
			unsigned found;

			s.files[i].bytes[at] ^= (unsigned char)(1 << at % 8);
			restore(&s);
			s.files[i].bytes[at] ^= (unsigned char)(1 << at % 8);
			if (try_open(1, TAYRA__SYNC_NONE, &tier) != TAYRA_OK)
				continue; /* magic or format of the state file */
			found = assert_nothing_wrong(tier);
			best = found > best ? found : best;
			worst = found < worst ? found : worst;
			disk_kill(&disk, tier);
		}
	}
	assert_int_equal(best, 4); /* a value of which nobody needs anything */
	assert_int_equal(worst, 0);
	free_snapshot(&s);
}

/* Segments 1 to 3, each with parts of the story that later ones overrule. */
static void
write_three_segments(struct snapshot *s)
{
	struct tayra__tier *tier = reopen();

	for (uint64_t key = 1; key <= 6; key++)
		stage_put(tier, key, 1, 100);
	stage_put(tier, 50, 1, STAGE_MIB - 4000); /* fills it up */
	stage_put(tier, 1, 2, 5000);
	stage_remove(tier, 2);
	stage_put(tier, 51, 1, STAGE_MIB - 8000);
	stage_put(tier, 4, 2, 5000);
	stage_remove(tier, 5);
	disk_kill(&disk, tier);
	take_snapshot(s);
	assert_int_equal(s->count, 4);
}

static void
what_came_before_a_hole_is_dropped_and_what_came_after_stays(void **state)
{
	unsigned middle;
	struct tayra__tier *tier;
	struct snapshot s;

	write_three_segments(&s);
	middle = file_number(&s, "segment-00000002");
	for (size_t at = 0; at < 40 + 80; at++) { /* its header, and that of its first record */
		restore(&s);
		s.files[middle].bytes[at] ^= 0x10;
		restore_one(&s, middle, s.files[middle].len);
		s.files[middle].bytes[at] ^= 0x10;
		tier = reopen();
		assert_int_equal(assert_nothing_wrong(tier), 1);
		assert_int_equal(stage_get(tier, 4), 2);
		disk_kill(&disk, tier);
		tier = reopen(); /* and so it stays */
		assert_int_equal(assert_nothing_wrong(tier), 1);
		disk_kill(&disk, tier);
	}
	free_snapshot(&s);
}

static void
a_damaged_value_is_lost_alone(void **state)
{
	unsigned middle;
	struct tayra__tier *tier;
	struct snapshot s;

	write_three_segments(&s);
	middle = file_number(&s, "segment-00000002");
	s.files[middle].bytes[40 + 80 + 200] ^= 1; /* in key 1's second value */
	restore(&s);
	tier = reopen();
	assert_int_equal(assert_nothing_wrong(tier), 3);
	assert_int_equal(stage_get(tier, 1), 0);
	assert_true(stage_stats(tier).corrupt > 0);
	disk_kill(&disk, tier);
	free_snapshot(&s);
}

static void
a_missing_segment_takes_the_older_ones_with_it(void **state)
{
	struct tayra__tier *tier;
	struct snapshot s;
	char path[256];

	write_three_segments(&s);
	stage_path("segment-00000002", path);
	assert_int_equal(unlink(path), 0);
	tier = reopen();
	assert_int_equal(assert_nothing_wrong(tier), 1);
	disk_kill(&disk, tier);
	/* The oldest is not missed: that is how room is made. */
	restore(&s);
	stage_path("segment-00000001", path);
	assert_int_equal(unlink(path), 0);
	tier = reopen();
	assert_int_equal(assert_nothing_wrong(tier), 2);
	disk_kill(&disk, tier);
	free_snapshot(&s);
}

static void
a_segment_cut_at_the_end_of_a_record_is_a_hole(void **state)
{
	struct tayra__tier *tier;
	struct snapshot s;

	write_three_segments(&s);
	/* Without the delete and what follows it, segment 2 is sound by itself. */
	restore_one(&s, file_number(&s, "segment-00000002"), 40 + tayra__record_size(8, 5000));
	tier = reopen();
	assert_int_equal(assert_nothing_wrong(tier), 1);
	disk_kill(&disk, tier);
	free_snapshot(&s);
}

static void
segments_that_changed_places_are_not_believed(void **state)
{
	char one[256], two[256], other[256];
	struct tayra__tier *tier;
	struct snapshot s;

	write_three_segments(&s);
	stage_path("segment-00000001", one);
	stage_path("segment-00000002", two);
	stage_path("segment-00000009", other);
	assert_int_equal(rename(one, other), 0);
	assert_int_equal(rename(two, one), 0);
	assert_int_equal(rename(other, two), 0);
	tier = reopen();
	assert_int_equal(assert_nothing_wrong(tier), 1);
	disk_kill(&disk, tier);
	restore(&s);
	assert_int_equal(rename(one, other), 0); /* the oldest comes last */
	tier = reopen();
	assert_int_equal(assert_nothing_wrong(tier), 0);
	disk_kill(&disk, tier);
	free_snapshot(&s);
}

static void
a_segment_begun_but_not_written_is_no_hole(void **state)
{
	struct tayra__tier *tier = reopen();
	char path[256];
	int fd;

	write_story(tier, 100);
	disk_kill(&disk, tier);
	for (size_t len = 0; len < sizeof(struct tayra__segment_header); len++) {
		stage_path("segment-00000002", path);
		fd = open(path, O_WRONLY | O_CREAT, 0600);
		assert_int_equal(ftruncate(fd, (off_t)len), 0);
		close(fd);
		tier = reopen();
		assert_int_equal(assert_nothing_wrong(tier), 4);
		disk_kill(&disk, tier);
		assert_int_equal(access(path, F_OK), -1);
	}
}

static void
what_was_before_a_segment_that_was_only_begun_outlives_the_next_kill_too(void **state)
{
	struct tayra__tier *tier = reopen();
	char path[256];
	int fd;

	write_story(tier, 100);
	disk_kill(&disk, tier);
	stage_path("segment-00000002", path);
	fd = open(path, O_WRONLY | O_CREAT, 0600);
	assert_true(fd >= 0);
	close(fd);
	tier = reopen();
	for (uint64_t key = 100; key < 150 && access(path, F_OK) != 0; key++)
		assert_int_equal(stage_put(tier, key, 1, 60000), TAYRA_OK);
	assert_int_equal(assert_nothing_wrong(tier), 4);
	disk_kill(&disk, tier);
	tier = reopen();
	assert_int_equal(assert_nothing_wrong(tier), 4);
	disk_kill(&disk, tier);
}

/* After the machine went down, not only the process. */
static unsigned
kept_after_reboot(enum tayra__sync sync, bool closed)
{
	struct tayra__tier *tier;
	unsigned kept;

	stage_clear();
	assert_int_equal(try_open(1, sync, &tier), TAYRA_OK);
	write_story(tier, 100);
	if (closed)
		assert_int_equal(tier->ops->close(tier), TAYRA_OK);
	else
		disk_kill(&disk, tier);
	assert_int_equal(try_open(2, sync, &tier), TAYRA_OK);
	kept = assert_nothing_wrong(tier);
	assert_int_equal(stage_put(tier, 3, 1, 10), TAYRA_OK); /* it goes on either way */
	tier->ops->close(tier);
	return kept;
}

static void
after_a_reboot_only_what_must_be_on_disk_is_believed(void **state)
{
	assert_int_equal(kept_after_reboot(TAYRA__SYNC_NONE, false), 0);
	assert_int_equal(kept_after_reboot(TAYRA__SYNC_NONE, true), 4);
	assert_int_equal(kept_after_reboot(TAYRA__SYNC_EACH, false), 4);
	assert_int_equal(kept_after_reboot(TAYRA__SYNC_EACH, true), 4);
}

static void
a_damaged_state_does_not_make_it_trusted(void **state)
{
	struct tayra__tier *tier = reopen();
	struct snapshot s;
	unsigned i;

	write_story(tier, 20);
	disk_kill(&disk, tier);
	take_snapshot(&s);
	i = file_number(&s, TAYRA__STATE_NAME);
	for (size_t bit = 0; bit < 8 * s.files[i].len; bit++) {
		s.files[i].bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
		restore(&s);
		s.files[i].bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
		if (try_open(2, TAYRA__SYNC_NONE, &tier) != TAYRA_OK)
			continue;
		assert_int_equal(assert_nothing_wrong(tier), 0);
		disk_kill(&disk, tier);
	}
	free_snapshot(&s);
}

static void
a_closed_log_that_lost_its_end_is_not_believed(void **state)
{
	struct tayra__tier *tier = reopen();
	struct snapshot s;

	write_story(tier, 100);
	assert_int_equal(tier->ops->close(tier), TAYRA_OK);
	take_snapshot(&s);
	restore_one(&s, file_number(&s, "segment-00000001"),
		    s.files[file_number(&s, "segment-00000001")].len - 80);
	tier = reopen(); /* or key 5 would be back */
	assert_int_equal(assert_nothing_wrong(tier), 0);
	disk_kill(&disk, tier);
	free_snapshot(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define ON_STAGE(f) cmocka_unit_test_setup_teardown(f, up, stage_down)
		ON_STAGE(a_record_torn_at_any_byte_is_cut_and_no_more),
		ON_STAGE(a_delete_torn_at_any_byte_has_not_happened),
		ON_STAGE(a_bit_flipped_anywhere_never_gives_a_wrong_value),
		ON_STAGE(what_came_before_a_hole_is_dropped_and_what_came_after_stays),
		ON_STAGE(a_damaged_value_is_lost_alone),
		ON_STAGE(a_missing_segment_takes_the_older_ones_with_it),
		ON_STAGE(a_segment_cut_at_the_end_of_a_record_is_a_hole),
		ON_STAGE(segments_that_changed_places_are_not_believed),
		ON_STAGE(a_segment_begun_but_not_written_is_no_hole),
		ON_STAGE(what_was_before_a_segment_that_was_only_begun_outlives_the_next_kill_too),
		ON_STAGE(after_a_reboot_only_what_must_be_on_disk_is_believed),
		ON_STAGE(a_damaged_state_does_not_make_it_trusted),
		ON_STAGE(a_closed_log_that_lost_its_end_is_not_believed),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
