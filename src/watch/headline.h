/* SPDX-License-Identifier: Apache-2.0
 *
 * headline.h: the few figures a person wants first: a reading, or one reading over another. Whoever
 * knows the metrics names them; the page and the JSON show them.
 */
#ifndef TAYRA_WATCH_HEADLINE_H
#define TAYRA_WATCH_HEADLINE_H

#include "watch/reading.h"

struct tayra__headline {
	const char *title;                 /* "Hit ratio" */
	const char *sentence;              /* "Requests answered from memory" */
	const char *unit;                  /* "ratio", "seconds", "bytes"; NULL: a number */
	struct tayra__reading top, bottom; /* bottom.metric NULL: top alone */
};

#define TAYRA__HEADLINES 16 /* at most */

/* A headline as it stands.  `value` is NaN when a reading is, or the bottom is 0. */
struct tayra__headline_figure {
	const struct tayra__headline *headline;
	double top, bottom, value;
};

/* All from one visit.  count <= TAYRA__HEADLINES. */
void tayra__headlines_take(struct tayra__registry *registry,
			   const struct tayra__headline *headlines, size_t count,
			   struct tayra__headline_figure *figures);

#endif
