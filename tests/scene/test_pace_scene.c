/* SPDX-License-Identifier: Apache-2.0
 *
 * Overload in virtual time: the production pacer before a model backend with a knee.  Requests
 * arrive open-loop (Poisson), each with a deadline; one that is answered later is worth nothing,
 * but the backend does its work all the same.
 */
#include <tayra/pace.h>

#include "base/list.h"
#include "base/mem.h"
#include "base/rng.h"
#include "sim/backend.h"
#include "sim/event.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#define MS TAYRA_NS_PER_MS
#define S  TAYRA_NS_PER_S

/* X(n) has its maximum of about 930/s at n = 22. */
#define MU         100.0
#define CONTENTION 0.02
#define COHERENCE  0.002

struct scene {
	struct tayra__events events;
	struct tayra__backend backend;
	struct tayra_pace *pace;
	struct tayra__rng rng;
	struct tayra__event arrival, tick;
	struct tayra__list visitors;
	double load_per_s;
	uint64_t patience_ns; /* from arrival to deadline */
	bool all_classes;     /* each as often as the others; else NORMAL only */
	/* Since the last count_from_now(): */
	uint64_t good[TAYRA_CLASSES], late, refused, longest_ns;
	uint64_t since_ns;
};

struct visitor {
	struct tayra__list node;
	struct scene *scene;
	struct tayra_ticket ticket;
	struct tayra__job job;
	enum tayra_class cls;
	uint64_t due_ns;
};

static void
on_job_done(struct tayra__job *job, enum tayra_outcome outcome, uint64_t now_ns)
{
	struct visitor *visitor = TAYRA__LIST_ENTRY(job, struct visitor, job);
	struct scene *scene = visitor->scene;

	if (outcome == TAYRA_OUTCOME_OK && now_ns > visitor->due_ns) {
		outcome = TAYRA_OUTCOME_TIMEOUT;
		scene->late++;
	} else if (outcome == TAYRA_OUTCOME_OK) {
		scene->good[visitor->cls - 1]++;
	}
	tayra__events_note(&scene->events, (uint64_t)outcome);
	tayra_pace_leave(scene->pace, &visitor->ticket, outcome, now_ns);
	tayra__list_remove(&visitor->node);
	tayra__mem_free(visitor);
}

static void
on_decided(struct tayra_ticket *ticket, int status, void *arg)
{
	struct visitor *visitor = arg;
	struct scene *scene = visitor->scene;
	uint64_t arrived_ns = visitor->due_ns - scene->patience_ns;
	uint64_t waited_ns = scene->events.now_ns - arrived_ns;

	(void)ticket;
	if (waited_ns > scene->longest_ns)
		scene->longest_ns = waited_ns;
	if (status == TAYRA_OK) {
		tayra__backend_start(&scene->backend, &visitor->job,
				     tayra__rng_exponential(&scene->rng));
		return;
	}
	scene->refused++;
	tayra__list_remove(&visitor->node);
	tayra__mem_free(visitor);
}

static void
on_arrival(struct tayra__event *event, uint64_t now_ns)
{
	struct scene *scene = TAYRA__LIST_ENTRY(event, struct scene, arrival);
	struct visitor *visitor = tayra__mem_alloc(sizeof(*visitor));
	double gap_s = tayra__rng_exponential(&scene->rng) / scene->load_per_s;
	struct tayra_pace_request request = { .decided = on_decided, .arg = visitor };
	int status;

	visitor->scene = scene;
	visitor->job.done = on_job_done;
	visitor->due_ns = request.deadline_ns = now_ns + scene->patience_ns;
	visitor->cls = request.cls =
		scene->all_classes
			? (enum tayra_class)(1 + tayra__rng_below(&scene->rng, TAYRA_CLASSES))
			: TAYRA_NORMAL;
	tayra__list_push_back(&scene->visitors, &visitor->node);
	status = tayra_pace_enter_start(scene->pace, &request, now_ns, &visitor->ticket);
	if (status != TAYRA_PENDING)
		on_decided(&visitor->ticket, status, visitor);
	tayra__events_set(&scene->events, event, now_ns + (uint64_t)(gap_s * 1e9));
}

static void
on_tick(struct tayra__event *event, uint64_t now_ns)
{
	struct scene *scene = TAYRA__LIST_ENTRY(event, struct scene, tick);
	uint64_t next_ns = tayra_pace_tick(scene->pace, now_ns);

	if (next_ns > now_ns + 10 * MS)
		next_ns = now_ns + 10 * MS;
	tayra__events_set(&scene->events, event, next_ns);
}

/* load: as a share of the backend's capacity. */
static void
open_scene(struct scene *scene, const struct tayra_pace_options *options, double load,
	   uint64_t seed)
{
	const struct tayra__backend_shape shape = { .rate_per_s = MU,
						    .contention = CONTENTION,
						    .coherence = COHERENCE };
	size_t knee;

	*scene = (struct scene){
		.arrival = { .fire = on_arrival },
		.tick = { .fire = on_tick },
		.patience_ns = 500 * MS,
	};
	tayra__list_init(&scene->visitors);
	tayra__rng_init(&scene->rng, seed);
	tayra__events_init(&scene->events, 0);
	tayra__backend_init(&scene->backend, &scene->events, &shape, 1);
	scene->load_per_s = load * tayra__backend_law_capacity(&shape, &knee);
	assert_int_equal(tayra_pace_create(options, &scene->pace), TAYRA_OK);
	tayra__events_set(&scene->events, &scene->arrival, 0);
	tayra__events_set(&scene->events, &scene->tick, 0);
}

/* Everybody still inside or waiting fails; then nobody may be left. */
static void
close_scene(struct scene *scene)
{
	tayra__events_unset(&scene->events, &scene->arrival);
	tayra__backend_set_dead(&scene->backend, true);
	assert_true(tayra__list_empty(&scene->visitors));
	tayra_pace_destroy(scene->pace);
	tayra__backend_fini(&scene->backend);
	tayra__events_fini(&scene->events);
}

static void
run_for(struct scene *scene, uint64_t ns)
{
	tayra__events_run(&scene->events, scene->events.now_ns + ns);
}

static void
count_from_now(struct scene *scene)
{
	for (int c = 0; c < TAYRA_CLASSES; c++)
		scene->good[c] = 0;
	scene->late = scene->refused = scene->longest_ns = 0;
	scene->since_ns = scene->events.now_ns;
}

/* Answers in time a second, as a share of what the backend can do at its speed of now. */
static double
goodput(const struct scene *scene)
{
	size_t knee;
	double capacity = tayra__backend_law_capacity(&scene->backend.shape, &knee) *
			  scene->backend.speed;
	uint64_t good = 0;

	for (int c = 0; c < TAYRA_CLASSES; c++)
		good += scene->good[c];
	return (double)good * 1e9 / (double)(scene->events.now_ns - scene->since_ns) / capacity;
}

static double
limit_of(const struct scene *scene)
{
	struct tayra_pace_stats stats = TAYRA_PACE_STATS_INIT;

	tayra_pace_stats(scene->pace, &stats);
	return stats.limit;
}

static struct tayra_pace_options
options_of(enum tayra_limiter limiter, double limit)
{
	struct tayra_pace_options options = TAYRA_PACE_OPTIONS_INIT;

	options.limiter = limiter;
	options.limit = limit;
	return options;
}

static void
fixed_limit_and_queue_keep_the_goodput_under_overload(void **state)
{
	const struct tayra_pace_options options = options_of(TAYRA_LIMITER_FIXED, 22);
	const double loads[] = { 1.5, 4, 10 };

	for (size_t i = 0; i < sizeof(loads) / sizeof(*loads); i++) {
		struct scene scene;

		open_scene(&scene, &options, loads[i], 7);
		run_for(&scene, 3 * S);
		count_from_now(&scene);
		run_for(&scene, 10 * S);
		print_message("# load %.1f: goodput %.3f of capacity\n", loads[i], goodput(&scene));
		assert_true(goodput(&scene) >= 0.9);
		assert_true(scene.longest_ns <= scene.patience_ns + 10 * MS);
		close_scene(&scene);
	}
}

static void
without_a_limit_the_same_overload_leaves_nothing(void **state)
{
	struct tayra_pace_options options = options_of(TAYRA_LIMITER_FIXED, 22);
	struct scene scene;

	options.mode = TAYRA_MODE_OFF;
	open_scene(&scene, &options, 4, 7);
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

	open_scene(&scene, &options, 0.7, 7);
	run_for(&scene, 10 * S);
	assert_int_equal(scene.refused + scene.late, 0);
	assert_true(goodput(&scene) > 0.68);
	close_scene(&scene);
}

static void
aimd_settles_shrinks_with_the_capacity_and_comes_back(void **state)
{
	const struct tayra_pace_options options = options_of(TAYRA_LIMITER_AIMD, 0);
	double before, fallen, after;
	struct scene scene;

	open_scene(&scene, &options, 2, 7);
	run_for(&scene, 20 * S);
	count_from_now(&scene);
	for (int i = 0; i < 40; i++) {
		run_for(&scene, 250 * MS);
		assert_true(limit_of(&scene) > 15 && limit_of(&scene) < 60);
	}
	before = limit_of(&scene);
	print_message("# limit %.1f, goodput %.3f", before, goodput(&scene));
	assert_true(goodput(&scene) > 0.7);

	tayra__backend_set_speed(&scene.backend, 0.3);
	run_for(&scene, 10 * S);
	count_from_now(&scene);
	run_for(&scene, 5 * S);
	fallen = limit_of(&scene);
	print_message("; at 0.3 %.1f, %.3f", fallen, goodput(&scene));
	assert_true(fallen < 0.6 * before);

	tayra__backend_set_speed(&scene.backend, 1);
	run_for(&scene, 10 * S);
	after = limit_of(&scene);
	print_message("; back %.1f\n", after);
	assert_true(after > 15 && after < 60);
	close_scene(&scene);
}

static void
every_class_gets_its_share_under_overload(void **state)
{
	const struct tayra_pace_options options = options_of(TAYRA_LIMITER_FIXED, 22);
	struct scene scene;

	open_scene(&scene, &options, 10, 7); /* 2 of each class: more than any share */
	scene.all_classes = true;
	run_for(&scene, 3 * S);
	count_from_now(&scene);
	run_for(&scene, 10 * S);
	for (int c = 0; c < TAYRA_CLASSES; c++) {
		double share = (double)scene.good[c] * 31 / (16 >> c) /
			       (double)(scene.good[0] + scene.good[1] + scene.good[2] +
					scene.good[3] + scene.good[4]);

		print_message("# %s: %.2f of its share\n",
			      tayra_class_name((enum tayra_class)(c + 1)), share);
		assert_true(share > 0.9 && share < 1.1);
	}
	close_scene(&scene);
}

static void
a_backend_that_hangs_keeps_nobody_past_the_deadline_and_is_used_again(void **state)
{
	const struct tayra_pace_options options = options_of(TAYRA_LIMITER_FIXED, 22);
	struct scene scene;

	open_scene(&scene, &options, 0.7, 7);
	run_for(&scene, 3 * S);
	tayra__backend_set_hung(&scene.backend, true);
	count_from_now(&scene);
	run_for(&scene, 5 * S);
	assert_true(scene.longest_ns <= scene.patience_ns + 10 * MS);
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

	open_scene(&scene, &options, 0.7, 7);
	run_for(&scene, 10 * S);
	tayra__backend_set_dead(&scene.backend, true);
	run_for(&scene, 10 * S);
	assert_true(limit_of(&scene) == 1);
	tayra__backend_set_dead(&scene.backend, false);
	run_for(&scene, 10 * S);
	count_from_now(&scene);
	run_for(&scene, 5 * S);
	print_message("# after it died: limit %.1f, goodput %.3f\n", limit_of(&scene),
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

	open_scene(&scene, &options, 4, seed);
	scene.all_classes = true;
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
		cmocka_unit_test(every_class_gets_its_share_under_overload),
		cmocka_unit_test(
			a_backend_that_hangs_keeps_nobody_past_the_deadline_and_is_used_again),
		cmocka_unit_test(a_backend_that_dies_brings_aimd_down_and_is_used_again),
		cmocka_unit_test(the_same_seed_gives_the_same_trace),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
