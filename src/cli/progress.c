/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/progress.h"

#include <tayra/base.h>

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
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

static size_t
columns(void)
{
	struct winsize size;

	return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

/* A line that is wrapped cannot be drawn over: the bar goes first, then what it is about. */
static void
draw(const char *what, double share, double seconds)
{
	char bar[BAR_CELLS + 4] = "", left[40] = "";
	size_t room = columns() - 1, full = (size_t)(share * BAR_CELLS), used;

	if (share > 0) {
		snprintf(left, sizeof(left), " %3.0f%%, %.0f s left", share * 100,
			 seconds * (1 - share) / share);
		memset(bar, '.', BAR_CELLS + 2);
		memset(bar + 2, '#', full < BAR_CELLS ? full : BAR_CELLS);
		memcpy(bar, " [", 2);
		bar[BAR_CELLS + 2] = ']';
	}
	used = strlen(left);
	if (strlen(what) + strlen(bar) + used > room)
		bar[0] = '\0';
	fprintf(stderr, "\r\033[K%.*s%s%s", (int)(room > used ? room - used : 0), what, bar, left);
	fflush(stderr);
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

void
tayra__progress_show(struct tayra__progress *progress, const char *what, uint64_t rows,
		     double share)
{
	double seconds = begin_line(progress);
	char text[200];

	if (seconds < 0)
		return;
	snprintf(text, sizeof(text), "%s: %.2f M rows/s", what,
		 seconds > 0 ? (double)rows / seconds / 1e6 : 0);
	draw(text, share, seconds);
}

void
tayra__progress_share(struct tayra__progress *progress, const char *what, double share)
{
	double seconds = begin_line(progress);

	if (seconds >= 0)
		draw(what, share, seconds);
}

void
tayra__progress_clear(struct tayra__progress *progress)
{
	if (progress->drawn)
		fputs("\r\033[K", stderr);
	progress->drawn = false;
}
