/* SPDX-License-Identifier: Apache-2.0
 *
 * workload.h: what users of the catalogue ask for.  A pure function of (catalogue, seed, epoch):
 * every arm of a round is sent the same requests.
 *
 * A user's session starts at a package picked by a Zipf law whose ranks change their holder slowly
 * with the epoch, and goes on along real dependencies: a detail, what it needs, a dependency's
 * detail, who needs it, or a search for words that occur in real descriptions.  Some requests
 * change a record.
 */
#ifndef TAYRA_SHOWCASE_WORKLOAD_H
#define TAYRA_SHOWCASE_WORKLOAD_H

#include <stddef.h>
#include <stdint.h>

struct tayra__catalogue;

enum tayra__request_kind {
	TAYRA__REQUEST_DETAIL,
	TAYRA__REQUEST_CLOSURE,
	TAYRA__REQUEST_REVERSE,
	TAYRA__REQUEST_SEARCH,
	TAYRA__REQUEST_UPDATE,
	TAYRA__REQUEST_KINDS,
};
/* "detail", "closure" ..; NULL when out of range. */
const char *tayra__request_kind_name(enum tayra__request_kind kind);
/* The share of requests of that kind that the workload aims at. */
double tayra__request_kind_share(enum tayra__request_kind kind);

struct tayra__user_request {
	enum tayra__request_kind kind;
	uint32_t package;  /* not for SEARCH */
	uint32_t words[2]; /* for SEARCH; the second may be UINT32_MAX */
};

/* Fill requests[0 .. count - 1]. */
void tayra__workload_make(const struct tayra__catalogue *catalogue, uint64_t seed, uint64_t epoch,
			  struct tayra__user_request *requests, size_t count);

#define TAYRA__REQUEST_KEY_MAX 224
/* The key that answers it, as database.h says; of an UPDATE that of the detail it changes.
 * Returns its length. */
size_t tayra__request_key(const struct tayra__catalogue *catalogue,
			  const struct tayra__user_request *request,
			  char key[TAYRA__REQUEST_KEY_MAX]);

/* Who holds a rank of popularity in an epoch. */
uint32_t tayra__workload_holder(uint32_t packages, uint64_t seed, uint64_t epoch, uint64_t rank);

#endif
