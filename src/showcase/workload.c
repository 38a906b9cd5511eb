/* SPDX-License-Identifier: Apache-2.0 */
#include "showcase/workload.h"

#include <stdio.h>

#include "base/hash.h"
#include "base/rng.h"
#include "showcase/catalogue.h"

#define USERS      256  /* at a time */
#define SKEW       1.05 /* of the packages' popularity */
#define WORD_SKEW  1.0  /* of the words searched for */
#define HOLD_LEAST 50   /* epochs a rank stays with a package, at least; at most twice that */
#define STAY       0.85 /* chance that a session goes on */

/* Each request is drawn from these shares, whatever came before; what it is about depends on what
 * came before. */
static const struct {
	const char *name;
	double share;
} kinds[TAYRA__REQUEST_KINDS] = {
	[TAYRA__REQUEST_DETAIL] = { "detail", 0.38 },
	[TAYRA__REQUEST_CLOSURE] = { "closure", 0.27 },
	[TAYRA__REQUEST_REVERSE] = { "reverse", 0.11 },
	[TAYRA__REQUEST_SEARCH] = { "search", 0.22 },
	[TAYRA__REQUEST_UPDATE] = { "update", 0.02 },
};

const char *
tayra__request_kind_name(enum tayra__request_kind kind)
{
	return kind < TAYRA__REQUEST_KINDS ? kinds[kind].name : NULL;
}

double
tayra__request_kind_share(enum tayra__request_kind kind)
{
	return kind < TAYRA__REQUEST_KINDS ? kinds[kind].share : 0;
}

uint32_t
tayra__workload_holder(uint32_t packages, uint64_t seed, uint64_t epoch, uint64_t rank)
{
	uint64_t h = tayra__hash_mix64(seed ^ tayra__hash_mix64(rank));
	uint64_t hold = HOLD_LEAST + h % HOLD_LEAST;
	uint64_t term = (epoch + (h >> 32) % hold) / hold;

	return (uint32_t)(tayra__hash_mix64(h + term) % packages);
}

struct users {
	const struct tayra__catalogue *catalogue;
	uint64_t seed, epoch;
	struct tayra__rng rng;
	struct tayra__zipf popularity, words;
	uint32_t at[USERS]; /* the package a user looks at; UINT32_MAX: a new session */
};

static uint32_t
popular_package(struct users *u)
{
	uint64_t rank = tayra__zipf_next(&u->popularity, &u->rng);

	return tayra__workload_holder(u->catalogue->names.count, u->seed, u->epoch, rank);
}

/* The same package again, or one it depends on. */
static uint32_t
next_package(struct users *u, uint32_t at)
{
	const struct tayra__graph *depends = &u->catalogue->depends;
	uint32_t degree = tayra__graph_degree(depends, at);

	if (degree == 0 || tayra__rng_unit(&u->rng) < 0.5)
		return at;
	return depends->to[depends->first[at] + tayra__rng_below(&u->rng, degree)];
}

static enum tayra__request_kind
draw_kind(struct users *u)
{
	double x = tayra__rng_unit(&u->rng);

	for (int i = 0; i < TAYRA__REQUEST_KINDS; i++) {
		x -= kinds[i].share;
		if (x < 0)
			return (enum tayra__request_kind)i;
	}
	return TAYRA__REQUEST_DETAIL;
}

static void
draw_words(struct users *u, uint32_t words[2])
{
	words[0] = (uint32_t)tayra__zipf_next(&u->words, &u->rng);
	words[1] = UINT32_MAX;
	if (tayra__rng_unit(&u->rng) < 0.3)
		words[1] = (uint32_t)tayra__zipf_next(&u->words, &u->rng);
}

static void
draw_request(struct users *u, struct tayra__user_request *out)
{
	uint32_t *at = &u->at[tayra__rng_below(&u->rng, USERS)];

	*out = (struct tayra__user_request){ .kind = draw_kind(u), .words = { 0, UINT32_MAX } };
	if (out->kind == TAYRA__REQUEST_SEARCH) {
		draw_words(u, out->words);
		return;
	}
	if (*at == UINT32_MAX || tayra__rng_unit(&u->rng) > STAY)
		*at = popular_package(u);
	else
		*at = next_package(u, *at);
	out->package = *at;
}

void
tayra__workload_make(const struct tayra__catalogue *catalogue, uint64_t seed, uint64_t epoch,
		     struct tayra__user_request *requests, size_t count)
{
	struct users u = { .catalogue = catalogue, .seed = seed, .epoch = epoch };

	tayra__rng_init(&u.rng, tayra__hash_mix64(seed) ^ epoch);
	tayra__zipf_init(&u.popularity, catalogue->names.count, SKEW);
	tayra__zipf_init(&u.words, catalogue->words.count, WORD_SKEW);
	for (size_t i = 0; i < USERS; i++)
		u.at[i] = UINT32_MAX;
	for (size_t i = 0; i < count; i++)
		draw_request(&u, &requests[i]);
}

size_t
tayra__request_key(const struct tayra__catalogue *catalogue,
		   const struct tayra__user_request *request, char key[TAYRA__REQUEST_KEY_MAX])
{
	static const char letter[TAYRA__REQUEST_KINDS] = { 'd', 'c', 'r', 's', 'd' };
	const uint32_t *words = request->words;
	int len;

	if (request->kind != TAYRA__REQUEST_SEARCH)
		len = snprintf(key, TAYRA__REQUEST_KEY_MAX, "%c:%s", letter[request->kind],
			       catalogue->names.name[request->package]);
	else
		len = snprintf(key, TAYRA__REQUEST_KEY_MAX, "s:%s%s%s",
			       catalogue->words.name[words[0]], words[1] == UINT32_MAX ? "" : " ",
			       words[1] == UINT32_MAX ? "" : catalogue->words.name[words[1]]);
	return (size_t)len;
}
