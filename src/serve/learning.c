/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/learning.h"

#include <stdio.h>
#include <string.h>

#include "base/option.h"
#include "load/store.h"
#include "serve/command.h"
#include "serve/fetch.h"
#include "serve/state.h"

#define BYTES_DEFAULT (8ull << 20)
#define BYTES_MIN     (320ull << 10) /* so that the library's part is not under its least */
#define SHARE_DEFAULT 16             /* of memory, at most */
#define SHARE_MAX     4
#define NEVER         1e-9 /* shares up to this are none */

/* The library makes its tables as large as it is told, and patterns up to a quarter of that more.
 */
static uint64_t
of_tables(uint64_t bytes)
{
	return bytes / 5 * 4;
}

int
tayra__learning_settle(struct tayra__learning *learning,
		       const struct tayra__server_options *options, uint64_t memory_bytes,
		       char *error, size_t error_len)
{
	uint64_t most = memory_bytes / SHARE_DEFAULT;

	learning->policy = options->learning;
	learning->strategy = (struct tayra_strategy)TAYRA_STRATEGY_INIT;
	if (!options->strategy)
		return TAYRA_OK;
	learning->possible = true;
	learning->strategy = *options->strategy;
	learning->bytes = learning->strategy.learning_bytes;
	if (learning->bytes == 0)
		learning->bytes = BYTES_DEFAULT < most ? BYTES_DEFAULT : most;
	if (learning->bytes < BYTES_MIN || learning->bytes > memory_bytes / SHARE_MAX) {
		snprintf(error, error_len,
			 "learning_bytes %llu is not from 320K to a quarter of the memory",
			 (unsigned long long)learning->bytes);
		return TAYRA_E_INVAL;
	}
	learning->strategy.learning_bytes = of_tables(learning->bytes);
	if (learning->strategy.patterns == TAYRA_FEATURE_DEFAULT)
		learning->strategy.patterns = TAYRA_FEATURE_ON;
	return TAYRA_OK;
}

static bool
is_on(enum tayra_feature_mode mode)
{
	return mode != TAYRA_FEATURE_OFF;
}

void
tayra__learning_watch(struct tayra__server *server)
{
	struct tayra_strategy s = TAYRA_STRATEGY_INIT;

	tayra_strategy_get(server->handle, &s);
	server->learning.by_route = tayra__routes_refresh(server->routes);
	server->learning.watches = server->learning.by_route ||
				   (server->routes && (s.refresh_at > NEVER || s.xfetch > NEVER)) ||
				   is_on(s.ttl_learning) || is_on(s.prefetch_refresh) ||
				   is_on(s.prefetch_successors) || is_on(s.prefetch_changed) ||
				   is_on(s.prefetch_periodic) || is_on(s.predictor) ||
				   is_on(s.patterns);
}

int
tayra__learning_apply(struct tayra__server *server)
{
	struct tayra__learning *learning = &server->learning;
	struct tayra_strategy s = learning->strategy;
	int status = TAYRA_OK;

	if (learning->bypassed || !learning->possible)
		s.ttl_learning = s.prefetch_refresh = s.prefetch_successors = s.prefetch_changed =
			s.prefetch_periodic = s.predictor = s.patterns = TAYRA_FEATURE_OFF;
	if (learning->possible)
		status = tayra_strategy_set(server->handle, &s);
	if (status != TAYRA_OK)
		return status;
	tayra__learning_watch(server);
	if (server->policy == TAYRA_POLICY_TAYRA)
		status = tayra_cache_set_learning(server->keyspace.cache,
						  learning->bypassed ? TAYRA_LEARNING_OFF
								     : learning->policy);
	return status;
}

uint64_t
tayra__learning_bytes(const struct tayra__server *server)
{
	struct tayra_strategy_stats stats = TAYRA_STRATEGY_STATS_INIT;

	if (server->learning.possible)
		tayra_strategy_stats(server->handle, &stats);
	return stats.learning_bytes;
}

enum what { MODE, BUDGET, SAMPLES, POLICY, BYPASS };

static const struct row {
	const char *name;
	enum what what;
	size_t offset; /* of a mode, in the strategy */
} rows[] = {
	{ "tayra-bypass-learning", BYPASS, 0 },
	{ "tayra-learning", POLICY, 0 },
	{ "tayra-patterns", MODE, offsetof(struct tayra_strategy, patterns) },
	{ "tayra-predictor", MODE, offsetof(struct tayra_strategy, predictor) },
	{ "tayra-prefetch-changed", MODE, offsetof(struct tayra_strategy, prefetch_changed) },
	{ "tayra-prefetch-periodic", MODE, offsetof(struct tayra_strategy, prefetch_periodic) },
	{ "tayra-prefetch-refresh", MODE, offsetof(struct tayra_strategy, prefetch_refresh) },
	{ "tayra-prefetch-successors", MODE, offsetof(struct tayra_strategy, prefetch_successors) },
	{ "tayra-staleness-budget", BUDGET, 0 },
	{ "tayra-staleness-samples", SAMPLES, 0 },
	{ "tayra-ttl-learning", MODE, offsetof(struct tayra_strategy, ttl_learning) },
};

static const char *const policy_modes[] = { "on", "monitor", "off" }; /* enum tayra_learning */

const char *
tayra__learning_name(size_t n)
{
	return n < sizeof(rows) / sizeof(rows[0]) ? rows[n].name : NULL;
}

static enum tayra_feature_mode *
mode_of(const struct row *row, struct tayra_strategy *strategy)
{
	return (enum tayra_feature_mode *)(void *)((char *)strategy + row->offset);
}

/* As told, but with defaults as the handle fills them in. */
static void
strategy_of(const struct tayra__server *server, struct tayra_strategy *out)
{
	*out = (struct tayra_strategy)TAYRA_STRATEGY_INIT;
	tayra_strategy_get(server->handle, out);
	if (!server->learning.bypassed)
		return;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct tayra_strategy told = server->learning.strategy;
		enum tayra_feature_mode mode = *mode_of(&rows[i], &told);

		if (rows[i].what == MODE)
			*mode_of(&rows[i], out) = mode ? mode : TAYRA_FEATURE_MONITOR;
	}
}

size_t
tayra__learning_read(const struct tayra__server *server, size_t n, char *out, size_t size)
{
	struct tayra_strategy s;

	strategy_of(server, &s);
	switch (rows[n].what) {
	case BYPASS:
		return (size_t)snprintf(out, size, "%s", server->learning.bypassed ? "yes" : "no");
	case POLICY:
		return (size_t)snprintf(out, size, "%s", policy_modes[server->learning.policy]);
	case BUDGET: return (size_t)snprintf(out, size, "%.17g", s.staleness_budget);
	case SAMPLES:
		return s.staleness_samples < 0
			       ? (size_t)snprintf(out, size, "off")
			       : (size_t)snprintf(out, size, "%.17g", s.staleness_samples);
	case MODE: break;
	}
	return (size_t)snprintf(out, size, "%s", tayra_feature_mode_name(*mode_of(&rows[n], &s)));
}

static const char *
set_mode(struct tayra__learning *learning, const struct row *row, const char *text)
{
	for (int mode = TAYRA_FEATURE_OFF; mode <= TAYRA_FEATURE_ON; mode++)
		if (strcmp(text, tayra_feature_mode_name((enum tayra_feature_mode)mode)) == 0) {
			*mode_of(row, &learning->strategy) = (enum tayra_feature_mode)mode;
			return NULL;
		}
	return "argument must be off, monitor or on";
}

static const char *
set_budget(struct tayra__learning *learning, const char *text)
{
	double budget;

	if (tayra__option_double(text, 0, 1, &budget) != TAYRA_OK || budget <= 0 || budget >= 1)
		return "argument must be a number between 0 and 1";
	learning->strategy.staleness_budget = budget;
	return NULL;
}

static const char *
set_samples(struct tayra__learning *learning, const char *text)
{
	double samples = -1;

	if (strcmp(text, "off") != 0 &&
	    (tayra__option_double(text, 0, 1, &samples) != TAYRA_OK || samples <= 0))
		return "argument must be off, or a number above 0 and at most 1";
	learning->strategy.staleness_samples = samples;
	return NULL;
}

static const char *
set_policy(struct tayra__server *server, const char *text)
{
	if (server->policy != TAYRA_POLICY_TAYRA)
		return "only policy tayra learns what to evict";
	for (int mode = 0; mode < 3; mode++)
		if (strcmp(text, policy_modes[mode]) == 0) {
			server->learning.policy = (enum tayra_learning)mode;
			return NULL;
		}
	return "argument must be off, monitor or on";
}

static const char *
set_bypass(struct tayra__learning *learning, const char *text)
{
	if (strcmp(text, "yes") != 0 && strcmp(text, "no") != 0)
		return "argument must be 'yes' or 'no'";
	learning->bypassed = text[0] == 'y';
	return NULL;
}

static const char *
set(struct tayra__server *server, const struct row *row, const char *text)
{
	const bool of_cache = row->what == BYPASS || row->what == POLICY;

	if (!of_cache && !server->learning.possible)
		return "no memory was set aside for learning: the configuration has no 'learn'";
	switch (row->what) {
	case BYPASS: return set_bypass(&server->learning, text);
	case POLICY: return set_policy(server, text);
	case BUDGET: return set_budget(&server->learning, text);
	case SAMPLES: return set_samples(&server->learning, text);
	case MODE: break;
	}
	return set_mode(&server->learning, row, text);
}

const char *
tayra__learning_set(struct tayra__server *server, size_t n, const char *text, size_t len)
{
	const struct tayra__learning before = server->learning;
	const char *why;
	char word[32];

	if (len >= sizeof(word) || memchr(text, 0, len))
		return "no such value";
	memcpy(word, text, len);
	word[len] = '\0';
	why = set(server, &rows[n], word);
	if (!why && tayra__learning_apply(server) != TAYRA_OK)
		why = "no memory for what is to be learned";
	if (why)
		server->learning = before;
	return why;
}

static struct tayra_request
request_for(const struct tayra__key_in *key)
{
	struct tayra_request request = TAYRA_REQUEST_INIT;

	request.key = tayra__key_stored(key);
	request.key_len = key->len + 1;
	request.key_prefix_len = 1;
	return request;
}

void
tayra__learning_hit(const struct tayra__call *call, size_t index,
		    const struct tayra_item_meta *meta)
{
	const struct tayra__key_in key = tayra__call_key(call, index);
	struct tayra__server *server = call->server;
	struct tayra_request request = request_for(&key);
	uint64_t now_ms = server->keyspace.now_ms;

	if (server->learning.by_route ||
	    tayra__store_follows(server->handle, &request, meta, now_ms))
		tayra__fetch_describe(tayra__route_find(server->routes, &key), &request);
	tayra__store_used(server->handle, &request, meta, now_ms);
}

void
tayra__learning_miss(const struct tayra__call *call, size_t index)
{
	const struct tayra__key_in key = tayra__call_key(call, index);
	const struct tayra_request request = request_for(&key);

	tayra__store_missed(call->server->handle, &request, call->server->keyspace.now_ms);
}
