/* SPDX-License-Identifier: Apache-2.0
 *
 * option.h: reading what people write: numbers, sizes, shares, durations, lists; and reading
 * options structs.  Strict: the whole text must be used, nothing is truncated, nan and inf are
 * refused.
 */
#ifndef TAYRA_BASE_OPTION_H
#define TAYRA_BASE_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All: => TAYRA_OK or TAYRA_E_INVAL with *out untouched. */
int tayra__option_u64(const char *text, uint64_t min, uint64_t max, uint64_t *out);
/* Decimal, no sign other than '-', no hex, finite. */
int tayra__option_double(const char *text, double min, double max, double *out);
/* "512", "64K", "1.5M", "2GiB", "100B": powers of 1024; whole bytes, up to 2^53.  This and the
 * next:
 * => TAYRA_E_TOO_LARGE above that. */
int tayra__option_bytes(const char *text, uint64_t *out);
/* "250ms" "5s" "1.5m" "2h" "30us" "10ns": nanoseconds, up to 2^53 (104 days).  A bare number is
 * refused. */
int tayra__option_duration_ns(const char *text, uint64_t *out);

/*
 * Take the next element of a comma-separated list.  *cursor moves on; the element is not
 * terminated. Returns false at the end.  Empty elements are returned with *len = 0.
 */
bool tayra__option_list_next(const char **cursor, const char **item, size_t *len);

/* The name in `names` (NULL-terminated) nearest to `text`, or NULL when none is near: for "did you
 * mean". */
const char *tayra__option_nearest(const char *text, const char *const *names);

/*
 * Copy an options struct of the caller's version into ours.  `given` begins with its size_t size.
 * => TAYRA_E_INVAL: size was never set (too small, over 4 KiB), or the tail we do not know is not
 * zero.  NULL given: all zero.
 */
int tayra__option_struct(const void *given, void *ours, size_t ours_size);

#endif
