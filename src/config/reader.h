/* SPDX-License-Identifier: Apache-2.0
 *
 * reader.h: what reading any part of a configuration needs: complaints with their place, and knobs
 * by their rows.
 */
#ifndef TAYRA_CONFIG_READER_H
#define TAYRA_CONFIG_READER_H

#include <stddef.h>

#include "config/document.h"

/* A kind of map of a configuration, as complaints call it; NULL ends a table of them. */
struct tayra__reader_kind {
	const char *what;
	const struct tayra__knob *table;
};

struct tayra__reader {
	struct tayra__document *document;
	void *into;  /* what is being filled: of whoever reads */
	char *error; /* gets one line */
	size_t error_len;
	const struct tayra__reader_kind *kinds; /* where a name may belong; NULL: not known */
};

/* => TAYRA_E_INVAL, always; at NULL: nowhere in particular. */
__attribute__((format(printf, 3, 4))) int tayra__reader_refuse(const struct tayra__reader *r,
							       const struct tayra__yaml *at,
							       const char *format, ...);
/* Where that stands, "etc/tayra.yaml:3:5: ", as long as the document; NULL: no memory. */
const char *tayra__reader_place(const struct tayra__reader *r, const struct tayra__yaml *at);
/* => TAYRA_E_NOMEM, always. */
int tayra__reader_no_memory(const struct tayra__reader *r);

/* The rest: => TAYRA_OK, TAYRA_E_INVAL, TAYRA_E_NOMEM. */
int tayra__reader_expect(const struct tayra__reader *r, const struct tayra__yaml *at,
			 enum tayra__yaml_kind kind);
int tayra__reader_knob(const struct tayra__reader *r, const struct tayra__yaml *at,
		       const struct tayra__knob *knob, void *object);
/* Everything in `map` that is a word; `what` is what complaints call the map. */
int tayra__reader_knobs(const struct tayra__reader *r, const struct tayra__yaml *map,
			const struct tayra__knob *table, void *object, const char *what);

#endif
