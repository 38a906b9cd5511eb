/* SPDX-License-Identifier: Apache-2.0 */
#include "origin/reach.h"

void
tayra__reach_init(struct tayra__reach *reach, uint64_t seed)
{
	*reach = (struct tayra__reach){ 0 };
	pthread_mutex_init(&reach->lock, NULL);
	tayra__rng_init(&reach->rng, seed);
}

void
tayra__reach_fini(struct tayra__reach *reach)
{
	pthread_mutex_destroy(&reach->lock);
}

enum tayra__reach_try
tayra__reach_begin(struct tayra__reach *reach, uint64_t now_ns, uint64_t *wait_ns)
{
	enum tayra__reach_try try = TAYRA__REACH_YES;

	*wait_ns = 0;
	pthread_mutex_lock(&reach->lock);
	if (reach->failures > 0) {
		if (reach->probing || now_ns < reach->retry_ns) {
			try = TAYRA__REACH_NO;
			*wait_ns = now_ns < reach->retry_ns ? reach->retry_ns - now_ns
							    : TAYRA__REACH_FIRST_NS;
		} else {
			try = TAYRA__REACH_PROBE;
			reach->probing = true;
		}
	}
	pthread_mutex_unlock(&reach->lock);
	return try;
}

/* Twice the last, and a random part of it less, so that processes do not come back together. */
static uint64_t
pause_ns(struct tayra__reach *reach)
{
	uint64_t pause = TAYRA__REACH_FIRST_NS;

	for (uint32_t i = 1; i < reach->failures && pause < TAYRA__REACH_MOST_NS; i++)
		pause *= 2;
	if (pause > TAYRA__REACH_MOST_NS)
		pause = TAYRA__REACH_MOST_NS;
	return pause - tayra__rng_below(&reach->rng, pause / 4);
}

uint64_t
tayra__reach_end(struct tayra__reach *reach, enum tayra__reach_try try, uint64_t now_ns,
		 enum tayra__reach_end how)
{
	uint64_t wait_ns = 0;

	pthread_mutex_lock(&reach->lock);
	if (try == TAYRA__REACH_PROBE)
		reach->probing = false;
	if (how == TAYRA__REACH_CAME) {
		reach->failures = 0;
	} else if (how == TAYRA__REACH_FAILED || try == TAYRA__REACH_PROBE) {
		/* Many may fail at once when it goes away; that is one failure. */
		if (reach->failures == 0 || try == TAYRA__REACH_PROBE) {
			reach->failures++;
			reach->retry_ns = now_ns + pause_ns(reach);
		}
		wait_ns = reach->retry_ns > now_ns ? reach->retry_ns - now_ns : 1;
	}
	pthread_mutex_unlock(&reach->lock);
	return wait_ns;
}
