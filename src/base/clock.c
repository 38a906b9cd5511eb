/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"

#include <sys/resource.h>
#include <time.h>

static uint64_t
read_ns(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (uint64_t)ts.tv_sec * TAYRA_NS_PER_S + (uint64_t)ts.tv_nsec;
}

static uint64_t
real_mono_ns(void *ctx)
{
	(void)ctx;
	return read_ns(CLOCK_MONOTONIC);
}

static uint64_t
real_wall_ms(void *ctx)
{
	(void)ctx;
	return read_ns(CLOCK_REALTIME) / TAYRA_NS_PER_MS;
}

const struct tayra_clock *
tayra_clock_real(void)
{
	static const struct tayra_clock real = { real_mono_ns, real_wall_ms, NULL };

	return &real;
}

uint64_t
tayra__clock_process_cpu_ns(void)
{
	return read_ns(CLOCK_PROCESS_CPUTIME_ID);
}

uint64_t
tayra__clock_thread_cpu_ns(void)
{
	return read_ns(CLOCK_THREAD_CPUTIME_ID);
}

uint64_t
tayra__clock_usage_cpu_ns(const struct rusage *use)
{
	return (uint64_t)(use->ru_utime.tv_sec + use->ru_stime.tv_sec) * TAYRA_NS_PER_S +
	       (uint64_t)(use->ru_utime.tv_usec + use->ru_stime.tv_usec) * 1000;
}

uint64_t
tayra__clock_process_cpu_of_ns(int pid)
{
	struct timespec ts;
	clockid_t id;

	if (pid <= 0 || clock_getcpuclockid(pid, &id) != 0 || clock_gettime(id, &ts) != 0)
		return 0;
	return (uint64_t)ts.tv_sec * TAYRA_NS_PER_S + (uint64_t)ts.tv_nsec;
}

uint64_t
tayra__clock_children_cpu_ns(void)
{
	struct rusage use;

	return getrusage(RUSAGE_CHILDREN, &use) == 0 ? tayra__clock_usage_cpu_ns(&use) : 0;
}

void
tayra__clock_sleep_until_ns(uint64_t mono_ns)
{
	struct timespec ts = {
		.tv_sec = (time_t)(mono_ns / TAYRA_NS_PER_S),
		.tv_nsec = (long)(mono_ns % TAYRA_NS_PER_S),
	};

	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);
}
