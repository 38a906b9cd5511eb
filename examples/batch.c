/* SPDX-License-Identifier: Apache-2.0
 *
 * batch.c: many small lookups, few calls.  Each task asks for one square; those that wait together
 * go to the slow backend, which two may ask at once, in one call.
 */
#include <stdio.h>
#include <tayra/pace.h>
#include <unistd.h>

struct lookup {
	int key, value;
};

/* As SELECT ... WHERE key IN (...) would: one round trip for n keys, an answer for each. */
static int
look_up(void *ctx, void *const *args, int *statuses, size_t n)
{
	(void)ctx;
	usleep(10000);
	for (size_t i = 0; i < n; i++) {
		struct lookup *lookup = args[i];

		lookup->value = lookup->key * lookup->key;
		statuses[i] = lookup->key % 100 ? TAYRA_OK : TAYRA_E_NOT_FOUND;
	}
	return TAYRA_OK;
}

int
main(void)
{
	static struct lookup lookups[1000];
	static struct tayra_task tasks[1000];
	struct tayra_executor_options options = TAYRA_EXECUTOR_OPTIONS_INIT;
	struct tayra_task_kind_options kind_options = TAYRA_TASK_KIND_OPTIONS_INIT;
	struct tayra_executor_stats stats = TAYRA_EXECUTOR_STATS_INIT;
	struct tayra_executor *executor;
	struct tayra_task_kind *kind;
	int found = 0;

	options.threads = 2;
	kind_options.call = look_up;
	kind_options.max_batch = 100;
	if (tayra_executor_create(&options, &executor) != TAYRA_OK ||
	    tayra_task_kind_create(executor, &kind_options, &kind) != TAYRA_OK)
		return 1;
	for (int i = 0; i < 1000; i++) {
		lookups[i].key = i;
		tasks[i] = (struct tayra_task){ .arg = &lookups[i], .kind = kind };
	}
	tayra_submit_batch(executor, tasks, 1000);
	tayra_task_wait(executor, tasks, 1000, 30 * TAYRA_NS_PER_S);
	for (int i = 0; i < 1000; i++)
		found += tasks[i].status == TAYRA_OK && lookups[i].value == i * i;
	tayra_executor_stats(executor, &stats);
	printf("%d of %llu keys found in %llu calls\n", found, (unsigned long long)stats.ran,
	       (unsigned long long)stats.calls);
	tayra_executor_destroy(executor);
	return 0;
}
