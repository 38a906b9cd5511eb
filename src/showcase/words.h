/* SPDX-License-Identifier: Apache-2.0
 *
 * words.h: results as sentences, the same for the terminal and both reports.  A sentence claims
 * no more than the verdict it stands on.
 */
#ifndef TAYRA_SHOWCASE_WORDS_H
#define TAYRA_SHOWCASE_WORDS_H

#include <stdbool.h>
#include <stdint.h>

#include "report/figure.h"
#include "showcase/results.h"

#define TAYRA__WORDS_MAX 1200

/* "12.3 ms", "45.6%", "789/s"; returns text. */
const char *tayra__words_value(int metric, double value, char text[32]);
/* "half of the answers came within" style name of a metric for people. */
const char *tayra__words_metric(int metric);

/* How many of the comparisons with a came out with a verdict. */
uint32_t tayra__words_count(const struct tayra__results *results, enum tayra__showcase_arm_index a,
			    enum tayra_verdict verdict);

/* The one line that says how it went; of a run that is not valid, the only one. */
void tayra__words_headline(const struct tayra__results *results, char out[TAYRA__WORDS_MAX]);
/* The i-th sentence of the summary, the headline first; false: there are no more. */
bool tayra__words_summary(const struct tayra__results *results, uint32_t i,
			  char out[TAYRA__WORDS_MAX]);
/* What a stage showed against a, in one or two sentences; empty when the run is not valid. */
void tayra__words_stage(const struct tayra__results *results, uint32_t stage,
			enum tayra__showcase_arm_index a, char out[TAYRA__WORDS_MAX]);
/* How often the hot key was computed, by arm; empty for stages without one. */
void tayra__words_loads(const struct tayra__results *results, uint32_t stage,
			char out[TAYRA__WORDS_MAX]);
/* In what tayra came out better than tuned in that stage; false, and nothing, when in nothing. */
bool tayra__words_better(const struct tayra__results *results, uint32_t stage,
			 char out[TAYRA__WORDS_MAX]);
/* In what tayra came out worse than a in that stage, without saying of plain again what was said of
 * tuned; false, and nothing, when in nothing. */
bool tayra__words_worse(const struct tayra__results *results, uint32_t stage,
			enum tayra__showcase_arm_index a, char out[TAYRA__WORDS_MAX]);
/* Why stale answers count as worse, for a stage in which they do; NULL for others. */
const char *tayra__words_price(const struct tayra__results *results, uint32_t stage);
/* The i-th sentence on whether the run can be believed; false: there are no more. */
bool tayra__words_belief(const struct tayra__results *results, uint32_t i,
			 char out[TAYRA__WORDS_MAX]);
/* Others left the machine alone, by and large. */
bool tayra__words_quiet(const struct tayra__results *results);
/* How often two instances of tuned were called different, of how many comparisons. */
void tayra__words_again(const struct tayra__results *results, uint32_t *called, uint32_t *of);
/* Answers of the wrong age that an arm gave. */
uint64_t tayra__words_wrong_ages(const struct tayra__results *results, uint32_t arm);

#endif
