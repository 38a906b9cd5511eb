/* SPDX-License-Identifier: Apache-2.0
 *
 * report_html.h: results as a page for people.
 */
#ifndef TAYRA_SHOWCASE_REPORT_HTML_H
#define TAYRA_SHOWCASE_REPORT_HTML_H

#include <stdio.h>

struct tayra__results;

/* => TAYRA_OK, TAYRA_E_IO. */
int tayra__report_html_write(const struct tayra__results *results, FILE *out);

#endif
