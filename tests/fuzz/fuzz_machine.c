/* SPDX-License-Identifier: Apache-2.0
 *
 * Whatever a file of /proc/pressure holds: a total that is taken stands on the line of `some`, and
 * what follows that line does not change it.
 */
#include "drive/machine.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char more[] = "\nsome total=5\n";
	char *text = malloc(size + sizeof(more)), *line;
	uint64_t total = 0, again = 1;

	if (!text)
		abort();
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	if (tayra__machine_parse_stall(text, &total)) {
		if (total >= 1000000000000000000u || !strstr(text, "some "))
			abort();
		line = strncmp(text, "some ", 5) == 0 ? text : strstr(text, "\nsome ") + 1;
		line += strcspn(line, "\n");
		memcpy(line, more, sizeof(more));
		if (!tayra__machine_parse_stall(text, &again) || again != total)
			abort();
	}
	free(text);
	return 0;
}
