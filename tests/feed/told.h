/* SPDX-License-Identifier: Apache-2.0
 *
 * told.h: what a test asks of a feed that works on a thread of its own, and waits for.
 */
#ifndef TESTS_FEED_TOLD_H
#define TESTS_FEED_TOLD_H

#include "../load/stage.h"

#include <unistd.h>

#define TOLD_PATIENCE_MS 20000

static inline struct tayra_feed_stats
stats_of_feed(struct tayra_feed *feed)
{
	struct tayra_feed_stats stats = TAYRA_FEED_STATS_INIT;

	tayra_feed_stats(feed, &stats);
	return stats;
}

/* Wait until so much has been told, and see that it is no more. */
static inline void
wait_told(struct tayra_feed *feed, uint64_t keys, uint64_t prefixes)
{
	for (int i = 0; i < TOLD_PATIENCE_MS && (stats_of_feed(feed).keys < keys ||
						 stats_of_feed(feed).prefixes < prefixes);
	     i++)
		usleep(1000);
	usleep(20000);
	assert_int_equal(stats_of_feed(feed).keys, keys);
	assert_int_equal(stats_of_feed(feed).prefixes, prefixes);
}

static inline void
wait_sound(struct tayra_feed *feed, bool sound)
{
	for (int i = 0; i < TOLD_PATIENCE_MS && stats_of_feed(feed).sound != sound; i++)
		usleep(1000);
	assert_int_equal(stats_of_feed(feed).sound, sound);
}

static inline void
wait_stale(struct tayra *t, const char *key)
{
	for (int i = 0; i < TOLD_PATIENCE_MS && is_fresh(t, key); i++)
		usleep(1000);
	assert_false(is_fresh(t, key));
}

/* What makes a table tell, from tayra_feed_postgres_sql() or tayra_feed_sqlite_sql(); to be freed.
 */
static inline char *
tell_sql(int (*write)(const char *keys, const char *table, const char *name, char *error,
		      size_t error_len, FILE *out),
	 const char *keys, const char *table, const char *name)
{
	char error[200], *sql = NULL;
	size_t len;
	FILE *out = open_memstream(&sql, &len);
	int status = write(keys, table, name, error, sizeof(error), out);

	fclose(out);
	if (status != TAYRA_OK)
		fail_msg("%s", error);
	return sql;
}

static inline void
put(struct tayra *t, const char *key)
{
	usleep(2000); /* to be born in a later millisecond than a doubt */
	assert_int_equal(tayra_put(t, key, strlen(key), "old", 3, 3600000, 0), TAYRA_OK);
	assert_true(is_fresh(t, key));
}

#endif
