/* SPDX-License-Identifier: Apache-2.0
 *
 * A configuration of `tayra serve`, read and not opened.  Whatever it is, it is either refused in
 * one line, or every route has keys and an origin, and every number is within its row's bounds.
 */
#include "serve/settings.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void
must(bool holds)
{
	if (!holds)
		abort();
}

static void
check_route(const struct tayra__settings *s, const struct tayra__route_setting *route)
{
	must(route->keys && route->keys[0]);
	must(route->source >= s->origins && route->source < s->origins + s->origin_count);
	must(route->source->http ? !!route->path : !!route->query);
	must(route->shape >= TAYRA_SHAPE_RAW && route->shape <= TAYRA_SHAPE_JSON);
	must(route->cls == 0 || (route->cls >= TAYRA_CRITICAL && route->cls <= TAYRA_BACKGROUND));
	must(route->threads <= 256 && route->max_rows <= 10000000);
	must(route->max_bytes <= 512u << 20);
	must(route->at->line > 0);
}

static void
check_origin(const struct tayra__origin_setting *origin)
{
	const struct tayra__limit_setting *limit = &origin->limit;

	must(!!origin->sqlite + !!origin->postgres + !!origin->redis + !!origin->http == 1);
	must(!origin->feed.at || !origin->http);
	must(!origin->feed.changes || origin->sqlite);
	must(!origin->feed.channel || origin->postgres);
	must(limit->fixed <= 1024 && limit->min <= 1024 && limit->max <= 1024);
	must(!limit->max || limit->min <= limit->max);
}

/* 0 is nothing said; what is off is below all others, or above. */
static void
check_loads(const struct tayra_strategy *s)
{
	must(s->ttl_jitter >= 0 && s->ttl_jitter < 1 && s->refresh_at >= 0 && s->refresh_at < 1);
	must(s->soft_timeout_ns <= TAYRA_AT_ONCE || s->soft_timeout_ns >= TAYRA_NS_PER_MS);
	must(!s->throttle_max_ms || s->throttle_ms <= s->throttle_max_ms);
}

static void
check_learning(const struct tayra__learn_setting *learn)
{
	const struct tayra_strategy *s = &learn->strategy;

	must(s->ttl_learning <= TAYRA_FEATURE_ON && s->patterns <= TAYRA_FEATURE_ON);
	must(s->staleness_budget >= 0 && s->staleness_budget < 1);
	must(s->known_keys <= 1u << 26 && s->ttl_ms > 0);
	must(!s->ttl_min_ms || !s->ttl_max_ms || s->ttl_min_ms <= s->ttl_max_ms);
}

static void
check_alerts(const struct tayra__alerting *a)
{
	must(a->count <= TAYRA__ALERTING_MAX);
	must(a->exec_count + a->webhook_count <= TAYRA__ALERT_ACTIONS);
	for (size_t i = 0; i < a->count; i++) {
		must(a->rules[i].name == a->alerts[i].text.name && a->rules[i].top.metric);
		must(a->rules[i].tells && a->places[i][0]);
	}
	for (size_t i = 0; i < a->exec_count; i++)
		must(strchr(a->execs[i].argv[0], '/') != NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tayra__settings settings;
	char error[256] = "";
	int status;

	tayra__settings_init(&settings);
	status = tayra__settings_read(&settings, "a/b.yaml", (const char *)data, size, error,
				      sizeof(error));
	if (status != TAYRA_OK) {
		must(error[0] && !strpbrk(error, "\r\n"));
	} else {
		must(!error[0]);
		must(settings.server.clients_max <= 1000000);
		must(settings.policy >= TAYRA_POLICY_S3FIFO);
		if (settings.learn.at)
			check_learning(&settings.learn);
		check_loads(&settings.loads);
		check_alerts(&settings.alerting);
		for (size_t i = 0; i < settings.origin_count; i++)
			check_origin(&settings.origins[i]);
		for (size_t i = 0; i < settings.route_count; i++)
			check_route(&settings, &settings.routes[i]);
	}
	tayra__settings_fini(&settings);
	return 0;
}
