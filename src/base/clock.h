/* SPDX-License-Identifier: Apache-2.0
 *
 * clock.h: shorthand for an injected clock, and CPU clocks for measuring.
 */
#ifndef TAYRA_BASE_CLOCK_H
#define TAYRA_BASE_CLOCK_H

#include <tayra/base.h>

static inline uint64_t
tayra__clock_mono_ns(const struct tayra_clock *clock)
{
	return clock->mono_ns(clock->ctx);
}

static inline uint64_t
tayra__clock_wall_ms(const struct tayra_clock *clock)
{
	return clock->wall_ms(clock->ctx);
}

/* User and system time of the process and of the calling thread. */
uint64_t tayra__clock_process_cpu_ns(void);
uint64_t tayra__clock_thread_cpu_ns(void);
/* Sleep until that moment of the real monotonic clock; returns early on a signal. */
void tayra__clock_sleep_until_ns(uint64_t mono_ns);

#endif
