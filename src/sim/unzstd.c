/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/unzstd.h"

#include <tayra/base.h>

#include <zstd.h>
#include <zstd_errors.h>

int
tayra__unzstd_create(struct tayra__unzstd **out)
{
	/* The library's context under our name: there is nothing to add to it. */
	*out = (struct tayra__unzstd *)(void *)ZSTD_createDStream();
	return *out ? TAYRA_OK : TAYRA_E_NOMEM;
}

void
tayra__unzstd_destroy(struct tayra__unzstd *zstd)
{
	ZSTD_freeDStream((ZSTD_DStream *)(void *)zstd);
}

int
tayra__unzstd_decode(struct tayra__unzstd *zstd, const void *in, size_t in_len, size_t *in_at,
		     void *out, size_t out_size, size_t *written)
{
	ZSTD_inBuffer from = { in, in_len, *in_at };
	ZSTD_outBuffer to = { out, out_size, 0 };
	size_t left = ZSTD_decompressStream((ZSTD_DStream *)(void *)zstd, &to, &from);

	*in_at = from.pos;
	*written = to.pos;
	if (ZSTD_isError(left))
		return ZSTD_getErrorCode(left) == ZSTD_error_frameParameter_windowTooLarge
			       ? TAYRA_E_FULL
			       : TAYRA_E_CORRUPT;
	return left ? TAYRA_PENDING : TAYRA_OK;
}
