/* SPDX-License-Identifier: Apache-2.0 */
#include "report/method.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>

void
tayra__method_begin(struct tayra__method *method, uint64_t wall_ms)
{
	time_t when = (time_t)(wall_ms / 1000);
	struct tm parts;

	*method = (struct tayra__method){ .settings = 0 };
	tayra__host_describe(&method->host);
	gmtime_r(&when, &parts);
	strftime(method->when, sizeof(method->when), "%Y-%m-%dT%H:%M:%SZ", &parts);
}

void
tayra__method_set(struct tayra__method *method, const char *name, const char *value, ...)
{
	va_list args;

	if (method->settings == TAYRA__METHOD_SETTINGS)
		return;
	method->setting[method->settings].name = name;
	va_start(args, value);
	vsnprintf(method->setting[method->settings++].value, sizeof(method->setting[0].value),
		  value, args);
	va_end(args);
}

static void
put_row(struct tayra__sheet *sheet, const char *name, const char *value)
{
	const char *cells[] = { name, value };

	tayra__sheet_row(sheet, cells);
}

void
tayra__method_put(const struct tayra__method *m, struct tayra__sheet *sheet)
{
	static const char *const plan[] = { "plan", "" }, *const host[] = { "machine", "" };
	char number[40];

	sheet->words = 2;
	tayra__sheet_table(sheet, plan, 2);
	for (size_t i = 0; i < m->settings; i++)
		put_row(sheet, m->setting[i].name, m->setting[i].value);
	tayra__sheet_table_end(sheet);
	tayra__sheet_table(sheet, host, 2);
	put_row(sheet, "processor", m->host.cpu);
	snprintf(number, sizeof(number), "%u", m->host.cores);
	put_row(sheet, "cores", number);
	snprintf(number, sizeof(number), "%.1f GiB", m->host.memory_gib);
	put_row(sheet, "memory", number);
	put_row(sheet, "system", m->host.kernel);
	put_row(sheet, "when", m->when);
	tayra__sheet_table_end(sheet);
	sheet->words = 0;
}
