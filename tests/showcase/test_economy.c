/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <math.h>

#include "invent.h"
#include "showcase/economy.h"
#include "showcase/sections.h"

static const double alike[] = { 1, 1, 1, 1 };
static const double gain[] = { 2, 1.25, 1, 1.25 };

static const struct tayra__prices sample = {
	.given = true,
	.currency = "EUR",
	.label = "of the test",
	.value = { [TAYRA__PRICE_CPU_HOUR] = 0.036,
		   [TAYRA__PRICE_REQUESTS_PER_MONTH] = 1e9,
		   [TAYRA__PRICE_ENGINEER_HOUR] = 100,
		   [TAYRA__PRICE_ENGINEER_HOURS_TO_ADOPT] = 10,
		   [TAYRA__PRICE_ENGINEER_HOURS_PER_MONTH] = 1,
		   [TAYRA__PRICE_MONTHS] = 12 },
};

static uint32_t
stage_of(const char *scene, const char *phase)
{
	uint32_t i = 0;

	while (strcmp(tayra__stages[i].scene, scene) != 0 ||
	       strcmp(tayra__stages[i].phase, phase) != 0)
		i++;
	return i;
}

static void
set_metric(struct tayra__results *r, uint32_t stage, uint32_t arm, int metric, double value,
	   double spread)
{
	for (uint32_t round = 0; round < r->stage[stage].rounds; round++)
		r->stage[stage].slice[round][arm].value[metric] = value *
								  (1 +
								   (round % 2 ? spread : -spread));
}

/* Rates of 100, 300, 750 and 2,000, the first two of which hold the level. */
static struct tayra__results *
climb(void)
{
	struct tayra__results *r = invent(alike);
	static const double rates[] = { 100, 300, 750, 2000 }, p99s[] = { 5, 10, 1000, 1000 };
	const uint32_t stages[] = { stage_of("catalogue", "baseline"),
				    stage_of("catalogue", "load"),
				    stage_of("overload-1.5x", "stress"),
				    stage_of("overload-4x", "stress") };

	r->economy.level_p99_ms = 100;
	r->economy.level_errors = 0.01;
	for (int i = 0; i < 4; i++) {
		r->stage[stages[i]].rate_per_s = rates[i];
		for (uint32_t arm = 0; arm < TAYRA__ECONOMY_ARMS; arm++) {
			set_metric(r, stages[i], arm, TAYRA__P99_MS, p99s[i], 0);
			set_metric(r, stages[i], arm, TAYRA__ERROR_RATIO, i < 2 ? 0 : 0.01, 0);
		}
	}
	return r;
}

static void
capacity_is_read_off_between_the_rates(void **state)
{
	struct tayra__results *r = climb();
	const struct tayra__capacity *c = &r->economy.capacity[TAYRA__ARM_TAYRA];

	assert_int_equal(tayra__results_compare(r), TAYRA_OK);
	/* 100 ms lies half of the way from 10 to 1,000, and so does the rate. */
	assert_int_equal(c->bound, TAYRA__BOUND_BETWEEN);
	assert_true(fabs(c->per_s.value - sqrt(300.0 * 750)) < 0.01);
	assert_true(c->per_s.lo <= c->per_s.value && c->per_s.value <= c->per_s.hi);
	free(r);
}

static void
capacity_outside_of_the_rates_says_so(void **state)
{
	struct tayra__results *r = climb();

	r->economy.level_p99_ms = 1;
	assert_int_equal(tayra__results_compare(r), TAYRA_OK);
	assert_int_equal(r->economy.capacity[0].bound, TAYRA__BOUND_BELOW_ALL);
	assert_true(r->economy.capacity[0].per_s.value == 100);
	r->economy.level_p99_ms = 5000;
	assert_int_equal(tayra__results_compare(r), TAYRA_OK);
	assert_int_equal(r->economy.capacity[0].bound, TAYRA__BOUND_ABOVE_ALL);
	assert_true(r->economy.capacity[0].per_s.value == 2000);
	free(r);
}

static void
errors_alone_lose_the_level_too(void **state)
{
	struct tayra__results *r = climb();
	uint32_t load = stage_of("catalogue", "load");

	set_metric(r, load, TAYRA__ARM_TAYRA, TAYRA__ERROR_RATIO, 0.02, 0);
	assert_int_equal(tayra__results_compare(r), TAYRA_OK);
	/* A hundredth lies half of the way from 0 to 2 hundredths. */
	assert_true(fabs(r->economy.capacity[TAYRA__ARM_TAYRA].per_s.value - sqrt(100.0 * 300)) <
		    0.01);
	free(r);
}

/* 1 ms of processor time a request for tayra, 3 ms for tuned: 10 and 30 EUR for 1e9 requests. */
static struct tayra__results *
price(double tuned_ms, double spread)
{
	struct tayra__results *r = invent(alike);
	uint32_t load = stage_of("catalogue", "load");

	set_metric(r, load, TAYRA__ARM_TAYRA, TAYRA__CPU_MS_PER_REQUEST, 1, spread);
	set_metric(r, load, TAYRA__ARM_TUNED, TAYRA__CPU_MS_PER_REQUEST, tuned_ms, -spread);
	r->economy.prices = sample;
	assert_int_equal(tayra__results_compare(r), TAYRA_OK);
	return r;
}

static void
money_is_the_formula_of_the_manual(void **state)
{
	struct tayra__results *r = price(3, 0);
	const struct tayra__money *m = &r->economy.money[0];

	assert_string_equal(m->why_not, "");
	/* 1 ms of a million requests is 1000 s, which cost 0.01 EUR. */
	assert_true(fabs(m->cost_b.value - 0.01) < 1e-9);
	assert_true(fabs(m->cost_a.value - 0.03) < 1e-9);
	assert_true(fabs(m->saving.value - 20) < 1e-6);
	/* 12 months of 20 - 100, by 1,000. */
	assert_true(fabs(m->roi.value - 12 * (20 - 100.0) / 1000) < 1e-9);
	assert_true(m->positive == 0);
	free(r);
}

static void
money_has_an_interval_when_the_rounds_differ(void **state)
{
	struct tayra__results *r = price(3, 0.2);
	const struct tayra__money *m = &r->economy.money[0];

	assert_string_equal(m->why_not, "");
	assert_true(m->saving.lo < m->saving.value && m->saving.value < m->saving.hi);
	assert_true(m->saving.lo > 0);
	free(r);
}

static char *
said(const struct tayra__results *r)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	tayra__sections_write(r, TAYRA__FORM_MD, out);
	fclose(out);
	return text;
}

static void
no_money_is_named_on_an_undecided_verdict(void **state)
{
	struct tayra__results *r = price(1.1, 0.3);
	char *text = said(r);

	assert_non_null(strstr(r->economy.money[0].why_not, "undecided: cpu_ms_per_request"));
	assert_true(r->economy.money[0].saving.value == 0);
	assert_non_null(strstr(text, "Against tuned: undecided: cpu_ms_per_request of catalogue, "
				     "load: no figure."));
	assert_null(strstr(text, "Against tuned: a million"));
	free(text);
	free(r);
}

static void
no_money_is_named_in_a_run_that_cannot_be_believed(void **state)
{
	struct tayra__results *r = price(3, 0);
	char *text;

	r->valid = false;
	assert_int_equal(tayra__results_compare(r), TAYRA_OK);
	text = said(r);
	assert_null(strstr(text, "a million requests cost"));
	free(text);
	free(r);
}

static void
without_prices_it_says_how_to_give_them(void **state)
{
	struct tayra__results *r = invent(gain);
	char *text = said(r);

	assert_non_null(strstr(text, "--prices FILE"));
	assert_null(strstr(text, "a month"));
	free(text);
	free(r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(capacity_is_read_off_between_the_rates),
		cmocka_unit_test(capacity_outside_of_the_rates_says_so),
		cmocka_unit_test(errors_alone_lose_the_level_too),
		cmocka_unit_test(money_is_the_formula_of_the_manual),
		cmocka_unit_test(money_has_an_interval_when_the_rounds_differ),
		cmocka_unit_test(no_money_is_named_on_an_undecided_verdict),
		cmocka_unit_test(no_money_is_named_in_a_run_that_cannot_be_believed),
		cmocka_unit_test(without_prices_it_says_how_to_give_them),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
