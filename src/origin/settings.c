/* SPDX-License-Identifier: Apache-2.0
 *
 * settings.c: what all origins have in common for their callers.
 */
#include "origin/settings.h"

#include "base/option.h"
#include "load/origin.h"
#include "origin/worker.h"

#define DEFAULT_THREADS 4

int
tayra__origin_settings(const struct tayra_origin_options *given, struct tayra_origin_options *out)
{
	int status = tayra__option_struct(given, out, sizeof(*out));

	if (status != TAYRA_OK)
		return status;
	if (out->threads == 0)
		out->threads = DEFAULT_THREADS;
	return out->threads <= TAYRA__WORKERS_MAX ? TAYRA_OK : TAYRA_E_INVAL;
}

void
tayra_origin_close(struct tayra_origin *origin)
{
	if (origin)
		origin->close(origin);
}
