/* SPDX-License-Identifier: Apache-2.0 */
#include "load/learner.h"

#include <math.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "learn/hints.h"
#include "learn/keygroup.h"
#include "learn/patterns.h"
#include "load/flight.h"
#include "load/handle.h"
#include "load/prefetch.h"
#include "load/ref.h"
#include "load/request.h"
#include "load/sample.h"

#define KEYS_MIN        8u
#define GONE            0x676f6e65ull /* the fingerprint of what is not there */
#define FALL_BACK       3.0           /* of the budget: then the configured ttl is the longest .. */
#define COME_BACK       1.0           /* .. until it is down to that */
#define CHECKS_TO_FALL  200           /* that were made, .. */
#define CHANGES_TO_FALL 10            /* .. and found a change: fewer may be chance */
#define SECOND_MS       1000
#define DAY_MS          86400000
#define WINDOW_MAX_MS   10000 /* in which successors follow */
#define SAMPLES_MIN     64
#define SOURCES_MIN     16
#define PERIODIC_MAX    1024
#define COST_WEIGHT     0.02 /* of a load in the mean */
#define DRAIN_BUDGET    64   /* uses */
#define SWEEP_BUDGET    64   /* places */
#define SWEEP_MAX       8    /* judgements */

/* What the tables are made for. */
struct sizes {
	struct tayra__change_rate_options rate;
	struct tayra__predictor_options predictor;
	struct tayra__successor_options successor;
	struct tayra__periodic_options periodic;
};

static void
options_for(const struct tayra_strategy *strategy, uint32_t keys, struct sizes *out)
{
	uint64_t ttl_ms = strategy->ttl_ms == TAYRA_OFF || strategy->ttl_ms == 0 ? SECOND_MS
										 : strategy->ttl_ms;

	*out = (struct sizes){
		.rate = { .keys = keys,
			  .configured_ms = ttl_ms,
			  .budget = strategy->staleness_budget },
		.predictor = { .horizon = strategy->horizon_ms ? strategy->horizon_ms : ttl_ms,
			       .day = DAY_MS,
			       .keys = keys,
			       .samples = keys / 8 < SAMPLES_MIN ? SAMPLES_MIN : keys / 8 },
		/* What is fetched ahead must not have ended when its turn comes. */
		.successor = { .keys = keys < SOURCES_MIN ? SOURCES_MIN : keys,
			       .window = ttl_ms < WINDOW_MAX_MS ? ttl_ms : WINDOW_MAX_MS },
		.periodic = { .keys = keys < SOURCES_MIN ? SOURCES_MIN : keys,
			      .places = keys / 32 < PERIODIC_MAX ? keys / 32 : PERIODIC_MAX },
	};
}

static uint64_t
bytes_for(const struct tayra_strategy *strategy, uint32_t keys)
{
	struct sizes sizes;

	options_for(strategy, keys, &sizes);
	return sizeof(struct tayra__learner) + sizeof(struct tayra__ahead) +
	       tayra__observe_bytes(keys) + tayra__change_rate_bytes(&sizes.rate) +
	       tayra__predictor_bytes(&sizes.predictor) + tayra__successor_bytes(&sizes.successor) +
	       tayra__lender_bytes(keys) + tayra__periodic_bytes(&sizes.periodic);
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
allocate(struct tayra__learner *learner, const struct tayra_strategy *strategy)
{
	struct sizes sizes;

	options_for(strategy, learner->known_keys, &sizes);
	sizes.predictor.seed = learner->seed;
	learner->rate = tayra__mem_alloc(tayra__change_rate_bytes(&sizes.rate));
	learner->predictor = tayra__mem_alloc(tayra__predictor_bytes(&sizes.predictor));
	learner->successor = tayra__mem_alloc(tayra__successor_bytes(&sizes.successor));
	learner->ahead = tayra__mem_alloc(sizeof(*learner->ahead));
	learner->lender = tayra__mem_alloc(tayra__lender_bytes(learner->known_keys));
	learner->periodic = tayra__mem_alloc(tayra__periodic_bytes(&sizes.periodic));
	if (!learner->rate || !learner->predictor || !learner->successor || !learner->ahead ||
	    !learner->lender || !learner->periodic)
		return TAYRA_E_NOMEM;
	tayra__change_rate_init(learner->rate, &sizes.rate);
	tayra__predictor_init(learner->predictor, &sizes.predictor);
	tayra__successor_init(learner->successor, &sizes.successor);
	tayra__lender_init(learner->lender, learner->known_keys);
	tayra__periodic_init(learner->periodic, &sizes.periodic);
	return tayra__observe_init(&learner->observe, learner->known_keys);
}

void
tayra__learner_destroy(struct tayra__learner *learner)
{
	if (!learner)
		return;
	tayra__mem_free(learner->rate);
	tayra__mem_free(learner->predictor);
	tayra__mem_free(learner->successor);
	tayra__mem_free(learner->ahead);
	tayra__mem_free(learner->lender);
	tayra__mem_free(learner->periodic);
	tayra__mem_free(learner->patterns);
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
	if (allocate(learner, strategy) == TAYRA_OK)
		return learner;
	tayra__learner_destroy(learner);
	return NULL;
}

static uint32_t
watches_for(const struct tayra_strategy *s)
{
	uint32_t watches = 0;

	if (s->predictor != TAYRA_FEATURE_OFF || s->prefetch_refresh != TAYRA_FEATURE_OFF ||
	    s->prefetch_changed != TAYRA_FEATURE_OFF)
		watches |= TAYRA__WATCH_USES;
	if (s->prefetch_refresh != TAYRA_FEATURE_OFF)
		watches |= TAYRA__WATCH_ENDS;
	if (s->patterns != TAYRA_FEATURE_OFF)
		watches |= TAYRA__WATCH_PATTERNS;
	if (s->prefetch_changed != TAYRA_FEATURE_OFF)
		watches |= TAYRA__WATCH_CHANGES;
	if (s->prefetch_periodic != TAYRA_FEATURE_OFF)
		watches |= TAYRA__WATCH_TIMES;
	return watches;
}

/* As large as a quarter of what may be used. */
static int
make_patterns(struct tayra__learner *learner, const struct tayra_strategy *strategy,
	      uint64_t now_ns)
{
	struct tayra__patterns_options options = { .keys = 256, .groups = 64, .sample = 4096 };
	struct tayra__patterns *patterns;

	while (options.sample > 64 &&
	       tayra__patterns_bytes(&options) > strategy->learning_bytes / 4) {
		options.sample /= 2;
		options.keys = options.keys > 32 ? options.keys / 2 : options.keys;
	}
	patterns = tayra__mem_alloc(tayra__patterns_bytes(&options));
	if (!patterns)
		return TAYRA_E_NOMEM;
	tayra__patterns_init(patterns, &options, now_ns);
	pthread_mutex_lock(&learner->lock);
	learner->patterns = patterns;
	learner->bytes += tayra__patterns_bytes(&options);
	pthread_mutex_unlock(&learner->lock);
	return TAYRA_OK;
}

int
tayra__learner_set(struct tayra *t, const struct tayra_strategy *strategy)
{
	struct tayra__learner *learner = atomic_load_explicit(&t->learner, memory_order_relaxed);
	bool made = !learner;

	if (made)
		learner = make(t, strategy);
	if (!learner)
		return TAYRA_E_NOMEM;
	if (strategy->patterns != TAYRA_FEATURE_OFF && !learner->patterns &&
	    make_patterns(learner, strategy, tayra__handle_now_ns(t)) != TAYRA_OK) {
		if (made)
			tayra__learner_destroy(learner);
		return TAYRA_E_NOMEM;
	}
	pthread_mutex_lock(&learner->lock);
	learner->strategy = *strategy;
	learner->rate->options.budget = strategy->staleness_budget;
	learner->census.share = strategy->ttl_learning == TAYRA_FEATURE_ON
					? fmax(strategy->staleness_samples, 0)
					: 0;
	tayra__ahead_set(learner->ahead, strategy->prefetch_price, strategy->prefetch_budget);
	atomic_store_explicit(&learner->watches, watches_for(strategy), memory_order_relaxed);
	pthread_mutex_unlock(&learner->lock);
	if (made) /* release: who finds it finds it made */
		atomic_store_explicit(&t->learner, learner, memory_order_release);
	return TAYRA_OK;
}

struct tayra__learner *
tayra__learner_of(struct tayra *t)
{
	return atomic_load_explicit(&t->learner, memory_order_acquire);
}

bool
tayra__learner_watches(const struct tayra__learner *learner, enum tayra__watch what)
{
	return atomic_load_explicit(&learner->watches, memory_order_relaxed) & what;
}

static uint64_t
group_of(const struct tayra__learner *learner, const struct tayra_load *flight)
{
	char group[TAYRA__KEYGROUP_MAX];
	size_t len = tayra__keygroup(flight->key + flight->key_prefix_len,
				     flight->key_len - flight->key_prefix_len, group);

	return tayra__hash_bytes(group, len, learner->seed);
}

struct tayra__lesson
tayra__learner_lesson(const struct tayra_load *flight, int status, uint64_t version)
{
	struct tayra__learner *learner = tayra__learner_of(flight->t);
	const struct tayra_value *value = &flight->hold->value;
	struct tayra__lesson lesson = { .learner = learner,
					.key = flight->key + flight->key_prefix_len,
					.key_len = flight->key_len - flight->key_prefix_len };

	if (!learner || (status != TAYRA_OK && status != TAYRA_E_NOT_FOUND))
		return (struct tayra__lesson){ 0 };
	lesson.hash = tayra__hash_bytes(flight->key, flight->key_len, learner->seed);
	lesson.group = group_of(learner, flight);
	lesson.bytes = value->len;
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
	} else if (learner->sums.checks >= CHECKS_TO_FALL &&
		   learner->sums.changed >= CHANGES_TO_FALL && staleness > FALL_BACK * budget) {
		learner->fallen_back = true;
		learner->sums.fallbacks++;
	}
}

static void
settle(struct tayra__learner *learner, const struct tayra__lesson *lesson, double would_ms,
       const struct tayra__change_check *check)
{
	double reads = tayra__change_rate_reads(learner->rate, lesson->hash);

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
		learner, tayra__change_rate_ttl(learner->rate, lesson->hash, lesson->group, at_ms));
	double chosen = learner->fallen_back ? fmin(best, (double)ttl_ms) : best;

	/* While fallen back too the price moves with the ttls it stands for, or it would run away.
	 */
	tayra__change_rate_settle(learner->rate, lesson->hash, lesson->group, at_ms, best);
	if (check->known)
		settle(learner, lesson, chosen, check);
	if (ttl_ms == TAYRA_OFF || lesson->fixed)
		return ttl_ms;
	learner->sums.ttls++;
	learner->sums.ttl_ms += chosen;
	return learner->strategy.ttl_learning == TAYRA_FEATURE_ON ? (uint64_t)chosen : ttl_ms;
}

static void
tell_patterns_of_load(struct tayra__learner *learner, const struct tayra__lesson *lesson,
		      const struct tayra__change_check *check, uint64_t at_ms, uint64_t cost_ns)
{
	struct tayra__patterns_event event = {
		.hash = lesson->hash,
		.key = lesson->key,
		.key_len = lesson->key_len,
		.now_ns = at_ms * TAYRA_NS_PER_MS,
		.bytes = lesson->bytes,
		.cost_ns = cost_ns,
	};

	if (learner->strategy.patterns == TAYRA_FEATURE_OFF)
		return;
	if (!check->known)
		tayra__patterns_load(learner->patterns, &event, TAYRA__PATTERNS_NEW,
				     TAYRA__PATTERNS_UNKNOWN, 0);
	else
		tayra__patterns_load(learner->patterns, &event, TAYRA__PATTERNS_EXPIRED,
				     check->changed ? TAYRA__PATTERNS_CHANGED
						    : TAYRA__PATTERNS_SAME,
				     (uint64_t)(check->age_ms * TAYRA_NS_PER_MS));
}

static void
learn_use(void *ctx, uint64_t hash, uint64_t at_ms)
{
	struct tayra__learner *learner = ctx;

	/* Rings are emptied one after the other; the predictor's time does not go back. */
	if (at_ms > learner->last_use_ms)
		learner->last_use_ms = at_ms;
	if (hash)
		tayra__predictor_use(learner->predictor, hash, learner->last_use_ms, NULL, NULL);
}

static void
take_census(struct tayra__learner *learner, const struct tayra__lesson *lesson,
	    const struct tayra__change_load *load, const struct tayra__change_check *check)
{
	if (!lesson->sampled)
		tayra__census_loaded(&learner->census, load->reads);
	else if (check->known)
		tayra__census_judged(&learner->census, check->changed);
	else
		tayra__census_lost(&learner->census);
	atomic_store_explicit(&learner->draws,
			      (uint64_t)(tayra__census_chance(&learner->census) * 4294967296.0),
			      memory_order_relaxed);
}

uint64_t
tayra__learner_landed(const struct tayra__lesson *lesson, uint64_t at_ms, uint64_t ttl_ms,
		      uint64_t cost_ns)
{
	struct tayra__learner *learner = lesson->learner;
	struct tayra__change_load load;
	struct tayra__change_check check;

	if (!learner)
		return ttl_ms;
	load = (struct tayra__change_load){
		.key = lesson->hash,
		.group = lesson->group,
		.value = lesson->value,
		.at_ms = at_ms + SECOND_MS, /* 0 is never */
		.reads = tayra__observe_take(&learner->observe, lesson->hash),
	};
	load.unasked = lesson->sampled;
	pthread_mutex_lock(&learner->lock);
	learner->mean_cost_ns += ((double)cost_ns - learner->mean_cost_ns) * COST_WEIGHT;
	check = tayra__change_rate_loaded(learner->rate, &load);
	take_census(learner, lesson, &load, &check);
	if (learner->strategy.ttl_learning != TAYRA_FEATURE_OFF)
		ttl_ms = choose(learner, lesson, load.at_ms, ttl_ms, &check);
	tayra__change_rate_keep(learner->rate, lesson->hash,
				ttl_ms == TAYRA_OFF || lesson->value == GONE ? 0 : ttl_ms);
	tell_patterns_of_load(learner, lesson, &check, at_ms, cost_ns);
	pthread_mutex_unlock(&learner->lock);
	return ttl_ms;
}

static void
tell_patterns_of_use(struct tayra__learner *learner, const struct tayra__patterns_event *event,
		     enum tayra__patterns_outcome outcome)
{
	if (pthread_mutex_trylock(&learner->lock) != 0)
		return;
	if (learner->patterns)
		tayra__patterns_use(learner->patterns, event, outcome);
	pthread_mutex_unlock(&learner->lock);
}

/* Another throw for each answer, also of one key in one ms. */
static bool
is_drawn(const struct tayra__learner *learner, uint64_t hash, uint32_t number,
	 const struct tayra__learner_use *use)
{
	uint64_t chance = atomic_load_explicit(&learner->draws, memory_order_relaxed);

	return __builtin_expect(chance != 0, 0) && !(use->meta->flags & TAYRA_ITEM_STALE) &&
	       (tayra__hash_mix64(hash ^
				  tayra__hash_mix64(use->now_ms + ((uint64_t)number << 44))) >>
		32) < chance;
}

bool
tayra__learner_draws(const struct tayra__learner *learner, const struct tayra__learner_use *use)
{
	uint64_t hash;

	if (atomic_load_explicit(&learner->draws, memory_order_relaxed) == 0)
		return false;
	hash = tayra__hash_bytes(use->key, use->key_len, learner->seed);
	return is_drawn(learner, hash, tayra__observe_count(&learner->observe, hash), use);
}

void
tayra__learner_hit(struct tayra *t, struct tayra__learner *learner,
		   const struct tayra__learner_use *use)
{
	uint64_t hash = tayra__hash_bytes(use->key, use->key_len, learner->seed);
	uint32_t watches = atomic_load_explicit(&learner->watches, memory_order_relaxed), n;

	n = tayra__observe_answer(&learner->observe, hash);
	if (watches & TAYRA__WATCH_USES)
		tayra__observe_use(&learner->observe, hash, use->now_ms);
	if (use->request &&
	    ((use->meta->flags & TAYRA__ITEM_AHEAD) ||
	     ((watches & TAYRA__WATCH_ENDS) && tayra__learner_near_end(use->meta, use->now_ms))))
		tayra__prefetch_hit(t, learner, hash, use->request, use->meta, use->now_ms);
	if (use->request && is_drawn(learner, hash, n, use))
		tayra__sample_begin(t, learner, use->request, use->now_ms);
	if (watches & TAYRA__WATCH_PATTERNS)
		tell_patterns_of_use(learner,
				     &(struct tayra__patterns_event){
					     .hash = hash,
					     .key = (const char *)use->key + use->prefix_len,
					     .key_len = use->key_len - use->prefix_len,
					     .now_ns = use->now_ms * TAYRA_NS_PER_MS },
				     TAYRA__PATTERNS_HIT);
}

void
tayra__learner_missed(struct tayra__learner *learner, const void *key, size_t key_len,
		      size_t prefix_len, uint64_t hash, uint64_t now_ns)
{
	struct tayra__patterns_event event = { .hash = hash,
					       .key = (const char *)key + prefix_len,
					       .key_len = key_len - prefix_len,
					       .now_ns = now_ns };

	if (tayra__learner_watches(learner, TAYRA__WATCH_USES))
		learn_use(learner, hash, now_ns / TAYRA_NS_PER_MS);
	if (learner->strategy.patterns == TAYRA_FEATURE_OFF)
		return;
	if (tayra__change_rate_is_over(learner->rate, hash, now_ns / TAYRA_NS_PER_MS + SECOND_MS))
		tayra__patterns_gone(learner->patterns, &event, TAYRA__PATTERNS_EXPIRED);
	tayra__patterns_use(learner->patterns, &event, TAYRA__PATTERNS_MISS);
}

void
tayra__learner_tick(struct tayra *t, uint64_t now_ms)
{
	struct tayra__learner *learner = tayra__learner_of(t);

	if (!learner || pthread_mutex_trylock(&learner->lock) != 0)
		return;
	tayra__observe_drain(&learner->observe, DRAIN_BUDGET, learn_use, learner);
	for (int i = 0; i < SWEEP_MAX; i++)
		if (!tayra__ahead_sweep(learner->ahead, now_ms, SWEEP_BUDGET))
			break;
	pthread_mutex_unlock(&learner->lock);
}

uint64_t
tayra__learner_taken(struct tayra *t)
{
	struct tayra__learner *learner = tayra__learner_of(t);
	uint64_t taken;

	if (!learner)
		return 0;
	pthread_mutex_lock(&learner->lock);
	taken = learner->observe.told + learner->observe.lost;
	pthread_mutex_unlock(&learner->lock);
	return taken;
}

static uint64_t
mark_of(uint64_t hash, uint64_t moment)
{
	return tayra__hash_mix64(hash ^ tayra__hash_mix64(moment));
}

bool
tayra__learner_settled(const struct tayra__learner *learner, uint64_t hash, uint64_t moment)
{
	uint64_t mark = mark_of(hash, moment);

	return atomic_load_explicit(&learner->marks[mark % TAYRA__LEARNER_MARKS],
				    memory_order_relaxed) == mark;
}

void
tayra__learner_settle(struct tayra__learner *learner, uint64_t hash, uint64_t moment)
{
	uint64_t mark = mark_of(hash, moment);

	atomic_store_explicit(&learner->marks[mark % TAYRA__LEARNER_MARKS], mark,
			      memory_order_relaxed);
}

struct tayra__prediction
tayra__learner_predict(struct tayra__learner *learner, uint64_t hash, uint64_t now_ms)
{
	if (!tayra__learner_watches(learner, TAYRA__WATCH_USES))
		return (struct tayra__prediction){ 0 };
	tayra__observe_drain(&learner->observe, DRAIN_BUDGET, learn_use, learner);
	return tayra__predictor_ask(learner->predictor, hash,
				    now_ms > learner->last_use_ms ? now_ms : learner->last_use_ms);
}

void
tayra__learner_forget(struct tayra *t, const void *key, size_t key_len)
{
	struct tayra__learner *learner = tayra__learner_of(t);
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
	struct tayra__census_figures figures;

	stats->learning_bytes = learner->bytes;
	stats->known_keys = learner->known_keys;
	stats->checks = learner->sums.checks;
	stats->changed = learner->sums.changed;
	stats->answers = learner->sums.answers;
	stats->stale_answers = learner->sums.stale;
	stats->staleness = tayra__change_rate_staleness(learner->rate);
	figures = tayra__census_figures(&learner->census);
	stats->staleness_samples = learner->census.samples;
	stats->staleness_samples_stale = learner->census.stale;
	stats->staleness_sampled = figures.share;
	stats->staleness_sampled_lo = figures.lo;
	stats->staleness_sampled_hi = figures.hi;
	stats->ttls = learner->sums.ttls;
	stats->ttl_mean_ms = learner->sums.ttls ? learner->sums.ttl_ms / (double)learner->sums.ttls
						: 0;
	stats->loads_expected = learner->sums.loads;
	stats->ttl_fallbacks = learner->sums.fallbacks;
	stats->ttl_fallen_back = learner->fallen_back;
	stats->uses = learner->observe.told;
	stats->uses_lost = learner->observe.lost;
	stats->refresh = learner->ahead->accounts[TAYRA__AHEAD_REFRESH].sums;
	stats->successors = learner->ahead->accounts[TAYRA__AHEAD_SUCCESSOR].sums;
	stats->changes = learner->ahead->accounts[TAYRA__AHEAD_CHANGED].sums;
	stats->periodic = learner->ahead->accounts[TAYRA__AHEAD_PERIODIC].sums;
}

void
tayra_strategy_stats(struct tayra *t, struct tayra_strategy_stats *out)
{
	struct tayra_strategy_stats stats = TAYRA_STRATEGY_STATS_INIT;
	struct tayra__learner *learner;
	size_t size = out->size;

	stats.staleness = stats.staleness_sampled = (double)NAN;
	stats.staleness_sampled_lo = stats.staleness_sampled_hi = (double)NAN;
	if (!tayra__handle_forked(t) && (learner = tayra__learner_of(t))) {
		pthread_mutex_lock(&learner->lock);
		count(learner, &stats);
		pthread_mutex_unlock(&learner->lock);
	}
	memcpy(out, &stats, size < sizeof(stats) ? size : sizeof(stats));
	out->size = size;
}

int
tayra_predict_next_access(struct tayra *t, const void *key, size_t key_len,
			  struct tayra_prediction *out)
{
	struct tayra_prediction answer = TAYRA_PREDICTION_INIT;
	struct tayra__prediction p;
	struct tayra__learner *learner;
	int status = tayra__key_check(t, key, key_len);
	size_t size;

	if (status != TAYRA_OK || !out)
		return out ? status : TAYRA_E_INVAL;
	learner = tayra__learner_of(t);
	if (!learner || !tayra__learner_watches(learner, TAYRA__WATCH_USES))
		return TAYRA_E_UNSUPPORTED;
	pthread_mutex_lock(&learner->lock);
	p = tayra__learner_predict(learner, tayra__hash_bytes(key, key_len, learner->seed),
				   tayra__handle_now_ns(t) / TAYRA_NS_PER_MS);
	answer.horizon_ms = learner->predictor->options.horizon;
	pthread_mutex_unlock(&learner->lock);
	answer.probability = p.probability;
	answer.confidence = p.confidence;
	size = out->size;
	memcpy(out, &answer, size < sizeof(answer) ? size : sizeof(answer));
	out->size = size;
	return TAYRA_OK;
}
