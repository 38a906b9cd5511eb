/* SPDX-License-Identifier: Apache-2.0 */
#include "learn/predictor.h"

#include "base/hash.h"

#include <math.h>
#include <stdlib.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct tayra__predictor *predictor;

static int
set_up(void **state)
{
	struct tayra__predictor_options options = {
		.horizon = 500, .keys = 4096, .samples = 512, .seed = 1
	};

	predictor = malloc(tayra__predictor_bytes(&options));
	tayra__predictor_init(predictor, &options);
	return 0;
}

static int
tear_down(void **state)
{
	free(predictor);
	return 0;
}

/* Every other use is of one of 100 keys, the rest are of keys that never return. */
static void
run(uint64_t from, uint64_t to)
{
	for (uint64_t now = from; now < to; now++)
		tayra__predictor_use(predictor,
				     now % 2 ? tayra__hash_mix64(now / 2 % 100)
					     : tayra__hash_mix64(1000000 + now),
				     now, NULL, NULL);
}

static void
keys_that_return_are_told_from_those_that_do_not(void **state)
{
	struct tayra__prediction hot, cold;
	double base_rate;

	run(1, 40000);
	hot = tayra__predictor_ask(predictor, tayra__hash_mix64(7), 40000);
	cold = tayra__predictor_ask(predictor, tayra__hash_mix64(1039998), 40000);
	assert_true(hot.probability > 0.9 && hot.confidence > 0.8);
	assert_true(cold.probability < 0.1 && cold.confidence > 0.8);
	base_rate = predictor->used / predictor->labels;
	assert_true(tayra__predictor_brier(predictor) < base_rate * (1 - base_rate) / 4);
}

static void
what_nothing_was_learned_of_is_not_believed(void **state)
{
	struct tayra__prediction prediction = tayra__predictor_ask(predictor, 1, 1);

	assert_true(prediction.probability == 0.5);
	assert_true(prediction.confidence == 0);
	assert_true(isnan(tayra__predictor_brier(predictor)));
}

/* A label is due after the horizon, neither earlier nor never. */
static void
labels_wait_for_the_horizon(void **state)
{
	run(1, 500);
	assert_true(predictor->labels == 0 && predictor->waiting > 0);
	run(500, 2000);
	assert_true(predictor->labels > 0);
}

static void
keep_first(void *ctx, const struct tayra__predictor_sample *sample, bool used)
{
	double *first = ctx;

	if (isnan(*first))
		*first = sample->predicted;
}

/* Nothing was known when the first moments were taken, whatever was learned until they came due. */
static void
what_is_judged_is_what_was_said_at_the_time(void **state)
{
	double first = (double)NAN;

	for (uint64_t now = 1; now < 2000; now++)
		tayra__predictor_use(predictor, tayra__hash_mix64(now), now, keep_first, &first);
	assert_true(first == 0.5);
	assert_true(tayra__predictor_newest(predictor)->predicted < 0.2);
}

static void
the_samples_that_wait_are_bounded(void **state)
{
	for (uint64_t i = 0; i < 20000; i++)
		tayra__predictor_use(predictor, tayra__hash_mix64(i), 1, NULL, NULL);
	assert_int_equal(predictor->waiting, 512);
}

static void
sizes_that_overflow_are_refused(void **state)
{
	assert_int_equal(tayra__predictor_bytes(&(struct tayra__predictor_options){
				 .keys = UINT32_MAX, .samples = 8 }),
			 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(keys_that_return_are_told_from_those_that_do_not,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_nothing_was_learned_of_is_not_believed, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(labels_wait_for_the_horizon, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_judged_is_what_was_said_at_the_time, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(the_samples_that_wait_are_bounded, set_up,
						tear_down),
		cmocka_unit_test(sizes_that_overflow_are_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
