/* SPDX-License-Identifier: Apache-2.0 */
#include "pace/cgroup.h"

#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <string.h>
#include <cmocka.h>

#include <tayra/base.h>

static struct tayra__cgroup_places places;

static int
set_up(void **state)
{
	memset(&places, 0, sizeof(places));
	return 0;
}

static void
groups(const char *text)
{
	tayra__cgroup_parse_groups(text, strlen(text), &places);
}

static void
mounts(const char *text)
{
	tayra__cgroup_parse_mounts(text, strlen(text), &places);
}

static void
expect(enum tayra__cgroup_tree tree, const char *folder)
{
	char path[TAYRA__CGROUP_PATH];
	size_t top;

	if (!folder) {
		assert_false(tayra__cgroup_folder(&places, tree, path, &top));
		return;
	}
	assert_true(tayra__cgroup_folder(&places, tree, path, &top));
	assert_string_equal(path, folder);
	assert_int_equal(top, strlen(places.tree[tree].mount));
}

static void
version_2_is_the_line_without_controllers(void **state)
{
	groups("0::/user.slice/a.scope\n");
	mounts("24 23 0:22 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n");
	expect(TAYRA__CGROUP_UNIFIED, "/sys/fs/cgroup/user.slice/a.scope");
	expect(TAYRA__CGROUP_CPU, NULL);
}

static void
version_1_has_a_tree_a_controller_or_several_in_one(void **state)
{
	groups("5:cpu,cpuacct:/a/b\n4:memory:/m\n1:name=systemd:/x\n");
	mounts("33 31 0:30 / /c/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
	       "35 31 0:32 / /c/memory rw - cgroup cgroup rw,memory\n"
	       "40 31 0:37 / /c/systemd rw - cgroup cgroup rw,name=systemd\n");
	expect(TAYRA__CGROUP_CPU, "/c/cpu,cpuacct/a/b");
	expect(TAYRA__CGROUP_CPUACCT, "/c/cpu,cpuacct/a/b");
	expect(TAYRA__CGROUP_MEMORY, "/c/memory/m");
	expect(TAYRA__CGROUP_UNIFIED, NULL);
}

/* "cpuset" and "cpuacct" are not "cpu". */
static void
controllers_are_whole_words(void **state)
{
	groups("3:cpuset:/s\n2:cpuacct:/a\n");
	mounts("34 31 0:31 / /c/cpuset rw - cgroup cgroup rw,cpuset\n");
	expect(TAYRA__CGROUP_CPU, NULL);
	assert_string_equal(places.tree[TAYRA__CGROUP_CPU].group, "");
	assert_string_equal(places.tree[TAYRA__CGROUP_CPU].mount, "");
}

static void
the_way_goes_down_from_what_is_mounted(void **state)
{
	groups("4:memory:/docker/abc/inner\n");
	mounts("35 31 0:32 /docker/abc /c/memory rw - cgroup cgroup rw,memory\n");
	expect(TAYRA__CGROUP_MEMORY, "/c/memory/inner");
}

static void
a_group_that_is_not_below_what_is_mounted_is_the_mounted_one(void **state)
{
	groups("4:memory:/docker/abcd\n0::/../other\n");
	mounts("35 31 0:32 /docker/abc /c/memory rw - cgroup cgroup rw,memory\n"
	       "36 31 0:33 / /c/unified rw - cgroup2 cgroup2 rw\n");
	expect(TAYRA__CGROUP_MEMORY, "/c/memory");
	expect(TAYRA__CGROUP_UNIFIED, "/c/unified");
}

static void
escapes_in_mount_points_are_undone_and_the_first_mount_counts(void **state)
{
	groups("0::/a\n");
	mounts("36 31 0:33 / /c/with\\040space rw a:1 b:2 - cgroup2 none rw\n"
	       "37 31 0:33 / /second rw - cgroup2 none rw\n");
	expect(TAYRA__CGROUP_UNIFIED, "/c/with space/a");
}

static void
hostile_listings_are_left_out(void **state)
{
	char longest[3000];

	groups("");
	groups("0::\n0::relative\n0:\n:::\n::::\n0\n\n\n4:memory\n4:memory:nowhere\n");
	mounts("");
	mounts("36\n36 31 0:33\n36 31 0:33 / /x rw - cgroup2");
	mounts("36 31 0:33 / relative rw - cgroup2 none rw\n");
	mounts("36 31 0:33 /\\ /x\\04 rw - other none rw\n- - - - - - -\n");
	memset(longest, 'x', sizeof(longest));
	memcpy(longest, "0::/", 4);
	tayra__cgroup_parse_groups(longest, sizeof(longest), &places);
	memcpy(longest, "1 2 3 / /", 9);
	tayra__cgroup_parse_mounts(longest, sizeof(longest), &places);
	tayra__cgroup_parse_groups("0::/a\0b\n", 8, &places);
	expect(TAYRA__CGROUP_UNIFIED, NULL);
	expect(TAYRA__CGROUP_MEMORY, NULL);
	assert_string_equal(places.tree[TAYRA__CGROUP_UNIFIED].group, "");
}

static void
paths_that_add_up_to_too_much_are_not_followed(void **state)
{
	char text[2100];

	memset(text, 'a', sizeof(text));
	memcpy(text, "0::/", 4);
	tayra__cgroup_parse_groups(text, 800, &places);
	memcpy(text, "1 2 3 / /", 9);
	memcpy(text + 800, " rw - cgroup2 x rw", 18);
	tayra__cgroup_parse_mounts(text, 818, &places);
	assert_true(places.tree[TAYRA__CGROUP_UNIFIED].mount[0]);
	expect(TAYRA__CGROUP_UNIFIED, NULL);
}

static void
numbers_are_strict_and_max_is_none(void **state)
{
	static const char *const bad[] = { "", "\n", "x", "12x", " 12", "-2", "1 2", "+1" };
	uint64_t value = 7;

	assert_int_equal(tayra__cgroup_parse_number("4096\n", 5, &value), TAYRA_OK);
	assert_int_equal(value, 4096);
	assert_int_equal(tayra__cgroup_parse_number("max\n", 4, &value), TAYRA_OK);
	assert_true(value == TAYRA__CGROUP_NONE);
	assert_int_equal(tayra__cgroup_parse_number("-1\n", 3, &value), TAYRA_OK);
	assert_int_equal(tayra__cgroup_parse_number("99999999999999999999999", 23, &value),
			 TAYRA_OK);
	assert_true(value == TAYRA__CGROUP_NONE);
	value = 7;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(tayra__cgroup_parse_number(bad[i], strlen(bad[i]), &value),
				 TAYRA_E_CORRUPT);
	assert_int_equal(value, 7);
}

static void
a_quota_is_in_processors(void **state)
{
	static const char *const bad[] = { "",      "200000", "x 100000",  "200000 0",
					   "0 100", "max",    "100 100 1", "max x" };
	double value = 7;

	assert_int_equal(tayra__cgroup_parse_quota("250000 100000\n", 14, &value), TAYRA_OK);
	assert_true(value == 2.5);
	assert_int_equal(tayra__cgroup_parse_quota("max 100000\n", 11, &value), TAYRA_OK);
	assert_true(isinf(value));
	value = 7;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(tayra__cgroup_parse_quota(bad[i], strlen(bad[i]), &value),
				 TAYRA_E_CORRUPT);
	assert_true(value == 7);
}

static void
fields_are_whole_names(void **state)
{
	static const char text[] =
		"total_inactive_file 5\ninactive_file 9\ninactive_file 10\nbad\n";
	uint64_t value = 7;

	assert_int_equal(tayra__cgroup_parse_field(text, strlen(text), "inactive_file", &value),
			 TAYRA_OK);
	assert_int_equal(value, 9);
	value = 7;
	assert_int_equal(tayra__cgroup_parse_field(text, strlen(text), "inactive", &value),
			 TAYRA_E_CORRUPT);
	assert_int_equal(tayra__cgroup_parse_field(text, strlen(text), "bad", &value),
			 TAYRA_E_CORRUPT);
	assert_int_equal(value, 7);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(version_2_is_the_line_without_controllers, set_up),
		cmocka_unit_test_setup(version_1_has_a_tree_a_controller_or_several_in_one, set_up),
		cmocka_unit_test_setup(controllers_are_whole_words, set_up),
		cmocka_unit_test_setup(the_way_goes_down_from_what_is_mounted, set_up),
		cmocka_unit_test_setup(a_group_that_is_not_below_what_is_mounted_is_the_mounted_one,
				       set_up),
		cmocka_unit_test_setup(
			escapes_in_mount_points_are_undone_and_the_first_mount_counts, set_up),
		cmocka_unit_test_setup(hostile_listings_are_left_out, set_up),
		cmocka_unit_test_setup(paths_that_add_up_to_too_much_are_not_followed, set_up),
		cmocka_unit_test(numbers_are_strict_and_max_is_none),
		cmocka_unit_test(a_quota_is_in_processors),
		cmocka_unit_test(fields_are_whole_names),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
