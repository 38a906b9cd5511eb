/* SPDX-License-Identifier: Apache-2.0 */
#include "report/sheet.h"

#include <string.h>

#include "report/html.h"

void
tayra__sheet_title(struct tayra__sheet *sheet, const char *title)
{
	static const char *const before[] = { "\n", "\n## ", "<h2>" };
	static const char *const after[] = { "\n", "\n\n", "</h2>\n" };

	fprintf(sheet->out, "%s%s%s", before[sheet->form], title, after[sheet->form]);
}

static void
put_text(struct tayra__sheet *sheet, const char *text)
{
	if (sheet->form == TAYRA__FORM_HTML)
		tayra__html_text(sheet->out, text);
	else
		fputs(text, sheet->out);
}

static void
put_between(struct tayra__sheet *sheet, const char *const before[], const char *text,
	    const char *const after[])
{
	fputs(before[sheet->form], sheet->out);
	put_text(sheet, text);
	fputs(after[sheet->form], sheet->out);
}

void
tayra__sheet_text(struct tayra__sheet *sheet, const char *text)
{
	static const char *const before[] = { "  ", "", "<p>" };
	static const char *const after[] = { "\n", "\n\n", "</p>\n" };

	put_between(sheet, before, text, after);
}

void
tayra__sheet_list(struct tayra__sheet *sheet)
{
	fputs(sheet->form == TAYRA__FORM_HTML ? "<ul>\n" : "", sheet->out);
}

void
tayra__sheet_item(struct tayra__sheet *sheet, const char *text)
{
	static const char *const before[] = { "  - ", "- ", "<li>" };
	static const char *const after[] = { "\n", "\n", "</li>\n" };

	put_between(sheet, before, text, after);
}

void
tayra__sheet_list_end(struct tayra__sheet *sheet)
{
	static const char *const after[] = { "", "\n", "</ul>\n" };

	fputs(after[sheet->form], sheet->out);
}

static void
terminal_row(struct tayra__sheet *sheet, const char *const *cells)
{
	fprintf(sheet->out, "  %-25s", cells[0]);
	for (uint32_t i = 1; i < sheet->columns; i++)
		fprintf(sheet->out, "%*s", sheet->width[i], cells[i]);
	fputc('\n', sheet->out);
}

/* Few columns are wide; many are as narrow as their heads and figures allow. */
static void
set_widths(struct tayra__sheet *sheet, const char *const *heads)
{
	for (uint32_t i = 0; i < sheet->columns; i++) {
		int head = (int)strlen(heads[i]) + 4;

		sheet->width[i] = sheet->columns <= 4 ? 27 : head > 10 ? head : 10;
	}
}

static void
md_row(struct tayra__sheet *sheet, const char *const *cells)
{
	for (uint32_t i = 0; i < sheet->columns; i++)
		fprintf(sheet->out, "| %s ", cells[i]);
	fputs("|\n", sheet->out);
}

static void
html_row(struct tayra__sheet *sheet, const char *cell, const char *const *cells)
{
	fputs("<tr>", sheet->out);
	for (uint32_t i = 0; i < sheet->columns; i++) {
		fprintf(sheet->out, "<%s class=\"%s\">", cell, i ? "n" : "wrap");
		tayra__html_text(sheet->out, cells[i]);
		fprintf(sheet->out, "</%s>", cell);
	}
	fputs("</tr>\n", sheet->out);
}

void
tayra__sheet_table(struct tayra__sheet *sheet, const char *const *heads, uint32_t columns)
{
	sheet->columns = columns < TAYRA__SHEET_COLUMNS ? columns : TAYRA__SHEET_COLUMNS;
	columns = sheet->columns;
	set_widths(sheet, heads);
	if (sheet->form == TAYRA__FORM_HTML) {
		fputs("<div class=\"scroll\"><table>", sheet->out);
		html_row(sheet, "th", heads);
	} else if (sheet->form == TAYRA__FORM_TERMINAL) {
		terminal_row(sheet, heads);
	} else {
		md_row(sheet, heads);
		for (uint32_t i = 0; i < columns; i++)
			fputs(i ? "|---:" : "|---", sheet->out);
		fputs("|\n", sheet->out);
	}
}

void
tayra__sheet_row(struct tayra__sheet *sheet, const char *const *cells)
{
	if (sheet->form == TAYRA__FORM_HTML)
		html_row(sheet, "td", cells);
	else if (sheet->form == TAYRA__FORM_MD)
		md_row(sheet, cells);
	else
		terminal_row(sheet, cells);
}

void
tayra__sheet_table_end(struct tayra__sheet *sheet)
{
	static const char *const after[] = { "", "\n", "</table></div>\n" };

	fputs(after[sheet->form], sheet->out);
}
