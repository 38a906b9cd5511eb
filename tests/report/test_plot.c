/* SPDX-License-Identifier: Apache-2.0 */
#include "report/plot.h"

#include <tayra/base.h>

#include <math.h>
#include <stdlib.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "page.h"
#include "report/scale.h"

/* gcc 12 takes what is in the stream for gone with it, when it is inlined. */
__attribute__((noinline)) static char *
written(const struct tayra__plot *plot, enum tayra__form form)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	struct tayra__sheet sheet = { .out = out, .form = form };

	tayra__plot_put(plot, &sheet);
	fclose(out);
	return text;
}

static void
make(struct tayra__plot *plot, size_t lines, size_t points)
{
	assert_int_equal(tayra__plot_init(plot, lines, points), TAYRA_OK);
	plot->what = "<what>";
	plot->x.name = "x";
	plot->y.name = "ms";
	for (size_t i = 0; i < points; i++)
		plot->at[i] = (double)i;
	for (size_t line = 0; line < lines; line++)
		snprintf(plot->line[line].name, sizeof(plot->line[line].name), "line %zu", line);
}

static void
round_numbers_stand_beside_a_scale(void **state)
{
	static const struct {
		bool log;
		double least, most;
		size_t n;
		double first, last;
	} wanted[] = {
		{ false, 0, 100, 6, 0, 100 },    { false, 0, 7, 4, 0, 6 },
		{ true, 1, 1000, 4, 1, 1000 },   { true, 2, 30, 4, 2, 20 },
		{ true, 0.9, 1.1, 5, 0.9, 1.1 }, { true, 1e-6, 1e6, 7, 1e-6, 1e6 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		const struct tayra__scale scale = { wanted[i].log, wanted[i].least, wanted[i].most,
						    0, 1 };
		double ticks[TAYRA__SCALE_TICKS];
		size_t n = tayra__scale_ticks(&scale, ticks);

		if (n != wanted[i].n ||
		    fabs(ticks[0] / wanted[i].first - 1) > 1e-9 * (ticks[0] != 0) ||
		    fabs(ticks[n - 1] / wanted[i].last - 1) > 1e-9)
			fail_msg("%zu: %zu ticks, %g .. %g", i, n, ticks[0], ticks[n - 1]);
	}
}

static void
what_counts_has_no_tick_between_two_whole_numbers(void **state)
{
	struct tayra__plot plot;
	char *page;

	(void)state;
	make(&plot, 2, 3);
	for (size_t i = 0; i < 3; i++)
		tayra__plot_value(&plot, 0, i)->y = 10 + (double)i;
	page = written(&plot, TAYRA__FORM_HTML);
	assert_non_null(strstr(page, ">0.5<"));
	/* A line of which nothing is drawn is not told apart from others. */
	assert_non_null(strstr(page, "</svg>line 0</span>"));
	assert_null(strstr(page, "</svg>line 1</span>"));
	free(page);
	plot.x.whole = true;
	page = written(&plot, TAYRA__FORM_HTML);
	assert_null(strstr(page, ">0.5<"));
	assert_non_null(strstr(page, ">1<"));
	assert_non_null(strstr(page, ">2<"));
	free(page);
	tayra__plot_fini(&plot);
}

static void
what_has_no_place_on_an_axis_is_a_gap_and_not_drawn(void **state)
{
	struct tayra__plot plot;
	char *page, *path;

	(void)state;
	make(&plot, 1, 5);
	plot.y.log = true;
	assert_true(tayra__plot_empty(&plot));
	page = written(&plot, TAYRA__FORM_HTML);
	assert_string_equal(page, "");
	free(page);
	for (size_t i = 0; i < 5; i++)
		tayra__plot_value(&plot, 0, i)->y = i == 1 ? 0 : i == 3 ? HUGE_VAL : 2;
	page = written(&plot, TAYRA__FORM_HTML);
	path = strstr(page, "<path class=\"line");
	assert_non_null(path);
	*strstr(path, "/>") = '\0';
	assert_int_equal(count(path, "M"), 3);
	assert_int_equal(count(path, "L"), 0);
	free(page);
	tayra__plot_fini(&plot);
}

static void
a_long_table_is_thinned_and_says_so(void **state)
{
	struct tayra__plot plot;
	char *md;

	(void)state;
	make(&plot, 2, 1000);
	for (size_t i = 0; i < 2000; i++)
		plot.value[i].y = 1;
	md = written(&plot, TAYRA__FORM_MD);
	assert_non_null(strstr(md, "as a table (ms), one of 6"));
	assert_int_equal(count(md, "\n| "), 167 + 1);
	free(md);
	md = written(&plot, TAYRA__FORM_TERMINAL);
	assert_string_equal(md, "");
	free(md);
	tayra__plot_fini(&plot);
}

static void
names_that_find_no_room_are_in_the_legend(void **state)
{
	struct tayra__plot plot;
	char *page;

	(void)state;
	make(&plot, 1, 3);
	for (size_t i = 0; i < 3; i++)
		tayra__plot_value(&plot, 0, i)->y = 100;
	tayra__plot_rule(&plot, 50, false, "a name as long as it may be here, and that is %d", 47);
	tayra__plot_rule(&plot, 50, false, "a name as long as it may be here, and that is %d", 48);
	tayra__plot_rule(&plot, 50, false, "a name as long as it may be here, and that is %d", 49);
	page = written(&plot, TAYRA__FORM_HTML);
	assert_int_equal(count(page, "class=\"limit\""), 3 + 1);
	assert_int_equal(count(page, "may be here, and that is 4</text>"), 2);
	assert_int_equal(count(page, "may be here, and that is 4</span>"), 1);
	assert_non_null(strstr(page, "aria-label=\"&lt;what&gt;\""));
	free(page);
	tayra__plot_fini(&plot);
	assert_int_equal(tayra__plot_init(&plot, TAYRA__PLOT_LINES + 1, 1), TAYRA_E_TOO_LARGE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_numbers_stand_beside_a_scale),
		cmocka_unit_test(what_counts_has_no_tick_between_two_whole_numbers),
		cmocka_unit_test(what_has_no_place_on_an_axis_is_a_gap_and_not_drawn),
		cmocka_unit_test(a_long_table_is_thinned_and_says_so),
		cmocka_unit_test(names_that_find_no_room_are_in_the_legend),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
