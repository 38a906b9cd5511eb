/* SPDX-License-Identifier: Apache-2.0
 *
 * packages.h: a streaming reader of Debian control stanzas, as in a Packages file (deb-control(5)).
 * The bytes are not trusted: lines and stanzas are bounded, and the first thing that is wrong ends
 * the reading with a message that names the line.  Not thread-safe.
 */
#ifndef TAYRA_SHOWCASE_PACKAGES_H
#define TAYRA_SHOWCASE_PACKAGES_H

#include <stddef.h>
#include <stdint.h>

#define TAYRA__PACKAGES_LINE_MAX   (256u << 10) /* bytes */
#define TAYRA__PACKAGES_STANZA_MAX (1u << 20)   /* bytes of the fields that are kept */

enum tayra__packages_field {
	TAYRA__PACKAGES_NAME,
	TAYRA__PACKAGES_VERSION,
	TAYRA__PACKAGES_SECTION,
	TAYRA__PACKAGES_PRIORITY,
	TAYRA__PACKAGES_SIZE,
	TAYRA__PACKAGES_INSTALLED_SIZE,
	TAYRA__PACKAGES_MAINTAINER,
	TAYRA__PACKAGES_DESCRIPTION,
	TAYRA__PACKAGES_DEPENDS,
	TAYRA__PACKAGES_PRE_DEPENDS,
	TAYRA__PACKAGES_PROVIDES,
	TAYRA__PACKAGES_FIELDS,
};

/* Borrowed for the callback.  A field that is absent is "". */
struct tayra__packages_stanza {
	const char *field[TAYRA__PACKAGES_FIELDS];
	uint64_t size_bytes, installed_kib;
	uint64_t line; /* where it began, from 1 */
};

/* => TAYRA_OK, or a status that ends the reading. */
typedef int (*tayra__packages_fn)(void *ctx, const struct tayra__packages_stanza *stanza);

struct tayra__packages {
	tayra__packages_fn stanza;
	void *ctx;
	char *line; /* an unfinished line */
	size_t line_len, line_room;
	char *text; /* the kept fields of the stanza, each terminated */
	size_t text_len, text_room;
	size_t at[TAYRA__PACKAGES_FIELDS]; /* offset + 1 in text; 0: absent */
	int current;                       /* field that a continuation belongs to; -1: not kept */
	int in_stanza;
	uint64_t line_number, stanza_line;
	uint64_t stanzas;
	int status;
	char error[200]; /* "line 7: ..", after TAYRA_E_CORRUPT */
};

void tayra__packages_init(struct tayra__packages *reader, tayra__packages_fn stanza, void *ctx);
void tayra__packages_fini(struct tayra__packages *reader);
/* => TAYRA_OK, TAYRA_E_CORRUPT with reader->error, TAYRA_E_NOMEM, or what the callback returned.
 * After a failure every call gives that status again. */
int tayra__packages_feed(struct tayra__packages *reader, const char *bytes, size_t len);
/* The end of the input: ends the last line and stanza.  => as feed. */
int tayra__packages_finish(struct tayra__packages *reader);

/*
 * The next name of a dependency list such as "a (>= 1) | b:any, c [amd64]".  *cursor moves on;
 * *alternative is 1 for what follows a '|'.  The name is not terminated.  Returns 0 at the end.
 */
int tayra__packages_relation(const char **cursor, const char **name, size_t *len, int *alternative);

#endif
