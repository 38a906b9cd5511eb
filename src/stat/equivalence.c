/* SPDX-License-Identifier: Apache-2.0 */
#include "stat/equivalence.h"

#include <tayra/base.h>

#include <math.h>

#include "base/mem.h"
#include "stat/quantile.h"
#include "stat/signflip.h"

/* P that the shift is not above `bound`: one side of the test of d - bound. */
static int
not_above(const double *d, size_t n, double bound, double sign, double *room, uint64_t seed,
	  double *p)
{
	struct tayra__signflip test;
	int status;

	for (size_t i = 0; i < n; i++)
		room[i] = sign * d[i] - bound;
	status = tayra__signflip_test(room, NULL, n, 0.05, seed, &test);
	/* Signs are as likely one way as the other: half of the two-sided p is on each side. */
	*p = tayra__quantile_mean(room, n) > 0 ? test.p / 2 : 1 - test.p / 2;
	return status;
}

int
tayra__equivalence_test(const double *d, size_t n, double below, double above, uint64_t seed,
			double *p)
{
	double over_lower, under_upper, *room;
	int status;

	*p = nan("");
	if (!(below > 0 && above > 0))
		return TAYRA_E_INVAL;
	if (!n)
		return TAYRA_OK;
	room = tayra__mem_array(n, sizeof(*room));
	if (!room)
		return TAYRA_E_NOMEM;
	status = not_above(d, n, -below, 1, room, seed, &over_lower);
	if (status == TAYRA_OK)
		status = not_above(d, n, -above, -1, room, seed, &under_upper);
	if (status == TAYRA_OK)
		*p = fmax(over_lower, under_upper);
	tayra__mem_free(room);
	return status;
}
