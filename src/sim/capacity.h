/* SPDX-License-Identifier: Apache-2.0
 *
 * capacity.h: how large a cache to replay, as people write it: a share of what the trace holds
 * ("1%"), objects ("1000", unit sizes only) or bytes ("64M", real sizes only).
 */
#ifndef TAYRA_SIM_CAPACITY_H
#define TAYRA_SIM_CAPACITY_H

#include <stddef.h>
#include <stdint.h>

enum tayra__sizes {
	TAYRA__SIZES_AUTO, /* real where the trace has sizes */
	TAYRA__SIZES_UNIT, /* every object is 1 */
	TAYRA__SIZES_REAL, /* bytes; a key keeps the size it was first seen with */
};

enum tayra__capacity_kind { TAYRA__CAPACITY_SHARE, TAYRA__CAPACITY_OBJECTS, TAYRA__CAPACITY_BYTES };

struct tayra__capacity {
	enum tayra__capacity_kind kind;
	double percent;  /* of TAYRA__CAPACITY_SHARE: above 0, at most 100 */
	uint64_t amount; /* of the others: 1 .. 2^62 */
};

/* => TAYRA_OK, or TAYRA_E_INVAL with *why a static text that completes "capacity 'X' ...". */
int tayra__capacity_parse(const char *text, size_t len, struct tayra__capacity *out,
			  const char **why);

/*
 * What it means for a trace of so many distinct keys or bytes, rounded to the nearest, at least 1.
 * => sizes is UNIT or REAL.  => TAYRA_OK, or TAYRA_E_INVAL with *why: objects asked of real sizes,
 * or bytes of unit sizes.
 */
int tayra__capacity_resolve(const struct tayra__capacity *capacity, enum tayra__sizes sizes,
			    uint64_t keys, uint64_t footprint_bytes, uint64_t *out,
			    const char **why);

#endif
