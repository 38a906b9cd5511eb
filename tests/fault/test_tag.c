/* SPDX-License-Identifier: Apache-2.0
 *
 * Tags with every allocation refused in turn: a value has all its tags or is not there, and what
 * was to be forgotten is.
 */
#include "../load/house.h"

#include "base/mem.h"

/* More than any operation here allocates. */
#define ENOUGH 64

static const struct tayra_tag red = { "red", 3 };

static void
what_is_put_has_its_tags_or_is_not_there(void **state)
{
	struct tayra_put_options o = TAYRA_PUT_OPTIONS_INIT;
	uint64_t n = 0;
	int status;

	o.tags = &red;
	o.tag_count = 1;
	do {
		struct stage s;

		stage_open(&s, NULL);
		tayra__mem_fail_after(++n);
		status = tayra_put_with(s.t, "k", 1, "v", 1, &o);
		if (status == TAYRA_OK)
			assert_int_equal(tayra_delete_tag(s.t, "red", 3), TAYRA_OK);
		tayra__mem_fail_after(0);
		assert_false(is_fresh(s.t, "k"));
		stage_close(&s);
	} while (status != TAYRA_OK && n < ENOUGH);
	assert_in_range(n, 2, ENOUGH);
}

static void
without_memory_to_remember_the_tag_all_that_has_one_is_forgotten(void **state)
{
	struct tayra_put_options o = TAYRA_PUT_OPTIONS_INIT;
	struct stage s;

	stage_open(&s, NULL);
	o.tags = &red;
	o.tag_count = 1;
	assert_int_equal(tayra_put_with(s.t, "k", 1, "v", 1, &o), TAYRA_OK);
	assert_int_equal(tayra_put(s.t, "none", 4, "v", 1, 0, 0), TAYRA_OK);
	tayra__mem_fail_after(1);
	assert_int_equal(tayra_delete_tag(s.t, "blue", 4), TAYRA_OK);
	tayra__mem_fail_after(0);
	assert_false(is_fresh(s.t, "k"));
	assert_true(is_fresh(s.t, "none"));
	stage_close(&s);
}

/* One load; who asked before its tag was told, and who asked since. */
static void
a_load_that_cannot_be_made_anew_says_so_to_who_waits_for_that(void **state)
{
	struct tayra_completion c[2] = { 0 };
	struct tayra_request r;
	struct stage s;
	uint64_t n = 0;
	bool told = false;

	for (bool again = true; again && n < ENOUGH;) {
		stage_open(&s, NULL);
		r = ask(&s, "k", park);
		r.tags = &red;
		r.tag_count = 1;
		assert_int_equal(start(&s, &r, NULL), TAYRA_PENDING);
		assert_int_equal(tayra_delete_tag(s.t, "red", 3), TAYRA_OK);
		assert_int_equal(start(&s, &r, NULL), TAYRA_PENDING);
		tayra__mem_fail_after(++n);
		finish(s.parked[0], "old");
		tayra__mem_fail_after(0);
		assert_in_range(tayra_cq_drain(s.cq, &c[0], 1), 1, 1);
		assert_int_equal(c[0].status, TAYRA_OK);
		tayra_release(&c[0].ref);
		again = tayra_cq_drain(s.cq, &c[1], 1) == 1;
		if (again) {
			told = true;
			assert_int_equal(c[1].status, TAYRA_E_NOMEM);
		} else {
			assert_int_equal(s.calls, 2);
			finish(s.parked[1], "new");
			got_value(&s, "new");
		}
		assert_int_equal(is_fresh(s.t, "k"), !again);
		stage_close(&s);
	}
	assert_true(told);
	assert_in_range(n, 2, ENOUGH - 1);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(what_is_put_has_its_tags_or_is_not_there),
	cmocka_unit_test(without_memory_to_remember_the_tag_all_that_has_one_is_forgotten),
	cmocka_unit_test(a_load_that_cannot_be_made_anew_says_so_to_who_waits_for_that),
};

RUN_TESTS(tests)
