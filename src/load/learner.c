/* SPDX-License-Identifier: Apache-2.0 */
#include "load/learner.h"

#include <math.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "load/handle.h"

#define KEYS_MIN       8u
#define GROUP_LEN_MAX  64u
#define GONE           0x676f6e65ull /* the fingerprint of what is not there */
#define FALL_BACK      2.0           /* of the budget: then the configured ttl is the longest .. */
#define COME_BACK      1.0           /* .. until it is down to that */
#define CHECKS_TO_FALL 1000
#define SECOND_MS      1000

static size_t
bytes_for(const struct tayra_strategy *strategy, uint32_t keys)
{
	struct tayra__change_rate_options rate = { .keys = keys };

	(void)strategy;
	return sizeof(struct tayra__learner) + tayra__observe_bytes(keys) +
	       tayra__change_rate_bytes(&rate);
}

/* As many as are asked for and fit. */
static uint32_t
keys_for(const struct tayra_strategy *strategy)
{
	uint32_t keys = strategy->known_keys < KEYS_MIN ? KEYS_MIN : strategy->known_keys;

	while (keys / 2 >= KEYS_MIN && bytes_for(strategy, keys) > strategy->learning_bytes)
		keys /= 2;
	return keys;
}

static int
make_rate(struct tayra__learner *learner, const struct tayra_strategy *strategy)
{
	struct tayra__change_rate_options options = {
		.keys = learner->known_keys,
		.configured_ms = strategy->ttl_ms == TAYRA_OFF || strategy->ttl_ms == 0
					 ? SECOND_MS
					 : strategy->ttl_ms,
		.budget = strategy->staleness_budget,
	};

	learner->rate = tayra__mem_alloc(tayra__change_rate_bytes(&options));
	if (!learner->rate)
		return TAYRA_E_NOMEM;
	tayra__change_rate_init(learner->rate, &options);
	return TAYRA_OK;
}

void
tayra__learner_destroy(struct tayra__learner *learner)
{
	if (!learner)
		return;
	tayra__mem_free(learner->rate);
	tayra__observe_fini(&learner->observe);
	pthread_mutex_destroy(&learner->lock);
	tayra__mem_free(learner);
}

static struct tayra__learner *
make(struct tayra *t, const struct tayra_strategy *strategy)
{
	struct tayra__learner *learner = tayra__mem_alloc(sizeof(*learner));

	if (!learner)
		return NULL;
	pthread_mutex_init(&learner->lock, NULL);
	learner->seed = tayra__hash_mix64(t->bucket_seed);
	learner->known_keys = keys_for(strategy);
	learner->bytes = bytes_for(strategy, learner->known_keys);
	if (tayra__observe_init(&learner->observe, learner->known_keys) == TAYRA_OK &&
	    make_rate(learner, strategy) == TAYRA_OK)
		return learner;
	tayra__learner_destroy(learner);
	return NULL;
}

int
tayra__learner_set(struct tayra *t, const struct tayra_strategy *strategy)
{
	struct tayra__learner *learner = atomic_load_explicit(&t->learner, memory_order_relaxed);

	if (!learner) {
		learner = make(t, strategy);
		if (!learner)
			return TAYRA_E_NOMEM;
		learner->strategy = *strategy;
		/* release: who finds it finds it made */
		atomic_store_explicit(&t->learner, learner, memory_order_release);
	}
	pthread_mutex_lock(&learner->lock);
	learner->strategy = *strategy;
	learner->rate->options.budget = strategy->staleness_budget;
	pthread_mutex_unlock(&learner->lock);
	return TAYRA_OK;
}

static struct tayra__learner *
learner_of(struct tayra *t)
{
	return atomic_load_explicit(&t->learner, memory_order_acquire);
}

/* The key's bytes up to the first ':' or '/'; without one, all keys are one group. */
static uint64_t
group_of(const struct tayra__learner *learner, const unsigned char *key, size_t key_len)
{
	for (size_t i = 0; i < key_len && i < GROUP_LEN_MAX; i++)
		if (key[i] == ':' || key[i] == '/')
			return tayra__hash_bytes(key, i, learner->seed);
	return 0;
}

struct tayra__lesson
tayra__learner_lesson(struct tayra *t, const void *key, size_t key_len, int status,
		      const struct tayra_value *value, uint64_t version)
{
	struct tayra__learner *learner = learner_of(t);
	struct tayra__lesson lesson = { .learner = learner };

	if (!learner || (status != TAYRA_OK && status != TAYRA_E_NOT_FOUND))
		return (struct tayra__lesson){ 0 };
	lesson.key = tayra__hash_bytes(key, key_len, learner->seed);
	lesson.group = group_of(learner, key, key_len);
	if (status == TAYRA_E_NOT_FOUND)
		lesson.value = GONE;
	else if (version)
		lesson.value = tayra__hash_mix64(version);
	else
		lesson.value = tayra__hash_bytes(value->data, value->len, learner->seed);
	return lesson;
}

static void
watch_budget(struct tayra__learner *learner)
{
	double staleness = tayra__change_rate_staleness(learner->rate);
	double budget = learner->strategy.staleness_budget;

	if (learner->fallen_back) {
		learner->fallen_back = staleness > COME_BACK * budget;
	} else if (learner->sums.checks >= CHECKS_TO_FALL && staleness > FALL_BACK * budget) {
		learner->fallen_back = true;
		learner->sums.fallbacks++;
	}
}

static void
settle(struct tayra__learner *learner, const struct tayra__lesson *lesson, double would_ms,
       const struct tayra__change_check *check)
{
	double reads = tayra__change_rate_reads(learner->rate, lesson->key);

	learner->sums.checks++;
	learner->sums.changed += check->changed;
	learner->sums.answers += (uint64_t)check->answers;
	learner->sums.stale += check->stale;
	learner->sums.loads += check->answers * tayra__change_rate_load_share(reads, would_ms);
	watch_budget(learner);
}

static double
bounded(const struct tayra__learner *learner, double ttl_ms)
{
	const struct tayra_strategy *s = &learner->strategy;

	return fmax(fmin(ttl_ms, (double)s->ttl_max_ms), (double)s->ttl_min_ms);
}

/* => the ttl it shall have. */
static uint64_t
choose(struct tayra__learner *learner, const struct tayra__lesson *lesson, uint64_t at_ms,
       uint64_t ttl_ms, const struct tayra__change_check *check)
{
	double best = bounded(
		learner, tayra__change_rate_ttl(learner->rate, lesson->key, lesson->group, at_ms));
	double chosen = learner->fallen_back ? fmin(best, (double)ttl_ms) : best;

	/* While fallen back too the price moves with the ttls it stands for, or it would run away.
	 */
	tayra__change_rate_settle(learner->rate, lesson->key, lesson->group, at_ms, best);
	if (check->known)
		settle(learner, lesson, chosen, check);
	if (ttl_ms == TAYRA_OFF || lesson->fixed)
		return ttl_ms;
	learner->sums.ttls++;
	learner->sums.ttl_ms += chosen;
	return learner->strategy.ttl_learning == TAYRA_FEATURE_ON ? (uint64_t)chosen : ttl_ms;
}

uint64_t
tayra__learner_landed(const struct tayra__lesson *lesson, uint64_t at_ms, uint64_t ttl_ms)
{
	struct tayra__learner *learner = lesson->learner;
	struct tayra__change_load load;
	struct tayra__change_check check;

	if (!learner)
		return ttl_ms;
	load = (struct tayra__change_load){
		.key = lesson->key,
		.group = lesson->group,
		.value = lesson->value,
		.at_ms = at_ms + SECOND_MS, /* 0 is never */
		.reads = tayra__observe_take(&learner->observe, lesson->key),
	};
	pthread_mutex_lock(&learner->lock);
	if (learner->strategy.ttl_learning != TAYRA_FEATURE_OFF) {
		check = tayra__change_rate_loaded(learner->rate, &load);
		ttl_ms = choose(learner, lesson, load.at_ms, ttl_ms, &check);
		tayra__change_rate_keep(learner->rate, lesson->key,
					ttl_ms == TAYRA_OFF || lesson->value == GONE ? 0 : ttl_ms);
	}
	pthread_mutex_unlock(&learner->lock);
	return ttl_ms;
}

void
tayra__learner_hit(struct tayra *t, const void *key, size_t key_len)
{
	struct tayra__learner *learner = learner_of(t);

	if (learner)
		tayra__observe_answer(&learner->observe,
				      tayra__hash_bytes(key, key_len, learner->seed));
}

void
tayra__learner_forget(struct tayra *t, const void *key, size_t key_len)
{
	struct tayra__learner *learner = learner_of(t);
	uint64_t hash;

	if (!learner)
		return;
	hash = tayra__hash_bytes(key, key_len, learner->seed);
	tayra__observe_take(&learner->observe, hash);
	pthread_mutex_lock(&learner->lock);
	tayra__change_rate_forget(learner->rate, hash);
	pthread_mutex_unlock(&learner->lock);
}

static void
count(struct tayra__learner *learner, struct tayra_strategy_stats *stats)
{
	stats->learning_bytes = learner->bytes;
	stats->known_keys = learner->known_keys;
	stats->checks = learner->sums.checks;
	stats->changed = learner->sums.changed;
	stats->answers = learner->sums.answers;
	stats->stale_answers = learner->sums.stale;
	stats->staleness = tayra__change_rate_staleness(learner->rate);
	stats->ttls = learner->sums.ttls;
	stats->ttl_mean_ms = learner->sums.ttls ? learner->sums.ttl_ms / (double)learner->sums.ttls
						: 0;
	stats->loads_expected = learner->sums.loads;
	stats->ttl_fallbacks = learner->sums.fallbacks;
	stats->ttl_fallen_back = learner->fallen_back;
}

void
tayra_strategy_stats(struct tayra *t, struct tayra_strategy_stats *out)
{
	struct tayra_strategy_stats stats = TAYRA_STRATEGY_STATS_INIT;
	struct tayra__learner *learner;
	size_t size = out->size;

	stats.staleness = (double)NAN;
	if (!tayra__handle_forked(t) && (learner = learner_of(t))) {
		pthread_mutex_lock(&learner->lock);
		count(learner, &stats);
		pthread_mutex_unlock(&learner->lock);
	}
	memcpy(out, &stats, size < sizeof(stats) ? size : sizeof(stats));
	out->size = size;
}
