/* SPDX-License-Identifier: Apache-2.0 */
#include "drive/realtime.h"

#include <pthread.h>
#include <sys/prctl.h>

void
tayra__realtime_enter(struct tayra__realtime *saved)
{
	struct sched_param lowest = { .sched_priority = sched_get_priority_min(SCHED_FIFO) };

	*saved = (struct tayra__realtime){ .slack_ns = prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0) };
	prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
	if (pthread_getschedparam(pthread_self(), &saved->policy, &saved->param))
		return;
	saved->on = !pthread_setschedparam(pthread_self(), SCHED_FIFO, &lowest);
}

void
tayra__realtime_leave(const struct tayra__realtime *saved)
{
	if (saved->on)
		pthread_setschedparam(pthread_self(), saved->policy, &saved->param);
	if (saved->slack_ns > 0)
		prctl(PR_SET_TIMERSLACK, (unsigned long)saved->slack_ns, 0, 0, 0);
}
