/* SPDX-License-Identifier: Apache-2.0
 *
 * The feed of SQLite with every allocation of ours refused in turn.
 */
#include "../load/stage.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"

/* More than any operation here allocates. */
#define ENOUGH 64

static void
execute(const char *path, const char *sql)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	sqlite3_busy_timeout(db, 10000);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

#define CHANGES                                                                                    \
	"CREATE TABLE change (id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL);"           \
	"INSERT INTO change (key) VALUES ('a1')"

static void
it_is_opened_whole_or_not_at_all_and_loses_no_change(void **state)
{
	char path[] = "/tmp/tayra-test-XXXXXX";
	struct tayra_feed_stats stats = TAYRA_FEED_STATS_INIT;
	static const struct tayra_feed_table table = { "a", "a{id}" };
	struct tayra_feed_options o = TAYRA_FEED_OPTIONS_INIT;
	struct tayra_feed *feed;
	struct stage s;
	uint64_t n = 0;
	int status, fd = mkstemp(path);

	assert_true(fd >= 0);
	close(fd);
	execute(path, CHANGES);
	o.tables = &table;
	o.table_count = 1;
	stage_open(&s, NULL);
	do {
		tayra__mem_fail_after(++n);
		status = tayra_feed_sqlite(s.t, &o, path, "change", NULL, 0, &feed);
		tayra__mem_fail_after(0);
		if (status != TAYRA_OK) {
			assert_int_equal(status, TAYRA_E_NOMEM);
			assert_null(feed);
		}
	} while (status != TAYRA_OK && n < ENOUGH);
	assert_int_equal(status, TAYRA_OK);
	assert_in_range(n, 3, ENOUGH);
	/* What there is no memory for to read is that anything may have changed. */
	tayra__mem_fail_after(1);
	execute(path, "INSERT INTO change (key) VALUES ('b1')");
	for (int i = 0; i < 20000 && stats.prefixes == 0; i++) {
		usleep(1000);
		tayra_feed_stats(feed, &stats);
	}
	tayra__mem_fail_after(0);
	assert_int_equal(stats.prefixes, 1);
	assert_int_equal(stats.keys, 0);
	tayra_feed_close(feed);
	stage_close(&s);
	unlink(path);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(it_is_opened_whole_or_not_at_all_and_loses_no_change),
};

RUN_TESTS(tests)
