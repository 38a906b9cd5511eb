/* SPDX-License-Identifier: Apache-2.0
 *
 * bench_cost.c: `tayra bench cost`: what a difference in processor time means in money.
 */
#include "cli/bench.h"

#include <tayra/base.h>

#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "cli/arguments.h"
#include "cli/bench_past.h"
#include "cli/command.h"
#include "report/cost.h"

static const struct argp_option cost_table[] = {
	{ "prices", TAYRA__PAST_PRICES, "FILE", 0, "your prices, as contrib/prices.json", 0 },
	{ "bench", TAYRA__PAST_BENCH, "NAME", 0,
	  "the newest of that name (default: the newest of all)", 0 },
	{ "seed", TAYRA__PAST_SEED, "N", 0, "of the draws (default 1)", 0 },
	{ "json", TAYRA__PAST_JSON, NULL, 0, "the last line of output is a JSON object", 0 },
	{ 0 },
};

static enum tayra_verdict
verdict_of(const char *name)
{
	if (strcmp(name, "FASTER") == 0)
		return TAYRA_BETTER;
	if (strcmp(name, "SLOWER") == 0)
		return TAYRA_WORSE;
	for (int v = TAYRA_INVALID; v <= TAYRA_UNDECIDED; v++)
		if (strcmp(name, tayra_verdict_name((enum tayra_verdict)v)) == 0)
			return (enum tayra_verdict)v;
	return TAYRA_INVALID;
}

static int
print_json(const struct tayra__history_row *row, const struct tayra__cost *cost)
{
	struct tayra__json json;

	tayra__json_init(&json, stdout, TAYRA__JSON_LINE);
	tayra__json_object(&json, NULL);
	tayra__json_string(&json, "bench", row->bench);
	tayra__json_string(&json, "verdict", row->verdict);
	tayra__cost_json(cost, &json);
	tayra__json_end(&json);
	return tayra__json_finish(&json);
}

static int
price(const struct tayra__bench_past *all, const struct tayra__prices *prices)
{
	const struct tayra__past *past = &all->past;
	const struct tayra__history_row *row = &past->last;
	struct tayra__sheet sheet = { .out = stdout, .form = TAYRA__FORM_TERMINAL };
	struct tayra__cost cost = { .a = row->a, .b = row->b, .prices = prices };
	int status = tayra__saving_compute(past->pairs, past->pairs + TAYRA__HISTORY_PAIRS,
					   row->pairs_kept, verdict_of(row->verdict), prices,
					   all->seed, &cost.saving);

	if (status != TAYRA_OK) {
		tayra__cli_error(all->command, "%s: its pairs: %s", row->bench,
				 tayra_status_text(status));
		return status == TAYRA_E_INVAL ? TAYRA__EXIT_USAGE : TAYRA__EXIT_FAILURE;
	}
	printf("\n%s of %s: %s against %s, %s\n", row->bench, row->time, row->b, row->a,
	       row->verdict);
	tayra__cost_put(&cost, &sheet);
	if (all->json && print_json(row, &cost) < 0)
		return TAYRA__EXIT_FAILURE;
	return TAYRA__EXIT_OK;
}

int
tayra__bench_cost(int argc, char **argv)
{
	/* Only a comparison of processor time has a price. */
	static struct tayra__bench_past past = { .metric = "cpu" };
	struct tayra__prices prices;
	char error[400];
	int code = tayra__bench_past_read(
		&past, argc, argv, cost_table,
		"What the newest comparison of processor time (--metric cpu) in a history means: "
		"efficiency, headroom, and with your prices money, each with its interval.");

	tayra__prices_init(&prices);
	if (code == TAYRA__EXIT_OK && past.prices_path &&
	    tayra__prices_read(past.prices_path, &prices, error, sizeof(error)) < 0) {
		tayra__cli_error(past.command, "%s", error);
		code = TAYRA__EXIT_USAGE;
	}
	if (code == TAYRA__EXIT_OK)
		code = price(&past, &prices);
	tayra__bench_past_fini(&past);
	return code;
}
