/* SPDX-License-Identifier: Apache-2.0
 *
 * test_arm.c: an arm of every design that an ablation asks for, on a catalogue of seven packages.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "packages_text.h"
#include "showcase/ablation.h"
#include "showcase/catalogue.h"
#include "showcase/redis_server.h"

struct fixture {
	struct tayra__catalogue catalogue;
	struct tayra__showcase_arm arm;
	struct tayra__arm_terms terms;
	char copy[128];
};

static int
set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	char path[64], error[200];

	write_file(path, packages_text, strlen(packages_text));
	if (tayra__catalogue_create(&f->catalogue, path, NULL, error, sizeof(error)) != TAYRA_OK ||
	    tayra__catalogue_copy(&f->catalogue, "copy", f->copy, sizeof(f->copy), error,
				  sizeof(error)) != TAYRA_OK)
		return -1;
	unlink(path);
	f->terms = (struct tayra__arm_terms){ .catalogue = &f->catalogue,
					      .memory_bytes = 4 << 20,
					      .ttl_ms = 60000,
					      .statement_timeout_ns = 10 * TAYRA_NS_PER_S,
					      .reverse_bound = 100,
					      .seed = 1 };
	*state = f;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *f = *state;
	char dir[64];

	memcpy(dir, f->catalogue.dir, sizeof(dir));
	tayra__catalogue_fini(&f->catalogue);
	free(f);
	return access(dir, F_OK) == 0; /* nothing may be left behind */
}

static struct tayra__arm_design
tayra_design(void)
{
	return (struct tayra__arm_design){
		.name = "tayra",
		.policy = TAYRA_POLICY_S3FIFO,
		.single_flight = true,
		.limited = true,
		.limiter = TAYRA_LIMITER_AIMD,
		.limit = 4,
		.limit_min = 1,
		.limit_max = 32,
		.queue_max = 128,
		.deadlines = true,
		.classes = true,
		.codel_target_ns = TAYRA__ARM_NO_CODEL,
		.soft_timeout_ns = TAYRA_NS_PER_S,
		.stale_ms = 60000,
	};
}

static void
start(struct fixture *f, const struct tayra__arm_design *design)
{
	char error[300] = "";

	if (tayra__arm_init(&f->arm, design, &f->terms, f->copy, error, sizeof(error)) != TAYRA_OK)
		fail_msg("%s", error);
}

/* Ask for the first package's details once; how many queries it took. */
static uint64_t
ask(struct fixture *f)
{
	uint64_t now_ns = tayra__clock_real_ns();
	struct tayra__call call = { .due_ns = now_ns, .deadline_ns = UINT64_MAX };
	struct tayra__user_request request = { .kind = TAYRA__REQUEST_DETAIL };
	struct tayra__database_counts before, after;

	tayra__database_counts(f->arm.database, &before);
	assert_int_equal(tayra__arm_begin(&f->arm), TAYRA_OK);
	assert_int_equal(tayra__arm_read(&f->arm, &request, &call), TAYRA_OK);
	tayra__arm_end(&f->arm);
	tayra__database_counts(f->arm.database, &after);
	return after.calls - before.calls;
}

/* The queries of a first request, of a second one, and of one after a restart. */
static void
ask_thrice(struct fixture *f, const struct tayra__arm_design *design, uint64_t queries[3])
{
	char error[300] = "";

	start(f, design);
	/* What began to load within 3 ms of the connection is not offered to a remote tier. */
	if (design->remote_tier)
		tayra__clock_sleep_until_ns(tayra__clock_real_ns() + 20 * TAYRA_NS_PER_MS);
	queries[0] = ask(f);
	queries[1] = ask(f);
	if (tayra__arm_restart(&f->arm, error, sizeof(error)) != TAYRA_OK)
		fail_msg("%s", error);
	queries[2] = ask(f);
	tayra__arm_fini(&f->arm);
}

static void
every_design_of_an_ablation_answers_from_its_cache(void **state)
{
	struct fixture *f = *state;

	for (uint32_t i = 0; i < tayra__ablation_count; i++) {
		struct tayra__arm_design designs[2] = { tayra_design(), tayra_design() };

		tayra__ablations[i].change(&designs[0], &designs[1]);
		for (int which = 0; which < 2; which++) {
			uint64_t queries[3];

			if (designs[which].remote_tier)
				continue; /* below */
			ask_thrice(f, &designs[which], queries);
			assert_int_equal(queries[0], 1);
			/* Half a second may pass on a loaded machine. */
			if (designs[which].ttl_ms != 500)
				assert_int_equal(queries[1], 0);
			if (!designs[which].file_tier)
				assert_int_equal(queries[2], 1);
		}
	}
}

static void
what_the_file_tier_keeps_outlives_the_process(void **state)
{
	struct tayra__arm_design design = tayra_design();
	uint64_t queries[3];

	design.file_tier = true;
	ask_thrice(*state, &design, queries);
	assert_int_equal(queries[0], 1);
	assert_int_equal(queries[2], 0);
}

static void
what_the_remote_tier_keeps_outlives_the_process(void **state)
{
	struct fixture *f = *state;
	struct tayra__redis_server redis = { .pid = 0 };
	struct tayra__arm_design design = tayra_design();
	uint64_t queries[3];
	char error[200];

	if (tayra__redis_server_missing())
		skip(); /* no redis-server */
	assert_int_equal(tayra__redis_server_start(&redis, f->catalogue.dir, error, sizeof(error)),
			 TAYRA_OK);
	design.remote_tier = true;
	design.remote_url = redis.url;
	ask_thrice(f, &design, queries);
	tayra__redis_server_stop(&redis);
	assert_int_equal(queries[0], 1);
	assert_int_equal(queries[2], 0);
}

static void
a_server_that_cannot_be_there_says_so(void **state)
{
	struct tayra__redis_server redis = { .pid = 0 };
	char *path = strdup(getenv("PATH")), error[200] = "";

	setenv("PATH", "/nonexistent", 1);
	assert_string_equal(tayra__redis_server_missing(), "redis-server is not installed");
	assert_int_equal(tayra__redis_server_start(&redis, "/tmp", error, sizeof(error)),
			 TAYRA_E_IO);
	assert_string_equal(error, "redis-server could not be started");
	tayra__redis_server_stop(&redis);
	setenv("PATH", path, 1);
	free(path);
}

static void
the_parts_of_a_request_are_counted_where_they_belong(void **state)
{
	struct fixture *f = *state;
	struct tayra__arm_design design = tayra_design();

	start(f, &design);
	ask(f);
	assert_true(atomic_load(&f->arm.counts.part_ns[TAYRA__PART_ORIGIN]) > 0);
	assert_true(atomic_load(&f->arm.counts.part_ns[TAYRA__PART_HIT]) == 0);
	ask(f);
	assert_true(atomic_load(&f->arm.counts.part_ns[TAYRA__PART_HIT]) > 0);
	assert_true(atomic_load(&f->arm.counts.part_ns[TAYRA__PART_LOST]) == 0);
	tayra__arm_fini(&f->arm);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_design_of_an_ablation_answers_from_its_cache,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_the_file_tier_keeps_outlives_the_process,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_the_remote_tier_keeps_outlives_the_process,
						set_up, tear_down),
		cmocka_unit_test(a_server_that_cannot_be_there_says_so),
		cmocka_unit_test_setup_teardown(
			the_parts_of_a_request_are_counted_where_they_belong, set_up, tear_down),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
