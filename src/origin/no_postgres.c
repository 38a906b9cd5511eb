/* SPDX-License-Identifier: Apache-2.0
 *
 * no_postgres.c: in place of postgres.c in a build without that feature.
 */
#include <stdio.h>

#include <tayra/tayra.h>

int
tayra_origin_postgres(const struct tayra_origin_options *options, const char *conninfo,
		      const char *sql, char *error, size_t error_len, struct tayra_origin **out)
{
	if (out)
		*out = NULL;
	if (error && error_len > 0)
		snprintf(error, error_len, "this build was made without PostgreSQL");
	return TAYRA_E_UNSUPPORTED;
}
