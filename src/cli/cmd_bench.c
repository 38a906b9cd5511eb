/* SPDX-License-Identifier: Apache-2.0
 *
 * cmd_bench.c: `tayra bench`: its subcommands.
 */
#include "cli/command.h"

#include "cli/bench.h"
#include "cli/menu.h"

static const struct tayra__menu_row rows[] = {
	{ "run", tayra__bench_run,
	  "compare programs, and say which is faster, or that nobody knows" },
	{ "gate", tayra__bench_gate, "let a change pass or not: base against head, both run now" },
	{ "plan", tayra__bench_plan, "say what a comparison would need: pairs and minutes" },
	{ "aa", tayra__bench_aa, "compare a program with itself: false alarms on this machine" },
	{ "history", tayra__bench_history, "show verdicts that were kept, and their trend" },
	{ "report", tayra__bench_report, "summarise a history as Markdown or as a page" },
	{ "cost", tayra__bench_cost, "say what a difference in processor time means in money" },
};

static const struct tayra__menu menu = {
	.sentences = "Measurements that can be trusted: interleaved, in random order, with an "
		     "interval.\n",
	.rows = rows,
	.count = sizeof(rows) / sizeof(rows[0]),
	.check_output = true,
};

int
tayra__cmd_bench(int argc, char **argv)
{
	return tayra__menu_run(&menu, argc, argv);
}
