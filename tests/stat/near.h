/* SPDX-License-Identifier: Apache-2.0
 *
 * near.h: an assertion on doubles (cmocka 1.1 knows only floats) that prints both.
 */
#ifndef TAYRA_TESTS_STAT_NEAR_H
#define TAYRA_TESTS_STAT_NEAR_H

#include <math.h>

#define assert_near(got, want, tolerance)                                                          \
	do {                                                                                       \
		double near_got = (got), near_want = (want);                                       \
		if (!(fabs(near_got - near_want) <= (tolerance)))                                  \
			fail_msg("%s is %.17g, not %.17g", #got, near_got, near_want);             \
	} while (0)

#endif
