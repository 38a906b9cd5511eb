/* SPDX-License-Identifier: Apache-2.0 */
#include "tier/remote_settings.h"

#include <stdarg.h>
#include <stdio.h>

#include <tayra/base.h>

#include "base/hash.h"
#include "tier/remote.h"
#include "tier/remote_pool.h"

#define DEFAULT_PREFIX      "tayra:"
#define DEFAULT_TIMEOUT     (50 * TAYRA_NS_PER_MS)
#define DEFAULT_CONNECTIONS 4u
#define DEFAULT_VALUE_BYTES (16ull << 20)
#define VALUE_BYTES_MAX     (500ull << 20) /* a Redis takes 512 MiB */
#define SECOND              TAYRA_NS_PER_S
#define REMOVED_MS          60000u /* longer than nearly every load */
#define REMOVED_MAX_NS      (86400 * TAYRA_NS_PER_S)

static int __attribute__((format(printf, 3, 4)))
refuse(char *error, size_t error_len, const char *format, ...)
{
	va_list args;

	if (error && error_len) {
		va_start(args, format);
		vsnprintf(error, error_len, format, args);
		va_end(args);
	}
	return TAYRA_E_INVAL;
}

int
tayra__remote_settings_read(struct tayra__remote_settings *s, const struct tayra__remote_options *o,
			    char *error, size_t error_len)
{
	const char *prefix = o->prefix ? o->prefix : DEFAULT_PREFIX;

	if (tayra__redis_url_parse(o->url, &s->url, error, error_len) != TAYRA_OK)
		return TAYRA_E_INVAL;
	if (!prefix[0] || strlen(prefix) >= sizeof(s->prefix))
		return refuse(error, error_len, "remote tier: a prefix has 1 to %zu bytes",
			      sizeof(s->prefix) - 1);
	if (o->connections > TAYRA__REMOTE_CONNECTIONS_MAX)
		return refuse(error, error_len, "remote tier: %u connections are over %u",
			      (unsigned)o->connections, TAYRA__REMOTE_CONNECTIONS_MAX);
	if (o->value_bytes > VALUE_BYTES_MAX)
		return refuse(error, error_len, "remote tier: values of %llu bytes are over %llu",
			      (unsigned long long)o->value_bytes, VALUE_BYTES_MAX);
	if (o->removed_ns > REMOVED_MAX_NS)
		return refuse(error, error_len,
			      "remote tier: removals are remembered for a day at most");
	if (o->timeout_ns > 60 * SECOND || o->heartbeat_ns > 60 * SECOND)
		return refuse(error, error_len,
			      "remote tier: timeout and heartbeat are at most a minute");
	snprintf(s->prefix, sizeof(s->prefix), "%s", prefix);
	snprintf(s->epoch_key, sizeof(s->epoch_key), "%s%s", prefix, TAYRA__REMOTE_EPOCH_KEY);
	s->timeout_ns = o->timeout_ns ? o->timeout_ns : DEFAULT_TIMEOUT;
	s->greet_ns = s->timeout_ns > SECOND ? s->timeout_ns : SECOND;
	s->heartbeat_ns = o->heartbeat_ns ? o->heartbeat_ns : SECOND;
	s->silence_ns = 2 * s->timeout_ns > SECOND ? 2 * s->timeout_ns : SECOND;
	s->value_bytes = o->value_bytes ? o->value_bytes : DEFAULT_VALUE_BYTES;
	s->removed_ms = o->removed_ns ? o->removed_ns / TAYRA_NS_PER_MS + 1 : REMOVED_MS;
	s->writer = tayra__hash_random_seed() | 1;
	s->connections = o->connections ? o->connections : DEFAULT_CONNECTIONS;
	s->syscalls = o->syscalls;
	return TAYRA_OK;
}
