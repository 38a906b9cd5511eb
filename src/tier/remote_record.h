/* SPDX-License-Identifier: Apache-2.0
 *
 * remote_record.h: a value as it lies in a Redis: a header of ours, then the bytes.  Little-endian,
 * so that machines of both orders can share a server.
 *
 *      0  magic, format      24  fresh_ms        48  cost_us, length of the value
 *      8  epoch              32  expire_ms       56  check
 *     16  born_ms            40  version         64  value
 *
 * The check (XXH3) covers the key, the header and the value: what was damaged, cut, copied to
 * another key or never ours does not verify.
 */
#ifndef TAYRA_TIER_REMOTE_RECORD_H
#define TAYRA_TIER_REMOTE_RECORD_H

#include <stddef.h>
#include <stdint.h>

#include "tier/tier.h"

#define TAYRA__REMOTE_RECORD_HEADER 64u
#define TAYRA__REMOTE_RECORD_FORMAT 1u

/* => NULL: no memory, or a value of 4 GiB and more.  Freed with tayra__mem_free(). */
void *tayra__remote_record_make(uint64_t epoch, const void *key, size_t key_len, const void *value,
				size_t value_len, const struct tayra__tier_meta *meta,
				size_t *size);
/*
 * => TAYRA_OK with a copy in *out; TAYRA_E_CORRUPT: not what was made for this key;
 *    TAYRA_E_NOT_FOUND: sound, but of another epoch; TAYRA_E_NOMEM.
 */
int tayra__remote_record_read(const void *bytes, size_t len, uint64_t epoch, const void *key,
			      size_t key_len, struct tayra__tier_value *out);

#endif
