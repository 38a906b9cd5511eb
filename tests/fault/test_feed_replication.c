/* SPDX-License-Identifier: Apache-2.0
 *
 * The feed by logical replication with every allocation of ours refused in turn; without a server,
 * and what would come from one by hand.
 */
#include "../load/stage.h"

#include "base/mem.h"
#include "feed/untold.h"

/* More than opening allocates. */
#define ENOUGH 64

static void
it_is_opened_whole_or_not_at_all(void **state)
{
	static const struct tayra_feed_table tables[] = { { "item", "item:{id}" },
							  { "s.page", "page:{n}" } };
	struct tayra_feed *feed;
	struct stage s;
	uint64_t n = 0;
	int status;

	stage_open(&s, NULL);
	do {
		tayra__mem_fail_after(++n);
		status = tayra_feed_postgres_replication(s.t, NULL, "host=/no/such/folder", "p",
							 tables, 2, NULL, 0, &feed);
		tayra__mem_fail_after(0);
		if (status != TAYRA_OK) {
			assert_int_equal(status, TAYRA_E_NOMEM);
			assert_null(feed);
		}
	} while (status != TAYRA_OK && n < ENOUGH);
	assert_int_equal(status, TAYRA_OK);
	assert_in_range(n, 8, ENOUGH);
	tayra_feed_close(feed);
	stage_close(&s);
}

static void
what_there_is_no_memory_to_keep_is_said_and_what_was_kept_stays(void **state)
{
	struct tayra__untold u = { NULL };
	char big[8000] = "";

	assert_int_equal(tayra__untold_add(&u, 1, false, "a", 1), TAYRA_OK);
	tayra__mem_fail_after(1);
	assert_int_equal(tayra__untold_add(&u, 1, false, big, sizeof(big)), TAYRA_E_NOMEM);
	tayra__mem_fail_after(0);
	assert_int_equal(u.len, 9);
	tayra__untold_fini(&u);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(it_is_opened_whole_or_not_at_all),
	cmocka_unit_test(what_there_is_no_memory_to_keep_is_said_and_what_was_kept_stays),
};

RUN_TESTS(tests)
