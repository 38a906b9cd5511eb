/* SPDX-License-Identifier: Apache-2.0 */
#include "pace/share.h"

#include <math.h>

#define CRITICAL (TAYRA_CRITICAL - 1)
#define BURST    8.0 /* requests that it may fall behind: at a share of .6, 20 in a row */

static const double weights[TAYRA_CLASSES] = { 16, 8, 4, 2, 1 };

/* Give out `total` to the classes after CRITICAL by weight, each at least `minimum`.  Weights fall,
 * so who would get too little are the last ones. */
static void
give_out(struct tayra__share *share, double total, double minimum)
{
	double sum = 0;

	for (int c = CRITICAL + 1; c < TAYRA_CLASSES; c++)
		sum += weights[c];
	for (int c = TAYRA_CLASSES - 1; c > CRITICAL; c--) {
		share->of[c] = fmax(total * weights[c] / sum, minimum);
		total -= share->of[c];
		sum -= weights[c];
	}
}

void
tayra__share_set(struct tayra__share *share, double critical, double minimum)
{
	const double most = 1 - (TAYRA_CLASSES - 1) * minimum;

	share->of[CRITICAL] = fmax(fmin(critical, most), minimum);
	give_out(share, 1 - share->of[CRITICAL], minimum);
}

void
tayra__share_enter(struct tayra__share *share, enum tayra_class cls)
{
	share->tag[cls - 1] = fmax(share->tag[cls - 1], share->virtual_time);
}

enum tayra_class
tayra__share_next(const struct tayra__share *share, unsigned asking)
{
	int next = CRITICAL;

	if ((asking & 1) && share->ahead <= 0)
		return TAYRA_CRITICAL;
	for (int c = CRITICAL + 1; c < TAYRA_CLASSES; c++)
		if ((asking >> c & 1) && (next == CRITICAL || share->tag[c] < share->tag[next]))
			next = c;
	return (enum tayra_class)(next + 1);
}

void
tayra__share_charge(struct tayra__share *share, enum tayra_class cls, unsigned asking, double price)
{
	const double critical = share->of[CRITICAL];

	if (cls != TAYRA_CRITICAL) {
		share->ahead = fmax(share->ahead - critical * price, -BURST);
		share->virtual_time = share->tag[cls - 1];
		share->tag[cls - 1] += price / share->of[cls - 1];
	} else if (asking & ~1u) { /* what nobody else asked for is not held against it */
		share->ahead += (1 - critical) * price;
	}
}
