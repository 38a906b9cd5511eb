/* SPDX-License-Identifier: Apache-2.0 */
#include "learn/change_rate.h"

#include <math.h>
#include <string.h>

#include "base/hash.h"

#define WAYS         8
#define NEVER        UINT64_MAX
#define KEY_KEEPS    0.9f /* of its sums, a check */
#define GROUP_KEEPS  0.995f
#define ALL_KEEPS    0.9995f
#define SINCE_KEEPS  0.9995
#define LATELY_KEEPS 0.999
#define KEY_PRIOR    1.0 /* changes */
#define GROUP_PRIOR  2.0
#define ALL_PRIOR    0.5
#define READS_PRIOR  1.0
#define SINCE_PRIOR  4.0
#define STEP         0.004 /* of the price's logarithm, for a check's budget */
#define LOG_STEP_MAX 0.3
#define LOG_PRICE    8.0 /* it begins with e^3, and stays within e^+-8 */
#define LOG_BEGIN    3.0
#define BIAS_PRIOR   20.0 /* stale answers */
#define BIAS_MAX     8.0
#define AIM          0.85 /* of the budget: what checks say is an estimate */

/* The block: the struct, then the keys. */
static uint32_t
sets_for(uint32_t keys)
{
	return tayra__hash_table_size((keys + WAYS - 1) / WAYS);
}

size_t
tayra__change_rate_bytes(const struct tayra__change_rate_options *options)
{
	if (options->keys > 1u << 26)
		return 0;
	return sizeof(struct tayra__change_rate) +
	       (size_t)sets_for(options->keys) * WAYS * sizeof(struct tayra__change_key);
}

void
tayra__change_rate_init(struct tayra__change_rate *rate,
			const struct tayra__change_rate_options *options)
{
	memset(rate, 0, tayra__change_rate_bytes(options));
	rate->options = *options;
	rate->sets = sets_for(options->keys);
	rate->log_price = LOG_BEGIN;
}

static struct tayra__change_key *
set_of(const struct tayra__change_rate *rate, uint64_t hash)
{
	struct tayra__change_key *keys = (struct tayra__change_key *)(uintptr_t)(rate + 1);

	return &keys[(hash & (rate->sets - 1)) * WAYS];
}

static uint64_t
named(uint64_t hash)
{
	return hash ? hash : 1;
}

static struct tayra__change_key *
find(const struct tayra__change_rate *rate, uint64_t hash)
{
	struct tayra__change_key *set = set_of(rate, hash);

	for (int way = 0; way < WAYS; way++)
		if (set[way].hash == named(hash))
			return &set[way];
	return NULL;
}

/* Free, or loaded longest ago. */
static struct tayra__change_key *
slot_for(const struct tayra__change_rate *rate, uint64_t hash)
{
	struct tayra__change_key *set = set_of(rate, hash), *oldest = set;

	for (int way = 0; way < WAYS; way++) {
		if (set[way].hash == 0)
			return &set[way];
		if (set[way].loaded_ms < oldest->loaded_ms)
			oldest = &set[way];
	}
	return oldest;
}

/* => the group's sums, or NULL: another's are in its place. */
static struct tayra__change_sums *
group_sums(const struct tayra__change_rate *rate, uint64_t group)
{
	uint32_t at = group % TAYRA__CHANGE_GROUPS;

	return rate->group_of[at] == named(group) ? (struct tayra__change_sums *)&rate->groups[at]
						  : NULL;
}

static double
blend(const struct tayra__change_sums *sums, double prior, double weight)
{
	return ((double)sums->changes + weight) / ((double)sums->exposed_ms + weight / prior);
}

/* What the configured ttl would be right for, if it were all that is asked for. */
static double
configured_rate(const struct tayra__change_rate *rate)
{
	return 2 * rate->options.budget / (double)rate->options.configured_ms;
}

static double
plain_rate(const struct tayra__change_rate *rate, const struct tayra__change_key *key,
	   uint64_t group)
{
	const struct tayra__change_sums *sums = group_sums(rate, group);
	double prior = blend(&rate->all, configured_rate(rate), ALL_PRIOR);

	if (sums)
		prior = blend(sums, prior, GROUP_PRIOR);
	return key ? blend(&key->sums, prior, KEY_PRIOR) : prior;
}

static int
octave(const struct tayra__change_key *key, uint64_t now_ms)
{
	int i;

	if (!key || key->changed_ms == NEVER || now_ms < key->changed_ms)
		return -1;
	i = ilogb((double)(now_ms - key->changed_ms) + 1);
	return i < TAYRA__CHANGE_OCTAVES ? i : TAYRA__CHANGE_OCTAVES - 1;
}

static double
burst(const struct tayra__change_rate *rate, int i)
{
	if (i < 0)
		return 1;
	return (rate->since[i].seen + SINCE_PRIOR) / (rate->since[i].expected + SINCE_PRIOR);
}

double
tayra__change_rate_of(const struct tayra__change_rate *rate, uint64_t key, uint64_t group,
		      uint64_t now_ms)
{
	const struct tayra__change_key *k = find(rate, key);

	return plain_rate(rate, k, group) * burst(rate, octave(k, now_ms));
}

double
tayra__change_rate_reads(const struct tayra__change_rate *rate, uint64_t key)
{
	const struct tayra__change_key *k = find(rate, key);
	double all = ((double)rate->all.reads + 1) /
		     ((double)rate->all.read_ms + (double)rate->options.configured_ms);

	if (!k)
		return all;
	return ((double)k->sums.reads + READS_PRIOR) /
	       ((double)k->sums.read_ms + READS_PRIOR / all);
}

/* Of answers spread over the life of a copy that has x changes in it, how many come after one:
 * 1 - (1-e^-x)/x. */
static double
stale_ever(double x)
{
	return x < 1e-4 ? x / 2 : 1 + expm1(-x) / x;
}

double
tayra__change_rate_stale_share(double rate, double reads, double ttl_ms)
{
	double hits = reads * ttl_ms;

	return stale_ever(rate * ttl_ms) * hits / (1 + hits);
}

double
tayra__change_rate_load_share(double reads, double ttl_ms)
{
	return 1 / (1 + reads * ttl_ms);
}

double
tayra__change_rate_ttl(const struct tayra__change_rate *rate, uint64_t key, uint64_t group,
		       uint64_t now_ms)
{
	double changes = tayra__change_rate_of(rate, key, group, now_ms);
	double reads = tayra__change_rate_reads(rate, key);

	return (sqrt(1 + 2 * reads / (exp(rate->log_price) * changes)) - 1) / reads;
}

/* The time to the first change, given that it is before `age`. */
static double
time_to_change(double rate, double age)
{
	double x = rate * age;

	return x < 1e-4 ? age / 2 : 1 / rate - age / expm1(x);
}

/* Of answers spread over the first `ttl` of `age`, how many came after the first change. */
static double
stale_part(double rate, double ttl, double age)
{
	if (ttl <= 0)
		return 0;
	if (rate * age < 1e-4)
		return ttl / age / 2;
	return stale_ever(rate * ttl) / -expm1(-rate * age);
}

static void
add(struct tayra__change_sums *sums, float keeps, const struct tayra__change_sums *more)
{
	sums->changes = sums->changes * keeps + more->changes;
	sums->exposed_ms = sums->exposed_ms * keeps + more->exposed_ms;
	sums->reads = sums->reads * keeps + more->reads;
	sums->read_ms = sums->read_ms * keeps + more->read_ms;
}

static void
add_to_group(struct tayra__change_rate *rate, uint64_t group, const struct tayra__change_sums *more)
{
	uint32_t at = group % TAYRA__CHANGE_GROUPS;

	if (rate->group_of[at] != named(group)) {
		rate->group_of[at] = named(group);
		rate->groups[at] = (struct tayra__change_sums){ 0 };
	}
	add(&rate->groups[at], GROUP_KEEPS, more);
}

static void
learn_bursts(struct tayra__change_rate *rate, int i, double expected, bool changed)
{
	if (i < 0)
		return;
	rate->since[i].seen = rate->since[i].seen * SINCE_KEEPS + (changed ? 1 : 0);
	rate->since[i].expected = rate->since[i].expected * SINCE_KEEPS + expected;
}

static void
learn(struct tayra__change_rate *rate, struct tayra__change_key *key,
      const struct tayra__change_load *load, struct tayra__change_check *check)
{
	double plain = plain_rate(rate, key, load->group), age = check->age_ms;
	int i = octave(key, key->loaded_ms);
	double now = plain * burst(rate, i);
	double ttl = fmin((double)key->ttl_ms, age);
	struct tayra__change_sums more = {
		.changes = check->changed ? 1 : 0,
		.exposed_ms = (float)(check->changed ? time_to_change(now, age) : age),
		.reads = (float)load->reads + 1,
		.read_ms = (float)age,
	};

	check->answers = (double)load->reads + 1;
	check->stale = check->changed ? (double)load->reads * stale_part(now, ttl, age) : 0;
	learn_bursts(rate, i, -expm1(-plain * age), check->changed);
	add(&key->sums, KEY_KEEPS, &more);
	add_to_group(rate, load->group, &more);
	add(&rate->all, ALL_KEEPS, &more);
	rate->promised = rate->promised * LATELY_KEEPS +
			 (double)load->reads * stale_ever(now * ttl);
	rate->answers = rate->answers * LATELY_KEEPS + check->answers;
	rate->stale = rate->stale * LATELY_KEEPS + check->stale;
}

static void
begin(struct tayra__change_key *key, uint64_t hash)
{
	*key = (struct tayra__change_key){ .hash = named(hash), .changed_ms = NEVER };
}

struct tayra__change_check
tayra__change_rate_loaded(struct tayra__change_rate *rate, const struct tayra__change_load *load)
{
	struct tayra__change_key *key = find(rate, load->key);
	struct tayra__change_check check = { 0 };

	if (!key) {
		key = slot_for(rate, load->key);
		begin(key, load->key);
	} else if (key->loaded_ms && key->loaded_ms < load->at_ms) {
		check.known = true;
		check.changed = key->value != load->value;
		check.age_ms = (double)(load->at_ms - key->loaded_ms);
		learn(rate, key, load, &check);
		if (check.changed)
			key->changed_ms = load->at_ms;
	}
	key->value = load->value;
	key->loaded_ms = load->at_ms;
	key->ttl_ms = 0;
	return check;
}

void
tayra__change_rate_forget(struct tayra__change_rate *rate, uint64_t key)
{
	struct tayra__change_key *k = find(rate, key);

	if (k)
		k->loaded_ms = 0;
}

void
tayra__change_rate_keep(struct tayra__change_rate *rate, uint64_t key, uint64_t ttl_ms)
{
	struct tayra__change_key *k = find(rate, key);

	if (k)
		k->ttl_ms = ttl_ms;
}

bool
tayra__change_rate_is_over(const struct tayra__change_rate *rate, uint64_t key, uint64_t now_ms)
{
	const struct tayra__change_key *k = find(rate, key);

	return k && k->loaded_ms && k->ttl_ms && now_ms >= k->loaded_ms &&
	       now_ms - k->loaded_ms >= k->ttl_ms;
}

/* What checks found, for what was promised. */
static double
bias(const struct tayra__change_rate *rate)
{
	double b = (rate->stale + BIAS_PRIOR) / (rate->promised + BIAS_PRIOR);

	return fmax(fmin(b, BIAS_MAX), 1 / BIAS_MAX);
}

void
tayra__change_rate_settle(struct tayra__change_rate *rate, uint64_t key, uint64_t group,
			  uint64_t now_ms, double ttl_ms)
{
	double reads = tayra__change_rate_reads(rate, key);
	double changes = tayra__change_rate_of(rate, key, group, now_ms);
	double answers = 1 + reads * ttl_ms;
	double stale = reads * ttl_ms * stale_ever(changes * ttl_ms) * bias(rate);
	double allowed = rate->options.budget * AIM, step;

	rate->answers_a_check = rate->answers_a_check > 0 ? rate->answers_a_check * LATELY_KEEPS +
								    answers * (1 - LATELY_KEEPS)
							  : answers;
	step = STEP * (stale - allowed * answers) / (allowed * rate->answers_a_check);
	step = fmax(fmin(step, LOG_STEP_MAX), -LOG_STEP_MAX);
	rate->log_price = fmax(fmin(rate->log_price + step, LOG_PRICE), -LOG_PRICE);
}

double
tayra__change_rate_staleness(const struct tayra__change_rate *rate)
{
	return rate->answers > 0 ? rate->stale / rate->answers : (double)NAN;
}
