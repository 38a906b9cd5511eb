/* SPDX-License-Identifier: Apache-2.0
 *
 * knob.h: what can be configured, as rows: a name, what may stand there, and the sentence that
 * every reference shows.  A row says where in its struct the value goes.
 */
#ifndef TAYRA_BASE_KNOB_H
#define TAYRA_BASE_KNOB_H

#include <stddef.h>
#include <stdint.h>

enum tayra__knob_type {
	TAYRA__KNOB_TEXT,         /* const char * */
	TAYRA__KNOB_PATH,         /* const char *, as seen from the file it stands in */
	TAYRA__KNOB_SECRET,       /* const char *, never shown */
	TAYRA__KNOB_BYTES,        /* uint64_t */
	TAYRA__KNOB_MILLISECONDS, /* uint64_t */
	TAYRA__KNOB_NANOSECONDS,  /* uint64_t; both written as durations: 30s */
	TAYRA__KNOB_COUNT,        /* uint32_t */
	TAYRA__KNOB_NUMBER,       /* double */
	TAYRA__KNOB_CHOICE,       /* int, the index in `choices` and `first_choice` */
	TAYRA__KNOB_SWITCH,       /* bool: true, false */
	TAYRA__KNOB_OTHER,        /* a list or a mapping, for whoever reads the struct */
};

struct tayra__knob {
	const char *name; /* as in YAML; '_' is '-' on the command line */
	enum tayra__knob_type type;
	size_t offset;
	const char *argument; /* "BYTES", for references */
	double min, max;      /* in its unit; max 0: no bound */
	const char *const *choices;
	int first_choice;
	const char *fallback; /* what it is when not given */
	const char *sentence;
	const char *word;  /* may stand there instead of a number; NULL: none */
	double word_value; /* and means this, in bounds or not */
};

/* Texts that knobs were given: they live as long as this. */
struct tayra__knob_texts {
	struct tayra__knob_text *first;
};
void tayra__knob_texts_free(struct tayra__knob_texts *texts);
/* A copy of `folder`/`name`, or of `name` when it is absolute or folder is NULL; NULL: no memory.
 */
const char *tayra__knob_texts_add(struct tayra__knob_texts *texts, const char *folder,
				  const char *name);

/* The row with that name in a table that ends with a row without one, or NULL. */
const struct tayra__knob *tayra__knob_find(const struct tayra__knob *table, const char *name);
/* The nearest name to a wrong one, or NULL. */
const char *tayra__knob_nearest(const struct tayra__knob *table, const char *name);

/*
 * Set a knob of `object` from text.  Paths are relative to `folder`.
 * => TAYRA_OK; TAYRA_E_NOMEM; TAYRA_E_INVAL: why has the end of a line that begins with the knob's
 * name, as "'lots' is no size (64M, 1.5GiB)"; never TAYRA__KNOB_OTHER.
 */
int tayra__knob_set(const struct tayra__knob *knob, void *object, const char *text,
		    const char *folder, struct tayra__knob_texts *texts, char *why, size_t why_len);
/* The value of `object`, as tayra__knob_set() takes it; "" for TAYRA__KNOB_OTHER, a secret and a
 * text that is NULL.  => the length; as snprintf() where it does not fit. */
size_t tayra__knob_show(const struct tayra__knob *knob, const void *object, char *out, size_t len);
/* Give `to` what `from` has of it. */
void tayra__knob_copy(const struct tayra__knob *knob, void *to, const void *from);

#endif
