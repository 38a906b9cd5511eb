/* SPDX-License-Identifier: Apache-2.0
 *
 * database.h: one arm's copy of the catalogue, and what is asked of it.  Blocking calls from any
 * number of threads; each takes a connection of its own from a list that grows as needed.
 *
 * Keys: "d:NAME" detail, "c:NAME" dependency closure, "r:NAME" who comes to need it, "s:WORDS"
 * full-text search.  A value begins with a struct tayra__database_stamp that says which revision
 * of which package it saw, so that its age can be checked against the truth.
 *
 * Faults are for scenes: a hanging database answers nobody until it recovers or the statement
 * timeout passes; a dead one refuses at once.
 */
#ifndef TAYRA_SHOWCASE_DATABASE_H
#define TAYRA_SHOWCASE_DATABASE_H

#include <stddef.h>
#include <stdint.h>

struct tayra__database;

struct tayra__database_stamp {
	uint32_t package; /* from 0; UINT32_MAX: the answer is about none */
	uint32_t revision;
};

enum tayra__database_fault {
	TAYRA__DATABASE_WELL,
	TAYRA__DATABASE_HANGS,
	TAYRA__DATABASE_DEAD,
};

struct tayra__database_counts {
	uint64_t calls;  /* statements begun, faults included */
	uint64_t cpu_ns; /* of the threads that ran them */
};

/* => TAYRA_OK, TAYRA_E_NOMEM, TAYRA_E_IO with one line in `error`. */
int tayra__database_open(const char *path, struct tayra__database **out, char *error,
			 size_t error_len);
/* No call may be running. */
void tayra__database_close(struct tayra__database *db);

/* Real time after which a statement is given up, as any careful client sets it. */
void tayra__database_set_timeout(struct tayra__database *db, uint64_t timeout_ns);
/* How many users of a package are counted at most, by key "r:"; 60,000 to begin with. */
void tayra__database_set_bound(struct tayra__database *db, uint32_t users);
void tayra__database_set_fault(struct tayra__database *db, enum tayra__database_fault fault);
void tayra__database_counts(struct tayra__database *db, struct tayra__database_counts *out);

/* A tayra_fetch_fn; arg is the struct tayra__database.  => TAYRA_OK, TAYRA_E_TIMEOUT,
 * TAYRA_E_ORIGIN, TAYRA_E_OVERLOAD (locked), TAYRA_E_NOT_FOUND, TAYRA_E_INVAL, TAYRA_E_NOMEM. */
int tayra__database_fetch(void *arg, const void *key, size_t key_len, void **value, size_t *len);

/* Change a package's record, waiting for the write lock up to the statement timeout.
 * => as fetch; *revision is the new one. */
int tayra__database_update(struct tayra__database *db, uint32_t package, uint64_t now_ms,
			   uint32_t *revision);
/* The same as a read and then a write in one deferred transaction, waiting for nothing.
 * => TAYRA_E_OVERLOAD when another writer came between: rolled back, try again. */
int tayra__database_read_then_write(struct tayra__database *db, uint32_t package, uint64_t now_ms,
				    uint32_t *revision);

#endif
