/* SPDX-License-Identifier: Apache-2.0
 *
 * report_md.h: results as a page for people.
 */
#ifndef TAYRA_SHOWCASE_REPORT_MD_H
#define TAYRA_SHOWCASE_REPORT_MD_H

#include <stdio.h>

struct tayra__results;

/* => TAYRA_OK, TAYRA_E_IO. */
int tayra__report_md_write(const struct tayra__results *results, FILE *out);

#endif
