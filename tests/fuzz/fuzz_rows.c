/* SPDX-License-Identifier: Apache-2.0
 *
 * A text with holes, a byte 0, and the CSV that fills them.  What is taken has the fields it says,
 * and is written at the length that was foretold; what is refused has one line to say so.
 */
#include "drive/template.h"

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
fill(const char *text, size_t len, enum tayra__template_place place, const struct tayra__rows *rows)
{
	struct tayra__template template;
	struct tayra__buffer out;
	char why[160] = "";

	if (tayra__template_parse(&template, text, len, place, rows, why, sizeof(why)) !=
	    TAYRA_OK) {
		must(why[0] && !strchr(why, '\n'));
		return;
	}
	tayra__buffer_init(&out, 1 << 20);
	for (size_t row = 0; row < rows->count && row < 8; row++) {
		tayra__buffer_reset(&out, 1 << 20);
		tayra__template_write(&template, rows, row, &out);
		must(out.failed || out.len == tayra__template_len(&template, rows, row));
		for (size_t i = 0; place == TAYRA__TEMPLATE_HEADER && i < out.len; i++)
			must(tayra__buffer_front(&out)[i] != '\n' || memchr(text, '\n', len));
	}
	tayra__buffer_fini(&out);
	tayra__template_fini(&template);
}

static void
look(const struct tayra__rows *rows)
{
	size_t sum = 0, len;

	must(rows->columns > 0 && rows->count > 0);
	for (size_t row = 0; row < rows->count; row++)
		for (size_t column = 0; column < rows->columns; column++) {
			const char *field = tayra__rows_field(rows, row, column, &len);

			must(len <= TAYRA__ROWS_FIELD_MAX && (!len || !memchr(field, 0, len)));
			sum += len;
		}
	must(sum == rows->begin[rows->count * rows->columns]);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *zero = size ? memchr(data, 0, size) : NULL;
	size_t len = zero ? (size_t)(zero - data) : 0, skip = zero ? len + 1 : 0;
	struct tayra__rows rows;
	char why[160] = "";

	if (tayra__rows_parse(&rows, (const char *)data + skip, size - skip, why, sizeof(why)) !=
	    TAYRA_OK) {
		must(why[0] && !strchr(why, '\n'));
		return 0;
	}
	look(&rows);
	for (int place = TAYRA__TEMPLATE_BYTES; place <= TAYRA__TEMPLATE_HEADER; place++)
		fill((const char *)data, len, (enum tayra__template_place)place, &rows);
	tayra__rows_fini(&rows);
	return 0;
}
