/* SPDX-License-Identifier: Apache-2.0
 *
 * kinds_table.h: what the kinds of a scenario amounted to, as a section of a page or of Markdown.
 */
#ifndef TAYRA_REPORT_KINDS_TABLE_H
#define TAYRA_REPORT_KINDS_TABLE_H

#include "drive/kinds.h"
#include "report/sheet.h"

/* Nothing for NULL. */
void tayra__kinds_table_put(const struct tayra__kinds *kinds, struct tayra__sheet *sheet);
/* The table alone, a row for each kind and arm.  names NULL: there is one arm, and no column. */
void tayra__kinds_table_put_arms(const struct tayra__kinds *const *kinds, const char *const *names,
				 size_t arms, struct tayra__sheet *sheet);

#endif
