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

/* The real monotonic clock, for what measures real work. */
static inline uint64_t
tayra__clock_real_ns(void)
{
	return tayra__clock_mono_ns(tayra_clock_real());
}

/* User and system time of the process, of the calling thread, and of those children of the process
 * (and of theirs) that have been waited for. */
uint64_t tayra__clock_process_cpu_ns(void);
uint64_t tayra__clock_thread_cpu_ns(void);
uint64_t tayra__clock_children_cpu_ns(void);
/* The same of another process, to the nanosecond; 0: it is gone. */
uint64_t tayra__clock_process_cpu_of_ns(int pid);
/* The same of what wait4() and getrusage() tell. */
struct rusage;
uint64_t tayra__clock_usage_cpu_ns(const struct rusage *use);
/* Sleep until that moment of the real monotonic clock; returns early on a signal. */
void tayra__clock_sleep_until_ns(uint64_t mono_ns);
/* The end of a nap of somebody who waits until then and must see a stop 20 ms after it came. */
static inline uint64_t
tayra__clock_nap_end_ns(uint64_t now_ns, uint64_t until_ns)
{
	const uint64_t nap_ns = 20 * TAYRA_NS_PER_MS;

	return until_ns < now_ns || until_ns - now_ns < nap_ns ? until_ns : now_ns + nap_ns;
}

#endif
