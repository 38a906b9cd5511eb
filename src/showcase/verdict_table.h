/* SPDX-License-Identifier: Apache-2.0
 *
 * verdict_table.h: results as a table of text, for the terminal.
 */
#ifndef TAYRA_SHOWCASE_VERDICT_TABLE_H
#define TAYRA_SHOWCASE_VERDICT_TABLE_H

#include <stdio.h>

struct tayra__results;

void tayra__verdict_table_print(const struct tayra__results *results, FILE *out);

#endif
