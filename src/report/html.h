/* SPDX-License-Identifier: Apache-2.0
 *
 * html.h: text into a page, safely.
 */
#ifndef TAYRA_REPORT_HTML_H
#define TAYRA_REPORT_HTML_H

#include <stdio.h>

/* Escaped: & < > " ' and control characters.  A byte that is no UTF-8 becomes U+FFFD. */
void tayra__html_text(FILE *out, const char *text);
/* printf whose result is escaped as a whole; at most 1,023 bytes of it. */
__attribute__((format(printf, 2, 3))) void tayra__html_printf(FILE *out, const char *format, ...);

/* A label in a drawing; anchor: "start", "middle", "end". */
void tayra__html_svg_text(FILE *out, double x, double y, const char *anchor, const char *text);

/* The page's <head> up to <body>: title and style.  Nothing is loaded from anywhere. */
void tayra__html_head(FILE *out, const char *title);

#endif
