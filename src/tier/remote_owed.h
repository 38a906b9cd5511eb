/* SPDX-License-Identifier: Apache-2.0
 *
 * remote_owed.h: the keys of which a remote server may still have what should be gone: they are
 * deleted there before anything from there is believed again.  Each key once; bounded; when there
 * is no more room all is lost: then everything there has to be disbelieved.
 *
 * Not thread-safe: the line's lock guards it.
 */
#ifndef TAYRA_TIER_REMOTE_OWED_H
#define TAYRA_TIER_REMOTE_OWED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TAYRA__REMOTE_OWED_KEYS  65536u
#define TAYRA__REMOTE_OWED_BYTES (4u << 20) /* of keys */

struct tayra__remote_owed_key {
	char *bytes; /* NULL: none */
	size_t len;
};

struct tayra__remote_owed {
	struct tayra__remote_owed_key *slots; /* a hash table, half full at most */
	uint32_t capacity, count;
	size_t bytes;
	bool lost;
};

void tayra__remote_owed_init(struct tayra__remote_owed *owed);
void tayra__remote_owed_fini(struct tayra__remote_owed *owed);
/* Copies the key; where that cannot be, all is lost. */
void tayra__remote_owed_add(struct tayra__remote_owed *owed, const void *key, size_t key_len);
/* Forget the keys and remember that all is lost. */
void tayra__remote_owed_lose(struct tayra__remote_owed *owed);
/* Add all that `from` has, or lose all; `from` is empty afterwards. */
void tayra__remote_owed_join(struct tayra__remote_owed *owed, struct tayra__remote_owed *from);
/* Walk over the keys: the next from slot *at on, which moves on.  => false: there is none. */
bool tayra__remote_owed_next(const struct tayra__remote_owed *owed, uint32_t *at,
			     struct tayra__remote_owed_key *out);

static inline bool
tayra__remote_owed_any(const struct tayra__remote_owed *owed)
{
	return owed->lost || owed->count > 0;
}

#endif
