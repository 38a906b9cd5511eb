/* SPDX-License-Identifier: Apache-2.0 */
#include "report/kinds_table.h"

#include "report/figure.h"

#define COLUMNS_MAX 8

static void
put_row(const struct tayra__kinds *kinds, size_t i, const char *arm, struct tayra__sheet *sheet)
{
	char requests[24], share[24], rate[24], errors[24], p50[16], p99[16], number[16];
	const char *cells[COLUMNS_MAX] = { kinds->scenario->kind[i].name };
	size_t n = 1;
	struct tayra__kind_figures f;

	tayra__kinds_figures(kinds, i, &f);
	snprintf(requests, sizeof(requests), "%llu", (unsigned long long)f.requests);
	snprintf(share, sizeof(share), "%s%%", tayra__figure_number(100 * f.share, number));
	snprintf(rate, sizeof(rate), "%s/s", tayra__figure_number(f.throughput_per_s, number));
	snprintf(errors, sizeof(errors), "%llu", (unsigned long long)f.errors);
	if (arm)
		cells[n++] = arm;
	cells[n++] = requests;
	cells[n++] = share;
	cells[n++] = rate;
	cells[n++] = errors;
	cells[n++] = tayra__figure_number(f.p50_ms, p50);
	cells[n++] = tayra__figure_number(f.p99_ms, p99);
	tayra__sheet_row(sheet, cells);
}

void
tayra__kinds_table_put_arms(const struct tayra__kinds *const *kinds, const char *const *names,
			    size_t arms, struct tayra__sheet *sheet)
{
	static const char *const heads[COLUMNS_MAX] = { "kind",         "arm",      "requests",
							"share of all", "answered", "errors",
							"p50 ms",       "p99 ms" };
	const char *const one[COLUMNS_MAX] = { heads[0], heads[2], heads[3], heads[4],
					       heads[5], heads[6], heads[7] };

	sheet->words = names ? 2 : 1;
	tayra__sheet_table(sheet, names ? heads : one, names ? COLUMNS_MAX : COLUMNS_MAX - 1);
	for (size_t i = 0; i < kinds[0]->scenario->kinds; i++)
		for (size_t arm = 0; arm < arms; arm++)
			put_row(kinds[arm], i, names ? names[arm] : NULL, sheet);
	tayra__sheet_table_end(sheet);
	sheet->words = 0;
}

void
tayra__kinds_table_put(const struct tayra__kinds *kinds, struct tayra__sheet *sheet)
{
	if (!kinds)
		return;
	tayra__sheet_section(sheet, "Kinds of requests");
	tayra__kinds_table_put_arms(&kinds, NULL, 1, sheet);
}
