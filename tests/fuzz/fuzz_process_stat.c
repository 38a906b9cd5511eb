/* SPDX-License-Identifier: Apache-2.0
 *
 * Whatever a process calls itself: a line that is taken has a pid and sums that have not wrapped,
 * and a name that is longer or holds a ')' does not change them.
 */
#include "drive/process_use.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool holds)
{
	if (!holds)
		abort();
}

/* The same line with more of a name. */
static void
check_renamed(const char *line, const struct tayra__process_stat *stat)
{
	const char *end = strrchr(line, ')');
	size_t head = (size_t)(end - line), len = strlen(line);
	struct tayra__process_stat again;
	char *renamed = malloc(len + 6);

	must(renamed != NULL);
	memcpy(renamed, line, head);
	memcpy(renamed + head, ") R 1", 5);
	memcpy(renamed + head + 5, end, len - head + 1);
	must(tayra__process_stat_parse(renamed, &again));
	must(memcmp(stat, &again, sizeof(again)) == 0);
	free(renamed);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *line = malloc(size + 1);
	struct tayra__process_stat stat;

	must(line != NULL);
	memset(&stat, 0, sizeof(stat));
	if (size > 0)
		memcpy(line, data, size);
	line[size] = '\0';
	if (tayra__process_stat_parse(line, &stat)) {
		must(stat.pid > 0 && stat.parent >= 0);
		must(stat.own_ticks < 2000000000000000000u);
		must(stat.children_ticks < 2000000000000000000u);
		check_renamed(line, &stat);
	}
	free(line);
	return 0;
}
