/* SPDX-License-Identifier: Apache-2.0 */
#include "miss_cost.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "showcase/database.h"
#include "showcase/workload.h"

#define REQUESTS_PER_EPOCH 10000u
#define PATIENCE_NS        (60 * TAYRA_NS_PER_S)

/* A key is loaded twice, and up to five times as long as that is quick. */
#define LOADS_LEAST 2
#define LOADS_MOST  5
#define QUICK_NS    TAYRA_NS_PER_MS

int
miss_cost_open(struct miss_cost *m, const char *data_path, char *error, size_t error_len)
{
	int status;

	*m = (struct miss_cost){ 0 };
	status = tayra__catalogue_create(&m->catalogue, data_path, NULL, error, error_len);
	if (status < 0)
		return status;
	tayra__names_init(&m->keys);
	status = tayra__database_open(m->catalogue.path, &m->db, error, error_len);
	if (status < 0)
		miss_cost_close(m);
	else
		tayra__database_set_timeout(m->db, PATIENCE_NS);
	return status;
}

void
miss_cost_close(struct miss_cost *m)
{
	tayra__database_close(m->db);
	tayra__names_fini(&m->keys);
	tayra__catalogue_fini(&m->catalogue);
	tayra__mem_free(m->cost_ns);
	tayra__mem_free(m->value_bytes);
}

/* => TAYRA_OK, or what the database says. */
static int
measure(struct miss_cost *m, uint32_t number, const char *key, size_t key_len)
{
	uint64_t least_ns = UINT64_MAX, spent_ns = 0;
	size_t len = 0;

	for (int i = 0; i < LOADS_LEAST || (i < LOADS_MOST && spent_ns < QUICK_NS); i++) {
		uint64_t before_ns = tayra__clock_thread_cpu_ns(), took_ns;
		void *value;
		int status = tayra__database_fetch(m->db, key, key_len, &value, &len);

		if (status < 0)
			return status;
		took_ns = tayra__clock_thread_cpu_ns() - before_ns;
		free(value);
		spent_ns += took_ns;
		if (took_ns < least_ns)
			least_ns = took_ns;
	}
	m->cost_ns[number] = least_ns;
	m->value_bytes[number] = (uint32_t)len;
	if (len > m->longest)
		m->longest = (uint32_t)len;
	return TAYRA_OK;
}

static int
make_room(struct miss_cost *m)
{
	uint32_t want = m->room ? m->room * 2 : 4096;
	uint64_t *costs;
	uint32_t *lengths;

	if (m->keys.count < m->room)
		return TAYRA_OK;
	costs = tayra__mem_resize(m->cost_ns, want * sizeof(*costs));
	if (!costs)
		return TAYRA_E_NOMEM;
	m->cost_ns = costs;
	lengths = tayra__mem_resize(m->value_bytes, want * sizeof(*lengths));
	if (!lengths)
		return TAYRA_E_NOMEM;
	m->value_bytes = lengths;
	m->room = want;
	return TAYRA_OK;
}

static int
add_read(struct miss_cost *m, const struct tayra__user_request *request, struct miss_stream *stream)
{
	char key[TAYRA__REQUEST_KEY_MAX];
	size_t len = tayra__request_key(&m->catalogue, request, key);
	uint32_t number = tayra__names_find(&m->keys, key, len);
	int status = TAYRA_OK;

	if (number == TAYRA__NAMES_NONE) {
		status = make_room(m);
		if (status == TAYRA_OK)
			status = tayra__names_add(&m->keys, key, len, &number);
		if (status == TAYRA_OK)
			status = measure(m, number, key, len);
	}
	if (status == TAYRA_OK)
		stream->event[stream->count++] = number;
	return status;
}

/* A key that nobody has read needs no deleting. */
static void
add_update(const struct miss_cost *m, uint32_t package, struct miss_stream *stream)
{
	struct tayra__user_request request = { .package = package };
	char key[TAYRA__REQUEST_KEY_MAX];

	for (int kind = TAYRA__REQUEST_DETAIL; kind <= TAYRA__REQUEST_REVERSE; kind++) {
		uint32_t number;

		request.kind = (enum tayra__request_kind)kind;
		number = tayra__names_find(&m->keys, key,
					   tayra__request_key(&m->catalogue, &request, key));
		if (number != TAYRA__NAMES_NONE)
			stream->event[stream->count++] = number | MISS_STREAM_DELETE;
	}
}

static int
add_epoch(struct miss_cost *m, const struct tayra__user_request *requests, uint32_t count,
	  struct miss_stream *stream)
{
	int status = TAYRA_OK;

	for (uint32_t i = 0; i < count && status == TAYRA_OK; i++) {
		if (requests[i].kind == TAYRA__REQUEST_UPDATE)
			add_update(m, requests[i].package, stream);
		else
			status = add_read(m, &requests[i], stream);
	}
	return status;
}

static int
survey(const struct miss_cost *m, struct miss_stream *stream)
{
	bool *seen = tayra__mem_array(m->keys.count, sizeof(*seen));

	if (!seen)
		return TAYRA_E_NOMEM;
	for (uint32_t i = 0; i < stream->count; i++) {
		uint32_t key = stream->event[i];

		if (key & MISS_STREAM_DELETE || seen[key])
			continue;
		seen[key] = true;
		stream->keys++;
		stream->footprint_bytes += strlen(m->keys.name[key]) + m->value_bytes[key];
	}
	tayra__mem_free(seen);
	return TAYRA_OK;
}

int
miss_cost_stream(struct miss_cost *m, uint64_t seed, uint32_t requests, struct miss_stream *stream)
{
	struct tayra__user_request *made = tayra__mem_array(REQUESTS_PER_EPOCH, sizeof(*made));
	int status = TAYRA_OK;

	*stream = (struct miss_stream){ 0 };
	stream->event = tayra__mem_array(requests, 3 * sizeof(*stream->event));
	if (!made || !stream->event)
		status = TAYRA_E_NOMEM;
	for (uint32_t done = 0, count; done < requests && status == TAYRA_OK; done += count) {
		count = requests - done < REQUESTS_PER_EPOCH ? requests - done : REQUESTS_PER_EPOCH;
		tayra__workload_make(&m->catalogue, seed, done / REQUESTS_PER_EPOCH, made, count);
		status = add_epoch(m, made, count, stream);
	}
	if (status == TAYRA_OK)
		status = survey(m, stream);
	tayra__mem_free(made);
	if (status < 0)
		miss_cost_stream_fini(stream);
	return status;
}

void
miss_cost_stream_fini(struct miss_stream *stream)
{
	tayra__mem_free(stream->event);
	*stream = (struct miss_stream){ 0 };
}

/* => TAYRA_OK for a hit, TAYRA_E_NOT_FOUND for a miss, else the cache's failure. */
static int
read_key(const struct miss_cost *m, struct tayra_cache *cache, uint32_t number, const void *bytes)
{
	const char *key = m->keys.name[number];
	struct tayra_item_meta meta = {
		.fresh_ms = UINT64_MAX,
		.expire_ms = UINT64_MAX,
		.cost_ns = m->cost_ns[number],
		.charge = strlen(key) + m->value_bytes[number],
	};
	struct tayra_value value;
	int status = tayra_cache_get(cache, key, strlen(key), 0, &value);

	if (status == TAYRA_OK)
		tayra_cache_unpin(cache, &value);
	if (status != TAYRA_E_NOT_FOUND)
		return status;
	status = tayra_cache_put(cache, key, strlen(key), bytes, m->value_bytes[number], &meta, 0);
	/* Refused for its size: not cached. */
	return status == TAYRA_OK || status == TAYRA_E_TOO_LARGE || status == TAYRA_E_FULL
		       ? TAYRA_E_NOT_FOUND
		       : status;
}

static int
run(const struct miss_cost *m, const struct miss_stream *stream, struct tayra_cache *cache,
    const void *bytes, struct miss_result *result)
{
	for (uint32_t i = 0; i < stream->count; i++) {
		uint32_t number = stream->event[i] & ~MISS_STREAM_DELETE;
		const char *key = m->keys.name[number];
		int status;

		if (stream->event[i] & MISS_STREAM_DELETE) {
			tayra_cache_delete(cache, key, strlen(key));
			continue;
		}
		status = read_key(m, cache, number, bytes);
		if (status != TAYRA_OK && status != TAYRA_E_NOT_FOUND)
			return status;
		result->reads++;
		if (status == TAYRA_OK)
			continue;
		result->misses++;
		result->cost_ns += (double)m->cost_ns[number];
	}
	return TAYRA_OK;
}

int
miss_cost_run(const struct miss_cost *m, const struct miss_stream *stream,
	      const struct tayra_cache_options *options, struct miss_result *result)
{
	struct tayra_cache *cache;
	void *bytes = tayra__mem_alloc(m->longest + 1);
	int status = bytes ? tayra_cache_create(options, &cache) : TAYRA_E_NOMEM;

	*result = (struct miss_result){ 0 };
	if (status == TAYRA_OK) {
		status = run(m, stream, cache, bytes, result);
		tayra_cache_destroy(cache);
	}
	tayra__mem_free(bytes);
	return status;
}
