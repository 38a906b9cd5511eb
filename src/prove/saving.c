/* SPDX-License-Identifier: Apache-2.0 */
#include "prove/saving.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "stat/normal.h"
#include "stat/quantile.h"
#include "stat/student_t.h"

#define DRAWS       4000
#define LEAST_PAIRS 6
#define MS_PER_HOUR 3.6e6

/* All figures that follow from two means, in one order. */
enum figure { EFFICIENCY_A, EFFICIENCY_B, HEADROOM, COST_A, COST_B, SAVING, GAIN, FIGURES };

/* prices: [TAYRA__PRICES], NULL: none. */
static void
reckon(double a_ms, double b_ms, const double *prices, double out[FIGURES])
{
	double cpu = nan(""), once = nan(""), per_month = nan(""), months = nan("");

	if (prices) {
		cpu = prices[TAYRA__PRICE_CPU_HOUR] / MS_PER_HOUR *
		      prices[TAYRA__PRICE_REQUESTS_PER_MONTH];
		once = prices[TAYRA__PRICE_ENGINEER_HOUR] *
		       prices[TAYRA__PRICE_ENGINEER_HOURS_TO_ADOPT];
		per_month = prices[TAYRA__PRICE_ENGINEER_HOUR] *
			    prices[TAYRA__PRICE_ENGINEER_HOURS_PER_MONTH];
		months = prices[TAYRA__PRICE_MONTHS];
	}
	out[EFFICIENCY_A] = 1000 / a_ms;
	out[EFFICIENCY_B] = 1000 / b_ms;
	out[HEADROOM] = a_ms / b_ms;
	out[COST_A] = a_ms * cpu;
	out[COST_B] = b_ms * cpu;
	out[SAVING] = out[COST_A] - out[COST_B] - per_month;
	out[GAIN] = out[SAVING] * months - once;
}

static void
draw_prices(const struct tayra__prices *prices, struct tayra__rng *rng, double out[TAYRA__PRICES])
{
	for (int i = 0; i < TAYRA__PRICES; i++) {
		double width = prices->hi[i] - prices->lo[i];

		out[i] = width > 0 ? prices->lo[i] + width * tayra__rng_unit(rng)
				   : prices->value[i];
	}
}

/* Means of both sides over pairs drawn anew, set further out by `widen`. */
static void
draw_means(const double *a, const double *b, uint32_t n, const double whole[2], double widen,
	   struct tayra__rng *rng, double out[2])
{
	double sum[2] = { 0, 0 };

	for (uint32_t i = 0; i < n; i++) {
		uint64_t pick = tayra__rng_below(rng, n);

		sum[0] += a[pick];
		sum[1] += b[pick];
	}
	for (int side = 0; side < 2; side++)
		out[side] = whole[side] * exp(widen * log(sum[side] / n / whole[side]));
}

static struct tayra__saving_figure
interval(double value, double *drawn)
{
	struct tayra__saving_figure f = { value, nan(""), nan("") };

	if (isnan(value) || isnan(drawn[0]))
		return f;
	tayra__quantile_sort(drawn, DRAWS);
	f.lo = fmin(value, tayra__quantile_sorted(drawn, DRAWS, 0.025));
	f.hi = fmax(value, tayra__quantile_sorted(drawn, DRAWS, 0.975));
	return f;
}

static void
add_input(struct tayra__saving *out, const char *input, double one, double other)
{
	size_t i = out->inputs++;
	double lo = fmin(one, other), hi = fmax(one, other);

	for (; i > 0 && out->tornado[i - 1].hi - out->tornado[i - 1].lo < hi - lo; i--)
		out->tornado[i] = out->tornado[i - 1];
	out->tornado[i].input = input;
	out->tornado[i].lo = lo;
	out->tornado[i].hi = hi;
}

/* measured: the drawn gains at the middle prices. */
static void
find_tornado(const struct tayra__prices *prices, const double whole[2], double *measured,
	     struct tayra__saving *out)
{
	struct tayra__saving_figure f = interval(out->gain.value, measured);

	add_input(out, "processor time, as measured", f.lo, f.hi);
	for (uint32_t i = 0; i < TAYRA__PRICES; i++) {
		double at[TAYRA__PRICES], low[FIGURES], high[FIGURES];

		if (!(prices->lo[i] < prices->hi[i]))
			continue;
		memcpy(at, prices->value, sizeof(at));
		at[i] = prices->lo[i];
		reckon(whole[0], whole[1], at, low);
		at[i] = prices->hi[i];
		reckon(whole[0], whole[1], at, high);
		if (low[GAIN] != high[GAIN])
			add_input(out, tayra__price_name(i), low[GAIN], high[GAIN]);
	}
}

/* drawn: [FIGURES + 1][DRAWS]. */
static void
fill(const double *a, const double *b, uint32_t n, const struct tayra__prices *prices,
     uint64_t seed, double *drawn, struct tayra__saving *out)
{
	struct tayra__saving_figure *const figures[FIGURES] = {
		&out->efficiency_a, &out->efficiency_b, &out->headroom, &out->cost_a,
		&out->cost_b,       &out->saving,       &out->gain,
	};
	const double *middle = prices ? prices->value : NULL;
	double whole[2] = { tayra__quantile_mean(a, n), tayra__quantile_mean(b, n) };
	double widen = n < 2 ? 1
			     : tayra__student_t_quantile(0.975, n - 1) /
				       tayra__normal_quantile(0.975) * sqrt(n / (n - 1.0));
	double value[FIGURES], positive = 0;
	struct tayra__rng rng;

	tayra__rng_init(&rng, seed);
	reckon(whole[0], whole[1], middle, value);
	for (int draw = 0; draw < DRAWS; draw++) {
		double means[2], figure[FIGURES], some[TAYRA__PRICES];

		draw_means(a, b, n, whole, widen, &rng, means);
		reckon(means[0], means[1], middle, figure);
		drawn[FIGURES * DRAWS + draw] = figure[GAIN];
		if (prices) {
			draw_prices(prices, &rng, some);
			reckon(means[0], means[1], some, figure);
		}
		for (int i = 0; i < FIGURES; i++)
			drawn[i * DRAWS + draw] = n < LEAST_PAIRS ? nan("") : figure[i];
		positive += figure[GAIN] > 0;
	}
	out->positive = prices ? positive / DRAWS : nan("");
	for (int i = 0; i < FIGURES; i++)
		*figures[i] = interval(value[i], drawn + i * DRAWS);
	if (prices)
		find_tornado(prices, whole, drawn + FIGURES * DRAWS, out);
}

int
tayra__saving_compute(const double *a_ms, const double *b_ms, uint32_t n,
		      enum tayra_verdict verdict, const struct tayra__prices *prices, uint64_t seed,
		      struct tayra__saving *out)
{
	double *drawn;

	*out = (struct tayra__saving){ .positive = nan("") };
	for (uint32_t i = 0; i < n; i++)
		if (!(a_ms[i] > 0 && b_ms[i] > 0) || isinf(a_ms[i]) || isinf(b_ms[i]))
			return TAYRA_E_INVAL;
	if (verdict == TAYRA_UNDECIDED || verdict == TAYRA_INVALID)
		snprintf(out->why_not, sizeof(out->why_not),
			 "the verdict is %s: there is no difference to put a price on",
			 tayra_verdict_name(verdict));
	else if (n < LEAST_PAIRS)
		snprintf(out->why_not, sizeof(out->why_not), "fewer than %d pairs", LEAST_PAIRS);
	else if (!prices || !prices->given)
		snprintf(out->why_not, sizeof(out->why_not), "no prices were given");
	drawn = tayra__mem_array((size_t)(FIGURES + 1) * DRAWS, sizeof(*drawn));
	if (!drawn)
		return TAYRA_E_NOMEM;
	fill(a_ms, b_ms, n, out->why_not[0] ? NULL : prices, seed, drawn, out);
	tayra__mem_free(drawn);
	return TAYRA_OK;
}
