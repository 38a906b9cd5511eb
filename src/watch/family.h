/* SPDX-License-Identifier: Apache-2.0
 *
 * family.h: metrics that are counted here: a row and its series, one for each combination of label
 * values.  A series is found once and kept; counting in it neither allocates nor looks anything up.
 *
 * At most series_max combinations get a series.  What is over, or has a value too long, goes to the
 * series whose every label is "other", and is counted in tayra_watch_other.
 *
 * Any thread.  Counters and histograms are kept in stripes, a thread's own for the first 16 (4)
 * threads, summed on reading; a sum taken while others count is of some moment in between.
 */
#ifndef TAYRA_WATCH_FAMILY_H
#define TAYRA_WATCH_FAMILY_H

#include "watch/row.h"

struct tayra__family;
struct tayra__series;

#define TAYRA__FAMILY_SERIES_MAX 1000
#define TAYRA__FAMILY_SERIES     100 /* when series_max is 0 */

/* Made by tayra__registry_add_family(), which says what may fail.  `others` counts what goes to
 * "other"; NULL: nobody counts. */
int tayra__family_create(const struct tayra__watch_row *row, uint32_t series_max,
			 struct tayra__series *others, struct tayra__family **out);
void tayra__family_destroy(struct tayra__family *family);
const struct tayra__watch_row *tayra__family_row(const struct tayra__family *family);
/* `scratch` is overwritten. */
void tayra__family_visit(struct tayra__family *family, const struct tayra__watch_visitor *visitor,
			 struct tayra__hist *scratch);

/*
 * The series of these values, one for each of the row's labels, made when it is new.  Never NULL:
 * without memory it is the one of "other".  Lives as long as the registry.
 */
struct tayra__series *tayra__family_series(struct tayra__family *family, const char *const *values);

/* A counter's. */
void tayra__series_add(struct tayra__series *series, uint64_t n);
/* A gauge's; until the first call it has no sample. */
void tayra__series_set(struct tayra__series *series, double value);
/* A histogram's. */
void tayra__series_observe(struct tayra__series *series, uint64_t value);

#endif
