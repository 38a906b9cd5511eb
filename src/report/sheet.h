/* SPDX-License-Identifier: Apache-2.0
 *
 * sheet.h: a section of a report in whichever form it is written: titles, sentences, lists and
 * tables.  Text is escaped as the form needs it, and for a terminal broken into lines of its width
 * (100 columns where `out` is none) with the next ones indented; tables and code are not.
 */
#ifndef TAYRA_REPORT_SHEET_H
#define TAYRA_REPORT_SHEET_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum tayra__form { TAYRA__FORM_TERMINAL, TAYRA__FORM_MD, TAYRA__FORM_HTML };

#define TAYRA__SHEET_COLUMNS 12

struct tayra__sheet {
	FILE *out;
	enum tayra__form form;
	uint32_t words;   /* of the next tables: so many columns are of words; 0: the first */
	uint32_t columns; /* of the table that is open */
	int width[TAYRA__SHEET_COLUMNS];
};

void tayra__sheet_title(struct tayra__sheet *sheet, const char *title);
/* A part of what a title stands over. */
void tayra__sheet_section(struct tayra__sheet *sheet, const char *title);
/* What it all comes to, in large letters; alarming: and it is not good to know. */
void tayra__sheet_headline(struct tayra__sheet *sheet, bool alarming, const char *text);
void tayra__sheet_text(struct tayra__sheet *sheet, const char *text);
void tayra__sheet_list(struct tayra__sheet *sheet);
void tayra__sheet_item(struct tayra__sheet *sheet, const char *text);
/* "name: code", where the code is somebody else's. */
void tayra__sheet_item_code(struct tayra__sheet *sheet, const char *name, const char *code);
void tayra__sheet_list_end(struct tayra__sheet *sheet);
/* At most TAYRA__SHEET_COLUMNS. */
void tayra__sheet_table(struct tayra__sheet *sheet, const char *const *heads, uint32_t columns);
void tayra__sheet_row(struct tayra__sheet *sheet, const char *const *cells);
/* One of a class of the page's style. */
void tayra__sheet_row_of(struct tayra__sheet *sheet, const char *what, const char *const *cells);
void tayra__sheet_table_end(struct tayra__sheet *sheet);
/* What follows is shown on demand, where the form can do that. */
void tayra__sheet_details(struct tayra__sheet *sheet, const char *summary);
void tayra__sheet_details_end(struct tayra__sheet *sheet);

#endif
