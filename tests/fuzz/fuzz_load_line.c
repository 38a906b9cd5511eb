/* SPDX-License-Identifier: Apache-2.0
 *
 * Whatever the line is: what is taken is within bounds and can be written out and read again as the
 * same, and what is refused has one printable line to say so.
 */
#include "drive/load_line.h"

#include <tayra/base.h>

#include <stdbool.h>
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

static void
check_line(const struct tayra__load_line *line)
{
	size_t steps = tayra__load_line_steps(line);
	struct tayra__load_line again;
	char text[TAYRA__LOAD_LINE_MAX], why[160];

	must(line->initial_per_s > 0 && line->initial_per_s <= line->maximum_per_s);
	must(line->maximum_per_s <= 1e7 && line->sustain_ns > 0);
	must(line->success > 0 && line->success <= 1);
	must(steps >= 1 && steps <= TAYRA__LOAD_STEPS_MAX);
	for (size_t i = 1; i < steps; i++)
		must(tayra__load_line_rate(line, i - 1) < tayra__load_line_rate(line, i));
	must(tayra__load_line_rate(line, steps - 1) == line->maximum_per_s);
	must(tayra__load_line_format(line, text, sizeof(text)) < (int)sizeof(text));
	must(tayra__load_line_parse(text, &again, why, sizeof(why)) == TAYRA_OK);
	must(memcmp(line, &again, sizeof(again)) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), why[160] = "";
	struct tayra__load_line line;

	must(text != NULL);
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	if (tayra__load_line_parse(text, &line, why, sizeof(why)) == TAYRA_OK) {
		must(!why[0]);
		check_line(&line);
	} else {
		must(strncmp(why, "at ", 3) == 0);
		for (const char *c = why; *c; c++)
			must(*c >= ' ' && *c <= '~');
	}
	free(text);
	return 0;
}
