/* SPDX-License-Identifier: Apache-2.0 */
#include "report/belief.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/mem.h"
#include "report/figure.h"
#include "stat/steady.h"

/* Beyond these, look: below them nothing was ever seen to widen an interval much. */
#define FOREIGN_BAR 0.3
#define STEAL_BAR   0.02
#define STALL_BAR   0.1
#define SELF_BAR    0.95
#define LAG_SHARE   0.05
#define LAG_LEAST   0.02 /* ms */
#define STEADY_MIN  20   /* slices */
#define STEADY_MOST 3000

void
tayra__belief_add(struct tayra__beliefs *beliefs, enum tayra__belief_mark mark, const char *what,
		  const char *bar, const char *found, ...)
{
	struct tayra__belief *row = &beliefs->row[beliefs->count];
	va_list args;

	if (beliefs->count == TAYRA__BELIEFS_MAX)
		return;
	beliefs->count++;
	row->mark = mark;
	snprintf(row->what, sizeof(row->what), "%s", what);
	snprintf(row->bar, sizeof(row->bar), "%s", bar);
	va_start(args, found);
	vsnprintf(row->found, sizeof(row->found), found, args);
	va_end(args);
}

static void
add_share(struct tayra__beliefs *beliefs, const char *what, double share, double bar,
	  const char *of)
{
	char text[80];

	snprintf(text, sizeof(text), "at most %g%% %s", 100 * bar, of);
	if (isnan(share))
		tayra__belief_add(beliefs, TAYRA__BELIEF_UNKNOWN, what, text, "not known");
	else
		tayra__belief_add(beliefs, share > bar ? TAYRA__BELIEF_LOOK : TAYRA__BELIEF_FINE,
				  what, text, "%.*f%%", share < 0.1 ? 1 : 0, 100 * share);
}

void
tayra__belief_machine(struct tayra__beliefs *beliefs, const struct tayra__machine_share *share)
{
	static const char *const waited[TAYRA__STALLS] = { "somebody waited for a processor",
							   "somebody waited for I/O",
							   "somebody waited for memory" };

	add_share(beliefs, "others used of the machine", share->foreign, FOREIGN_BAR,
		  "of all processors");
	add_share(beliefs, "its host took of it", share->steal, STEAL_BAR, "of all processors");
	for (int i = 0; i < TAYRA__STALLS; i++)
		add_share(beliefs, waited[i], share->stalled[i], STALL_BAR, "of the time");
	add_share(beliefs, "the generator's own processor time", share->self, SELF_BAR,
		  "of one processor");
}

void
tayra__belief_lag(struct tayra__beliefs *beliefs, const char *what, double lag_p99_ms,
		  double p99_ms)
{
	double bar = fmax(LAG_SHARE * p99_ms, LAG_LEAST);
	char text[80], number[16];

	snprintf(text, sizeof(text), "at most %s ms, %g%% of the p99",
		 tayra__figure_number(bar, number), 100 * LAG_SHARE);
	if (isnan(lag_p99_ms) || isnan(p99_ms))
		tayra__belief_add(beliefs, TAYRA__BELIEF_UNKNOWN, what, "at most 5% of the p99",
				  "not known");
	else
		tayra__belief_add(beliefs,
				  lag_p99_ms > bar ? TAYRA__BELIEF_LOOK : TAYRA__BELIEF_FINE, what,
				  text, "p99 %s ms", tayra__figure_number(lag_p99_ms, number));
}

int
tayra__belief_steady(struct tayra__beliefs *beliefs, const char *what, const double *values,
		     size_t n, enum tayra_better better)
{
	double *known = tayra__mem_array(n + 1, sizeof(*known));
	struct tayra__steady steady;
	size_t count = 0;
	int status;

	if (!known)
		return TAYRA_E_NOMEM;
	for (size_t i = 0; i < n && count < STEADY_MOST; i++)
		if (isfinite(values[i]) && values[i] > 0)
			known[count++] = better == TAYRA_BETTER_LOWER ? values[i] : 1 / values[i];
	status = count < STEADY_MIN ? TAYRA_OK : tayra__steady(known, count, &steady);
	tayra__mem_free(known);
	if (status != TAYRA_OK)
		return status;
	if (count < STEADY_MIN)
		tayra__belief_add(beliefs, TAYRA__BELIEF_UNKNOWN, what, "flat",
				  "%zu slices, fewer than %d", count, STEADY_MIN);
	else if (steady.kind == TAYRA__STEADY_FLAT || steady.kind == TAYRA__STEADY_NONE)
		tayra__belief_add(beliefs,
				  steady.kind == TAYRA__STEADY_FLAT ? TAYRA__BELIEF_FINE
								    : TAYRA__BELIEF_LOOK,
				  what, "flat", "%s", tayra__steadiness_name(steady.kind));
	else
		tayra__belief_add(beliefs, TAYRA__BELIEF_LOOK, what, "flat", "%s until slice %zu",
				  tayra__steadiness_name(steady.kind), steady.from + 1);
	return TAYRA_OK;
}

void
tayra__belief_put(const struct tayra__beliefs *beliefs, struct tayra__sheet *sheet)
{
	static const char *const heads[] = { "what", "found", "bar", "" };
	static const char *const marks[] = { "\u2713 fine", "\u25b2 look", "\u2717 spoilt",
					     "? not known" };
	static const char *const classes[] = { "fine", "look", "spoilt", "unknown" };

	sheet->words = 4;
	tayra__sheet_table(sheet, heads, 4);
	for (size_t i = 0; i < beliefs->count; i++) {
		const struct tayra__belief *row = &beliefs->row[i];
		const char *cells[] = { row->what, row->found, row->bar, marks[row->mark] };

		tayra__sheet_row_of(sheet, classes[row->mark], cells);
	}
	tayra__sheet_table_end(sheet);
	sheet->words = 0;
}
