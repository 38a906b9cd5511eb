/* SPDX-License-Identifier: Apache-2.0
 *
 * sha256.h: SHA-256 (FIPS 180-4), to name a data set in a report.  Not for secrets: written to be
 * read, not to resist timing.  Not thread-safe.
 */
#ifndef TAYRA_SHOWCASE_SHA256_H
#define TAYRA_SHOWCASE_SHA256_H

#include <stddef.h>
#include <stdint.h>

struct tayra__sha256 {
	uint32_t state[8];
	uint64_t bytes;
	uint8_t block[64];
};

#define TAYRA__SHA256_HEX 65 /* 64 digits and a terminator */

void tayra__sha256_init(struct tayra__sha256 *sha);
void tayra__sha256_add(struct tayra__sha256 *sha, const void *bytes, size_t len);
void tayra__sha256_hex(struct tayra__sha256 *sha, char out[TAYRA__SHA256_HEX]);

#endif
