/* SPDX-License-Identifier: Apache-2.0 */
#include "watch/headline.h"

#include <assert.h>
#include <math.h>

#include "watch/registry.h"

void
tayra__headlines_take(struct tayra__registry *registry, const struct tayra__headline *headlines,
		      size_t count, struct tayra__headline_figure *figures)
{
	struct tayra__reading readings[2 * TAYRA__HEADLINES];

	assert(count <= TAYRA__HEADLINES);
	for (size_t i = 0; i < count; i++) {
		const struct tayra__headline *headline = &headlines[i];

		readings[2 * i] = headline->top;
		readings[2 * i + 1] = headline->bottom.metric ? headline->bottom : headline->top;
	}
	tayra__readings_take(registry, readings, 2 * count);
	for (size_t i = 0; i < count; i++) {
		double top = readings[2 * i].value, bottom = readings[2 * i + 1].value;

		figures[i] = (struct tayra__headline_figure){ &headlines[i], top, (double)NAN,
							      top };
		if (!headlines[i].bottom.metric)
			continue;
		figures[i].bottom = bottom;
		figures[i].value = bottom > 0 ? top / bottom : (double)NAN;
	}
}
