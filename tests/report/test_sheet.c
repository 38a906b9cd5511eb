/* SPDX-License-Identifier: Apache-2.0
 *
 * What is written for a terminal is as wide as it is.
 */
#include "report/sheet.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static const char sentence[] =
	"believed: A/A 1.63 (0.933 .. 2.86); others used 86% of the machine, stolen 0%, waited for "
	"cpu 90%, io 0%, memory 0%, own use 0.04 processors.";

static char *
said(enum tayra__form form, const char *text)
{
	struct tayra__sheet sheet = { .form = form };
	char *written = NULL;
	size_t len;

	sheet.out = open_memstream(&written, &len);
	tayra__sheet_text(&sheet, text);
	fclose(sheet.out);
	return written;
}

static void
a_long_text_is_broken_and_goes_on_indented(void **state)
{
	char *text = said(TAYRA__FORM_TERMINAL, sentence);

	(void)state;
	assert_string_equal(text, "  believed: A/A 1.63 (0.933 .. 2.86); others used 86% of the "
				  "machine, stolen 0%, waited for cpu 90%,\n"
				  "    io 0%, memory 0%, own use 0.04 processors.\n");
	free(text);
	text = said(TAYRA__FORM_TERMINAL, "short");
	assert_string_equal(text, "  short\n");
	free(text);
}

/* Of 98 columns, which is what two of indentation leave, and of one more. */
static void
a_line_of_a_hundred_columns_fits_and_one_of_more_does_not(void **state)
{
	char word[300], a[97], *text;

	(void)state;
	memset(a, 'a', 96);
	a[96] = '\0';
	snprintf(word, sizeof(word), "%s b", a);
	text = said(TAYRA__FORM_TERMINAL, word);
	assert_int_equal(strcspn(text, "\n"), 100);
	free(text);
	snprintf(word, sizeof(word), "%s bc", a);
	text = said(TAYRA__FORM_TERMINAL, word);
	assert_string_equal(text + 98, "\n    bc\n");
	free(text);
	/* A character counts once, however many bytes it has. */
	for (size_t i = 0; i < 49; i++)
		memcpy(word + 3 * i, "\u00e9 ", 4);
	text = said(TAYRA__FORM_TERMINAL, word);
	assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
	free(text);
}

static void
a_word_is_never_torn(void **state)
{
	char word[300] = "see ", *text;

	(void)state;
	memset(word + 4, 'w', 200);
	text = said(TAYRA__FORM_TERMINAL, word);
	assert_memory_equal(text, "  see\n    www", 13);
	assert_int_equal(strlen(text), 5 + 1 + 4 + 200 + 1);
	free(text);
}

static void
no_other_form_is_broken(void **state)
{
	char *md = said(TAYRA__FORM_MD, sentence), *html = said(TAYRA__FORM_HTML, sentence);

	(void)state;
	assert_ptr_equal(strchr(md, '\n'), md + strlen(sentence));
	assert_ptr_equal(strchr(html, '\n'), html + strlen(html) - 1);
	free(md);
	free(html);
}

static char *
titled(enum tayra__form form, const char *title)
{
	struct tayra__sheet sheet = { .form = form };
	char *written = NULL;
	size_t len;

	sheet.out = open_memstream(&written, &len);
	tayra__sheet_title(&sheet, title);
	fclose(sheet.out);
	return written;
}

/* It may be the name of a file. */
static void
a_title_is_text_in_every_form(void **state)
{
	char *html = titled(TAYRA__FORM_HTML, "<img src=x>"),
	     *md = titled(TAYRA__FORM_MD, "<img src=x>"),
	     *cut = titled(TAYRA__FORM_HTML, "caf\xc3 \xff\xc3\xa9");

	(void)state;
	assert_string_equal(html, "<h2>&lt;img src=x&gt;</h2>\n");
	assert_string_equal(md, "\n## &lt;img src=x>\n\n");
	assert_string_equal(cut, "<h2>caf\uFFFD \uFFFD\u00e9</h2>\n");
	free(html);
	free(md);
	free(cut);
}

/* "33.828" and "31.179 .. 36.619" once read 33.82831.179. */
static void
a_wide_cell_leaves_a_blank_and_moves_no_later_column(void **state)
{
	static const char *const heads[] = { "a", "b", "c", "d", "e" };
	static const char *const rows[][5] = {
		{ "x", "1", "0123456789", "0123456789012", "2" },
		{ "x", "1", "0", "0", "2" },
		{ "a name of more than twenty-five", "1", "0", "0", "2" },
	};
	struct tayra__sheet sheet = { .form = TAYRA__FORM_TERMINAL };
	char *text = NULL, *line;
	size_t len;

	(void)state;
	sheet.out = open_memstream(&text, &len);
	tayra__sheet_table(&sheet, heads, 5);
	for (size_t i = 0; i < 3; i++)
		tayra__sheet_row(&sheet, rows[i]);
	tayra__sheet_table_end(&sheet);
	fclose(sheet.out);
	assert_non_null(strstr(text, " 1 0123456789 0123456789012 "));
	line = strchr(text, '\n') + 1;
	for (size_t i = 0; i < 3; i++, line += 68) {
		assert_int_equal(strcspn(line, "\n"), 67);
		assert_int_equal(line[66], '2');
	}
	free(text);
}

static void
a_terminal_says_how_wide_it_is(void **state)
{
	struct winsize size = { .ws_row = 24, .ws_col = 60 };
	struct tayra__sheet sheet = { .form = TAYRA__FORM_TERMINAL };
	int master = posix_openpt(O_RDWR | O_NOCTTY), slave;
	char got[400] = "";
	size_t len = 0;

	(void)state;
	if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0)
		skip();
	slave = open(ptsname(master), O_RDWR | O_NOCTTY);
	assert_true(slave >= 0);
	assert_int_equal(ioctl(slave, TIOCSWINSZ, &size), 0);
	sheet.out = fdopen(slave, "w");
	assert_non_null(sheet.out);
	tayra__sheet_text(&sheet, sentence);
	fflush(sheet.out);
	while (len + 1 < sizeof(got) && !strstr(got, "processors.")) {
		ssize_t n = read(master, got + len, sizeof(got) - 1 - len);

		assert_true(n > 0);
		len += (size_t)n;
		got[len] = '\0';
	}
	for (const char *line = got; *line;
	     line += strcspn(line, "\n") + (strchr(line, '\n') != NULL))
		assert_in_range(strcspn(line, "\r\n"), 20, 60);
	fclose(sheet.out);
	close(master);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_long_text_is_broken_and_goes_on_indented),
		cmocka_unit_test(a_line_of_a_hundred_columns_fits_and_one_of_more_does_not),
		cmocka_unit_test(a_word_is_never_torn),
		cmocka_unit_test(no_other_form_is_broken),
		cmocka_unit_test(a_title_is_text_in_every_form),
		cmocka_unit_test(a_wide_cell_leaves_a_blank_and_moves_no_later_column),
		cmocka_unit_test(a_terminal_says_how_wide_it_is),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
