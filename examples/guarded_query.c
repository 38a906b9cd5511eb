/* SPDX-License-Identifier: Apache-2.0
 *
 * guarded_query.c: a PostgreSQL query behind a cache and a limit that learns what the server bears.
 *
 *     cc guarded_query.c $(pkg-config --cflags --libs tayra) -o guarded_query
 *     ./guarded_query "host=/run/postgresql dbname=postgres" "SELECT version() || $1" " (" "..)"
 */
#include <stdio.h>
#include <string.h>

#include <tayra/tayra.h>

static int
ask(struct tayra *t, struct tayra_origin *origin, const char *key)
{
	struct tayra_request request = TAYRA_REQUEST_INIT;
	struct tayra_ref ref;

	request.key = key; /* bound to $1 */
	request.key_len = strlen(key);
	request.origin = origin;
	request.ttl_ms = 60000;           /* fresh for a minute, */
	request.stale_ms = 3600000;       /* good enough for an hour when the server fails */
	request.timeout_ns = 2000000000u; /* then the statement is cancelled */
	int status = tayra_get_or_load(t, &request, &ref);

	printf("%s: %.*s (%s)\n", key, (int)ref.value_len, (const char *)ref.value,
	       status != TAYRA_OK           ? tayra_status_text(status)
	       : ref.tier == TAYRA_TIER_RAM ? "from the cache"
					    : "from PostgreSQL");
	tayra_release(&ref);
	if (status == TAYRA_E_ORIGIN) {
		struct tayra_origin_stats stats = TAYRA_ORIGIN_STATS_INIT;

		tayra_origin_stats(origin, &stats);
		fprintf(stderr, "%s\n", stats.trouble);
	}
	return status;
}

int
main(int argc, char **argv)
{
	struct tayra_options options = TAYRA_OPTIONS_INIT;
	struct tayra_origin *origin = NULL;
	struct tayra *t = NULL;
	char error[200] = "usage: guarded_query CONNINFO SQL KEY...";
	int status = argc < 4 ? TAYRA_E_INVAL : tayra_pace_create(NULL, &options.pace);

	if (status == TAYRA_OK)
		status = tayra_origin_postgres(NULL, argv[1], argv[2], error, sizeof(error),
					       &origin);
	if (status == TAYRA_OK)
		status = tayra_create(&options, &t);
	if (error[0])
		fprintf(stderr, "%s\n", error);
	for (int i = 6; status == TAYRA_OK && i < 2 * argc; i++) /* each key twice */
		status = ask(t, origin, argv[i / 2]);
	tayra_destroy(t);
	tayra_origin_close(origin);
	tayra_pace_destroy(options.pace);
	return status != TAYRA_OK;
}
