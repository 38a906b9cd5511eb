/* SPDX-License-Identifier: Apache-2.0
 *
 * names.h: names to small numbers, and back.  Names are copied.  Not thread-safe; reading alone is.
 */
#ifndef TAYRA_SHOWCASE_NAMES_H
#define TAYRA_SHOWCASE_NAMES_H

#include <stddef.h>
#include <stdint.h>

#define TAYRA__NAMES_NONE UINT32_MAX

struct tayra__names {
	char **name; /* by number, in order of adding */
	uint32_t count, room;
	uint32_t *slots; /* number + 1; 0: empty */
	uint32_t slot_count;
	uint64_t seed; /* of the hash: names come from outside */
};

void tayra__names_init(struct tayra__names *names);
void tayra__names_fini(struct tayra__names *names);
/* The number, or TAYRA__NAMES_NONE. */
uint32_t tayra__names_find(const struct tayra__names *names, const char *name, size_t len);
/* *number is the old number for a name that is there.  => TAYRA_OK, TAYRA_E_NOMEM. */
int tayra__names_add(struct tayra__names *names, const char *name, size_t len, uint32_t *number);

#endif
