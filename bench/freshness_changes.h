/* SPDX-License-Identifier: Apache-2.0
 *
 * freshness_changes.h: changes for freshness.h, out of a trace or by a law, and readers who ask for
 * keys by a Zipf law, as a Poisson process over the time of the changes.
 */
#ifndef TAYRA_BENCH_FRESHNESS_CHANGES_H
#define TAYRA_BENCH_FRESHNESS_CHANGES_H

#include "freshness.h"

struct freshness_options {
	uint32_t reads;
	double zipf; /* exponent, > 0 */
	uint64_t seed;
};

enum freshness_law {
	FRESHNESS_POISSON, /* independent of one another */
	FRESHNESS_BURSTY,  /* eight at a time */
	FRESHNESS_DIURNAL, /* by day */
};

/* Of so many keys, so many in all over that time; the keys' rates spread over three decades. */
struct freshness_changes {
	uint32_t keys, updates;
	uint64_t span_ms;
};

/* "what went wrong" goes to error.  => TAYRA_OK, or a status. */
int freshness_open_trace(struct freshness *f, const char *path,
			 const struct freshness_options *options, char *error, size_t error_len);
int freshness_open_synthetic(struct freshness *f, enum freshness_law law,
			     const struct freshness_changes *changes,
			     const struct freshness_options *options);

#endif
