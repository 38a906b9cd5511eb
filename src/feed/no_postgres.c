/* SPDX-License-Identifier: Apache-2.0
 *
 * no_postgres.c: in place of postgres.c in a build without that feature.
 */
#include <stdio.h>

#include <tayra/tayra.h>

int
tayra_feed_postgres(struct tayra *t, const struct tayra_feed_options *options, const char *conninfo,
		    const char *channel, char *error, size_t error_len, struct tayra_feed **out)
{
	if (out)
		*out = NULL;
	if (error && error_len > 0)
		snprintf(error, error_len, "this build was made without PostgreSQL");
	return TAYRA_E_UNSUPPORTED;
}

int
tayra_feed_postgres_replication(struct tayra *t, const struct tayra_feed_options *options,
				const char *conninfo, const char *publication,
				const struct tayra_feed_table *tables, size_t count, char *error,
				size_t error_len, struct tayra_feed **out)
{
	return tayra_feed_postgres(t, options, conninfo, publication, error, error_len, out);
}
