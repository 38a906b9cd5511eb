/* SPDX-License-Identifier: Apache-2.0
 *
 * ablation_words.h: what single mechanisms bring, as text: the table of the terminal, of the page
 * and of report.md.
 */
#ifndef TAYRA_SHOWCASE_ABLATION_WORDS_H
#define TAYRA_SHOWCASE_ABLATION_WORDS_H

#include "showcase/results.h"

/* All three write nothing when none ran. */
void tayra__ablation_words_print(const struct tayra__results *results, FILE *out);
void tayra__ablation_words_md(const struct tayra__results *results, FILE *out);
void tayra__ablation_words_html(const struct tayra__results *results, FILE *out);

#endif
