/* SPDX-License-Identifier: Apache-2.0 */
#include "report/sheet.h"

#include <string.h>
#include <sys/ioctl.h>

#include "report/html.h"

#define LINE_COLUMNS  100 /* where nobody says how wide it is shown */
#define LEAST_COLUMNS 40
#define HANG          4 /* what goes on in the next line begins there */

/* Markdown takes HTML too, and a bar in a table ends a cell. */
static void
md_text(FILE *out, const char *text, bool cell)
{
	for (; *text; text++)
		if (*text == '<')
			fputs("&lt;", out);
		else if (*text == '|' && cell)
			fputs("\\|", out);
		else
			fputc(*text, out);
}

static size_t
columns_of(FILE *out)
{
	struct winsize size;

	if (ioctl(fileno(out), TIOCGWINSZ, &size) != 0 || !size.ws_col)
		return LINE_COLUMNS;
	return size.ws_col < LEAST_COLUMNS ? LEAST_COLUMNS : size.ws_col;
}

/* Of a word in UTF-8; *len: its bytes. */
static size_t
word_columns(const char *word, size_t *len)
{
	size_t columns = 0;

	*len = strcspn(word, " ");
	for (size_t i = 0; i < *len; i++)
		columns += ((unsigned char)word[i] & 0xc0) != 0x80;
	return columns;
}

/* In lines of the width there is, broken at blanks.  `at` columns are written already. */
static void
terminal_text(FILE *out, size_t at, const char *text)
{
	size_t most = columns_of(out), len, blanks = 0;

	for (; *text; text += len) {
		size_t columns = word_columns(text, &len);

		if (at > HANG && at + blanks + columns > most) {
			fprintf(out, "\n%*s", HANG, "");
			at = HANG;
		} else {
			fprintf(out, "%*s", (int)blanks, "");
			at += blanks;
		}
		fwrite(text, 1, len, out);
		at += columns;
		for (blanks = 0; text[len] == ' '; len++)
			blanks++;
	}
}

static void
put_text(struct tayra__sheet *sheet, const char *text)
{
	if (sheet->form == TAYRA__FORM_HTML)
		tayra__html_text(sheet->out, text);
	else if (sheet->form == TAYRA__FORM_MD)
		md_text(sheet->out, text, false);
	else
		fputs(text, sheet->out);
}

/* In one line, however wide: a name stays whole. */
void
tayra__sheet_title(struct tayra__sheet *sheet, const char *title)
{
	static const char *const before[] = { "\n", "\n## ", "<h2>" };
	static const char *const after[] = { "\n", "\n\n", "</h2>\n" };

	fputs(before[sheet->form], sheet->out);
	put_text(sheet, title);
	fputs(after[sheet->form], sheet->out);
}

static void
put_between(struct tayra__sheet *sheet, const char *const before[], const char *text,
	    const char *const after[])
{
	fputs(before[sheet->form], sheet->out);
	if (sheet->form == TAYRA__FORM_TERMINAL)
		terminal_text(sheet->out, strlen(before[sheet->form]), text);
	else
		put_text(sheet, text);
	fputs(after[sheet->form], sheet->out);
}

void
tayra__sheet_section(struct tayra__sheet *sheet, const char *title)
{
	static const char *const before[] = { "\n", "### ", "<h2>" };
	static const char *const after[] = { "\n", "\n\n", "</h2>\n" };

	put_between(sheet, before, title, after);
}

void
tayra__sheet_headline(struct tayra__sheet *sheet, bool alarming, const char *text)
{
	const char *const before[] = { "  ", "**", alarming ? "<h1 class=\"invalid\">" : "<h1>" };
	static const char *const after[] = { "\n", "**\n\n", "</h1>\n" };

	put_between(sheet, before, text, after);
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

/* Markdown: between more backticks than it holds in a row, and in one line. */
static void
md_code(FILE *out, const char *code)
{
	size_t most = 0, row = 0;

	for (const char *c = code; *c; c++) {
		row = *c == '`' ? row + 1 : 0;
		most = row > most ? row : most;
	}
	for (size_t i = 0; i <= most; i++)
		fputc('`', out);
	fputc(' ', out);
	for (const char *c = code; *c; c++)
		fputc((unsigned char)*c < 0x20 ? ' ' : *c, out);
	fputc(' ', out);
	for (size_t i = 0; i <= most; i++)
		fputc('`', out);
}

void
tayra__sheet_item_code(struct tayra__sheet *sheet, const char *name, const char *code)
{
	static const char *const before[] = { "  - ", "- ", "<li>" };
	static const char *const between[] = { ": ", ": ", ": <code>" };
	static const char *const after[] = { "\n", "\n", "</code></li>\n" };

	put_between(sheet, before, name, between);
	if (sheet->form == TAYRA__FORM_MD)
		md_code(sheet->out, code);
	else
		put_text(sheet, code);
	fputs(after[sheet->form], sheet->out);
}

void
tayra__sheet_list_end(struct tayra__sheet *sheet)
{
	static const char *const after[] = { "", "\n", "</ul>\n" };

	fputs(after[sheet->form], sheet->out);
}

/* What is wider than its column takes from the blanks of the next, and leaves one. */
static void
terminal_row(struct tayra__sheet *sheet, const char *const *cells)
{
	int over = fprintf(sheet->out, "  %-25s", cells[0]) - 27;

	for (uint32_t i = 1; i < sheet->columns; i++) {
		int room = sheet->width[i] - 1 - over;

		over = fprintf(sheet->out, " %*s", room > 0 ? room : 0, cells[i]) - 1 - room;
	}
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
	for (uint32_t i = 0; i < sheet->columns; i++) {
		fputs("| ", sheet->out);
		md_text(sheet->out, cells[i], true);
		fputc(' ', sheet->out);
	}
	fputs("|\n", sheet->out);
}

static void
html_row(struct tayra__sheet *sheet, const char *what, const char *cell, const char *const *cells)
{
	fputs("<tr", sheet->out);
	if (what)
		fprintf(sheet->out, " class=\"%s\"", what);
	fputs(">", sheet->out);
	for (uint32_t i = 0; i < sheet->columns; i++) {
		fprintf(sheet->out, "<%s class=\"%s\">", cell,
			i >= (sheet->words ? sheet->words : 1) ? "n" : "wrap");
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
		fprintf(sheet->out, "<div class=\"scroll\"><table%s>",
			sheet->words > 1 ? " class=\"words\"" : "");
		html_row(sheet, NULL, "th", heads);
	} else if (sheet->form == TAYRA__FORM_TERMINAL) {
		terminal_row(sheet, heads);
	} else {
		md_row(sheet, heads);
		for (uint32_t i = 0; i < columns; i++)
			fputs(i >= (sheet->words ? sheet->words : 1) ? "|---:" : "|---",
			      sheet->out);
		fputs("|\n", sheet->out);
	}
}

void
tayra__sheet_row_of(struct tayra__sheet *sheet, const char *what, const char *const *cells)
{
	if (sheet->form == TAYRA__FORM_HTML)
		html_row(sheet, what, "td", cells);
	else if (sheet->form == TAYRA__FORM_MD)
		md_row(sheet, cells);
	else
		terminal_row(sheet, cells);
}

void
tayra__sheet_row(struct tayra__sheet *sheet, const char *const *cells)
{
	tayra__sheet_row_of(sheet, NULL, cells);
}

void
tayra__sheet_table_end(struct tayra__sheet *sheet)
{
	static const char *const after[] = { "", "\n", "</table></div>\n" };

	fputs(after[sheet->form], sheet->out);
}

void
tayra__sheet_details(struct tayra__sheet *sheet, const char *summary)
{
	static const char *const before[] = { "  ", "<details><summary>", "<details><summary>" };
	static const char *const after[] = { "\n", "</summary>\n\n", "</summary>" };

	put_between(sheet, before, summary, after);
}

void
tayra__sheet_details_end(struct tayra__sheet *sheet)
{
	static const char *const after[] = { "", "</details>\n\n", "</details>\n" };

	fputs(after[sheet->form], sheet->out);
}
