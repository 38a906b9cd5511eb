/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <tayra/prove.h>

/* What is refused is refused before anything is measured, in a folder that stays empty. */
struct place {
	char dir[64], out[96];
	struct tayra_showcase_options options;
	struct tayra_showcase_summary summary;
};

static int
make_place(void **state)
{
	struct place *p = calloc(1, sizeof(*p));

	snprintf(p->dir, sizeof(p->dir), "/tmp/tayra_summary.XXXXXX");
	assert_non_null(mkdtemp(p->dir));
	snprintf(p->out, sizeof(p->out), "%s/out", p->dir);
	p->options = (struct tayra_showcase_options)TAYRA_SHOWCASE_OPTIONS_INIT;
	p->options.quick = true;
	p->options.out_dir = p->out;
	p->options.data_path = "/no/such/packages";
	p->summary.size = sizeof(p->summary);
	*state = p;
	return 0;
}

static int
leave_place(void **state)
{
	struct place *p = *state;

	rmdir(p->out); /* fails when something was left in it, and then so does the next */
	assert_int_equal(rmdir(p->dir), 0);
	free(p);
	return 0;
}

static void
missing_data_are_named(void **state)
{
	struct place *p = *state;

	assert_true(tayra_showcase_run(&p->options, &p->summary) < 0);
	assert_string_equal(p->summary.why, "/no/such/packages: No such file or directory");
	assert_string_equal(p->summary.report_html, "");
	assert_false(p->summary.valid);
}

static void
bad_options_are_refused(void **state)
{
	struct place *p = *state;
	static const double scales[] = { 0.01, 11, -1, (double)NAN };

	for (size_t i = 0; i < 4; i++) {
		p->options.slice_scale = scales[i];
		assert_int_equal(tayra_showcase_run(&p->options, &p->summary), TAYRA_E_INVAL);
		assert_non_null(strstr(p->summary.why, "slice_scale"));
	}
	p->options.slice_scale = 1;
	p->options.level_errors = 1;
	assert_int_equal(tayra_showcase_run(&p->options, &p->summary), TAYRA_E_INVAL);
	assert_non_null(strstr(p->summary.why, "service level"));
	p->options.level_errors = 0;
	p->options.size = 0;
	assert_int_equal(tayra_showcase_run(&p->options, &p->summary), TAYRA_E_INVAL);
	assert_non_null(strstr(p->summary.why, "size"));
	assert_int_equal(tayra_showcase_run(&p->options, NULL), TAYRA_E_INVAL);
	p->summary.size = 0;
	assert_int_equal(tayra_showcase_run(&p->options, &p->summary), TAYRA_E_INVAL);
}

static void
bad_prices_are_refused_before_the_work(void **state)
{
	struct place *p = *state;

	p->options.prices_path = "/no/such/prices";
	assert_true(tayra_showcase_run(&p->options, &p->summary) < 0);
	assert_string_equal(p->summary.why, "/no/such/prices: No such file or directory");
}

static void
an_output_folder_that_cannot_be_made_is_refused(void **state)
{
	struct place *p = *state;

	p->options.out_dir = "/proc/no/such";
	assert_int_equal(tayra_showcase_run(&p->options, &p->summary), TAYRA_E_INVAL);
	assert_non_null(strstr(p->summary.why, "/proc/no/such"));
}

static void
an_older_caller_gets_the_part_it_knows(void **state)
{
	struct place *p = *state;

	p->summary.size = offsetof(struct tayra_showcase_summary, over_tuned);
	p->summary.better = 77;
	assert_true(tayra_showcase_run(&p->options, &p->summary) < 0);
	assert_int_equal(p->summary.better, 77);
	assert_true(p->summary.why[0] != 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(missing_data_are_named, make_place, leave_place),
		cmocka_unit_test_setup_teardown(bad_options_are_refused, make_place, leave_place),
		cmocka_unit_test_setup_teardown(bad_prices_are_refused_before_the_work, make_place,
						leave_place),
		cmocka_unit_test_setup_teardown(an_output_folder_that_cannot_be_made_is_refused,
						make_place, leave_place),
		cmocka_unit_test_setup_teardown(an_older_caller_gets_the_part_it_knows, make_place,
						leave_place),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
