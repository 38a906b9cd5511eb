/* SPDX-License-Identifier: Apache-2.0
 *
 * again.c: asking once more: after a failure (retry), or beside one that is slow (hedge).
 */
#include "pace/pace.h"

#define HEDGE_ROOM 0.7 /* of the limit may be in flight */

/* Of all that were let in, and of all that went well, so far. */
static uint64_t
count(const struct tayra_pace *pace, uint64_t *succeeded)
{
	uint64_t admitted[TAYRA_CLASSES], outcomes[TAYRA_OUTCOMES], all = 0;

	tayra__window_sums(&pace->window, admitted, outcomes);
	for (int c = 0; c < TAYRA_CLASSES; c++)
		all += admitted[c];
	*succeeded = outcomes[TAYRA_OUTCOME_OK];
	return all;
}

bool
tayra_pace_may_retry(struct tayra_pace *pace)
{
	uint64_t succeeded;
	bool may;

	pthread_mutex_lock(&pace->lock);
	count(pace, &succeeded);
	may = tayra__allowance_take(&pace->retries, succeeded);
	pthread_mutex_unlock(&pace->lock);
	return may;
}

enum tayra_class
tayra_class_below(enum tayra_class cls)
{
	if (cls == 0)
		cls = TAYRA_NORMAL;
	return cls >= TAYRA_BACKGROUND ? TAYRA_BACKGROUND : (enum tayra_class)(cls + 1);
}

/* Is there room that nobody else needs? */
static bool
idle(const struct tayra_pace *pace)
{
	uint64_t word = tayra__pace_word(pace);

	return !(word & TAYRA__WORD_WAITING) &&
	       tayra__word_inflight(word) <= HEDGE_ROOM * tayra__word_limit(word);
}

uint64_t
tayra_pace_hedge_after(const struct tayra_pace *pace, enum tayra_class cls, uint64_t now_ns)
{
	uint64_t told = atomic_load_explicit(&pace->hedge_after_ns, memory_order_relaxed);

	if ((unsigned)cls > TAYRA_BACKGROUND)
		return 0;
	return told ? told
		    : tayra__service_p95_ns(&pace->by_class[(cls ? cls : TAYRA_NORMAL) - 1],
					    now_ns);
}

bool
tayra_pace_may_hedge(struct tayra_pace *pace, enum tayra_class cls, uint64_t waited_ns,
		     uint64_t now_ns)
{
	uint64_t slow_ns = tayra_pace_hedge_after(pace, cls, now_ns);
	uint64_t succeeded, all;
	bool may;

	if (slow_ns == 0 || waited_ns < slow_ns || !idle(pace))
		return false;
	pthread_mutex_lock(&pace->lock);
	all = count(pace, &succeeded);
	may = tayra__allowance_take(&pace->hedges, all);
	pthread_mutex_unlock(&pace->lock);
	return may;
}
