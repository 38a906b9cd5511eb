/* SPDX-License-Identifier: Apache-2.0
 *
 * The handle with a file tier, short of memory.
 */
#include <dirent.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <tayra/tayra.h>

#include "base/mem.h"

static char dir[128];

static int
up(void **state)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(dir, sizeof(dir), "%s/tayra-fault-file.XXXXXX", tmp ? tmp : "/tmp");
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

/* => as tayra_create(), or the tier's status. */
static int
open_both(bool ticker, struct tayra_tier_file **tier, struct tayra **t)
{
	struct tayra_tier_file_options file = TAYRA_TIER_FILE_OPTIONS_INIT;
	struct tayra_options o = TAYRA_OPTIONS_INIT;
	int status;

	*t = NULL;
	file.path = dir;
	file.limit_bytes = 8u << 20;
	status = tayra_tier_file_open(&file, NULL, 0, tier);
	if (status != TAYRA_OK)
		return status;
	o.file_tier = *tier;
	o.ticker = ticker;
	status = tayra_create(&o, t);
	if (status != TAYRA_OK)
		tayra_tier_file_close(*tier);
	return status;
}

static void
opening_both_without_memory_leaves_nothing_behind(void **state)
{
	struct tayra_tier_file *tier;
	struct tayra *t;
	int status = TAYRA_E_NOMEM;

	for (uint64_t n = 1; status == TAYRA_E_NOMEM; n++) {
		tayra__mem_fail_after(n);
		status = open_both(n % 2, &tier, &t);
		tayra__mem_fail_after(0);
		assert_true(n < 60);
	}
	assert_int_equal(status, TAYRA_OK);
	tayra_destroy(t);
	assert_int_equal(tayra_tier_file_close(tier), TAYRA_OK);
}

static void
load(struct tayra_load *l, void *arg)
{
	tayra_load_done(l, arg, strlen(arg), NULL);
}

static int
ask(struct tayra *t, const char *origin_says, struct tayra_ref *ref)
{
	struct tayra_request r = TAYRA_REQUEST_INIT;

	r.key = "k";
	r.key_len = 1;
	r.load = load;
	r.load_arg = (void *)origin_says;
	return tayra_get_or_load(t, &r, ref);
}

/* Below lies "below".  Whatever is refused, it is that, or what the origin says, or an error. */
static void
a_look_below_without_memory_is_a_miss(void **state)
{
	struct tayra_tier_file *tier;
	uint64_t n = 1, count;
	struct tayra_ref ref;
	struct tayra *t;
	int status;

	do {
		assert_int_equal(open_both(false, &tier, &t), TAYRA_OK);
		assert_int_equal(tayra_put(t, "k", 1, "below", 5, 0, 0), TAYRA_OK);
		tayra_destroy(t);
		tayra_tier_file_close(tier);
		assert_int_equal(open_both(false, &tier, &t), TAYRA_OK);
		tayra__mem_fail_after(n++);
		status = ask(t, "origin", &ref);
		count = tayra__mem_count();
		tayra__mem_fail_after(0);
		if (status == TAYRA_OK)
			assert_memory_equal(ref.value,
					    ref.tier == TAYRA_TIER_FILE ? "below" : "origin",
					    ref.value_len);
		else
			assert_int_equal(status, TAYRA_E_NOMEM);
		tayra_release(&ref);
		assert_int_equal(ask(t, "origin", &ref), TAYRA_OK);
		tayra_release(&ref);
		tayra_destroy(t);
		tayra_tier_file_close(tier);
	} while (count >= n - 1);
	assert_true(n > 4);
}

/* A load that cannot be written below removes what was there. */
static void
a_change_that_cannot_be_written_leaves_nothing_old_below(void **state)
{
	struct tayra_tier_file *tier;
	struct tayra_ref ref;
	struct tayra *t;

	for (uint64_t n = 1; n < 5; n++) {
		assert_int_equal(open_both(false, &tier, &t), TAYRA_OK);
		assert_int_equal(tayra_put(t, "k", 1, "old", 3, 0, 0), TAYRA_OK);
		tayra__mem_fail_after(n);
		tayra_put(t, "k", 1, "new", 3, 0, 0);
		tayra__mem_fail_after(0);
		tayra_destroy(t);
		tayra_tier_file_close(tier);
		assert_int_equal(open_both(false, &tier, &t), TAYRA_OK);
		if (tayra_get(t, "k", 1, &ref) == TAYRA_OK)
			assert_memory_equal(ref.value, "new", 3);
		tayra_release(&ref);
		tayra_destroy(t);
		tayra_tier_file_close(tier);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(opening_both_without_memory_leaves_nothing_behind,
						up, down),
		cmocka_unit_test_setup_teardown(a_look_below_without_memory_is_a_miss, up, down),
		cmocka_unit_test_setup_teardown(
			a_change_that_cannot_be_written_leaves_nothing_old_below, up, down),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
