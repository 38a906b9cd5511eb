/* SPDX-License-Identifier: Apache-2.0
 *
 * outlier.h: how many values are far from the others.  Reports, never removes: a slow request is a
 * slow request.  Pure; any thread.
 */
#ifndef TAYRA_STAT_OUTLIER_H
#define TAYRA_STAT_OUTLIER_H

#include <stddef.h>

struct tayra__outliers {
	size_t mild_low, mild_high;     /* beyond 1.5 interquartile ranges from the quartiles */
	size_t severe_low, severe_high; /* beyond 3 of them; not counted as mild */
	double share_of_variance;       /* that is theirs; 0: none, NaN: there is no variance */
};

/*
 * Of values that ascend.
 * Source: Tukey, "Exploratory Data Analysis", 1977: the fences.
 * Assumes: one hump.  Of a normal sample 0.7% lie beyond the inner fences.
 * Not for: throwing values away; two humps, where a fence says nothing.
 */
void tayra__outliers(const double *sorted, size_t n, struct tayra__outliers *out);

#endif
