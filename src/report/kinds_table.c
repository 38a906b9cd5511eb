/* SPDX-License-Identifier: Apache-2.0 */
#include "report/kinds_table.h"

#include "report/figure.h"

void
tayra__kinds_table_put(const struct tayra__kinds *kinds, struct tayra__sheet *sheet)
{
	static const char *const heads[] = { "kind",   "requests", "share of all", "answered",
					     "errors", "p50 ms",   "p99 ms" };

	if (!kinds)
		return;
	tayra__sheet_section(sheet, "Kinds of requests");
	sheet->words = 1;
	tayra__sheet_table(sheet, heads, 7);
	for (size_t i = 0; i < kinds->scenario->kinds; i++) {
		char requests[24], share[24], rate[24], errors[24], p50[16], p99[16], number[16];
		const char *cells[] = {
			kinds->scenario->kind[i].name, requests, share, rate, errors, p50, p99
		};
		struct tayra__kind_figures f;

		tayra__kinds_figures(kinds, i, &f);
		snprintf(requests, sizeof(requests), "%llu", (unsigned long long)f.requests);
		snprintf(share, sizeof(share), "%s%%", tayra__figure_number(100 * f.share, number));
		snprintf(rate, sizeof(rate), "%s/s",
			 tayra__figure_number(f.throughput_per_s, number));
		snprintf(errors, sizeof(errors), "%llu", (unsigned long long)f.errors);
		tayra__figure_number(f.p50_ms, p50);
		tayra__figure_number(f.p99_ms, p99);
		tayra__sheet_row(sheet, cells);
	}
	tayra__sheet_table_end(sheet);
	sheet->words = 0;
}
