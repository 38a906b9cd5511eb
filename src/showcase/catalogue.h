/* SPDX-License-Identifier: Apache-2.0
 *
 * catalogue.h: the data set: Debian packages and what they depend on, as an SQLite database in a
 * temporary directory and as a graph in memory from which requests are made.
 *
 * Tables: packages(id, name, version, section, priority, size, installed_size, summary,
 * description, maintainer, revision, updated_ms), depends(package, depends_on) between real
 * packages, and `search`, an FTS5 index of name, summary and description.  Ids are 1-based in the
 * database and 0-based here.
 */
#ifndef TAYRA_SHOWCASE_CATALOGUE_H
#define TAYRA_SHOWCASE_CATALOGUE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "showcase/graph.h"
#include "showcase/names.h"
#include "showcase/sha256.h"

#define TAYRA__CATALOGUE_COPIES 8

struct tayra__catalogue {
	char dir[64];  /* temporary, removed by fini */
	char path[96]; /* the database */
	char source[256];
	char sha256[TAYRA__SHA256_HEX];
	uint64_t bytes, duplicates, unresolved; /* unresolved: dependencies on nothing here */
	struct tayra__names names;
	struct tayra__graph depends, users;     /* users: the same turned round */
	struct tayra__names words;              /* out of names and summaries, for searches */
	char copy[TAYRA__CATALOGUE_COPIES][24]; /* names of databases beside this one */
	uint32_t copies;
	double load_s;
};

/*
 * Read the packages (data_path NULL: the machine's own index) and build the database.
 * `stop` ends it early with TAYRA_E_CANCELLED; may be NULL.
 * => TAYRA_OK; TAYRA_E_CORRUPT, TAYRA_E_NOT_FOUND (no packages), TAYRA_E_IO, TAYRA_E_NOMEM,
 *    TAYRA_E_CANCELLED with one line in `error` and nothing left behind.
 */
int tayra__catalogue_create(struct tayra__catalogue *catalogue, const char *data_path,
			    const _Atomic bool *stop, char *error, size_t error_len);
void tayra__catalogue_fini(struct tayra__catalogue *catalogue);

/* A copy of the database beside it, named "<name>.db", removed by fini too; its path in `path`.
 * => TAYRA_OK, TAYRA_E_INVAL (too many), TAYRA_E_IO with one line in `error`. */
int tayra__catalogue_copy(struct tayra__catalogue *catalogue, const char *name, char *path,
			  size_t path_len, char *error, size_t error_len);
/* The package with the largest reverse closure of at most `most` packages, itself included, among
 * those with the most direct users; *users gets its size. */
uint32_t tayra__catalogue_popular(const struct tayra__catalogue *catalogue, uint32_t most,
				  uint32_t *users);

#endif
