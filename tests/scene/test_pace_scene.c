/* SPDX-License-Identifier: Apache-2.0
 *
 * How limit and queue together come through overload, a backend that slows, hangs or dies.
 */
#include "overload.h"

static void
fixed_limit_and_queue_keep_the_goodput_under_overload(void **state)
{
	const struct tayra_pace_options options = options_of(TAYRA_LIMITER_FIXED, 22);
	const double loads[] = { 1.5, 4, 10 };

	for (size_t i = 0; i < sizeof(loads) / sizeof(*loads); i++) {
		struct scene scene;

		open_scene(&scene, &options, 7);
		let_come(&scene, (struct source){ .load = loads[i] });
		run_for(&scene, 3 * S);
		count_from_now(&scene);
		run_for(&scene, 10 * S);
		print_message("# load %.1f: goodput %.3f of capacity\n", loads[i], goodput(&scene));
		assert_true(goodput(&scene) >= 0.95);
		assert_true(longest_wait_ns(&scene) <= 510 * MS);
		close_scene(&scene);
	}
}

static void
without_a_limit_the_same_overload_leaves_nothing(void **state)
{
	struct tayra_pace_options options = options_of(TAYRA_LIMITER_FIXED, 22);
	struct scene scene;

	options.mode = TAYRA_MODE_OFF;
	open_scene(&scene, &options, 7);
	let_come(&scene, (struct source){ .load = 4 });
	run_for(&scene, 3 * S);
	count_from_now(&scene);
	run_for(&scene, 10 * S);
	print_message("# no limit: goodput %.3f of capacity\n", goodput(&scene));
	assert_true(goodput(&scene) < 0.02);
	close_scene(&scene);
}

static void
load_below_capacity_is_let_in_and_answered(void **state)
{
	const struct tayra_pace_options options = options_of(TAYRA_LIMITER_FIXED, 22);
	struct scene scene;

	open_scene(&scene, &options, 7);
	let_come(&scene, (struct source){ .load = 0.7 });
	run_for(&scene, 10 * S);
	assert_int_equal(scene.sources[0].refused + scene.sources[0].late, 0);
	assert_true(goodput(&scene) > 0.68);
	close_scene(&scene);
}

static void
aimd_settles_shrinks_with_the_capacity_and_comes_back(void **state)
{
	const struct tayra_pace_options options = options_of(TAYRA_LIMITER_AIMD, 0);
	double before, fallen, after;
	struct scene scene;

	open_scene(&scene, &options, 7);
	let_come(&scene, (struct source){ .load = 2 });
	run_for(&scene, 20 * S);
	count_from_now(&scene);
	for (int i = 0; i < 40; i++) {
		run_for(&scene, 250 * MS);
		assert_true(stats_of(&scene).limit > 15 && stats_of(&scene).limit < 60);
	}
	before = stats_of(&scene).limit;
	print_message("# limit %.1f, goodput %.3f", before, goodput(&scene));
	assert_true(goodput(&scene) > 0.7);

	tayra__backend_set_speed(&scene.backend, 0.3);
	run_for(&scene, 10 * S);
	count_from_now(&scene);
	run_for(&scene, 5 * S);
	fallen = stats_of(&scene).limit;
	print_message("; at 0.3 %.1f, %.3f", fallen, goodput(&scene));
	assert_true(fallen < 0.6 * before);

	tayra__backend_set_speed(&scene.backend, 1);
	run_for(&scene, 10 * S);
	after = stats_of(&scene).limit;
	print_message("; back %.1f\n", after);
	assert_true(after > 15 && after < 60);
	close_scene(&scene);
}

static void
a_backend_that_hangs_keeps_nobody_past_the_deadline_and_is_used_again(void **state)
{
	const struct tayra_pace_options options = options_of(TAYRA_LIMITER_FIXED, 22);
	struct scene scene;

	open_scene(&scene, &options, 7);
	let_come(&scene, (struct source){ .load = 0.7 });
	run_for(&scene, 3 * S);
	tayra__backend_set_hung(&scene.backend, true);
	count_from_now(&scene);
	run_for(&scene, 5 * S);
	assert_true(longest_wait_ns(&scene) <= 510 * MS);
	assert_true(tayra__backend_inside(&scene.backend) <= 22);
	tayra__backend_set_hung(&scene.backend, false);
	run_for(&scene, 1 * S);
	count_from_now(&scene);
	run_for(&scene, 5 * S);
	assert_true(goodput(&scene) > 0.65);
	close_scene(&scene);
}

static void
a_backend_that_dies_brings_aimd_down_and_is_used_again(void **state)
{
	const struct tayra_pace_options options = options_of(TAYRA_LIMITER_AIMD, 0);
	struct scene scene;

	open_scene(&scene, &options, 7);
	let_come(&scene, (struct source){ .load = 0.7 });
	run_for(&scene, 10 * S);
	tayra__backend_set_dead(&scene.backend, true);
	run_for(&scene, 10 * S);
	assert_true(stats_of(&scene).limit == 1);
	tayra__backend_set_dead(&scene.backend, false);
	run_for(&scene, 10 * S);
	count_from_now(&scene);
	run_for(&scene, 5 * S);
	print_message("# after it died: limit %.1f, goodput %.3f\n", stats_of(&scene).limit,
		      goodput(&scene));
	assert_true(goodput(&scene) > 0.6);
	close_scene(&scene);
}

static uint64_t
trace_of(uint64_t seed)
{
	const struct tayra_pace_options options = options_of(TAYRA_LIMITER_AIMD, 0);
	struct scene scene;
	uint64_t trace;

	open_scene(&scene, &options, seed);
	all_classes_come(&scene, 0.8);
	run_for(&scene, 2 * S);
	trace = scene.events.trace;
	close_scene(&scene);
	return trace;
}

static void
the_same_seed_gives_the_same_trace(void **state)
{
	assert_int_equal(trace_of(1), trace_of(1));
	assert_int_not_equal(trace_of(1), trace_of(2));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fixed_limit_and_queue_keep_the_goodput_under_overload),
		cmocka_unit_test(without_a_limit_the_same_overload_leaves_nothing),
		cmocka_unit_test(load_below_capacity_is_let_in_and_answered),
		cmocka_unit_test(aimd_settles_shrinks_with_the_capacity_and_comes_back),
		cmocka_unit_test(
			a_backend_that_hangs_keeps_nobody_past_the_deadline_and_is_used_again),
		cmocka_unit_test(a_backend_that_dies_brings_aimd_down_and_is_used_again),
		cmocka_unit_test(the_same_seed_gives_the_same_trace),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
