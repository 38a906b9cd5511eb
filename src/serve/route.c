/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/route.h"

#include "base/mem.h"
#include "origin/pattern.h"

#include <stdio.h>
#include <string.h>

struct entry {
	struct tayra__route route;
	struct tayra__pattern keys;
};

struct tayra__routes {
	size_t count;
	struct entry entries[];
};

/* They match the same keys, whatever their parts are called. */
static bool
same(const struct tayra__pattern *a, const struct tayra__pattern *b)
{
	return a->whole == b->whole && a->parts == b->parts &&
	       memcmp(a->ends, b->ends, (a->parts + 1) * sizeof(a->ends[0])) == 0 &&
	       memcmp(a->text, b->text, a->ends[a->parts]) == 0;
}

static int
add(struct tayra__routes *routes, const struct tayra__route *route, char *error, size_t error_len)
{
	struct entry *entry = &routes->entries[routes->count];
	const struct tayra__complaint why = { error, error_len };
	int status = tayra__pattern_parse(route->keys, TAYRA__PATTERN, &entry->keys, &why);

	if (status != TAYRA_OK)
		return status;
	for (size_t i = 0; i < routes->count; i++)
		if (same(&routes->entries[i].keys, &entry->keys)) {
			snprintf(error, error_len, "'%s' matches the same keys as '%s' before it",
				 route->keys, routes->entries[i].route.keys);
			return TAYRA_E_INVAL;
		}
	entry->route = *route;
	routes->count++;
	return TAYRA_OK;
}

int
tayra__routes_create(const struct tayra__route *given, size_t count, char *error, size_t error_len,
		     struct tayra__routes **out)
{
	struct tayra__routes *routes;
	size_t bytes;
	int status = TAYRA_OK;

	*out = NULL;
	if (count == 0)
		return TAYRA_OK;
	if (__builtin_mul_overflow(count, sizeof(struct entry), &bytes) ||
	    __builtin_add_overflow(bytes, sizeof(*routes), &bytes))
		return TAYRA_E_NOMEM;
	routes = tayra__mem_alloc(bytes);
	if (!routes)
		return TAYRA_E_NOMEM;
	for (size_t i = 0; i < count && status == TAYRA_OK; i++)
		status = add(routes, &given[i], error, error_len);
	if (status != TAYRA_OK) {
		tayra__mem_free(routes);
		return status;
	}
	for (size_t i = 0; i < count; i++)
		routes->entries[i].route.keys = NULL; /* it was the caller's */
	*out = routes;
	return TAYRA_OK;
}

/* A byte that no literal of the pattern has; -1: they have all. */
static int
foreign_byte(const struct tayra__pattern *pattern)
{
	for (int byte = 0; byte < 256; byte++)
		if (!memchr(pattern->text, byte, pattern->ends[pattern->parts]))
			return byte;
	return -1;
}

/*
 * The shortest key of `inner`, of which each part is one byte that no literal of `outer` has: if
 * `outer` matches it, its literals were found in literals of `inner`, and are found there whatever
 * the parts are.
 */
static bool
covers(const struct tayra__pattern *outer, const struct tayra__pattern *inner)
{
	struct tayra__part parts[TAYRA__PATTERN_PARTS];
	char key[TAYRA__PATTERN_BYTES + TAYRA__PATTERN_PARTS];
	size_t len = 0;
	int byte = foreign_byte(outer);

	if (byte < 0 || inner->whole)
		return outer->whole;
	for (uint32_t i = 0; i <= inner->parts; i++) {
		struct tayra__part literal = tayra__pattern_literal(inner, i);

		memcpy(key + len, literal.bytes, literal.len);
		len += literal.len;
		if (i < inner->parts)
			key[len++] = (char)byte;
	}
	return tayra__pattern_match(outer, key, len, parts);
}

size_t
tayra__routes_hiding(const struct tayra__route *routes, size_t n)
{
	const struct tayra__complaint silent = { NULL, 0 };
	struct tayra__pattern inner, outer;

	if (tayra__pattern_parse(routes[n].keys, TAYRA__PATTERN, &inner, &silent) != TAYRA_OK)
		return n;
	for (size_t i = 0; i < n; i++)
		if (tayra__pattern_parse(routes[i].keys, TAYRA__PATTERN, &outer, &silent) ==
			    TAYRA_OK &&
		    covers(&outer, &inner))
			return i;
	return n;
}

bool
tayra__routes_refresh(const struct tayra__routes *routes)
{
	for (size_t i = 0; routes && i < routes->count; i++)
		if (routes->entries[i].route.refresh_at > 0)
			return true;
	return false;
}

void
tayra__routes_destroy(struct tayra__routes *routes)
{
	tayra__mem_free(routes);
}

const struct tayra__route *
tayra__route_find(const struct tayra__routes *routes, const struct tayra__key_in *key)
{
	struct tayra__part parts[TAYRA__PATTERN_PARTS];

	if (!routes || key->db != 0)
		return NULL;
	for (size_t i = 0; i < routes->count; i++)
		if (tayra__pattern_match(&routes->entries[i].keys, key->bytes, key->len, parts))
			return &routes->entries[i].route;
	return NULL;
}
