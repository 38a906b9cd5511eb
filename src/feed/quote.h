/* SPDX-License-Identifier: Apache-2.0
 *
 * quote.h: names and texts in SQL, so that nothing in them ends them.
 */
#ifndef TAYRA_FEED_QUOTE_H
#define TAYRA_FEED_QUOTE_H

#include <stddef.h>
#include <stdio.h>

enum tayra__quote_dialect { TAYRA__QUOTE_POSTGRES, TAYRA__QUOTE_SQLITE };

/* "name", in both dialects. */
void tayra__quote_name(FILE *out, const char *name, size_t len);
/* 'text'; for PostgreSQL right whatever standard_conforming_strings says. */
void tayra__quote_text(FILE *out, enum tayra__quote_dialect dialect, const char *text, size_t len);

#endif
