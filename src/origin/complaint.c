/* SPDX-License-Identifier: Apache-2.0 */
#include "origin/complaint.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void
tayra__complain(const struct tayra__complaint *complaint, const char *format, ...)
{
	va_list args;
	size_t len;

	if (!complaint->text || complaint->len == 0)
		return;
	va_start(args, format);
	vsnprintf(complaint->text, complaint->len, format, args);
	va_end(args);
	for (char *p = complaint->text; *p; p++)
		if (*p == '\n' || *p == '\r' || *p == '\t')
			*p = ' ';
	len = strlen(complaint->text);
	while (len > 0 && complaint->text[len - 1] == ' ')
		complaint->text[--len] = '\0';
}

void
tayra__complain_parameters(const struct tayra__complaint *complaint, int takes, unsigned parts)
{
	tayra__complain(complaint,
			"SQL: it takes %d parameter%s, and must take %u, the key's part%s", takes,
			takes == 1 ? "" : "s", parts, parts == 1 ? "" : "s");
}
