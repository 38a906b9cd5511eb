/* SPDX-License-Identifier: Apache-2.0
 *
 * executor.c: count the lines of files, four at a time, giving each no more than a second.
 */
#include <stdio.h>
#include <tayra/pace.h>

static int
count_lines(void *path)
{
	FILE *file = fopen(path, "r");
	int c, lines = 0;

	if (!file)
		return TAYRA_E_NOT_FOUND;
	while ((c = getc(file)) != EOF)
		lines += c == '\n';
	fclose(file);
	return lines;
}

int
main(int argc, char **argv)
{
	static struct tayra_task tasks[100];
	const struct tayra_clock *clock = tayra_clock_real();
	struct tayra_executor *executor;
	size_t n = argc <= 100 ? (size_t)argc - 1 : 100;

	if (argc < 2) {
		fprintf(stderr, "usage: %s FILE...\n", argv[0]);
		return 2;
	}
	if (tayra_executor_create(NULL, &executor) != TAYRA_OK)
		return 1;
	for (size_t i = 0; i < n; i++) {
		tasks[i].fn = count_lines;
		tasks[i].arg = argv[i + 1];
		tasks[i].cls = TAYRA_HIGH;
		tasks[i].deadline_ns = clock->mono_ns(clock->ctx) + TAYRA_NS_PER_S;
	}
	tayra_submit_batch(executor, tasks, n);
	tayra_task_wait(executor, tasks, n, 2 * TAYRA_NS_PER_S);
	for (size_t i = 0; i < n; i++)
		if (tasks[i].status >= 0)
			printf("%s: %d lines\n", argv[i + 1], tasks[i].status);
		else
			printf("%s: %s\n", argv[i + 1], tayra_status_text(tasks[i].status));
	tayra_executor_destroy(executor);
	return 0;
}
