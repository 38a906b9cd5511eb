/* SPDX-License-Identifier: Apache-2.0
 *
 * no_sqlite.c: in place of sqlite.c in a build without that feature.
 */
#include <stdio.h>

#include <tayra/tayra.h>

int
tayra_feed_sqlite(struct tayra *t, const struct tayra_feed_options *options, const char *path,
		  const char *changes, char *error, size_t error_len, struct tayra_feed **out)
{
	if (out)
		*out = NULL;
	if (error && error_len > 0)
		snprintf(error, error_len, "this build was made without SQLite");
	return TAYRA_E_UNSUPPORTED;
}
