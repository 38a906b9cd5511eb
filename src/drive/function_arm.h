/* SPDX-License-Identifier: Apache-2.0
 *
 * function_arm.h: a C function as the arm of a session: a slice is a few parts, each one call that
 * does the work n times between two readings of the clocks, and yields the median over the parts.
 */
#ifndef TAYRA_DRIVE_FUNCTION_ARM_H
#define TAYRA_DRIVE_FUNCTION_ARM_H

#include <sys/types.h>

#include "prove/session.h"

#define TAYRA__FUNCTION_PARTS_MAX 10
#define TAYRA__FUNCTION_PART_NS   TAYRA_NS_PER_MS /* a part is not made shorter than that */

struct tayra__function_arm {
	void (*fn)(void *arg, uint64_t n);
	void (*setup)(void *arg, uint64_t n), (*teardown)(void *arg, uint64_t n); /* not timed */
	void *arg;
	bool wall;         /* what TAYRA__OUTPUT is: time on the clock, or of the processor */
	uint64_t calls;    /* n of a part; 0: there is nothing to be timed in it */
	uint32_t parts;    /* of a slice */
	uint64_t slice_ns; /* how long a slice takes, without setup */
	pid_t pid;         /* whose functions may return here */
};

/*
 * Double n until a part takes its share of a slice, and take the fastest of three for the final n.
 * Sets calls, parts, slice_ns and pid.  After `end_ns` (of the real clock) nothing more is called.
 * => TAYRA_OK; calls is 0 where 2^34 of them take no time.  TAYRA_E_FORKED: it returned in a child.
 */
int tayra__function_arm_calibrate(struct tayra__function_arm *arm, uint64_t slice_ns,
				  uint64_t end_ns);
/* Do as many calls as the base in a part where that takes half to twice as long: what a part costs
 * besides then falls on both alike. */
void tayra__function_arm_match(struct tayra__function_arm *arm,
			       const struct tayra__function_arm *base);

/* Of tayra__arm; ctx is a calibrated struct tayra__function_arm.
 * => TAYRA__OUTPUT: ns of a call by the clock that is judged; TAYRA__CPU_MS_PER_REQUEST: of the
 *    thread; TAYRA__MEAN_MS: wall time.  TAYRA_E_FORKED.  No allocation; per part two readings of
 *    each clock, none while the function runs. */
int tayra__function_arm_run(void *ctx, const struct tayra__slice *slice,
			    struct tayra__measure *out);

#endif
