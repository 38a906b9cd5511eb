/* SPDX-License-Identifier: Apache-2.0
 *
 * remote_record.h: a value as it lies in a Redis: a head and a header of ours, then the bytes.
 * Little-endian, so that machines of both orders can share a server.
 *
 *      0  magic, format, kind     32  age_ms         64  expire_ms
 *      8  epoch                   40  check of head  72  version
 *     16  writer                  48  born_ms        80  cost_us, length of the value
 *     24  kept_ms                 56  fresh_ms       88  check of all
 *                                                    96  value
 *
 * A value, or that there is none to be had, which has no bytes.
 *
 * The upper byte of kind is how many hashes of tags, 8 bytes each, the value ends with: who knows
 * none of them takes it for no value of theirs.
 *
 * Where something was removed, the head alone lies for a while: it says so to who offers a value
 * that was loaded before (remote_offer.h).
 *
 * The checks (XXH3) cover the key and what comes before them; the second the value too.  What was
 * damaged, cut, copied to another key or never ours does not verify.
 */
#ifndef TAYRA_TIER_REMOTE_RECORD_H
#define TAYRA_TIER_REMOTE_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tier/tier.h"

#define TAYRA__REMOTE_RECORD_HEAD   48u
#define TAYRA__REMOTE_RECORD_HEADER 96u
#define TAYRA__REMOTE_RECORD_FORMAT 2u

struct tayra__remote_head {
	uint64_t epoch;
	uint64_t writer; /* the random number of the tier that was told to put or remove it; or 0 */
	uint64_t kept_ms; /* how long the server was told to keep it, from when it was written */
	uint64_t age_ms;  /* how old the bytes were then, for certain */
	bool removed;     /* there is no value */
};

/* => NULL: no memory, or a value of 4 GiB and more.  Freed with tayra__mem_free(). */
void *tayra__remote_record_make(const struct tayra__remote_head *head, const void *key,
				size_t key_len, const void *value, size_t value_len,
				const struct tayra__tier_meta *meta, size_t *size);
/* A head that stands for itself: `removed`. */
void tayra__remote_record_removed(const struct tayra__remote_head *head, const void *key,
				  size_t key_len, unsigned char out[TAYRA__REMOTE_RECORD_HEAD]);
/* What a record begins with.  => TAYRA_OK, TAYRA_E_CORRUPT: not what was made for this key. */
int tayra__remote_record_head(const void *bytes, size_t len, const void *key, size_t key_len,
			      struct tayra__remote_head *out);
/*
 * => TAYRA_OK with a copy in *out; TAYRA_E_CORRUPT: not what was made for this key;
 *    TAYRA_E_NOT_FOUND: sound, but of another epoch, or removed; TAYRA_E_NOMEM.
 */
int tayra__remote_record_read(const void *bytes, size_t len, uint64_t epoch, const void *key,
			      size_t key_len, struct tayra__tier_value *out);

#endif
