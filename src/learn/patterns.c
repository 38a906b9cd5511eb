/* SPDX-License-Identifier: Apache-2.0
 *
 * patterns.c: counting.  The block is the struct, hot keys, reloads, groups, the sample (open
 * addressing, linear probing, at most 3/4 full), and two bitmaps of keys seen lately.
 */
#include "learn/patterns.h"

#include <string.h>

#include "base/hash.h"
#include "learn/frequent.h"

#define KEYS_DEFAULT   256
#define GROUPS_DEFAULT 64
#define SAMPLE_DEFAULT 4096
#define SAMPLE_MAX     (1u << 24)
#define WHOLE          (1ull << 32) /* a threshold that lets all in */
#define FILTER_BITS    (1u << 17)   /* of one bitmap */
#define FILTER_KEYS    (1u << 14)   /* until they take turns: 12% of new keys look old at most */
#define WINDOW_USES    256
#define WINDOWS_WARM   8   /* when everything is new, nothing is a burst */
#define BURST_SHARE    0.9 /* of new keys in a window, */
#define USUAL_MAX      0.5 /* where fewer were usual */
#define USUAL_STEP     (1.0 / 16)
#define BURST_STEP     (1.0 / 256) /* a burst that does not end is what is usual now */
#define GROUP_SEED     0x67726f7570ull

struct group {
	uint64_t hash;
	char text[TAYRA__KEYGROUP_MAX];
	uint32_t len;
};

static struct tayra__patterns_options
with_defaults(const struct tayra__patterns_options *options)
{
	return (struct tayra__patterns_options){
		.keys = options->keys ? options->keys : KEYS_DEFAULT,
		.groups = options->groups ? options->groups : GROUPS_DEFAULT,
		.sample = options->sample ? options->sample : SAMPLE_DEFAULT,
	};
}

static uint32_t
slots_for(uint32_t sample)
{
	uint32_t slots = 4;

	while (slots / 4 * 3 < sample)
		slots *= 2;
	return slots;
}

/* Where the parts lie.  => the size of the whole block, 0: too large. */
static size_t
lay_out(struct tayra__patterns *patterns)
{
	const struct tayra__patterns_options *options = &patterns->options;
	size_t keys = tayra__frequent_bytes(options->keys);
	size_t groups = tayra__frequent_bytes(options->groups);

	if (keys == 0 || groups == 0 || options->sample > SAMPLE_MAX)
		return 0;
	patterns->slots = slots_for(options->sample);
	patterns->hot_at = sizeof(*patterns);
	patterns->reloads_at = patterns->hot_at + keys;
	patterns->groups_at = patterns->reloads_at + keys;
	patterns->sample_at = patterns->groups_at + groups;
	patterns->filter_at = patterns->sample_at +
			      (size_t)patterns->slots * sizeof(struct tayra__patterns_key);
	return patterns->filter_at + 2 * (FILTER_BITS / 8);
}

size_t
tayra__patterns_bytes(const struct tayra__patterns_options *options)
{
	struct tayra__patterns patterns = { .options = with_defaults(options) };

	return lay_out(&patterns);
}

static void *
at(const struct tayra__patterns *patterns, size_t offset)
{
	return (void *)((uintptr_t)patterns + offset);
}

struct tayra__frequent *
tayra__patterns_hot(const struct tayra__patterns *patterns)
{
	return at(patterns, patterns->hot_at);
}

struct tayra__frequent *
tayra__patterns_reloads(const struct tayra__patterns *patterns)
{
	return at(patterns, patterns->reloads_at);
}

struct tayra__frequent *
tayra__patterns_groups(const struct tayra__patterns *patterns)
{
	return at(patterns, patterns->groups_at);
}

static struct tayra__patterns_key *
sample_of(const struct tayra__patterns *patterns)
{
	return at(patterns, patterns->sample_at);
}

const struct tayra__patterns_key *
tayra__patterns_sample(const struct tayra__patterns *patterns, uint32_t slot)
{
	return &sample_of(patterns)[slot];
}

double
tayra__patterns_stands_for(const struct tayra__patterns *patterns)
{
	return (double)WHOLE / (double)patterns->threshold;
}

void
tayra__patterns_init(struct tayra__patterns *patterns,
		     const struct tayra__patterns_options *options, uint64_t now_ns)
{
	const struct tayra__patterns_options full = with_defaults(options);

	memset(patterns, 0, tayra__patterns_bytes(&full));
	patterns->options = full;
	lay_out(patterns);
	patterns->since_ns = patterns->now_ns = now_ns;
	patterns->threshold = WHOLE;
	patterns->bursts.usual = 1;
	tayra__frequent_init(tayra__patterns_hot(patterns), full.keys);
	tayra__frequent_init(tayra__patterns_reloads(patterns), full.keys);
	tayra__frequent_init(tayra__patterns_groups(patterns), full.groups);
}

static uint64_t
weight_of(const struct tayra__patterns_event *event)
{
	return event->weight ? event->weight : 1;
}

static void
grow(uint32_t *count, uint64_t by)
{
	*count = by < UINT32_MAX - *count ? *count + (uint32_t)by : UINT32_MAX;
}

static struct group
group_of(const struct tayra__patterns_event *event)
{
	struct group group;

	group.len = (uint32_t)tayra__keygroup(event->key, event->key_len, group.text);
	group.hash = tayra__hash_bytes(group.text, group.len, GROUP_SEED);
	return group;
}

/* The sample.  Which keys are in it and where they lie are different bits of the hash. */

static uint64_t
mixed(uint64_t hash)
{
	return tayra__hash_mix64(hash ? hash : 1);
}

static bool
is_sampled(const struct tayra__patterns *patterns, uint64_t hash)
{
	return mixed(hash) >> 32 < patterns->threshold;
}

bool
tayra__patterns_watches(const struct tayra__patterns *patterns, uint64_t hash)
{
	return is_sampled(patterns, hash);
}

/* Its slot, or the free one where it belongs. */
static uint32_t
slot_of(const struct tayra__patterns *patterns, uint64_t hash)
{
	const struct tayra__patterns_key *keys = sample_of(patterns);
	uint32_t mask = patterns->slots - 1, slot = (uint32_t)mixed(hash) & mask;

	while (keys[slot].hash && keys[slot].hash != hash)
		slot = (slot + 1) & mask;
	return slot;
}

/* Free the slot, and let those after it move up that could not lie where they belong. */
static void
drop(struct tayra__patterns *patterns, uint32_t gap)
{
	struct tayra__patterns_key *keys = sample_of(patterns);
	uint32_t mask = patterns->slots - 1;

	for (uint32_t slot = (gap + 1) & mask; keys[slot].hash; slot = (slot + 1) & mask) {
		uint32_t home = (uint32_t)mixed(keys[slot].hash) & mask;

		if (((slot - home) & mask) < ((slot - gap) & mask))
			continue;
		keys[gap] = keys[slot];
		gap = slot;
	}
	keys[gap] = (struct tayra__patterns_key){ 0 };
	patterns->sampled--;
}

/* Two rounds, for what moves up over the end of the array. */
static void
halve(struct tayra__patterns *patterns)
{
	const struct tayra__patterns_key *keys = sample_of(patterns);

	patterns->threshold /= 2;
	for (uint32_t i = 0; i < 2 * patterns->slots; i++) {
		uint32_t slot = i & (patterns->slots - 1);

		while (keys[slot].hash && !is_sampled(patterns, keys[slot].hash))
			drop(patterns, slot);
	}
}

/* NULL: it is not, or no longer, in the sample. */
static struct tayra__patterns_key *
sampled_key(struct tayra__patterns *patterns, const struct tayra__patterns_event *event)
{
	uint64_t hash = event->hash ? event->hash : 1;
	struct tayra__patterns_key *key;

	if (!is_sampled(patterns, hash))
		return NULL;
	key = &sample_of(patterns)[slot_of(patterns, hash)];
	if (key->hash)
		return key;
	if (patterns->sampled == patterns->options.sample) {
		if (patterns->threshold == 1)
			return NULL;
		halve(patterns);
		return sampled_key(patterns, event);
	}
	patterns->sampled++;
	*key = (struct tayra__patterns_key){ .hash = hash,
					     .group = group_of(event).hash,
					     .first_ns = patterns->now_ns };
	return key;
}

/* Bursts. */

static uint64_t *
filter_of(const struct tayra__patterns *patterns, unsigned turn)
{
	return at(patterns, patterns->filter_at + turn * (FILTER_BITS / 8));
}

/* Was it seen lately?  Afterwards it was. */
static bool
seen(struct tayra__patterns *patterns, uint64_t hash)
{
	struct tayra__patterns_bursts *bursts = &patterns->bursts;
	uint64_t *now = filter_of(patterns, bursts->filter_turn);
	uint64_t *before = filter_of(patterns, bursts->filter_turn ^ 1u);
	uint64_t bit = mixed(hash) % FILTER_BITS, mask = 1ull << bit % 64;
	bool known = (now[bit / 64] | before[bit / 64]) & mask;

	if (now[bit / 64] & mask)
		return true;
	now[bit / 64] |= mask;
	if (++bursts->filter_keys == FILTER_KEYS) {
		bursts->filter_keys = 0;
		bursts->filter_turn ^= 1;
		memset(before, 0, FILTER_BITS / 8);
	}
	return known;
}

static void
vote(struct tayra__patterns_bursts *bursts, const struct group *group, uint64_t weight)
{
	if (bursts->group == group->hash) {
		bursts->votes += weight;
	} else if (bursts->votes >= weight) {
		bursts->votes -= weight;
	} else {
		bursts->group = group->hash;
		bursts->votes = weight - bursts->votes;
		bursts->group_len = group->len;
		memcpy(bursts->group_text, group->text, group->len);
	}
}

static void
close_window(struct tayra__patterns_bursts *bursts)
{
	double share = (double)bursts->window_new / (double)bursts->window_uses;
	bool all_new = share >= BURST_SHARE && bursts->usual < USUAL_MAX &&
		       bursts->windows >= WINDOWS_WARM;

	if (all_new) {
		bursts->count += !bursts->in_burst;
		bursts->current = bursts->in_burst ? bursts->current : 0;
		bursts->current += bursts->window_uses;
		bursts->uses += bursts->window_uses;
		bursts->new_keys += bursts->window_new;
		if (bursts->current > bursts->longest)
			bursts->longest = bursts->current;
	}
	bursts->usual += (share - bursts->usual) * (all_new ? BURST_STEP : USUAL_STEP);
	bursts->in_burst = all_new;
	bursts->windows++;
	bursts->window_uses = bursts->window_new = 0;
}

static void
watch_bursts(struct tayra__patterns *patterns, const struct tayra__patterns_event *event,
	     const struct group *group)
{
	struct tayra__patterns_bursts *bursts = &patterns->bursts;
	bool is_new = !seen(patterns, event->hash);

	bursts->window_uses += weight_of(event);
	bursts->window_new += is_new ? weight_of(event) : 0;
	if (bursts->in_burst && is_new)
		vote(bursts, group, weight_of(event));
	if (bursts->window_uses >= WINDOW_USES)
		close_window(bursts);
}

/* What is told. */

static void
keep_time(struct tayra__patterns *patterns, const struct tayra__patterns_event *event)
{
	if (event->now_ns > patterns->now_ns)
		patterns->now_ns = event->now_ns;
}

static void
count_outcome(struct tayra__frequent_item *item, uint64_t weight,
	      enum tayra__patterns_outcome outcome)
{
	if (outcome == TAYRA__PATTERNS_HIT)
		item->hits += weight;
	else
		item->misses += weight;
}

static void
use_sampled(struct tayra__patterns_key *key, const struct tayra__patterns_event *event,
	    enum tayra__patterns_outcome outcome)
{
	grow(&key->uses, weight_of(event));
	if (event->bytes)
		key->bytes = event->bytes;
	if (outcome == TAYRA__PATTERNS_HIT)
		key->unread = 0;
	else if (key->gone == TAYRA__PATTERNS_EVICTED)
		grow(&key->after_evicted, 1);
	else if (key->gone == TAYRA__PATTERNS_EXPIRED)
		grow(&key->after_expired, 1);
	key->gone = TAYRA__PATTERNS_NEW;
}

void
tayra__patterns_use(struct tayra__patterns *patterns, const struct tayra__patterns_event *event,
		    enum tayra__patterns_outcome outcome)
{
	const struct group group = group_of(event);
	uint64_t weight = weight_of(event);
	struct tayra__patterns_key *key;

	keep_time(patterns, event);
	patterns->uses += weight;
	patterns->hits += outcome == TAYRA__PATTERNS_HIT ? weight : 0;
	count_outcome(tayra__frequent_count(tayra__patterns_hot(patterns), event->hash, weight,
					    event->key, event->key_len),
		      weight, outcome);
	count_outcome(tayra__frequent_count(tayra__patterns_groups(patterns), group.hash, weight,
					    group.text, group.len),
		      weight, outcome);
	key = sampled_key(patterns, event);
	if (key)
		use_sampled(key, event, outcome);
	watch_bursts(patterns, event, &group);
}

static void
count_load(struct tayra__frequent_item *item, const struct tayra__patterns_event *event,
	   enum tayra__patterns_cause cause, enum tayra__patterns_change change, uint64_t age_ns)
{
	if (!item)
		return;
	item->loads++;
	item->cost_ns += (double)event->cost_ns;
	item->costed += event->cost_ns > 0;
	item->bytes += (double)event->bytes;
	item->sized += event->bytes > 0;
	if (age_ns == 0)
		return;
	item->reloads++;
	item->expired += cause == TAYRA__PATTERNS_EXPIRED;
	if (change == TAYRA__PATTERNS_UNKNOWN)
		return;
	item->same += change == TAYRA__PATTERNS_SAME;
	item->changed += change == TAYRA__PATTERNS_CHANGED;
	item->age_s += (double)age_ns / 1e9;
}

static void
load_sampled(struct tayra__patterns *patterns, const struct tayra__patterns_event *event)
{
	struct tayra__patterns_key *key = sampled_key(patterns, event);

	if (!key)
		return;
	grow(&key->loads, 1);
	key->cost_ns += (double)event->cost_ns;
	if (event->bytes)
		key->bytes = event->bytes;
	key->gone = TAYRA__PATTERNS_NEW;
	key->unread = 1;
}

void
tayra__patterns_load(struct tayra__patterns *patterns, const struct tayra__patterns_event *event,
		     enum tayra__patterns_cause cause, enum tayra__patterns_change change,
		     uint64_t age_ns)
{
	struct tayra__frequent *reloads = tayra__patterns_reloads(patterns);

	keep_time(patterns, event);
	patterns->loads++;
	patterns->cost_ns += (double)event->cost_ns;
	patterns->costed += event->cost_ns > 0;
	patterns->bytes += (double)event->bytes;
	patterns->sized += event->bytes > 0;
	patterns->reloads += age_ns > 0;
	patterns->same += age_ns > 0 && change == TAYRA__PATTERNS_SAME;
	patterns->changed += age_ns > 0 && change == TAYRA__PATTERNS_CHANGED;
	count_load(tayra__frequent_find(tayra__patterns_hot(patterns), event->hash), event, cause,
		   change, age_ns);
	count_load(tayra__frequent_find(tayra__patterns_groups(patterns), group_of(event).hash),
		   event, cause, change, age_ns);
	if (age_ns > 0)
		count_load(
			tayra__frequent_count(reloads, event->hash, 1, event->key, event->key_len),
			event, cause, change, age_ns);
	load_sampled(patterns, event);
}

void
tayra__patterns_gone(struct tayra__patterns *patterns, const struct tayra__patterns_event *event,
		     enum tayra__patterns_cause cause)
{
	struct tayra__patterns_key *key;

	keep_time(patterns, event);
	patterns->gone[cause]++;
	key = sampled_key(patterns, event);
	if (!key)
		return;
	patterns->evicted_sampled += cause == TAYRA__PATTERNS_EVICTED;
	patterns->evicted_unread += cause == TAYRA__PATTERNS_EVICTED && key->unread;
	key->unread = 0;
	key->gone = (uint8_t)cause;
}
