/* SPDX-License-Identifier: Apache-2.0
 *
 * Who gets the slots of an overloaded backend: levels, tenants, classes.  The limit is fixed at the
 * knee.
 */
#include "overload.h"

static void
open_at_knee(struct scene *scene, uint64_t seed)
{
	const struct tayra_pace_options options = options_of(TAYRA_LIMITER_FIXED, 22);

	open_scene(scene, &options, seed);
}

static void
settle_and_count(struct scene *scene)
{
	run_for(scene, 5 * S);
	count_from_now(scene);
	run_for(scene, 20 * S);
}

static void
what_is_turned_away_is_what_matters_least(void **state)
{
	struct scene scene;
	struct source *all;
	double rate[4];

	open_at_knee(&scene, 7);
	all = let_come(&scene, (struct source){ .load = 2, .levels = 128 });
	settle_and_count(&scene);
	for (int q = 0; q < 4; q++)
		rate[q] = (double)all->good_at[q] / (double)all->asked_at[q];
	print_message("# success by quarter of the levels: %.3f %.3f %.3f %.3f; goodput %.3f\n",
		      rate[0], rate[1], rate[2], rate[3], goodput(&scene));
	assert_true(rate[0] > 0.85);
	assert_true(rate[3] < 0.1);
	assert_true(goodput(&scene) >= 0.95);
	close_scene(&scene);
}

static void
the_gate_opens_as_soon_as_the_overload_is_over(void **state)
{
	struct scene scene;
	struct source *flood;

	open_at_knee(&scene, 7);
	let_come(&scene, (struct source){ .load = 0.7, .levels = 128 });
	flood = let_come(&scene, (struct source){ .load = 4, .levels = 128 });
	run_for(&scene, 10 * S);
	assert_true(stats_of(&scene).admit_ratio[TAYRA_NORMAL - 1] < 0.5);
	stay_away(flood);
	run_for(&scene, 1 * S);
	count_from_now(&scene);
	run_for(&scene, 5 * S);
	assert_int_equal(scene.sources[0].refused + scene.sources[0].late, 0);
	close_scene(&scene);
}

/* Jain's index: 1 where all got the same, 1/n where one got all. */
static double
jain(const struct scene *scene)
{
	double sum = 0, squares = 0;

	for (size_t i = 0; i < scene->source_count; i++) {
		double good = (double)scene->sources[i].good;

		sum += good;
		squares += good * good;
	}
	return sum * sum / ((double)scene->source_count * squares);
}

static void
equal_tenants_get_the_same(void **state)
{
	struct scene scene;

	open_at_knee(&scene, 7);
	for (uint64_t tenant = 1; tenant <= 50; tenant++)
		let_come(&scene, (struct source){ .load = 0.08, .tenant = tenant * 0x9e3779b9 });
	settle_and_count(&scene);
	print_message("# 50 tenants at 4x: Jain %.4f, goodput %.3f\n", jain(&scene),
		      goodput(&scene));
	assert_true(jain(&scene) >= 0.95);
	assert_true(goodput(&scene) >= 0.95);
	close_scene(&scene);
}

/* Ten tenants, together just what the backend can do; then one asks for ten times as much. */
static void
a_greedy_tenant_waits_behind_itself(void **state)
{
	struct scene scene;
	double worst = 1;

	open_at_knee(&scene, 7);
	let_come(&scene, (struct source){ .load = 0.9, .tenant = 1 });
	for (uint64_t tenant = 2; tenant <= 10; tenant++)
		let_come(&scene, (struct source){ .load = 0.09, .tenant = tenant });
	settle_and_count(&scene);
	for (size_t i = 1; i < scene.source_count; i++)
		if (success_of(&scene.sources[i]) < worst)
			worst = success_of(&scene.sources[i]);
	print_message("# worst success beside a greedy tenant: %.3f; goodput %.3f\n", worst,
		      goodput(&scene));
	assert_true(worst >= 0.9);
	assert_true(goodput(&scene) >= 0.95);
	close_scene(&scene);
}

static const double shares[TAYRA_CLASSES] = { .6, .4 * 8 / 15, .4 * 4 / 15, .4 * 2 / 15, .4 / 15 };

static void
every_class_gets_its_share_under_overload(void **state)
{
	struct scene scene;

	open_at_knee(&scene, 7);
	all_classes_come(&scene, 2);
	settle_and_count(&scene);
	for (int c = 0; c < TAYRA_CLASSES; c++) {
		double share = goodput_of(&scene.sources[c]) / shares[c] / goodput(&scene);

		print_message("# %s: %.2f of its share\n",
			      tayra_class_name((enum tayra_class)(c + 1)), share);
		assert_true(share > 0.9 && share < 1.1);
	}
	close_scene(&scene);
}

/* Each ten seconds, whoever presses: here HIGH, with as much as makes ten times capacity. */
static void
no_class_starves(void **state)
{
	struct scene scene;

	open_at_knee(&scene, 7);
	all_classes_come(&scene, 0.5);
	scene.sources[TAYRA_HIGH - 1].load = 8;
	run_for(&scene, 5 * S);
	for (int i = 0; i < 3; i++) {
		count_from_now(&scene);
		run_for(&scene, 10 * S);
		for (int c = 0; c < TAYRA_CLASSES; c++)
			assert_true(goodput_of(&scene.sources[c]) >= 0.9 * 0.02);
		assert_true(goodput(&scene) >= 0.95);
		assert_true(longest_wait_ns(&scene) <= 510 * MS);
	}
	close_scene(&scene);
}

/* The high class asks for half of what can be done, at most, the rest makes up the load. */
static void
a_high_class_within_half_of_capacity_succeeds(void **state)
{
	const double loads[] = { 1.5, 4, 10 };
	const enum tayra_class classes[] = { TAYRA_CRITICAL, TAYRA_HIGH };

	for (int k = 0; k < 2; k++)
		for (int i = 0; i < 3; i++) {
			struct scene scene;
			struct source *high;

			open_at_knee(&scene, 7);
			high = let_come(&scene, (struct source){ .load = 0.5, .cls = classes[k] });
			let_come(&scene,
				 (struct source){ .load = loads[i] - 0.5, .cls = TAYRA_NORMAL });
			settle_and_count(&scene);
			print_message("# %s beside %.1f: success %.5f, longest wait %.1f ms; "
				      "goodput %.3f\n",
				      tayra_class_name(classes[k]), loads[i] - 0.5,
				      success_of(high), (double)high->longest_ns / 1e6,
				      goodput(&scene));
			assert_true(success_of(high) >= 0.999);
			assert_true(goodput(&scene) >= 0.95);
			close_scene(&scene);
		}
}

/* What CRITICAL does not ask for is everybody else's, and the other way round. */
static void
nothing_is_left_idle_for_who_does_not_ask(void **state)
{
	for (int c = TAYRA_CRITICAL; c <= TAYRA_BACKGROUND; c++) {
		struct scene scene;

		open_at_knee(&scene, 7);
		let_come(&scene, (struct source){ .load = 3, .cls = (enum tayra_class)c });
		settle_and_count(&scene);
		assert_true(goodput(&scene) >= 0.95);
		close_scene(&scene);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_turned_away_is_what_matters_least),
		cmocka_unit_test(the_gate_opens_as_soon_as_the_overload_is_over),
		cmocka_unit_test(equal_tenants_get_the_same),
		cmocka_unit_test(a_greedy_tenant_waits_behind_itself),
		cmocka_unit_test(every_class_gets_its_share_under_overload),
		cmocka_unit_test(no_class_starves),
		cmocka_unit_test(a_high_class_within_half_of_capacity_succeeds),
		cmocka_unit_test(nothing_is_left_idle_for_who_does_not_ask),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
