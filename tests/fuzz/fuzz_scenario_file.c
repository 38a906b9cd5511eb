/* SPDX-License-Identifier: Apache-2.0
 *
 * Whatever the file is: what is taken of it are kinds with names, weights and think times within
 * their bounds, from which any request can be drawn, and what is refused has one line.
 */
#include "cli/scenario_file.h"

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
check_kinds(const struct tayra__scenario *s)
{
	const struct tayra__scenario_seed seed = { 1, 2 };

	must(s->kinds <= TAYRA__SCENARIO_KINDS_MAX);
	for (size_t i = 0; i < s->kinds; i++) {
		const struct tayra__scenario_kind *kind = &s->kind[i];

		must(kind->name && strlen(kind->name) < 32 && kind->where);
		must(kind->weight > 0 && kind->weight <= 1e6);
		must(kind->think_ns <= 3600 * TAYRA_NS_PER_S);
		must(kind->header_count <= TAYRA__SCENARIO_HEADERS_MAX);
		must(kind->word_count <= TAYRA__SCENARIO_WORDS_MAX);
		must(!kind->word_count ||
		     (!kind->path && !kind->body && !kind->method && !kind->header_count));
		for (size_t j = 0; j < i; j++)
			must(strcmp(s->kind[j].name, kind->name) != 0);
	}
	for (uint64_t n = 0; s->kinds && n < 16; n++)
		must(tayra__scenario_draw(s, &seed, n).kind < s->kinds);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct tayra__scenario_file file;
	struct tayra__document document = { .file = NULL };
	char error[400] = "";
	int status;

	file = (struct tayra__scenario_file){ .data = NULL };
	status = tayra__document_parse(&document, "f", (const char *)data, size, error,
				       sizeof(error));
	if (status == TAYRA_OK)
		status = tayra__scenario_file_take_all(&file, &document, error, sizeof(error));
	if (status == TAYRA_OK) {
		must(!error[0] && file.scenario.kinds > 0);
		check_kinds(&file.scenario);
	} else {
		must(error[0] && !strchr(error, '\n'));
	}
	tayra__document_fini(&document);
	return 0;
}
