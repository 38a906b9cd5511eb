/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/requests.h"

#include <tayra/base.h>

#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "sim/format.h"

#define WATCH_ROWS 65536u

/* Open addressing, linear probing, never over 3/4 full. */
struct slot {
	uint64_t key;
	uint32_t id_plus_1; /* 0: empty */
};

struct loader {
	struct tayra__requests *requests;
	struct slot *slots;
	size_t slot_count; /* power of two */
	uint64_t seed;     /* secret: a trace cannot aim at the table */
	size_t row_room, key_room;
};

size_t
tayra__requests_index_bytes(void)
{
	return sizeof(struct slot) * 4 / 3;
}

static struct slot *
find(const struct loader *loader, uint64_t key)
{
	size_t mask = loader->slot_count - 1;
	size_t at = tayra__hash_mix64(key ^ loader->seed) & mask;

	while (loader->slots[at].id_plus_1 && loader->slots[at].key != key)
		at = (at + 1) & mask;
	return &loader->slots[at];
}

static int
grow_index(struct loader *loader)
{
	struct slot *old = loader->slots;
	size_t old_count = loader->slot_count;

	loader->slots = tayra__mem_array(old_count * 2, sizeof(*old));
	if (!loader->slots) {
		loader->slots = old;
		return TAYRA_E_NOMEM;
	}
	loader->slot_count = old_count * 2;
	for (size_t i = 0; i < old_count; i++)
		if (old[i].id_plus_1)
			*find(loader, old[i].key) = old[i];
	tayra__mem_free(old);
	return TAYRA_OK;
}

static int
grow(void *array, size_t count, size_t bytes_each)
{
	void *old, *grown;
	size_t bytes;

	memcpy(&old, array, sizeof(old));
	if (__builtin_mul_overflow(count, bytes_each, &bytes))
		return TAYRA_E_NOMEM;
	grown = tayra__mem_resize(old, bytes);
	if (!grown)
		return TAYRA_E_NOMEM;
	memcpy(array, &grown, sizeof(grown));
	return TAYRA_OK;
}

static int
grow_rows(struct loader *loader, unsigned columns)
{
	struct tayra__requests *requests = loader->requests;
	size_t room = loader->row_room ? loader->row_room * 2 : WATCH_ROWS;

	if (grow(&requests->id, room, sizeof(*requests->id)))
		return TAYRA_E_NOMEM;
	if ((columns & TAYRA__TRACE_HAS_TTL) &&
	    (grow(&requests->time_s, room, sizeof(*requests->time_s)) ||
	     grow(&requests->ttl_s, room, sizeof(*requests->ttl_s))))
		return TAYRA_E_NOMEM;
	if ((columns & TAYRA__TRACE_HAS_COST) &&
	    grow(&requests->cost_ms, room, sizeof(*requests->cost_ms)))
		return TAYRA_E_NOMEM;
	if ((columns & TAYRA__TRACE_HAS_DELETE) && grow(&requests->op, room, sizeof(*requests->op)))
		return TAYRA_E_NOMEM;
	loader->row_room = room;
	return TAYRA_OK;
}

static int
grow_keys(struct loader *loader)
{
	size_t room = loader->key_room ? loader->key_room * 2 : WATCH_ROWS / 4;

	if (grow(&loader->requests->size_bytes, room, sizeof(uint64_t)) ||
	    grow(&loader->requests->key, room, sizeof(uint64_t)))
		return TAYRA_E_NOMEM;
	loader->key_room = room;
	return TAYRA_OK;
}

/* The id of a key, a new one when it was not seen before. */
static int
number(struct loader *loader, const struct tayra__trace_request *request, uint32_t *id)
{
	struct tayra__requests *requests = loader->requests;
	struct slot *slot = find(loader, request->key);

	if (slot->id_plus_1) {
		*id = slot->id_plus_1 - 1;
		return TAYRA_OK;
	}
	if ((requests->keys + (size_t)1) * 4 > loader->slot_count * 3) {
		if (grow_index(loader))
			return TAYRA_E_NOMEM;
		slot = find(loader, request->key);
	}
	if (requests->keys == loader->key_room && grow_keys(loader))
		return TAYRA_E_NOMEM;
	if (__builtin_add_overflow(requests->footprint_bytes, request->size_bytes,
				   &requests->footprint_bytes) ||
	    requests->footprint_bytes > INT64_MAX)
		return TAYRA_E_TOO_LARGE;
	*id = requests->keys++;
	*slot = (struct slot){ request->key, *id + 1 };
	requests->key[*id] = request->key;
	requests->size_bytes[*id] = request->size_bytes;
	requests->sized |= request->size_bytes != 1;
	return TAYRA_OK;
}

static int
add(struct loader *loader, const struct tayra__trace_request *request, unsigned columns)
{
	struct tayra__requests *requests = loader->requests;
	uint32_t row = requests->count;
	int status;

	if (row == TAYRA__REQUESTS_NEVER - 1)
		return TAYRA_E_TOO_LARGE;
	if (row == loader->row_room && grow_rows(loader, columns))
		return TAYRA_E_NOMEM;
	status = number(loader, request, &requests->id[row]);
	if (status)
		return status;
	if (columns & TAYRA__TRACE_HAS_TTL) {
		requests->time_s[row] = request->time_s;
		requests->ttl_s[row] = request->ttl_s;
	}
	if (columns & TAYRA__TRACE_HAS_COST)
		requests->cost_ms[row] = request->cost_ms;
	if (columns & TAYRA__TRACE_HAS_DELETE)
		requests->op[row] = (uint8_t)request->op;
	requests->count++;
	if (request->op == TAYRA__TRACE_DELETE)
		return TAYRA_OK;
	requests->gets++;
	requests->get_cost_ms += request->cost_ms;
	return __builtin_add_overflow(requests->get_bytes, requests->size_bytes[requests->id[row]],
				      &requests->get_bytes) ||
			       requests->get_bytes > INT64_MAX
		       ? TAYRA_E_TOO_LARGE
		       : TAYRA_OK;
}

static int
fail(struct tayra__trace *trace, struct tayra__trace_error *error, int status)
{
	const char *what = status == TAYRA_E_TOO_LARGE
				   ? "too many rows, or sizes that add up to more than 2^63 bytes"
			   : status == TAYRA_E_CANCELLED ? "interrupted"
							 : tayra_status_text(status);

	return tayra__trace_fail(trace, error, status, "%s", what);
}

static int
read_rows(struct loader *loader, struct tayra__trace *trace, uint64_t limit,
	  tayra__requests_watch_fn *watch, void *ctx, struct tayra__trace_error *error)
{
	unsigned columns = tayra__trace_columns(trace);
	struct tayra__trace_request request;

	for (uint64_t rows = 0; limit == 0 || rows < limit; rows++) {
		int status = tayra__trace_next(trace, &request, error);

		if (status == TAYRA_E_NOT_FOUND)
			break;
		if (status)
			return status;
		status = add(loader, &request, columns);
		if (status)
			return fail(trace, error, status);
		if (watch && rows % WATCH_ROWS == 0 && !watch(ctx, rows))
			return fail(trace, error, TAYRA_E_CANCELLED);
	}
	if (loader->requests->gets == 0)
		return tayra__trace_fail(trace, error, TAYRA_E_CORRUPT, "no requests in the trace");
	return TAYRA_OK;
}

/* A column that holds nothing need not slow the replay. */
static void
drop_idle_columns(struct tayra__requests *requests)
{
	bool expires = false;

	for (uint32_t row = 0; requests->ttl_s && row < requests->count && !expires; row++)
		expires = requests->ttl_s[row] > 0;
	if (!expires) {
		tayra__mem_free(requests->ttl_s);
		tayra__mem_free(requests->time_s);
		requests->ttl_s = requests->time_s = NULL;
	}
	if (requests->gets == requests->count) {
		tayra__mem_free(requests->op);
		requests->op = NULL;
	}
}

int
tayra__requests_load(struct tayra__trace *trace, uint64_t limit, tayra__requests_watch_fn *watch,
		     void *ctx, struct tayra__requests **out, struct tayra__trace_error *error)
{
	struct loader loader = { .slot_count = 1024, .seed = tayra__hash_random_seed() };
	int status = TAYRA_E_NOMEM;

	*out = NULL;
	loader.requests = tayra__mem_alloc(sizeof(*loader.requests));
	loader.slots = tayra__mem_array(loader.slot_count, sizeof(*loader.slots));
	if (loader.requests && loader.slots)
		status = read_rows(&loader, trace, limit, watch, ctx, error);
	else
		fail(trace, error, status);
	tayra__mem_free(loader.slots);
	if (status) {
		tayra__requests_destroy(loader.requests);
		return status;
	}
	drop_idle_columns(loader.requests);
	*out = loader.requests;
	return TAYRA_OK;
}

void
tayra__requests_destroy(struct tayra__requests *requests)
{
	if (!requests)
		return;
	tayra__mem_free(requests->id);
	tayra__mem_free(requests->time_s);
	tayra__mem_free(requests->ttl_s);
	tayra__mem_free(requests->cost_ms);
	tayra__mem_free(requests->op);
	tayra__mem_free(requests->size_bytes);
	tayra__mem_free(requests->key);
	tayra__mem_free(requests);
}

uint32_t *
tayra__requests_next_use(const struct tayra__requests *requests)
{
	uint32_t *next = tayra__mem_array(requests->count, sizeof(*next));
	uint32_t *seen = tayra__mem_array(requests->keys, sizeof(*seen));

	if (!next || !seen) {
		tayra__mem_free(next);
		tayra__mem_free(seen);
		return NULL;
	}
	memset(seen, 0xff, requests->keys * sizeof(*seen));
	for (uint32_t row = requests->count; row-- > 0;) {
		uint32_t id = requests->id[row];
		bool delete = requests->op && requests->op[row] == TAYRA__TRACE_DELETE;

		next[row] = seen[id];
		seen[id] = delete ? TAYRA__REQUESTS_NEVER : row;
	}
	tayra__mem_free(seen);
	return next;
}
