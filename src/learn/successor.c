/* SPDX-License-Identifier: Apache-2.0 */
#include "learn/successor.h"

#include <stdbool.h>
#include <string.h>

#include "base/hash.h"

#define WAYS      4
#define USES_MAX  64 /* then A's counts are halved */
#define COUNT_MIN 2  /* once may be chance */
#define FORGOTTEN 8  /* uses of A without it */

/* The block: the struct, then the sources. */
static uint32_t
sets_for(uint32_t keys)
{
	return tayra__hash_table_size((keys + WAYS - 1) / WAYS);
}

size_t
tayra__successor_bytes(const struct tayra__successor_options *options)
{
	if (options->keys > 1u << 24)
		return 0;
	return sizeof(struct tayra__successor) +
	       (size_t)sets_for(options->keys) * WAYS * sizeof(struct tayra__successor_source);
}

void
tayra__successor_init(struct tayra__successor *successor,
		      const struct tayra__successor_options *options)
{
	memset(successor, 0, tayra__successor_bytes(options));
	successor->options = *options;
	successor->sets = sets_for(options->keys);
}

static struct tayra__successor_source *
set_of(const struct tayra__successor *successor, uint64_t hash)
{
	struct tayra__successor_source *sources =
		(struct tayra__successor_source *)(uintptr_t)(successor + 1);

	return &sources[(hash & (successor->sets - 1)) * WAYS];
}

static struct tayra__successor_source *
find(const struct tayra__successor *successor, uint64_t hash)
{
	struct tayra__successor_source *set = set_of(successor, hash);

	for (int way = 0; way < WAYS; way++)
		if (hash && set[way].hash == hash)
			return &set[way];
	return NULL;
}

/* Known, or in the place of what was missed longest ago. */
static struct tayra__successor_source *
take(struct tayra__successor *successor, uint64_t hash)
{
	struct tayra__successor_source *source = find(successor, hash), *set;

	if (source)
		return source;
	source = set = set_of(successor, hash);
	for (int way = 1; way < WAYS; way++)
		if (source->hash && (!set[way].hash || set[way].last < source->last))
			source = &set[way];
	*source = (struct tayra__successor_source){ .hash = hash };
	return source;
}

static struct tayra__successor_rule *
rule_to(struct tayra__successor_source *source, uint64_t to)
{
	for (int i = 0; i < TAYRA__SUCCESSOR_RULES; i++)
		if (source->rules[i].count && source->rules[i].to == to)
			return &source->rules[i];
	return NULL;
}

static void
bear_out(struct tayra__successor_source *source, struct tayra__successor_rule *rule)
{
	if (rule->last == source->uses)
		return; /* once a use of A */
	rule->last = source->uses;
	if (rule->count < source->uses)
		rule->count++;
}

/* Not one of this use of A, or the last of many that follow would push out the first; and not one
 * that has come twice, unless that is long ago. */
static bool
may_go(const struct tayra__successor_source *source, const struct tayra__successor_rule *rule)
{
	unsigned since = (unsigned)source->uses - rule->last;

	return rule->count == 0 || (since > 0 && rule->count == 1) || since >= FORGOTTEN;
}

/* It came after A for the first time that is remembered. */
static void
begin(struct tayra__successor_source *source, const struct tayra__successor_miss *miss)
{
	struct tayra__successor_rule *least = NULL;

	for (int i = 0; i < TAYRA__SUCCESSOR_RULES; i++)
		if (may_go(source, &source->rules[i]) &&
		    (!least || source->rules[i].count < least->count))
			least = &source->rules[i];
	if (!least)
		return;
	*least = (struct tayra__successor_rule){ .to = miss->hash,
						 .loader = miss->loader,
						 .count = 1,
						 .last = source->uses,
						 .key_len = (uint8_t)miss->key_len };
	if (miss->key_len)
		memcpy(least->key, miss->key, miss->key_len);
}

static void
follow(struct tayra__successor *successor, uint64_t from, const struct tayra__successor_miss *miss)
{
	struct tayra__successor_source *source = find(successor, from);
	struct tayra__successor_rule *rule;

	if (!source || from == miss->hash)
		return;
	rule = rule_to(source, miss->hash);
	if (!rule) {
		begin(source, miss);
		return;
	}
	rule->loader = miss->loader;
	bear_out(source, rule);
}

static void
count_use(struct tayra__successor_source *source, uint64_t now)
{
	source->last = now;
	if (++source->uses < USES_MAX)
		return;
	source->uses /= 2;
	for (int i = 0; i < TAYRA__SUCCESSOR_RULES; i++) {
		source->rules[i].count /= 2;
		source->rules[i].last /= 2;
	}
}

void
tayra__successor_missed(struct tayra__successor *successor,
			const struct tayra__successor_miss *miss)
{
	uint32_t at = successor->next;

	if (miss->hash == 0 || miss->key_len > TAYRA__SUCCESSOR_KEY)
		return;
	for (uint32_t i = 0; i < TAYRA__SUCCESSOR_AHEAD; i++)
		if (successor->recent[i].hash &&
		    miss->now - successor->recent[i].at <= successor->options.window)
			follow(successor, successor->recent[i].hash, miss);
	count_use(take(successor, miss->hash), miss->now);
	successor->recent[at].hash = miss->hash;
	successor->recent[at].at = miss->now;
	successor->next = (at + 1) % TAYRA__SUCCESSOR_AHEAD;
}

static double
probability(const struct tayra__successor_source *source, const struct tayra__successor_rule *rule)
{
	/* A's latest use is under way, and has not been followed yet. */
	double uses = source->uses > 1 ? source->uses - 1 : 1;

	return rule->count >= COUNT_MIN ? (rule->count - 0.5) / uses : 0;
}

unsigned
tayra__successor_ask(const struct tayra__successor *successor, uint64_t hash, uint64_t loader,
		     double least, unsigned max, struct tayra__successor_rule *out)
{
	const struct tayra__successor_source *source = find(successor, hash);
	unsigned n = 0;

	if (!source)
		return 0;
	for (int i = 0; i < TAYRA__SUCCESSOR_RULES && n < max; i++)
		if (source->rules[i].loader == loader &&
		    probability(source, &source->rules[i]) >= least)
			out[n++] = source->rules[i];
	if (n == 2 && out[1].count > out[0].count) {
		struct tayra__successor_rule first = out[0];

		out[0] = out[1];
		out[1] = first;
	}
	return n;
}

void
tayra__successor_judge(struct tayra__successor *successor, uint64_t from, uint64_t to,
		       enum tayra__successor_outcome outcome)
{
	struct tayra__successor_source *source = find(successor, from);
	struct tayra__successor_rule *rule = source ? rule_to(source, to) : NULL;

	if (!rule)
		return;
	if (outcome == TAYRA__SUCCESSOR_USED)
		bear_out(source, rule);
	else if (rule->count > 1)
		rule->count--;
}
