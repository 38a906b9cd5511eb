/* SPDX-License-Identifier: Apache-2.0
 *
 * yaml.h: a YAML text as a tree whose every part knows where it stood.  libyaml reads; this bounds
 * and refuses: no anchors, aliases, tags or second documents, no name twice in a mapping, no byte
 * 0, 256 KiB of text, 8 levels, 4,096 parts.  Scalars stay text: what they mean is for who knows
 * what is expected there.
 */
#ifndef TAYRA_CONFIG_YAML_H
#define TAYRA_CONFIG_YAML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum tayra__yaml_kind { TAYRA__YAML_TEXT, TAYRA__YAML_LIST, TAYRA__YAML_MAP };

struct tayra__yaml {
	enum tayra__yaml_kind kind;
	uint32_t line, column;             /* of its beginning, from 1; in a map: of its name */
	uint32_t value_line, value_column; /* of itself, wherever its name is */
	const char *name;                  /* in a map; else NULL */
	const char *text;                  /* of a scalar */
	bool quoted; /* it stood in quotes, or as a block: empty is not missing then */
	struct tayra__yaml *first, *next; /* what is in it, in order; its neighbour */
};

#define TAYRA__YAML_BYTES  (256u << 10)
#define TAYRA__YAML_LEVELS 8u
#define TAYRA__YAML_PARTS  4096u

/* What is wrong, in one line, and where, from 1; line 0: nowhere in particular. */
struct tayra__yaml_error {
	uint32_t line, column;
	char text[256];
};

/* => TAYRA_OK, and an empty text is an empty map; TAYRA_E_INVAL, TAYRA_E_NOMEM,
 * TAYRA_E_UNSUPPORTED: built without libyaml; with *out NULL and *error filled. */
int tayra__yaml_parse(const char *bytes, size_t len, struct tayra__yaml_error *error,
		      struct tayra__yaml **out);
void tayra__yaml_free(struct tayra__yaml *yaml);

/* What has that name in a map; NULL: nothing, or it is no map. */
const struct tayra__yaml *tayra__yaml_find(const struct tayra__yaml *map, const char *name);
/* How many parts a list or a map has. */
size_t tayra__yaml_count(const struct tayra__yaml *of);
/* "a mapping", "a list", "text". */
const char *tayra__yaml_kind_name(enum tayra__yaml_kind kind);

#endif
