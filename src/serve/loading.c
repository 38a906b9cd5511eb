/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/loading.h"

#include <stdio.h>
#include <string.h>

#include <tayra/tayra.h>

#include "serve/learning.h"
#include "serve/state.h"

#define VALUE 32 /* bytes of one */

void
tayra__loading_settle(const struct tayra__server_options *from, struct tayra_options *to)
{
	if (!from->loads)
		return;
	to->soft_timeout_ns = from->loads->soft_timeout_ns;
	to->absent_ttl_ms = from->loads->absent_ttl_ms;
	to->error_ttl_ms = from->loads->error_ttl_ms;
	to->ttl_jitter = from->loads->ttl_jitter;
	to->refresh_at = from->loads->refresh_at;
	to->xfetch = from->loads->xfetch;
	to->throttle_ms = from->loads->throttle_ms;
	to->throttle_max_ms = from->loads->throttle_max_ms;
}

static size_t
knobs(void)
{
	size_t n = 0;

	while (tayra__loads_knobs[n].name)
		n++;
	return n;
}

const char *
tayra__loading_name(const struct tayra__server *server, size_t n, char *room, size_t len)
{
	if (!server->routes || n >= knobs())
		return NULL;
	snprintf(room, len, "load.%s", tayra__loads_knobs[n].name);
	return room;
}

static struct tayra_strategy
in_force(const struct tayra__server *server)
{
	struct tayra_strategy s = TAYRA_STRATEGY_INIT;

	tayra_strategy_get(server->handle, &s);
	/* Nothing was said: that is off, but for the last, which follows the one before. */
	if (s.soft_timeout_ns == 0)
		s.soft_timeout_ns = TAYRA_OFF;
	if (s.absent_ttl_ms == 0)
		s.absent_ttl_ms = TAYRA_OFF;
	if (s.error_ttl_ms == 0)
		s.error_ttl_ms = TAYRA_OFF;
	return s;
}

size_t
tayra__loading_read(const struct tayra__server *server, size_t n, char *out, size_t size)
{
	const struct tayra__knob *knob = &tayra__loads_knobs[n];
	struct tayra_strategy s = in_force(server);

	if (knob->offset == offsetof(struct tayra_strategy, soft_timeout_ns) &&
	    s.soft_timeout_ns == TAYRA_OFF)
		return (size_t)snprintf(out, size, "off");
	if (s.throttle_max_ms == 0)
		s.throttle_max_ms = s.throttle_ms == TAYRA_OFF ? 1 : s.throttle_ms / 2 * 3;
	return tayra__knob_show(knob, &s, out, size);
}

static const char *
set(struct tayra__server *server, const struct tayra__knob *knob, const char *text)
{
	struct tayra_strategy s = TAYRA_STRATEGY_INIT;
	struct tayra__knob_texts none = { NULL };
	tayra_strategy_get(server->handle, &s);
	if (knob->offset == offsetof(struct tayra_strategy, soft_timeout_ns) &&
	    strcmp(text, "off") == 0) {
		s.soft_timeout_ns = TAYRA_OFF;
	} else if (tayra__knob_set(knob, &s, text, NULL, &none, server->pacing_why,
				   sizeof(server->pacing_why)) != TAYRA_OK) {
		return server->pacing_why;
	}
	if (tayra_strategy_set(server->handle, &s) != TAYRA_OK)
		return "no memory for what is to be learned";
	/* So that learning, when it is turned, does not turn this back. */
	tayra__knob_copy(knob, &server->learning.strategy, &s);
	tayra__learning_watch(server);
	return NULL;
}

const char *
tayra__loading_set(struct tayra__server *server, size_t n, const char *text, size_t len)
{
	char value[VALUE];

	if (len >= sizeof(value) || memchr(text, 0, len))
		return "no such value";
	memcpy(value, text, len);
	value[len] = '\0';
	return set(server, &tayra__loads_knobs[n], value);
}
