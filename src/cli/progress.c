/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/progress.h"

#include <tayra/base.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

#define REDRAW_NS (100 * TAYRA_NS_PER_MS)
#define BAR_CELLS 24

void
tayra__progress_init(struct tayra__progress *progress)
{
	*progress = (struct tayra__progress){ .on = isatty(STDERR_FILENO) == 1 };
	tayra__progress_start(progress);
}

void
tayra__progress_start(struct tayra__progress *progress)
{
	progress->start_ns = tayra__clock_mono_ns(tayra_clock_real());
}

static void
draw_share(double share, double seconds_left)
{
	char bar[BAR_CELLS + 1];
	size_t full = (size_t)(share * BAR_CELLS);

	memset(bar, '.', BAR_CELLS);
	memset(bar, '#', full < BAR_CELLS ? full : BAR_CELLS);
	bar[BAR_CELLS] = '\0';
	fprintf(stderr, " [%s] %3.0f%%, %.0f s left", bar, share * 100, seconds_left);
}

/* Seconds since the start; below 0: it is not time to draw yet. */
static double
begin_line(struct tayra__progress *progress)
{
	uint64_t now_ns;

	if (!progress->on)
		return -1;
	now_ns = tayra__clock_mono_ns(tayra_clock_real());
	if (now_ns - progress->drawn_ns < REDRAW_NS)
		return -1;
	progress->drawn_ns = now_ns;
	progress->drawn = true;
	return (double)(now_ns - progress->start_ns) / 1e9;
}

static void
end_line(double share, double seconds)
{
	if (share > 0)
		draw_share(share, seconds * (1 - share) / share);
	fflush(stderr);
}

void
tayra__progress_show(struct tayra__progress *progress, const char *what, uint64_t rows,
		     double share)
{
	double seconds = begin_line(progress);

	if (seconds < 0)
		return;
	fprintf(stderr, "\r\033[K%s: %.2f M rows/s", what,
		seconds > 0 ? (double)rows / seconds / 1e6 : 0);
	end_line(share, seconds);
}

void
tayra__progress_share(struct tayra__progress *progress, const char *what, double share)
{
	double seconds = begin_line(progress);

	if (seconds < 0)
		return;
	fprintf(stderr, "\r\033[K%s", what);
	end_line(share, seconds);
}

void
tayra__progress_clear(struct tayra__progress *progress)
{
	if (progress->drawn)
		fputs("\r\033[K", stderr);
	progress->drawn = false;
}
