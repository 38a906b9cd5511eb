/* SPDX-License-Identifier: Apache-2.0
 *
 * arm_clock.h: a clock that stands still while another arm has its turn, so that no arm's values
 * grow old while others run.  One thread stops and starts it; any thread reads it.
 */
#ifndef TAYRA_SHOWCASE_ARM_CLOCK_H
#define TAYRA_SHOWCASE_ARM_CLOCK_H

#include <stdatomic.h>
#include <stdint.h>

#include <tayra/base.h>

struct tayra__arm_clock {
	_Atomic uint64_t still_ns;  /* what it shows; 0: it runs */
	_Atomic uint64_t offset_ns; /* real time minus what it shows, while it runs */
	struct tayra_clock clock;   /* to hand out; refers to this struct */
};

/* Standing still, at one second. */
void tayra__arm_clock_init(struct tayra__arm_clock *clock);
void tayra__arm_clock_start(struct tayra__arm_clock *clock);
void tayra__arm_clock_stop(struct tayra__arm_clock *clock);
uint64_t tayra__arm_clock_ns(const struct tayra__arm_clock *clock);

#endif
