/* SPDX-License-Identifier: Apache-2.0 */
#include "learn/change_rate.h"

#include <math.h>
#include <string.h>

#include "base/hash.h"

#define WAYS         8
#define NEVER        TAYRA__RHYTHM_NEVER
#define GROUP_KEEPS  0.9995f
#define ALL_KEEPS    0.9995f
#define LATELY_KEEPS 0.999
#define SCORE_KEEPS  0.9995
#define READS_KEEPS  0.98f
#define GROUP_PRIOR  0.5 /* changes */
#define ALL_PRIOR    0.5
#define READS_PRIOR  1.0
#define STEP         0.004 /* of the price's logarithm, for a check's budget */
#define LOG_STEP_MAX 0.3
#define LOG_PRICE    8.0 /* it begins with e^3, and stays within e^+-8 */
#define LOG_BEGIN    3.0
#define BIAS_PRIOR   20.0 /* stale answers */
#define BIAS_MAX     8.0
#define AIM          0.89   /* of the budget: what checks say is an estimate */
#define PAID_IN      2000.0 /* checks */
#define AIM_MOST     1.3
#define AIM_LEAST    0.3

/* Of a key's tally, a check. */
static const float speeds[TAYRA__CHANGE_SPEEDS] = { 0.9f, 0.97f, 1.0f };
/* Changes. */
static const double priors[TAYRA__CHANGE_PRIORS] = { 0.4, 1.2, 4.0 };

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
blend(const struct tayra__change_tally *tally, double prior, double weight)
{
	return ((double)tally->changes + weight) / ((double)tally->exposed_ms + weight / prior);
}

/* What the configured ttl would be right for, if it were all that is asked for. */
static double
configured_rate(const struct tayra__change_rate *rate)
{
	return 2 * rate->options.budget / (double)rate->options.configured_ms;
}

static double
group_rate(const struct tayra__change_rate *rate, uint64_t group)
{
	const struct tayra__change_sums *sums = group_sums(rate, group);
	double prior = blend(&rate->all.changes, configured_rate(rate), ALL_PRIOR);

	return sums ? blend(&sums->changes, prior, GROUP_PRIOR) : prior;
}

/* The mean of the experts, the rhythm taken out. */
static double
plain_rate(const struct tayra__change_rate *rate, const struct tayra__change_key *key,
	   uint64_t group)
{
	double prior = group_rate(rate, group), best = -(double)INFINITY, sum = 0, weights = 0;

	if (!key)
		return prior;
	for (int s = 0; s < TAYRA__CHANGE_SPEEDS; s++)
		for (int p = 0; p < TAYRA__CHANGE_PRIORS; p++)
			best = fmax(best, rate->score[s][p]);
	for (int s = 0; s < TAYRA__CHANGE_SPEEDS; s++)
		for (int p = 0; p < TAYRA__CHANGE_PRIORS; p++) {
			double weight = exp(rate->score[s][p] - best);

			sum += weight * blend(&key->changes[s], prior, priors[p]);
			weights += weight;
		}
	return sum / weights;
}

static void
walk(const struct tayra__change_rate *rate, const struct tayra__change_key *key, uint64_t from_ms,
     double length_ms, struct tayra__rhythm_walk *out)
{
	tayra__rhythm_walk(&rate->rhythm, key ? key->changed_ms : NEVER, from_ms, length_ms, out);
}

double
tayra__change_rate_of(const struct tayra__change_rate *rate, uint64_t key, uint64_t group,
		      uint64_t now_ms)
{
	const struct tayra__change_key *k = find(rate, key);
	struct tayra__rhythm_walk moment;

	walk(rate, k, now_ms, 1, &moment);
	return tayra__rhythm_fate(&moment, plain_rate(rate, k, group), 1).hazard;
}

double
tayra__change_rate_reads(const struct tayra__change_rate *rate, uint64_t key)
{
	const struct tayra__change_key *k = find(rate, key);
	double all = ((double)rate->all.reads + 1) /
		     ((double)rate->all.read_ms + (double)rate->options.configured_ms);

	if (!k)
		return all;
	return ((double)k->reads + READS_PRIOR) / ((double)k->read_ms + READS_PRIOR / all);
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
	const struct tayra__change_key *k = find(rate, key);
	double watched_ms = (double)(now_ms - rate->began_ms);
	struct tayra__rhythm_walk ahead;

	walk(rate, k, now_ms, watched_ms, &ahead);
	return tayra__rhythm_best(&ahead, plain_rate(rate, k, group),
				  tayra__change_rate_reads(rate, key), exp(rate->log_price));
}

static void
add_change(struct tayra__change_tally *tally, float keeps, const struct tayra__change_tally *more)
{
	tally->changes = tally->changes * keeps + more->changes;
	tally->exposed_ms = tally->exposed_ms * keeps + more->exposed_ms;
}

static void
add(struct tayra__change_sums *sums, float keeps, const struct tayra__change_sums *more)
{
	add_change(&sums->changes, keeps, &more->changes);
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
add_to_key(struct tayra__change_key *key, const struct tayra__change_sums *more)
{
	for (int s = 0; s < TAYRA__CHANGE_SPEEDS; s++)
		add_change(&key->changes[s], speeds[s], &more->changes);
	key->reads = key->reads * READS_KEEPS + more->reads;
	key->read_ms = key->read_ms * READS_KEEPS + more->read_ms;
}

/* How likely was what was found, to each expert? */
static void
score(struct tayra__change_rate *rate, const struct tayra__change_key *key, uint64_t group,
      const struct tayra__rhythm_walk *past, bool changed)
{
	double prior = group_rate(rate, group);
	double unit = tayra__rhythm_fate(past, prior, (double)INFINITY).hazard / prior;

	for (int s = 0; s < TAYRA__CHANGE_SPEEDS; s++)
		for (int p = 0; p < TAYRA__CHANGE_PRIORS; p++) {
			double x = unit * blend(&key->changes[s], prior, priors[p]);

			x = fmax(x, 1e-12);
			rate->score[s][p] = rate->score[s][p] * SCORE_KEEPS +
					    (changed ? log(-expm1(-x)) : -x);
		}
}

static void
learn(struct tayra__change_rate *rate, struct tayra__change_key *key,
      const struct tayra__change_load *load, struct tayra__change_check *check)
{
	double plain = plain_rate(rate, key, load->group), age = check->age_ms;
	double ttl = fmin((double)key->ttl_ms, age), reads = (double)load->reads;
	struct tayra__rhythm_walk past;
	struct tayra__rhythm_fate used, whole;
	double promised;
	struct tayra__change_sums more = {
		.changes = { .changes = check->changed ? 1 : 0 },
		.reads = (float)load->reads + 1,
		.read_ms = (float)age,
	};

	walk(rate, key, key->loaded_ms, age, &past);
	used = tayra__rhythm_fate(&past, plain, ttl);
	whole = tayra__rhythm_fate(&past, plain, age);
	promised = ttl > 0 ? reads * used.stale_ms / ttl : 0;
	check->answers = rate->came;
	check->stale = check->changed ? promised / -expm1(-fmax(whole.hazard, 1e-9)) : 0;
	score(rate, key, load->group, &past, check->changed);
	more.changes.exposed_ms = (float)tayra__rhythm_learn(&rate->rhythm, &past, plain,
							     check->changed);
	add_to_key(key, &more);
	add_to_group(rate, load->group, &more);
	add(&rate->all, ALL_KEEPS, &more);
	rate->debt += check->stale - AIM * rate->options.budget * check->answers;
	rate->promised = rate->promised * LATELY_KEEPS + promised;
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

	rate->came = (double)load->reads + (load->unasked ? 0 : 1);
	if (!rate->began_ms)
		rate->began_ms = load->at_ms;
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

/* What was too much, or too little, is made up for over the next checks. */
static double
aim(const struct tayra__change_rate *rate)
{
	double owed = rate->answers_a_check > 0 ? rate->debt / (rate->options.budget *
								rate->answers_a_check * PAID_IN)
						: 0;

	return rate->options.budget * AIM * fmax(fmin(1 - owed, AIM_MOST), AIM_LEAST);
}

void
tayra__change_rate_settle(struct tayra__change_rate *rate, uint64_t key, uint64_t group,
			  uint64_t now_ms, double ttl_ms)
{
	const struct tayra__change_key *k = find(rate, key);
	double allowed = aim(rate), step, stale;
	struct tayra__rhythm_walk ahead;

	walk(rate, k, now_ms, ttl_ms, &ahead);
	stale = tayra__change_rate_reads(rate, key) * bias(rate) *
		tayra__rhythm_fate(&ahead, plain_rate(rate, k, group), ttl_ms).stale_ms;
	rate->answers_a_check = rate->answers_a_check > 0 ? rate->answers_a_check * LATELY_KEEPS +
								    rate->came * (1 - LATELY_KEEPS)
							  : rate->came;
	step = STEP * (stale - allowed * rate->came) / (allowed * rate->answers_a_check);
	step = fmax(fmin(step, LOG_STEP_MAX), -LOG_STEP_MAX);
	rate->log_price = fmax(fmin(rate->log_price + step, LOG_PRICE), -LOG_PRICE);
}

double
tayra__change_rate_staleness(const struct tayra__change_rate *rate)
{
	return rate->answers > 0 ? rate->stale / rate->answers : (double)NAN;
}
