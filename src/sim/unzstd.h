/* SPDX-License-Identifier: Apache-2.0
 *
 * unzstd.h: a streaming zstd decoder, or its absence: unzstd.c where the library is there,
 * unzstd_absent.c where it is not.  Not thread-safe.
 */
#ifndef TAYRA_SIM_UNZSTD_H
#define TAYRA_SIM_UNZSTD_H

#include <stddef.h>

struct tayra__unzstd;

/* => TAYRA_OK, TAYRA_E_NOMEM, TAYRA_E_UNSUPPORTED in a build without zstd. */
int tayra__unzstd_create(struct tayra__unzstd **out);
void tayra__unzstd_destroy(struct tayra__unzstd *zstd);

/*
 * Decode some of in[*in_at .. in_len) into out[0 .. out_size).
 * => *in_at moves on and *written says how much came out.
 * => TAYRA_OK, TAYRA_PENDING when more input is needed before the data can end here,
 *    TAYRA_E_CORRUPT, TAYRA_E_FULL when that takes a window over zstd's default, 128 MiB.
 */
int tayra__unzstd_decode(struct tayra__unzstd *zstd, const void *in, size_t in_len, size_t *in_at,
			 void *out, size_t out_size, size_t *written);

#endif
