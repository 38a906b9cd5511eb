/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/unzstd.h"

#include <tayra/base.h>

int
tayra__unzstd_create(struct tayra__unzstd **out)
{
	*out = NULL;
	return TAYRA_E_UNSUPPORTED;
}

void
tayra__unzstd_destroy(struct tayra__unzstd *zstd)
{
}

int
tayra__unzstd_decode(struct tayra__unzstd *zstd, const void *in, size_t in_len, size_t *in_at,
		     void *out, size_t out_size, size_t *written)
{
	*written = 0;
	return TAYRA_E_UNSUPPORTED;
}
