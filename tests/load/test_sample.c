/* SPDX-License-Identifier: Apache-2.0 */
#include "stage.h"

#include <math.h>

#include "load/origin.h"

/* An origin that answers at once; every key's value changes when `value` does. */
struct source {
	struct tayra_origin origin;
	struct stage *s;
	unsigned calls, background;
	bool fails;
};

static void
source_load(struct tayra_origin *origin, struct tayra_load *load)
{
	struct source *source = (struct source *)(void *)origin;

	source->calls++;
	source->background += tayra_load_class(load) == TAYRA_BACKGROUND;
	if (source->fails && tayra_load_class(load) == TAYRA_BACKGROUND)
		tayra_load_fail(load, TAYRA_E_ORIGIN, 0);
	else
		tayra_load_done(load, source->s->value, strlen(source->s->value), NULL);
}

/* Each value lives a second; what is learned is bound to it. */
static void
open_with(struct stage *s, struct source *source, enum tayra_feature_mode mode, double samples)
{
	struct tayra_strategy strategy = TAYRA_STRATEGY_INIT;
	struct tayra_options options = TAYRA_OPTIONS_INIT;

	strategy.ttl_ms = strategy.ttl_min_ms = strategy.ttl_max_ms = 1000;
	strategy.ttl_learning = mode;
	strategy.staleness_samples = samples;
	strategy.prefetch_refresh = strategy.prefetch_successors = TAYRA_FEATURE_OFF;
	strategy.prefetch_changed = strategy.prefetch_periodic = TAYRA_FEATURE_OFF;
	strategy.predictor = TAYRA_FEATURE_OFF;
	options.strategy = &strategy;
	stage_open(s, &options);
	*source = (struct source){ .origin = { .name = "source", .load = source_load }, .s = s };
}

static void
get(struct stage *s, struct source *source, unsigned key)
{
	struct tayra_request r = TAYRA_REQUEST_INIT;
	struct tayra_ref ref;
	char name[16];

	r.key = name;
	r.key_len = (size_t)snprintf(name, sizeof(name), "key:%u", key);
	r.origin = &source->origin;
	assert_int_equal(tayra_get_or_load(s->t, &r, &ref), TAYRA_OK);
	tayra_release(&ref);
}

static struct tayra_strategy_stats
learned(struct stage *s)
{
	struct tayra_strategy_stats stats = TAYRA_STRATEGY_STATS_INIT;

	tayra_strategy_stats(s->t, &stats);
	return stats;
}

/* 100 answers a second from 20 keys; all values change halfway through every tenth second. */
static void
read_for(struct stage *s, struct source *source, unsigned seconds)
{
	static char value[32];

	for (unsigned i = 0; i < 100 * seconds; i++) {
		if (i % 1000 == 550) {
			snprintf(value, sizeof(value), "%u", i);
			s->value = value;
		}
		get(s, source, i * 7 % 20);
		stage_pass_ms(s, 10);
	}
}

static void
the_share_of_stale_answers_lies_in_its_interval(void **state)
{
	struct tayra_strategy_stats stats;
	struct source source;
	struct stage s;

	(void)state;
	open_with(&s, &source, TAYRA_FEATURE_ON, 0.25);
	assert_true(isnan(learned(&s).staleness_sampled));
	read_for(&s, &source, 2000);
	stats = learned(&s);
	/* A copy lives a second and some answers: at a change each of 20 keys has one that is stale
	 * for half a second on average, out of ten: about 4 to 5% */
	assert_true(stats.staleness_samples > 2000);
	assert_true(stats.staleness_sampled > 0.02 && stats.staleness_sampled < 0.07);
	assert_true(stats.staleness_sampled_lo < stats.staleness_sampled);
	assert_true(stats.staleness_sampled_hi > stats.staleness_sampled);
	assert_true(stats.staleness_sampled_hi - stats.staleness_sampled_lo < 0.04);
	/* .. and the checks, which are others, say the same. */
	assert_true(fabs(stats.stale_answers / (double)stats.answers - stats.staleness_sampled) <
		    0.02);
	stage_close(&s);
}

static void
samples_keep_their_budget_and_go_below_all_others(void **state)
{
	struct tayra_strategy_stats stats;
	struct source source;
	struct stage s;

	(void)state;
	open_with(&s, &source, TAYRA_FEATURE_ON, 0);
	read_for(&s, &source, 1000);
	stats = learned(&s);
	assert_true(stats.staleness_samples >= 50);
	assert_int_equal(stats.staleness_samples, source.background);
	assert_true(source.background <= 0.01 * (source.calls - source.background) + 4);
	stage_close(&s);
}

static void
nothing_is_sampled_where_nothing_acts_or_it_is_not_wanted(void **state)
{
	static const struct {
		enum tayra_feature_mode mode;
		double samples;
	} cases[] = {
		{ TAYRA_FEATURE_OFF, 1 },
		{ TAYRA_FEATURE_MONITOR, 1 },
		{ TAYRA_FEATURE_ON, -1 },
	};
	struct source source;
	struct stage s;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		open_with(&s, &source, cases[i].mode, cases[i].samples);
		read_for(&s, &source, 100);
		assert_int_equal(source.background, 0);
		assert_int_equal(learned(&s).staleness_samples, 0);
		stage_close(&s);
	}
}

static void
a_sample_that_fails_counts_for_nothing_and_leaves_the_value(void **state)
{
	struct source source;
	struct stage s;

	(void)state;
	open_with(&s, &source, TAYRA_FEATURE_ON, 1);
	source.fails = true;
	for (unsigned i = 0; i < 500; i++) {
		get(&s, &source, i % 20);
		stage_pass_ms(&s, 1);
	}
	assert_true(source.background > 0);
	assert_int_equal(source.calls - source.background, 20);
	assert_int_equal(learned(&s).staleness_samples, 0);
	stage_close(&s);
}

static void
a_share_outside_its_bounds_is_refused(void **state)
{
	struct tayra_strategy strategy = TAYRA_STRATEGY_INIT;
	static const double wrong[] = { -2, 1.5, (double)NAN };
	struct stage s;

	(void)state;
	stage_open(&s, NULL);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		strategy.staleness_samples = wrong[i];
		assert_int_equal(tayra_strategy_set(s.t, &strategy), TAYRA_E_INVAL);
	}
	stage_close(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_share_of_stale_answers_lies_in_its_interval),
		cmocka_unit_test(samples_keep_their_budget_and_go_below_all_others),
		cmocka_unit_test(nothing_is_sampled_where_nothing_acts_or_it_is_not_wanted),
		cmocka_unit_test(a_sample_that_fails_counts_for_nothing_and_leaves_the_value),
		cmocka_unit_test(a_share_outside_its_bounds_is_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
