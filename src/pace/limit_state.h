/* SPDX-License-Identifier: Apache-2.0
 *
 * limit_state.h: what each algorithm remembers from window to window.  All zero: nothing yet.
 */
#ifndef TAYRA_PACE_LIMIT_STATE_H
#define TAYRA_PACE_LIMIT_STATE_H

#include <stdbool.h>
#include <stdint.h>

struct tayra__limit_vegas {
	double base_ns;         /* least mean latency seen */
	uint32_t windows, turn; /* since the base was taken anew; times it was */
};

struct tayra__limit_gradient2 {
	double long_ns; /* slow average of the latency */
	uint32_t windows;
};

struct tayra__limit_bdp {
	double base_ns, peak_per_s, explore;
	uint64_t remeasure_ns; /* left until the base is measured anew */
	uint64_t drain_ns;     /* left until what is measured is the base */
	uint32_t turn;
};

union tayra__limit_state {
	struct tayra__limit_vegas vegas;
	struct tayra__limit_gradient2 gradient2;
	struct tayra__limit_bdp bdp;
};

#endif
