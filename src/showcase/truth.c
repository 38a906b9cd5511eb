/* SPDX-License-Identifier: Apache-2.0 */
#include "showcase/truth.h"

#include <pthread.h>

#include "base/mem.h"

#define STRIPES 64

struct record {
	uint32_t revision;                    /* the newest known */
	uint64_t since_ms[TAYRA__TRUTH_KEPT]; /* by revision modulo KEPT */
};

struct tayra__truth {
	uint32_t packages;
	pthread_mutex_t lock[STRIPES]; /* of record i: lock[i % STRIPES] */
	struct record record[];
};

struct tayra__truth *
tayra__truth_create(uint32_t packages)
{
	struct tayra__truth *truth = tayra__mem_alloc(sizeof(*truth) +
						      packages * sizeof(struct record));

	if (!truth)
		return NULL;
	truth->packages = packages;
	for (int i = 0; i < STRIPES; i++)
		pthread_mutex_init(&truth->lock[i], NULL);
	for (uint32_t i = 0; i < packages; i++)
		truth->record[i].revision = 1;
	return truth;
}

void
tayra__truth_destroy(struct tayra__truth *truth)
{
	for (int i = 0; truth && i < STRIPES; i++)
		pthread_mutex_destroy(&truth->lock[i]);
	tayra__mem_free(truth);
}

void
tayra__truth_changed(struct tayra__truth *truth, uint32_t package, uint32_t revision,
		     uint64_t now_ms)
{
	struct record *r = &truth->record[package];
	pthread_mutex_t *lock = &truth->lock[package % STRIPES];

	pthread_mutex_lock(lock);
	/* One that was skipped was replaced no later than now. */
	for (uint32_t missed = r->revision + 1; missed < revision; missed++)
		r->since_ms[missed % TAYRA__TRUTH_KEPT] = now_ms;
	r->since_ms[revision % TAYRA__TRUTH_KEPT] = now_ms;
	if (revision > r->revision)
		r->revision = revision;
	pthread_mutex_unlock(lock);
}

uint64_t
tayra__truth_outdated_ms(struct tayra__truth *truth, uint32_t package, uint32_t revision,
			 uint64_t now_ms)
{
	struct record *r = &truth->record[package];
	pthread_mutex_t *lock = &truth->lock[package % STRIPES];
	uint64_t since_ms = now_ms;
	uint32_t next = revision + 1;

	pthread_mutex_lock(lock);
	if (r->revision > revision) {
		/* Replaced longer ago than is kept: the oldest that is kept bounds it. */
		if (r->revision - next >= TAYRA__TRUTH_KEPT)
			next = r->revision - TAYRA__TRUTH_KEPT + 1;
		since_ms = r->since_ms[next % TAYRA__TRUTH_KEPT];
	}
	pthread_mutex_unlock(lock);
	return now_ms > since_ms ? now_ms - since_ms : 0;
}
