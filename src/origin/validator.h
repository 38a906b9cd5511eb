/* SPDX-License-Identifier: Apache-2.0
 *
 * validator.h: by what an HTTP server recognises the version of a response it gave (RFC 9110, 8.8):
 * its ETag and Last-Modified.  And the memory of them: bounded, of the bytes they came with, and so
 * of no use for any others, wherever those came from.  Not thread-safe.
 */
#ifndef TAYRA_ORIGIN_VALIDATOR_H
#define TAYRA_ORIGIN_VALIDATOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tayra_cache;

#define TAYRA__VALIDATOR_ETAG 256u /* longer ones are not remembered */
#define TAYRA__VALIDATOR_DATE 40u

/* Texts that may stand in a header; "": none. */
struct tayra__validator {
	char etag[TAYRA__VALIDATOR_ETAG];
	char modified[TAYRA__VALIDATOR_DATE];
};

/* One header line, with or without its end of line.  A status line begins anew. */
void tayra__validator_read(struct tayra__validator *validator, const char *line, size_t len);

struct tayra__validators {
	struct tayra_cache *cache; /* made when it is first wanted */
	uint64_t memory_bytes, seed;
};

/* memory_bytes 0: nothing is remembered. */
void tayra__validators_init(struct tayra__validators *validators, uint64_t memory_bytes);
void tayra__validators_fini(struct tayra__validators *validators);
/* These bytes came with it.  Without either text, and when there is no memory, it is forgotten what
 * was known. */
void tayra__validators_put(struct tayra__validators *validators, const void *key, size_t key_len,
			   const void *bytes, size_t len, const struct tayra__validator *validator);
/* => whether just these bytes came with one, which is then in *out. */
bool tayra__validators_get(struct tayra__validators *validators, const void *key, size_t key_len,
			   const void *bytes, size_t len, struct tayra__validator *out);

#endif
