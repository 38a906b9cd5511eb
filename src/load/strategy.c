/* SPDX-License-Identifier: Apache-2.0 */
#include "load/strategy.h"

#include <string.h>

#include "base/option.h"
#include "load/handle.h"
#include "load/learner.h"

#define DEFAULT_TTL_MS      60000ull
#define DEFAULT_TIMEOUT_NS  (5 * TAYRA_NS_PER_S)
#define DEFAULT_THROTTLE_MS 1000ull
#define DEFAULT_BUDGET      0.01
#define DEFAULT_SAMPLES     0.01
#define DEFAULT_PRICE       0.5
#define DEFAULT_WASTE       0.06
#define DEFAULT_KEYS        16384u
#define DEFAULT_LEARNING    (8ull << 20)
#define LEARNING_MIN        (256ull << 10)
#define DEFAULT_MEMORY      (16ull << 20)
#define BOUND               100u /* ttl_min and ttl_max, as parts and times of ttl */
#define MONTH_MS            (30 * 86400000ull)
#define DAY_MS              86400000ull
#define MINUTE_MS           60000ull

const char *
tayra_feature_mode_name(enum tayra_feature_mode mode)
{
	switch (mode) {
	case TAYRA_FEATURE_DEFAULT: return "default";
	case TAYRA_FEATURE_OFF: return "off";
	case TAYRA_FEATURE_MONITOR: return "monitor";
	case TAYRA_FEATURE_ON: return "on";
	}
	return NULL;
}

const char *
tayra_preset_name(enum tayra_preset preset)
{
	switch (preset) {
	case TAYRA_PRESET_GENERAL: return "general";
	case TAYRA_PRESET_EMBEDDINGS: return "embeddings";
	case TAYRA_PRESET_SEARCH_RESULTS: return "search results";
	case TAYRA_PRESET_PAGES: return "pages";
	}
	return NULL;
}

int
tayra_strategy_preset(enum tayra_preset preset, struct tayra_strategy *out)
{
	struct tayra_strategy s = TAYRA_STRATEGY_INIT;

	switch (preset) {
	case TAYRA_PRESET_GENERAL:
		s.ttl_ms = MINUTE_MS;
		s.stale_ms = 5 * MINUTE_MS;
		break;
	case TAYRA_PRESET_EMBEDDINGS:
		s.ttl_ms = MONTH_MS;
		s.timeout_ns = 30 * TAYRA_NS_PER_S;
		s.ttl_learning = TAYRA_FEATURE_OFF;
		s.prefetch_refresh = TAYRA_FEATURE_OFF;
		s.prefetch_successors = TAYRA_FEATURE_OFF;
		s.memory_bytes = 64ull << 20;
		break;
	case TAYRA_PRESET_SEARCH_RESULTS:
		s.ttl_ms = MINUTE_MS / 2;
		s.stale_ms = 2 * MINUTE_MS;
		s.soft_timeout_ns = TAYRA_NS_PER_S / 2;
		s.prefetch_successors = TAYRA_FEATURE_OFF;
		break;
	case TAYRA_PRESET_PAGES:
		s.ttl_ms = 5 * MINUTE_MS;
		s.stale_ms = DAY_MS;
		s.soft_timeout_ns = TAYRA_NS_PER_S / 5;
		break;
	default: return TAYRA_E_INVAL;
	}
	*out = s;
	return TAYRA_OK;
}

static uint64_t
either(uint64_t given, uint64_t fallback)
{
	return given ? given : fallback;
}

void
tayra__strategy_of_options(const struct tayra_options *options, struct tayra_strategy *out)
{
	*out = (struct tayra_strategy){
		.size = sizeof(*out),
		.ttl_ms = either(options->ttl_ms, DEFAULT_TTL_MS),
		.stale_ms = options->stale_ms,
		.soft_timeout_ns = options->soft_timeout_ns,
		.timeout_ns = either(options->timeout_ns, DEFAULT_TIMEOUT_NS),
		.throttle_ms = either(options->throttle_ms, DEFAULT_THROTTLE_MS),
		.throttle_max_ms = options->throttle_max_ms,
		.ttl_jitter = options->ttl_jitter,
		.refresh_at = options->refresh_at,
		.xfetch = options->xfetch,
		.absent_ttl_ms = options->absent_ttl_ms,
		.error_ttl_ms = options->error_ttl_ms,
		.ttl_learning = TAYRA_FEATURE_OFF,
		.prefetch_refresh = TAYRA_FEATURE_OFF,
		.prefetch_successors = TAYRA_FEATURE_OFF,
		.prefetch_changed = TAYRA_FEATURE_OFF,
		.prefetch_periodic = TAYRA_FEATURE_OFF,
		.predictor = TAYRA_FEATURE_OFF,
		.patterns = TAYRA_FEATURE_OFF,
		.refresh_class = TAYRA_BACKGROUND,
	};
}

static bool
is_sound(const struct tayra_strategy *s)
{
	const enum tayra_feature_mode modes[] = {
		s->ttl_learning, s->prefetch_refresh, s->prefetch_successors, s->predictor,
		s->patterns,     s->prefetch_changed, s->prefetch_periodic
	};

	for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++)
		if (!tayra_feature_mode_name(modes[i]))
			return false;
	return (s->staleness_budget == 0 || (s->staleness_budget > 0 && s->staleness_budget < 1)) &&
	       s->ttl_jitter >= 0 && s->ttl_jitter < 1 && s->refresh_at >= 0 && s->refresh_at < 1 &&
	       s->xfetch >= 0 && s->xfetch <= 100 && s->staleness_samples >= -1 &&
	       s->staleness_samples <= 1 && s->prefetch_price >= 0 && s->prefetch_price <= 1e9 &&
	       s->prefetch_budget >= 0 && s->prefetch_budget <= 1e9 &&
	       (unsigned)s->refresh_class <= TAYRA_BACKGROUND &&
	       (s->learning_bytes == 0 || s->learning_bytes >= LEARNING_MIN) &&
	       s->known_keys <= 1u << 26;
}

static void
or_mode(enum tayra_feature_mode *mode, enum tayra_feature_mode fallback)
{
	if (*mode == TAYRA_FEATURE_DEFAULT)
		*mode = fallback;
}

static void
fill_features(struct tayra_strategy *s)
{
	or_mode(&s->ttl_learning, TAYRA_FEATURE_MONITOR);
	or_mode(&s->prefetch_refresh, TAYRA_FEATURE_MONITOR);
	or_mode(&s->prefetch_successors, TAYRA_FEATURE_MONITOR);
	or_mode(&s->prefetch_changed, TAYRA_FEATURE_MONITOR);
	or_mode(&s->prefetch_periodic, TAYRA_FEATURE_MONITOR);
	or_mode(&s->predictor, TAYRA_FEATURE_MONITOR);
	or_mode(&s->patterns, TAYRA_FEATURE_OFF);
	if (s->staleness_samples == 0)
		s->staleness_samples = DEFAULT_SAMPLES;
	if (s->staleness_budget == 0)
		s->staleness_budget = DEFAULT_BUDGET;
	if (s->prefetch_price == 0)
		s->prefetch_price = DEFAULT_PRICE;
	if (s->prefetch_budget == 0)
		s->prefetch_budget = DEFAULT_WASTE;
	if (s->refresh_class == TAYRA_CLASS_DEFAULT)
		s->refresh_class = TAYRA_BACKGROUND;
}

/* Of a ttl that is TAYRA_OFF nothing can be derived. */
static uint64_t
times(uint64_t ms, uint64_t factor)
{
	uint64_t product;

	return __builtin_mul_overflow(ms, factor, &product) ? UINT64_MAX : product;
}

int
tayra__strategy_resolve(const struct tayra_strategy *given, const struct tayra_strategy *base,
			struct tayra_strategy *out)
{
	struct tayra_strategy s;
	int status = tayra__option_struct(given, &s, sizeof(s));

	if (status != TAYRA_OK)
		return status;
	if (!is_sound(&s))
		return TAYRA_E_INVAL;
	s.size = sizeof(s);
	s.ttl_ms = either(s.ttl_ms, base->ttl_ms);
	s.stale_ms = either(s.stale_ms, base->stale_ms);
	s.soft_timeout_ns = either(s.soft_timeout_ns, base->soft_timeout_ns);
	s.timeout_ns = either(s.timeout_ns, base->timeout_ns);
	s.throttle_ms = either(s.throttle_ms, base->throttle_ms);
	s.throttle_max_ms = either(s.throttle_max_ms, base->throttle_max_ms);
	s.absent_ttl_ms = either(s.absent_ttl_ms, base->absent_ttl_ms);
	s.error_ttl_ms = either(s.error_ttl_ms, base->error_ttl_ms);
	if (s.refresh_at == 0)
		s.refresh_at = base->refresh_at;
	if (s.xfetch == 0)
		s.xfetch = base->xfetch;
	if (s.ttl_jitter == 0)
		s.ttl_jitter = base->ttl_jitter;
	s.ttl_max_ms = either(s.ttl_max_ms, times(s.ttl_ms, BOUND));
	s.ttl_min_ms = either(s.ttl_min_ms, s.ttl_ms == TAYRA_OFF ? 1 : s.ttl_ms / BOUND);
	s.horizon_ms = either(s.horizon_ms, s.ttl_ms == TAYRA_OFF ? DEFAULT_TTL_MS : s.ttl_ms);
	s.known_keys = (uint32_t)either(s.known_keys, DEFAULT_KEYS);
	s.learning_bytes = either(s.learning_bytes, DEFAULT_LEARNING);
	s.memory_bytes = either(s.memory_bytes, DEFAULT_MEMORY);
	if (s.ttl_min_ms > s.ttl_max_ms)
		return TAYRA_E_INVAL;
	fill_features(&s);
	*out = s;
	return TAYRA_OK;
}

static uint64_t
or_off(uint64_t given, uint64_t off)
{
	return given && given != TAYRA_OFF ? given : off;
}

static void
set(_Atomic uint64_t *setting, uint64_t value)
{
	atomic_store_explicit(setting, value, memory_order_relaxed);
}

/* Not less than the throttle itself. */
static uint64_t
rest_max(const struct tayra_strategy *strategy)
{
	uint64_t least = or_off(strategy->throttle_ms, 0);
	uint64_t most = either(strategy->throttle_max_ms, tayra__add_sat(least, least / 2));

	return most > least ? most : least;
}

static bool
learns(const struct tayra_strategy *s)
{
	return s->ttl_learning != TAYRA_FEATURE_OFF || s->prefetch_refresh != TAYRA_FEATURE_OFF ||
	       s->prefetch_successors != TAYRA_FEATURE_OFF || s->predictor != TAYRA_FEATURE_OFF ||
	       s->patterns != TAYRA_FEATURE_OFF || s->prefetch_changed != TAYRA_FEATURE_OFF ||
	       s->prefetch_periodic != TAYRA_FEATURE_OFF;
}

int
tayra__strategy_apply(struct tayra *t, const struct tayra_strategy *strategy)
{
	struct tayra__settings *settings = &t->settings;
	int status = TAYRA_OK;

	pthread_mutex_lock(&t->lock);
	if (learns(strategy) || atomic_load_explicit(&t->learner, memory_order_relaxed))
		status = tayra__learner_set(t, strategy);
	if (status == TAYRA_OK) {
		t->strategy = *strategy;
		set(&settings->ttl_ms, strategy->ttl_ms);
		set(&settings->stale_ms, or_off(strategy->stale_ms, 0));
		set(&settings->soft_timeout_ns, or_off(strategy->soft_timeout_ns, UINT64_MAX));
		set(&settings->timeout_ns, strategy->timeout_ns);
		set(&settings->throttle_ms, or_off(strategy->throttle_ms, 0));
		set(&settings->absent_ttl_ms, or_off(strategy->absent_ttl_ms, 0));
		set(&settings->error_ttl_ms, or_off(strategy->error_ttl_ms, 0));
		set(&settings->throttle_max_ms, rest_max(strategy));
		set(&settings->refresh_at, (uint64_t)(strategy->refresh_at * 4294967296.0));
		set(&settings->xfetch, (uint64_t)(strategy->xfetch * 4294967296.0));
		set(&settings->ttl_jitter, (uint64_t)(strategy->ttl_jitter * UINT32_MAX));
	}
	pthread_mutex_unlock(&t->lock);
	return status;
}

int
tayra_strategy_set(struct tayra *t, const struct tayra_strategy *strategy)
{
	struct tayra_strategy base, resolved;
	int status;

	if (!t || !strategy)
		return TAYRA_E_INVAL;
	if (tayra__handle_forked(t))
		return TAYRA_E_FORKED;
	pthread_mutex_lock(&t->lock);
	base = t->strategy;
	pthread_mutex_unlock(&t->lock);
	status = tayra__strategy_resolve(strategy, &base, &resolved);
	return status == TAYRA_OK ? tayra__strategy_apply(t, &resolved) : status;
}

int
tayra_strategy_get(struct tayra *t, struct tayra_strategy *out)
{
	struct tayra_strategy s;
	size_t size;

	if (!t || !out)
		return TAYRA_E_INVAL;
	if (tayra__handle_forked(t))
		return TAYRA_E_FORKED;
	size = out->size;
	pthread_mutex_lock(&t->lock);
	s = t->strategy;
	pthread_mutex_unlock(&t->lock);
	memcpy(out, &s, size < sizeof(s) ? size : sizeof(s));
	out->size = size;
	return TAYRA_OK;
}
