/* SPDX-License-Identifier: Apache-2.0 */
#include "showcase/live.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "showcase/words.h"

#include <tayra/base.h>

void
tayra__live_init(struct tayra__live *live, FILE *out, uint64_t expected_ns)
{
	const char *term = getenv("TERM");

	*live = (struct tayra__live){ .out = out, .expected_ns = expected_ns };
	live->terminal = isatty(fileno(out)) && term && strcmp(term, "dumb") != 0;
	live->begun_ns = tayra__clock_real_ns();
}

/* Back to the first line drawn, so that what follows overwrites it. */
static void
rewind_lines(struct tayra__live *live)
{
	if (live->drawn)
		fprintf(live->out, "\033[%uA\r", live->drawn);
	live->drawn = 0;
}

static void
line_end(struct tayra__live *live)
{
	fputs(live->terminal ? "\033[K\n" : "\n", live->out);
	live->drawn++;
}

void
tayra__live_say(struct tayra__live *live, const char *line)
{
	rewind_lines(live);
	fputs(line, live->out);
	line_end(live);
	live->drawn = 0;
	fflush(live->out);
}

void
tayra__live_begin(struct tayra__live *live, uint32_t stage)
{
	live->stage = &tayra__stages[stage];
	live->stage_number = stage;
	live->drawn = 0;
}

static void
draw_row(struct tayra__live *live, const struct tayra__results *results, uint32_t stage,
	 const char *label, int metric, double scale)
{
	char text[16];

	fprintf(live->out, "  %-12s", label);
	for (uint32_t arm = TAYRA__ARM_PLAIN; arm <= TAYRA__ARM_TAYRA; arm++)
		fprintf(live->out, "%14s",
			tayra__figure_number(
				scale * tayra__results_median(results, stage, arm, metric), text));
	line_end(live);
}

static void
draw_bar(struct tayra__live *live, uint64_t left_ns, double share)
{
	int full = (int)(share * 30);

	fputs("  [", live->out);
	for (int i = 0; i < 30; i++)
		fputc(i < full ? '#' : '.', live->out);
	fprintf(live->out, "] %3.0f%%   %.0f s left", share * 100, (double)left_ns / 1e9);
	line_end(live);
}

static void
draw(struct tayra__live *live, const struct tayra__results *results, uint32_t stage,
     uint32_t rounds)
{
	const struct tayra__stage *s = &tayra__stages[stage];
	double share = live->expected_ns ? fmin(live->done_ns / (double)live->expected_ns, 1) : 0;
	double spent = (double)(tayra__clock_real_ns() - live->begun_ns);
	uint64_t left = share > 0.02 ? (uint64_t)(spent / share * (1 - share)) : live->expected_ns;

	rewind_lines(live);
	fprintf(live->out, "%s: %s (%s), round %u of %u", s->phase, s->title, s->scene, rounds,
		s->rounds[results->quick]);
	line_end(live);
	fprintf(live->out, "  %-12s%14s%14s%14s", "", "plain", "tuned", "tayra");
	line_end(live);
	draw_row(live, results, stage, "answers/s",
		 s->kind == TAYRA__STAGE_WRITERS ? TAYRA__THROUGHPUT_PER_S : TAYRA__GOODPUT_PER_S,
		 1);
	draw_row(live, results, stage, "p50 ms", TAYRA__P50_MS, 1);
	draw_row(live, results, stage, "p99 ms", TAYRA__P99_MS, 1);
	draw_row(live, results, stage, "failed %", TAYRA__ERROR_RATIO, 100);
	draw_bar(live, left, share);
	fflush(live->out);
}

void
tayra__live_slice(struct tayra__live *live, const struct tayra__results *results, uint32_t stage,
		  uint32_t round, uint64_t slice_ns)
{
	live->done_ns += (double)slice_ns;
	if (live->terminal)
		draw(live, results, stage, round + 1);
}

void
tayra__live_end(struct tayra__live *live, const struct tayra__results *results, uint32_t stage)
{
	const struct tayra__stage *s = &tayra__stages[stage];
	char text[16];

	if (live->terminal) {
		draw(live, results, stage, results->stage[stage].rounds);
		rewind_lines(live);
		/* The bar belongs to the stage that runs. */
		live->drawn = 0;
		fputs("\033[6B\033[K\n", live->out);
		fflush(live->out);
		return;
	}
	fprintf(live->out, "%-9s %-14s", s->phase, s->scene);
	for (uint32_t arm = TAYRA__ARM_PLAIN; arm <= TAYRA__ARM_TAYRA; arm++) {
		fprintf(live->out, "  %s %s/s", tayra__arm_names[arm],
			tayra__figure_number(tayra__results_median(results, stage, arm,
								   s->kind == TAYRA__STAGE_WRITERS
									   ? TAYRA__THROUGHPUT_PER_S
									   : TAYRA__GOODPUT_PER_S),
					     text));
		fprintf(live->out, " p99 %s ms",
			tayra__figure_number(
				tayra__results_median(results, stage, arm, TAYRA__P99_MS), text));
	}
	fputc('\n', live->out);
	fflush(live->out);
}
