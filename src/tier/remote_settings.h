/* SPDX-License-Identifier: Apache-2.0
 *
 * remote_settings.h: what a remote tier is told once; and how its keys are called in the server:
 * <prefix>v:<key> for a value, <prefix>l:<key> for the lease of one who loads it, <prefix>t:<hash>
 * for a moment when a tag is told, <prefix>epoch for the one key that says which values count.
 */
#ifndef TAYRA_TIER_REMOTE_SETTINGS_H
#define TAYRA_TIER_REMOTE_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "net/redis_url.h"

struct tayra__remote_options;
struct tayra__syscalls;

#define TAYRA__REMOTE_PREFIX_MAX 256u
#define TAYRA__REMOTE_VALUE_MARK "v:"
#define TAYRA__REMOTE_LEASE_MARK "l:" /* as long */
#define TAYRA__REMOTE_TAG_MARK   "t:" /* as long */
#define TAYRA__REMOTE_EPOCH_KEY  "epoch"
#define TAYRA__REMOTE_KEY_MAX    65535u

struct tayra__remote_settings {
	struct tayra__redis_url url;
	char prefix[TAYRA__REMOTE_PREFIX_MAX];
	char epoch_key[TAYRA__REMOTE_PREFIX_MAX + sizeof(TAYRA__REMOTE_EPOCH_KEY)];
	uint64_t timeout_ns;   /* of a call */
	uint64_t greet_ns;     /* of connecting and greeting */
	uint64_t heartbeat_ns; /* the server is asked that often whether it is there */
	uint64_t silence_ns;   /* what is not answered for so long never will be */
	uint64_t value_bytes;  /* the largest value */
	uint64_t removed_ms;   /* what was removed is known to have been for so long */
	uint64_t writer;       /* tells what we wrote from what others did */
	uint32_t connections;
	const struct tayra__syscalls *syscalls; /* NULL: the real one */
};

/* Defaults for what is 0.  => TAYRA_OK; TAYRA_E_INVAL with a line in `error`. */
int tayra__remote_settings_read(struct tayra__remote_settings *s,
				const struct tayra__remote_options *o, char *error,
				size_t error_len);

/* A name of ours under that mark. */
static inline bool
tayra__remote_is_under(const struct tayra__remote_settings *settings, const char *mark,
		       const char *name, size_t name_len)
{
	const size_t prefix = strlen(settings->prefix), len = strlen(mark);

	return name_len >= prefix + len && memcmp(name + prefix, mark, len) == 0;
}

#endif
