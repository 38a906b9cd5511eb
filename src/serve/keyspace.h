/* SPDX-License-Identifier: Apache-2.0
 *
 * keyspace.h: 16 databases of keys in one cache: each key is stored behind a byte with its
 * database's number.  Deadlines are Unix time in milliseconds outside, as in the protocol, and
 * time of the cache's clock inside, which does not jump with the wall clock.  What is stale, or
 * doubted by a feed, is not there.  Not thread-safe.
 */
#ifndef TAYRA_SERVE_KEYSPACE_H
#define TAYRA_SERVE_KEYSPACE_H

#include <tayra/base.h>
#include <tayra/tayra.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TAYRA__DATABASES 16
#define TAYRA__NO_EXPIRY INT64_MAX /* as a deadline */

struct tayra__doubts;
struct tayra__posts;

struct tayra__keyspace {
	struct tayra_cache *cache;          /* the handle's */
	const struct tayra__doubts *doubts; /* the handle's */
	struct tayra *handle;
	bool shared; /* keys are loaded as well, or kept in tiers: changes go through the handle */
	struct tayra__posts *posts; /* where changes go when there is a remote tier; NULL: none */
	bool unsure;            /* something was deleted, and may be back after a restart: not to be
				 * acknowledged
				 */
	uint64_t now_ms;        /* the cache's clock */
	int64_t wall_offset_ms; /* Unix time is now_ms and this */
	uint32_t used;          /* a bit for each database that something was put into */
	bool volatile_keys;     /* something with a deadline was put since the last flush of all */
};

/* bytes[-1] is there, and is overwritten. */
struct tayra__key_in {
	char *bytes;
	size_t len;
	unsigned db;
};

/* The key as the handle has it, one byte longer: its database's number in the byte before it. */
static inline const char *
tayra__key_stored(const struct tayra__key_in *key)
{
	key->bytes[-1] = (char)key->db;
	return key->bytes - 1;
}

/* How many keys a database has, and how many of them expire. */
struct tayra__keyspace_census {
	uint64_t keys[TAYRA__DATABASES], expires[TAYRA__DATABASES];
};

/* Now, on the cache's clock. */
static inline void
tayra__keyspace_set_now(struct tayra__keyspace *keyspace, uint64_t now_ms)
{
	keyspace->now_ms = now_ms;
}

/* Unix time now.  Steps of the wall clock of more than half a second move deadlines in Unix time
 * along: what has 10 s to live keeps them. */
void tayra__keyspace_set_wall(struct tayra__keyspace *keyspace, uint64_t wall_ms);
/* Unix time now. */
int64_t tayra__keyspace_wall_ms(const struct tayra__keyspace *keyspace);

/* Look up and pin; give *out back with tayra_cache_unpin.  => as tayra_cache_get. */
int tayra__keyspace_get(struct tayra__keyspace *keyspace, const struct tayra__key_in *key,
			struct tayra_value *out);
bool tayra__keyspace_has(struct tayra__keyspace *keyspace, const struct tayra__key_in *key);
/* The deadline of what get gave, TAYRA__NO_EXPIRY when it has none. */
int64_t tayra__keyspace_deadline(const struct tayra__keyspace *keyspace,
				 const struct tayra_value *value);

/* A deadline that has passed: as delete.  cost_ns: of loading it, 0: not known.  => as
 * tayra_cache_put. */
int tayra__keyspace_put(struct tayra__keyspace *keyspace, const struct tayra__key_in *key,
			const void *value, size_t len, int64_t deadline_ms, uint64_t cost_ns);
/* Zero copy, in the place of put: fill out->data, then commit.  => as tayra_cache_reserve. */
int tayra__keyspace_reserve(struct tayra__keyspace *keyspace, const struct tayra__key_in *key,
			    size_t len, struct tayra_reservation *out);
int tayra__keyspace_commit(struct tayra__keyspace *keyspace, const struct tayra__key_in *key,
			   struct tayra_reservation *reservation, int64_t deadline_ms,
			   uint64_t cost_ns);
/* => TAYRA_OK, TAYRA_E_NOT_FOUND (also when it had expired). */
int tayra__keyspace_delete(struct tayra__keyspace *keyspace, const struct tayra__key_in *key);
/* Give a key that is there another deadline; one that has passed deletes it.  => TAYRA_OK,
 * TAYRA_E_NOT_FOUND. */
int tayra__keyspace_expire(struct tayra__keyspace *keyspace, const struct tayra__key_in *key,
			   int64_t deadline_ms);

/* Something may be loaded into that database, with a deadline. */
static inline void
tayra__keyspace_expect(struct tayra__keyspace *keyspace, unsigned db)
{
	keyspace->used |= 1u << db;
	keyspace->volatile_keys = true;
}

/* Visit keys of a database in slices, with tayra_cache_scan's promises and cursors.  `visit` calls
 * nothing of the keyspace. */
typedef void (*tayra__key_visit_fn)(void *arg, const char *key, size_t len);
uint64_t tayra__keyspace_scan(struct tayra__keyspace *keyspace, unsigned db, uint64_t cursor,
			      uint64_t budget, tayra__key_visit_fn visit, void *arg);
/* Exact, but for keys that have expired and are not swept yet: those may be counted. */
uint64_t tayra__keyspace_count(struct tayra__keyspace *keyspace, unsigned db);
void tayra__keyspace_census(struct tayra__keyspace *keyspace, struct tayra__keyspace_census *out);
/* Remove all keys of a database, or of all.  => TAYRA_E_NOMEM: some are left.  TAYRA_E_IO: gone,
 * but not from a tier for sure. */
int tayra__keyspace_flush(struct tayra__keyspace *keyspace, unsigned db);
/* Those of a database that begin so; everybody who shares a remote tier forgets all that came from
 * there. */
int tayra__keyspace_forget(struct tayra__keyspace *keyspace, unsigned db, const void *prefix,
			   size_t len);
/* What was loaded with that tag.  => TAYRA_OK, TAYRA_E_TOO_LARGE, TAYRA_E_NOMEM: nothing was done.
 */
int tayra__keyspace_forget_tag(struct tayra__keyspace *keyspace, const void *tag, size_t len);
int tayra__keyspace_flush_all(struct tayra__keyspace *keyspace);
/* Remove what has expired, looking at some of it. */
void tayra__keyspace_tick(struct tayra__keyspace *keyspace);

#endif
