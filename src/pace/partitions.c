/* SPDX-License-Identifier: Apache-2.0
 *
 * partitions.c: a pace for each key, made when it is first asked for, at most so many.
 *
 * LOCK: guards the table; partitions.lock -> nothing, for paces are made and destroyed under it but
 * not entered.  A partition is in use while somebody has got it and not put it back; while it is
 * ticked or shown it is pinned, which keeps it and does not count as use.  Who goes first is who
 * has been out of use for longest: `idle` is in that order.
 */
#include "pace/pace.h"

#include <string.h>

#include "base/hash.h"
#include "base/list.h"
#include "base/mem.h"
#include "base/option.h"
#include "pace/options.h"

#define DEFAULT_MAX     64u
#define MAX             65536u
#define DEFAULT_IDLE_NS (60 * TAYRA_NS_PER_S)

struct partition {
	struct tayra__list link; /* in its bucket; or in `free` */
	struct tayra__list idle; /* in partitions.idle, while it is not in use */
	uint64_t key, idle_since_ns;
	struct tayra_pace *pace; /* NULL: free */
	uint32_t users, pins;
};

struct tayra_partitions {
	struct tayra_pace_options pace;
	uint32_t max, buckets_mask;
	uint64_t idle_ns;
	pthread_mutex_t lock;
	struct tayra__list idle; /* the longest idle first */
	struct tayra__list free;
	struct tayra__list *buckets;
	struct partition parts[];
};

static struct tayra__list *
bucket_of(struct tayra_partitions *all, uint64_t key)
{
	return &all->buckets[tayra__hash_mix64(key) & all->buckets_mask];
}

static struct partition *
by_link(struct tayra__list *node)
{
	return TAYRA__LIST_ENTRY(node, struct partition, link);
}

static struct partition *
by_idle(struct tayra__list *node)
{
	return TAYRA__LIST_ENTRY(node, struct partition, idle);
}

static struct partition *
find(struct tayra_partitions *all, uint64_t key)
{
	struct tayra__list *bucket = bucket_of(all, key);

	for (struct tayra__list *node = bucket->next; node != bucket; node = node->next)
		if (by_link(node)->key == key)
			return by_link(node);
	return NULL;
}

/* It is neither in use nor pinned. */
static void
let_go(struct tayra_partitions *all, struct partition *part)
{
	tayra_pace_destroy(part->pace);
	part->pace = NULL;
	tayra__list_remove(&part->idle);
	tayra__list_remove(&part->link);
	tayra__list_push_front(&all->free, &part->link);
}

/* The one that has been idle for longest and is not being looked at; NULL: there is none. */
static struct partition *
longest_idle(struct tayra_partitions *all)
{
	for (struct tayra__list *node = all->idle.next; node != &all->idle; node = node->next)
		if (by_idle(node)->pins == 0)
			return by_idle(node);
	return NULL;
}

static int
make(struct tayra_partitions *all, uint64_t key, struct partition **out)
{
	struct partition *part = tayra__list_empty(&all->free) ? longest_idle(all)
							       : by_link(all->free.next);
	struct tayra_pace *pace;
	int status;

	if (!part)
		return TAYRA_E_FULL;
	status = tayra_pace_create(&all->pace, &pace);
	if (status != TAYRA_OK)
		return status;
	if (part->pace)
		let_go(all, part);
	tayra__list_remove(&part->link);
	part->key = key;
	part->pace = pace;
	tayra__list_push_back(bucket_of(all, key), &part->link);
	*out = part;
	return TAYRA_OK;
}

int
tayra_partitions_get(struct tayra_partitions *all, uint64_t key, struct tayra_pace **out)
{
	struct partition *part;
	int status = TAYRA_OK;

	if (!out)
		return TAYRA_E_INVAL;
	*out = NULL;
	if (!all)
		return TAYRA_E_INVAL;
	pthread_mutex_lock(&all->lock);
	part = find(all, key);
	if (!part)
		status = make(all, key, &part);
	if (status == TAYRA_OK) {
		tayra__list_remove(&part->idle);
		part->users++;
		*out = part->pace;
	}
	pthread_mutex_unlock(&all->lock);
	return status;
}

int
tayra_partitions_put(struct tayra_partitions *all, uint64_t key, uint64_t now_ns)
{
	struct partition *part;
	int status = TAYRA_E_NOT_FOUND;

	if (!all)
		return TAYRA_E_INVAL;
	pthread_mutex_lock(&all->lock);
	part = find(all, key);
	if (part && part->users) {
		status = TAYRA_OK;
		if (--part->users == 0) {
			part->idle_since_ns = now_ns;
			tayra__list_push_back(&all->idle, &part->idle);
		}
	}
	pthread_mutex_unlock(&all->lock);
	return status;
}

/* The i-th, if there is one, which stays until it is unpinned. */
static struct partition *
pin(struct tayra_partitions *all, uint32_t i)
{
	struct partition *part = &all->parts[i];

	pthread_mutex_lock(&all->lock);
	if (part->pace)
		part->pins++;
	else
		part = NULL;
	pthread_mutex_unlock(&all->lock);
	return part;
}

static void
unpin(struct tayra_partitions *all, struct partition *part)
{
	pthread_mutex_lock(&all->lock);
	part->pins--;
	pthread_mutex_unlock(&all->lock);
}

static void
let_go_of_the_idle(struct tayra_partitions *all, uint64_t now_ns)
{
	struct partition *part;

	pthread_mutex_lock(&all->lock);
	while ((part = longest_idle(all)) && now_ns > part->idle_since_ns &&
	       now_ns - part->idle_since_ns >= all->idle_ns)
		let_go(all, part);
	pthread_mutex_unlock(&all->lock);
}

uint64_t
tayra_partitions_tick(struct tayra_partitions *all, uint64_t now_ns)
{
	uint64_t next_ns = UINT64_MAX;

	let_go_of_the_idle(all, now_ns);
	for (uint32_t i = 0; i < all->max; i++) {
		struct partition *part = pin(all, i);
		uint64_t at_ns;

		if (!part)
			continue;
		at_ns = tayra_pace_tick(part->pace, now_ns);
		if (at_ns < next_ns)
			next_ns = at_ns;
		unpin(all, part);
	}
	return next_ns;
}

void
tayra_partitions_each(struct tayra_partitions *all,
		      void (*each)(void *ctx, uint64_t key, struct tayra_pace *pace), void *ctx)
{
	for (uint32_t i = 0; i < all->max; i++) {
		struct partition *part = pin(all, i);

		if (!part)
			continue;
		each(ctx, part->key, part->pace); /* its key stays while it is pinned */
		unpin(all, part);
	}
}

/* Options of a pace are judged by making one; of those of a later version the tail is zero. */
static int
read_options(const struct tayra_partitions_options *given, struct tayra_partitions_options *o,
	     struct tayra_pace_options *pace)
{
	struct tayra_pace *trial;
	int status;

	if (tayra__option_struct(given, o, sizeof(*o)) != TAYRA_OK || o->max > MAX)
		return TAYRA_E_INVAL;
	if (!o->max)
		o->max = DEFAULT_MAX;
	if (!o->idle_ns)
		o->idle_ns = DEFAULT_IDLE_NS;
	*pace = (struct tayra_pace_options)TAYRA_PACE_OPTIONS_INIT;
	if (o->pace) {
		status = tayra__option_struct(o->pace, pace, sizeof(*pace));
		if (status != TAYRA_OK)
			return status;
		pace->size = sizeof(*pace);
	}
	status = tayra_pace_create(pace, &trial);
	if (status == TAYRA_OK)
		tayra_pace_destroy(trial);
	return status;
}

int
tayra_partitions_create(const struct tayra_partitions_options *given, struct tayra_partitions **out)
{
	struct tayra_partitions_options o;
	struct tayra_pace_options pace;
	struct tayra_partitions *all;
	uint32_t buckets = 1;
	int status;

	if (!out)
		return TAYRA_E_INVAL;
	*out = NULL;
	status = read_options(given, &o, &pace);
	if (status != TAYRA_OK)
		return status;
	while (buckets < o.max)
		buckets *= 2;
	all = tayra__mem_alloc(sizeof(*all) + o.max * sizeof(all->parts[0]));
	if (!all)
		return TAYRA_E_NOMEM;
	all->buckets = tayra__mem_array(buckets, sizeof(all->buckets[0]));
	if (!all->buckets) {
		tayra__mem_free(all);
		return TAYRA_E_NOMEM;
	}
	all->pace = pace;
	all->max = o.max;
	all->buckets_mask = buckets - 1;
	all->idle_ns = o.idle_ns;
	pthread_mutex_init(&all->lock, NULL);
	tayra__list_init(&all->idle);
	tayra__list_init(&all->free);
	for (uint32_t i = 0; i < buckets; i++)
		tayra__list_init(&all->buckets[i]);
	for (uint32_t i = 0; i < o.max; i++) {
		tayra__list_init(&all->parts[i].idle);
		tayra__list_push_back(&all->free, &all->parts[i].link);
	}
	*out = all;
	return TAYRA_OK;
}

int
tayra_partitions_destroy(struct tayra_partitions *all)
{
	bool used = false;

	if (!all)
		return TAYRA_OK;
	pthread_mutex_lock(&all->lock);
	for (uint32_t i = 0; i < all->max; i++)
		used |= all->parts[i].users || all->parts[i].pins;
	pthread_mutex_unlock(&all->lock);
	if (used)
		return TAYRA_E_FULL;
	for (uint32_t i = 0; i < all->max; i++)
		tayra_pace_destroy(all->parts[i].pace);
	pthread_mutex_destroy(&all->lock);
	tayra__mem_free(all->buckets);
	tayra__mem_free(all);
	return TAYRA_OK;
}
