/* SPDX-License-Identifier: Apache-2.0
 *
 * sheet.h: a section of a report in whichever form it is written: titles, sentences, lists and
 * tables.  Text is escaped as the form needs it.
 */
#ifndef TAYRA_REPORT_SHEET_H
#define TAYRA_REPORT_SHEET_H

#include <stdint.h>
#include <stdio.h>

enum tayra__form { TAYRA__FORM_TERMINAL, TAYRA__FORM_MD, TAYRA__FORM_HTML };

#define TAYRA__SHEET_COLUMNS 12

struct tayra__sheet {
	FILE *out;
	enum tayra__form form;
	uint32_t columns; /* of the table that is open */
	int width[TAYRA__SHEET_COLUMNS];
};

void tayra__sheet_title(struct tayra__sheet *sheet, const char *title);
void tayra__sheet_text(struct tayra__sheet *sheet, const char *text);
void tayra__sheet_list(struct tayra__sheet *sheet);
void tayra__sheet_item(struct tayra__sheet *sheet, const char *text);
void tayra__sheet_list_end(struct tayra__sheet *sheet);
/* The first column is of words, the others of figures; at most TAYRA__SHEET_COLUMNS. */
void tayra__sheet_table(struct tayra__sheet *sheet, const char *const *heads, uint32_t columns);
void tayra__sheet_row(struct tayra__sheet *sheet, const char *const *cells);
void tayra__sheet_table_end(struct tayra__sheet *sheet);

#endif
