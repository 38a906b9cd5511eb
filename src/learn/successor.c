/* SPDX-License-Identifier: Apache-2.0 */
#include "learn/successor.h"

#include <stdbool.h>
#include <string.h>

#include "base/hash.h"

#define WAYS      8
#define RULES     TAYRA__SUCCESSOR_RULES
#define AHEAD     TAYRA__SUCCESSOR_AHEAD
#define USES_MAX  63      /* then A's counts are halved */
#define FORGOTTEN 8       /* uses of A without it */
#define RING_EACH 32      /* bytes of the ring, a key */
#define SETTLED   4000.0f /* then a class's counts are halved */
#define NO_CLASS  0xffu

/* Before anything is known of a class, one in four of its rules comes true. */
#define PRIOR_FOLLOWED 1.0f
#define PRIOR_OF       4.0f

/* A class: how often it held (1 .. 4 or more), how often not (0 .. 4 or more), how near. */
#define HELD_MAX   4u
#define FAILED_MAX 4u
#define NEARS      3u

struct rule {
	uint32_t to;  /* a source's number */
	uint16_t tag; /* of its hash; 0: no rule */
	/* In bits: how often it held 6, A's uses when it last did 6, how near 2. */
	uint16_t packed;
};

struct source {
	uint64_t hash; /* 0: free */
	uint64_t loader;
	uint64_t key_at; /* in the ring's stream */
	uint32_t last;   /* in misses */
	uint8_t uses, key_len;
	struct rule rules[RULES];
};

static unsigned
held(const struct rule *rule)
{
	return rule->packed & 63u;
}

static unsigned
last_use(const struct rule *rule)
{
	return rule->packed >> 6 & 63u;
}

static unsigned
nearness(const struct rule *rule)
{
	return rule->packed >> 12;
}

static uint16_t
pack(unsigned times, unsigned use, unsigned near)
{
	return (uint16_t)(times | use << 6 | near << 12);
}

static uint16_t
tag_of(uint64_t hash)
{
	return (uint16_t)(hash >> 48 | 1u);
}

/* The block: the struct, then the sources, then the ring. */
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
	       (size_t)sets_for(options->keys) * WAYS * (sizeof(struct source) + RING_EACH);
}

void
tayra__successor_init(struct tayra__successor *successor,
		      const struct tayra__successor_options *options)
{
	memset(successor, 0, tayra__successor_bytes(options));
	successor->options = *options;
	successor->sets = sets_for(options->keys);
	successor->ring_bytes = (uint64_t)successor->sets * WAYS * RING_EACH;
	for (int i = 0; i < TAYRA__SUCCESSOR_CLASSES; i++)
		successor->classes[i] = (struct tayra__successor_class){ PRIOR_FOLLOWED, PRIOR_OF };
	for (int i = 0; i < AHEAD; i++)
		memset(successor->recent[i].classes, NO_CLASS, RULES);
}

static struct source *
sources(const struct tayra__successor *successor)
{
	return (struct source *)(uintptr_t)(successor + 1);
}

static unsigned char *
ring(const struct tayra__successor *successor)
{
	return (unsigned char *)(sources(successor) + (size_t)successor->sets * WAYS);
}

static struct source *
set_of(const struct tayra__successor *successor, uint64_t hash)
{
	return &sources(successor)[(hash & (successor->sets - 1)) * WAYS];
}

static struct source *
find(const struct tayra__successor *successor, uint64_t hash)
{
	struct source *set = set_of(successor, hash);

	for (int way = 0; way < WAYS; way++)
		if (hash && set[way].hash == hash)
			return &set[way];
	return NULL;
}

/* Known, or in the place of what was missed longest ago. */
static struct source *
take(struct tayra__successor *successor, uint64_t hash)
{
	struct source *source = find(successor, hash), *set;

	if (source)
		return source;
	source = set = set_of(successor, hash);
	for (int way = 1; way < WAYS; way++)
		if (source->hash && (!set[way].hash || successor->misses - set[way].last >
							       successor->misses - source->last))
			source = &set[way];
	*source = (struct source){ .hash = hash };
	return source;
}

/* Its bytes have not been overwritten. */
static bool
has_key(const struct tayra__successor *successor, const struct source *source)
{
	return source->key_at + successor->ring_bytes >= successor->ring_head;
}

static void
read_key(const struct tayra__successor *successor, const struct source *source, unsigned char *out)
{
	const unsigned char *bytes = ring(successor);

	for (unsigned i = 0; i < source->key_len; i++)
		out[i] = bytes[(source->key_at + i) % successor->ring_bytes];
}

/* Before half of the ring has been written since. */
static void
keep_key(struct tayra__successor *successor, struct source *source,
	 const struct tayra__successor_miss *miss)
{
	const unsigned char *key = miss->key;
	unsigned char *bytes = ring(successor);

	source->loader = miss->loader;
	if (source->uses > 0 && source->key_at + successor->ring_bytes / 2 >= successor->ring_head)
		return;
	source->key_at = successor->ring_head;
	source->key_len = (uint8_t)miss->key_len;
	for (size_t i = 0; i < miss->key_len; i++)
		bytes[successor->ring_head++ % successor->ring_bytes] = key[i];
}

static int
rule_to(const struct source *source, uint32_t number, uint64_t hash)
{
	for (int i = 0; i < RULES; i++)
		if (source->rules[i].tag == tag_of(hash) && source->rules[i].to == number)
			return i;
	return -1;
}

/* Not one of this use of A, or the last of many that follow would push out the first; and not one
 * that has come twice, unless that is long ago. */
static bool
may_go(const struct source *source, const struct rule *rule)
{
	unsigned since = source->uses - last_use(rule);

	return rule->tag == 0 || (since > 0 && held(rule) == 1) || since >= FORGOTTEN;
}

/* It came after A for the first time that is remembered. */
static void
begin(struct source *source, uint32_t number, uint64_t hash, unsigned near)
{
	struct rule *least = NULL;

	for (int i = 0; i < RULES; i++) {
		struct rule *rule = &source->rules[i];

		if (may_go(source, rule) &&
		    (!least || (least->tag && (!rule->tag || held(rule) < held(least)))))
			least = rule;
	}
	if (least)
		*least = (struct rule){ number, tag_of(hash), pack(1, source->uses, near) };
}

/* Once a use of A. */
static void
bear_out(const struct source *source, struct rule *rule)
{
	if (last_use(rule) != source->uses)
		rule->packed = pack(held(rule) + (held(rule) < USES_MAX), source->uses,
				    nearness(rule));
}

/* `number` was missed, and `distance` misses before it A was. */
static void
follow(struct tayra__successor *successor, struct tayra__successor_recent *recent,
       unsigned distance, uint32_t number, uint64_t hash)
{
	struct source *source = find(successor, recent->hash);
	int at;

	if (!source || recent->hash == hash)
		return;
	at = rule_to(source, number, hash);
	if (at < 0) {
		begin(source, number, hash, distance <= 1 ? 0 : distance <= 3 ? 1 : 2);
		return;
	}
	if (recent->classes[at] != NO_CLASS)
		successor->classes[recent->classes[at]].followed++;
	recent->classes[at] = NO_CLASS;
	bear_out(source, &source->rules[at]);
}

static void
count_use(struct source *source)
{
	if (++source->uses < USES_MAX)
		return;
	source->uses /= 2;
	for (int i = 0; i < RULES; i++) {
		struct rule *rule = &source->rules[i];

		rule->packed = pack((held(rule) + 1) / 2, last_use(rule) / 2, nearness(rule));
	}
}

/* Of a rule of A, before A's use of now is counted. */
static uint8_t
class_of(const struct source *source, const struct rule *rule)
{
	unsigned times = held(rule) < HELD_MAX ? held(rule) : HELD_MAX;
	unsigned failed = source->uses > held(rule) ? source->uses - held(rule) : 0;

	failed = failed < FAILED_MAX ? failed : FAILED_MAX;
	return (uint8_t)(((times - 1) * (FAILED_MAX + 1) + failed) * NEARS + nearness(rule));
}

static void
watch(struct tayra__successor *successor, const struct source *source,
      struct tayra__successor_recent *recent)
{
	for (int i = 0; i < RULES; i++) {
		struct tayra__successor_class *class;

		if (source->rules[i].tag == 0)
			continue;
		recent->classes[i] = class_of(source, &source->rules[i]);
		class = &successor->classes[recent->classes[i]];
		if (++class->of >= SETTLED) {
			class->of /= 2;
			class->followed /= 2;
		}
	}
}

/* Among those that are likelier or as likely, up to max. */
static unsigned
insert(struct tayra__successor_guess *out, unsigned n, unsigned max,
       const struct tayra__successor_guess *guess)
{
	unsigned at = n;

	while (at > 0 && out[at - 1].probability < guess->probability)
		at--;
	if (at == max)
		return n;
	if (n == max)
		n--;
	memmove(&out[at + 1], &out[at], (n - at) * sizeof(*out));
	out[at] = *guess;
	return n + 1;
}

static unsigned
ask(const struct tayra__successor *successor, const struct source *source,
    const struct tayra__successor_recent *recent, double least, unsigned max,
    struct tayra__successor_guess *out)
{
	unsigned n = 0;

	for (uint8_t i = 0; i < RULES; i++) {
		const struct rule *rule = &source->rules[i];
		const struct source *to = &sources(successor)[rule->to];
		const struct tayra__successor_class *class;
		struct tayra__successor_guess guess = { .rule = i };

		if (rule->tag == 0 || tag_of(to->hash) != rule->tag ||
		    to->loader != source->loader || !has_key(successor, to))
			continue;
		class = &successor->classes[recent->classes[i]];
		guess.probability = (double)class->followed / (double)class->of;
		if (guess.probability < least)
			continue;
		guess.hash = to->hash;
		guess.key_len = to->key_len;
		read_key(successor, to, guess.key);
		n = insert(out, n, max, &guess);
	}
	return n;
}

unsigned
tayra__successor_missed(struct tayra__successor *successor,
			const struct tayra__successor_miss *miss, double least, unsigned max,
			struct tayra__successor_guess *out)
{
	struct tayra__successor_recent *recent = &successor->recent[successor->next];
	struct source *source;
	uint32_t number;
	unsigned n;

	if (miss->hash == 0 || miss->key_len > TAYRA__SUCCESSOR_KEY)
		return 0;
	successor->misses++;
	source = take(successor, miss->hash);
	keep_key(successor, source, miss);
	source->last = successor->misses;
	number = (uint32_t)(source - sources(successor));
	for (unsigned distance = 1; distance <= AHEAD; distance++) {
		struct tayra__successor_recent *before =
			&successor->recent[(successor->next + AHEAD - distance) % AHEAD];

		if (before->hash && miss->now - before->at <= successor->options.window)
			follow(successor, before, distance, number, miss->hash);
	}
	recent->hash = miss->hash;
	recent->at = miss->now;
	memset(recent->classes, NO_CLASS, RULES);
	watch(successor, source, recent);
	n = ask(successor, source, recent, least, max, out);
	count_use(source);
	successor->next = (successor->next + 1) % AHEAD;
	return n;
}

void
tayra__successor_present(struct tayra__successor *successor,
			 const struct tayra__successor_guess *guess)
{
	struct tayra__successor_recent *recent =
		&successor->recent[(successor->next + AHEAD - 1) % AHEAD];
	struct source *source = find(successor, recent->hash);
	uint8_t class = recent->classes[guess->rule];

	if (class == NO_CLASS || !source)
		return;
	successor->classes[class].of--;
	recent->classes[guess->rule] = NO_CLASS;
	bear_out(source, &source->rules[guess->rule]);
}
