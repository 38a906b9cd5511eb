/* SPDX-License-Identifier: Apache-2.0 */
#include "watch/window.h"

static const struct tayra__watch_point *
point(const struct tayra__watch_window *window, uint32_t i)
{
	return &window->points[(window->first + i) % TAYRA__WATCH_POINTS];
}

void
tayra__watch_window_init(struct tayra__watch_window *window, uint64_t longest_ns)
{
	/* A little more than the longest window fits. */
	*window = (struct tayra__watch_window){ .apart_ns = longest_ns / 100 };
}

void
tayra__watch_window_add(struct tayra__watch_window *window, struct tayra__watch_point now)
{
	if (window->count > 0) {
		const struct tayra__watch_point *last = point(window, window->count - 1);

		if (now.top < last->top || now.bottom < last->bottom)
			window->count = 0;
		else if (now.at_ns - last->at_ns < window->apart_ns)
			return;
	}
	if (window->count == TAYRA__WATCH_POINTS) {
		window->first = (window->first + 1) % TAYRA__WATCH_POINTS;
		window->count--;
	}
	window->points[(window->first + window->count++) % TAYRA__WATCH_POINTS] = now;
}

struct tayra__watch_point
tayra__watch_window_growth(const struct tayra__watch_window *window, struct tayra__watch_point now,
			   uint64_t length_ns)
{
	const struct tayra__watch_point *from = point(window, 0);

	if (window->count == 0)
		return (struct tayra__watch_point){ 0 };
	for (uint32_t i = 1; i < window->count; i++)
		if (now.at_ns - point(window, i)->at_ns >= length_ns)
			from = point(window, i);
	return (struct tayra__watch_point){ now.at_ns - from->at_ns, now.top - from->top,
					    now.bottom - from->bottom };
}
