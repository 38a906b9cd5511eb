/* SPDX-License-Identifier: Apache-2.0
 *
 * Whatever the line is: there is a first word that is not empty, all words lie within the text, and
 * the list is ended; or there is a complaint in one line.
 */
#include "drive/command.h"

#include <tayra/base.h>

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

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct tayra__command command;
	char *line = malloc(size + 1), why[100] = "";
	size_t words = 0;

	must(line != NULL);
	if (size > 0)
		memcpy(line, data, size);
	line[size] = '\0';
	if (tayra__command_parse(line, &command, why, sizeof(why)) == TAYRA_OK) {
		must(command.argv[0] && command.argv[0][0] && !why[0]);
		for (; command.argv[words]; words++) {
			const char *end = command.argv[words] + strlen(command.argv[words]);

			must(command.argv[words] >= command.text);
			must(end < command.text + sizeof(command.text));
			must(words < TAYRA__COMMAND_WORDS_MAX);
		}
	} else {
		must(why[0] && !strpbrk(why, "\r\n"));
	}
	free(line);
	return 0;
}
