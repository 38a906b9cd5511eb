/* SPDX-License-Identifier: Apache-2.0
 *
 * version.h: what a database calls the version of a value, as the number that an item keeps.
 */
#ifndef TAYRA_ORIGIN_VERSION_H
#define TAYRA_ORIGIN_VERSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tayra_load;

/* => a number of at most 20 digits is itself, all else, and 0, is hashed; never 0.  The same in
 * every process: tiers keep it. */
uint64_t tayra__version_of(const void *bytes, size_t len);
/* What is cached of the load's key is of that version, and the load may end as unchanged.  0: of no
 * version. */
bool tayra__version_is_cached(struct tayra_load *load, uint64_t version);

#endif
