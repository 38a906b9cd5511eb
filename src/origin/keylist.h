/* SPDX-License-Identifier: Apache-2.0
 *
 * keylist.h: the keys of a batch as the text of a parameter.  Of one thread.
 */
#ifndef TAYRA_ORIGIN_KEYLIST_H
#define TAYRA_ORIGIN_KEYLIST_H

#include "origin/spread.h"

struct tayra__keylist {
	char *text; /* terminated */
	size_t len, room;
};

/* A JSON array: of strings, or, when keys have several parts, of arrays of them.
 * => TAYRA_E_NOMEM. */
int tayra__keylist_json(struct tayra__keylist *list, const struct tayra__spread *spread);
/* For each part an array as PostgreSQL writes them, each terminated, the next behind it; starts[]
 * says where each begins in list->text.  => TAYRA_E_NOMEM. */
int tayra__keylist_arrays(struct tayra__keylist *list, const struct tayra__spread *spread,
			  size_t starts[TAYRA__PATTERN_PARTS]);
void tayra__keylist_fini(struct tayra__keylist *list);

#endif
