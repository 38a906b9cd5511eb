/* SPDX-License-Identifier: Apache-2.0 */
#include "freshness_catalogue.h"

#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "showcase/catalogue.h"
#include "showcase/workload.h"

#define REQUESTS_PER_EPOCH 10000u
#define GAP_MS             20

struct making {
	struct freshness *f;
	const struct tayra__catalogue *catalogue;
	struct tayra__names keys;
	uint32_t *version; /* by package */
	double at_ms;
	struct tayra__rng rng;
};

static int
add_read(struct making *m, const struct tayra__user_request *request)
{
	char key[TAYRA__REQUEST_KEY_MAX];
	size_t len = tayra__request_key(m->catalogue, request, key);
	struct freshness_read *read = &m->f->reads[m->f->count];
	int status = tayra__names_add(&m->keys, key, len, &read->key);

	if (status != TAYRA_OK)
		return status;
	read->at_ms = (uint64_t)m->at_ms;
	read->version = request->kind == TAYRA__REQUEST_SEARCH ? 0 : m->version[request->package];
	m->f->count++;
	return TAYRA_OK;
}

static int
add_epoch(struct making *m, const struct tayra__user_request *requests, uint32_t count)
{
	int status = TAYRA_OK;

	for (uint32_t i = 0; i < count && status == TAYRA_OK; i++) {
		m->at_ms += GAP_MS * tayra__rng_exponential(&m->rng);
		if (requests[i].kind == TAYRA__REQUEST_UPDATE)
			m->version[requests[i].package]++;
		else
			status = add_read(m, &requests[i]);
	}
	return status;
}

static int
take_names(struct making *m)
{
	m->f->keys = m->keys.count;
	m->f->names = tayra__mem_array(m->keys.count, sizeof(*m->f->names));
	for (uint32_t i = 0; m->f->names && i < m->keys.count; i++) {
		size_t bytes = strlen(m->keys.name[i]) + 1;

		m->f->names[i] = tayra__mem_alloc(bytes);
		if (!m->f->names[i])
			return TAYRA_E_NOMEM;
		memcpy(m->f->names[i], m->keys.name[i], bytes);
	}
	return m->f->names ? TAYRA_OK : TAYRA_E_NOMEM;
}

int
freshness_open_catalogue(struct freshness *f, const struct tayra__catalogue *catalogue,
			 uint64_t seed, uint32_t requests)
{
	struct tayra__user_request *made = tayra__mem_array(REQUESTS_PER_EPOCH, sizeof(*made));
	struct making m = { .f = f, .catalogue = catalogue, .at_ms = 1000 };
	int status = TAYRA_OK;

	*f = (struct freshness){ 0 };
	f->reads = tayra__mem_array(requests, sizeof(*f->reads));
	m.version = tayra__mem_array(catalogue->names.count, sizeof(*m.version));
	tayra__names_init(&m.keys);
	tayra__rng_init(&m.rng, seed);
	if (!made || !f->reads || !m.version)
		status = TAYRA_E_NOMEM;
	for (uint32_t done = 0, count; done < requests && status == TAYRA_OK; done += count) {
		count = requests - done < REQUESTS_PER_EPOCH ? requests - done : REQUESTS_PER_EPOCH;
		tayra__workload_make(catalogue, seed, done / REQUESTS_PER_EPOCH, made, count);
		status = add_epoch(&m, made, count);
	}
	f->span_ms = (uint64_t)m.at_ms;
	if (status == TAYRA_OK)
		status = take_names(&m);
	tayra__names_fini(&m.keys);
	tayra__mem_free(made);
	tayra__mem_free(m.version);
	return status;
}
