/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/bench_kinds.h"

#include <stdio.h>

#include "report/figure.h"

static void
print_cell(double value)
{
	char text[16];

	printf(" %10s", tayra__figure_number(value, text));
}

void
tayra__bench_kinds_print(const struct tayra__kinds *kinds)
{
	if (!kinds)
		return;
	printf("  %-22s %10s %10s %10s %10s %10s\n", "kind", "requests", "errors", "ok/s", "p50 ms",
	       "p99 ms");
	for (size_t i = 0; i < kinds->scenario->kinds; i++) {
		struct tayra__kind_figures f;

		tayra__kinds_figures(kinds, i, &f);
		printf("  %-22s %10llu %10llu", f.name, (unsigned long long)f.requests,
		       (unsigned long long)f.errors);
		print_cell(f.throughput_per_s);
		print_cell(f.p50_ms);
		print_cell(f.p99_ms);
		putchar('\n');
	}
}
