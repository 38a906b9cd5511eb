/* SPDX-License-Identifier: Apache-2.0
 *
 * survey.h: tells a trace to learn/patterns.h as a cache without limits would: a use is a hit when
 * the key was used before, was not deleted and has not expired, else a load.  So whatever misses
 * again had expired, and nothing is evicted.  A load changed the value where the size is another
 * than before; where it is the same nobody can tell.  A size of 1 stands for none.  Not
 * thread-safe.
 */
#ifndef TAYRA_SIM_SURVEY_H
#define TAYRA_SIM_SURVEY_H

#include <stdint.h>

struct tayra__patterns;
struct tayra__survey;
struct tayra__trace_request;

/* => TAYRA_OK, TAYRA_E_NOMEM. */
int tayra__survey_create(uint64_t seed, struct tayra__survey **out);
void tayra__survey_destroy(struct tayra__survey *survey);
/* => TAYRA_OK; TAYRA_E_NOMEM: the row was not told. */
int tayra__survey_row(struct tayra__survey *survey, const struct tayra__trace_request *row);
/* Its time begins with the first row; NULL before that.  Borrowed until destroy. */
const struct tayra__patterns *tayra__survey_patterns(const struct tayra__survey *survey);

#endif
