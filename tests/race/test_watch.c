/* SPDX-License-Identifier: Apache-2.0
 *
 * Threads count in the same series and make new ones while another reads everything.  What must
 * hold: nothing is lost, nothing is counted twice, no counter is ever seen to go back.
 */
#include "watch/registry.h"

#include <tayra/base.h>

#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/hist.h"
#include "watch/family.h"
#include "watch/openmetrics.h"

#define THREADS    20 /* more than a counter has stripes */
#define ROUNDS     1000
#define SERIES_MAX 8

static const struct tayra__watch_row counted = {
	.name = "counted", .sentence = "Counted", .type = TAYRA__WATCH_COUNTER, .labels = { "by" }
};
static const struct tayra__watch_row took = { .name = "took_seconds",
					      .unit = "seconds",
					      .sentence = "Took",
					      .type = TAYRA__WATCH_HISTOGRAM,
					      .per_unit = 1e9 };
static const struct tayra__watch_row level = { .name = "level",
					       .sentence = "Level",
					       .type = TAYRA__WATCH_GAUGE };

struct stage {
	struct tayra__registry *registry;
	struct tayra__family *counted, *took, *level;
	_Atomic bool stop;
};

static void *
count(void *arg)
{
	struct stage *stage = arg;
	char text[8];
	const char *value = text;

	for (int i = 0; i < ROUNDS; i++) {
		snprintf(text, sizeof(text), "%d", i % (2 * SERIES_MAX));
		tayra__series_add(tayra__family_series(stage->counted, &value), 1);
		tayra__series_observe(tayra__family_series(stage->took, NULL), (uint64_t)i);
		tayra__series_set(tayra__family_series(stage->level, NULL), i);
	}
	return NULL;
}

struct sums {
	double counted, others;
	uint64_t took;
};

static void
sum_up(void *arg, const struct tayra__watch_sample *sample)
{
	struct sums *sums = arg;

	if (sample->row == &counted)
		sums->counted += sample->value;
	else if (sample->row == &took)
		sums->took += sample->hist->count;
	else if (sample->row != &level)
		sums->others += sample->value;
}

static struct sums
sums_of(struct stage *stage)
{
	struct sums sums = { 0 };
	const struct tayra__watch_visitor visitor = { .sample = sum_up, .arg = &sums };

	tayra__registry_visit(stage->registry, &visitor);
	return sums;
}

static void *
read_all(void *arg)
{
	struct stage *stage = arg;
	struct sums last = { 0 };
	FILE *out = fopen("/dev/null", "w");

	while (!atomic_load(&stage->stop)) {
		struct sums now = sums_of(stage);

		if (now.counted < last.counted || now.took < last.took || now.others < last.others)
			abort();
		last = now;
		tayra__openmetrics_write(stage->registry, out);
	}
	fclose(out);
	return NULL;
}

static void
nothing_is_lost_between_threads(void **state)
{
	static struct stage stage;
	pthread_t threads[THREADS], reader;
	struct sums sums;

	assert_int_equal(tayra__registry_create(&stage.registry), TAYRA_OK);
	tayra__registry_add_family(stage.registry, &counted, SERIES_MAX, &stage.counted);
	tayra__registry_add_family(stage.registry, &took, 0, &stage.took);
	tayra__registry_add_family(stage.registry, &level, 0, &stage.level);
	pthread_create(&reader, NULL, read_all, &stage);
	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, count, &stage);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	atomic_store(&stage.stop, true);
	pthread_join(reader, NULL);
	sums = sums_of(&stage);
	assert_true(sums.counted == THREADS * ROUNDS);
	assert_int_equal(sums.took, THREADS * ROUNDS);
	/* Half of the values are over the limit: 1000 = 62 * 16 + 8. */
	assert_true(sums.others == THREADS * 62 * SERIES_MAX);
	tayra__registry_destroy(stage.registry);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(nothing_is_lost_between_threads) };

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
