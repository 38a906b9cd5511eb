/* SPDX-License-Identifier: Apache-2.0 */
#include "feed/quote.h"

#include <string.h>

static void
put_doubled(FILE *out, const char *text, size_t len, const char *doubled)
{
	for (size_t i = 0; i < len; i++) {
		if (strchr(doubled, text[i]))
			putc(text[i], out);
		putc(text[i], out);
	}
}

void
tayra__quote_name(FILE *out, const char *name, size_t len)
{
	putc('"', out);
	put_doubled(out, name, len, "\"");
	putc('"', out);
}

void
tayra__quote_text(FILE *out, enum tayra__quote_dialect dialect, const char *text, size_t len)
{
	const int escapes = dialect == TAYRA__QUOTE_POSTGRES && memchr(text, '\\', len);

	fputs(escapes ? "E'" : "'", out);
	put_doubled(out, text, len, escapes ? "'\\" : "'");
	putc('\'', out);
}
