/* SPDX-License-Identifier: Apache-2.0
 *
 * batch.c: a blocking C function that gets many keys at once, as an origin.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "base/option.h"
#include "load/origin.h"
#include "origin/settings.h"
#include "origin/tagging.h"
#include "origin/worker.h"

struct batch {
	struct tayra_origin origin; /* first: the caller's pointer */
	tayra_fetch_many_fn fetch;
	void *arg;
	struct tayra__workers *workers;
	uint32_t keys_max;
	struct tayra_fetch *fetches; /* keys_max for each worker */
};

static void
finish(struct tayra_load *load, const struct tayra_fetch *fetch, int all)
{
	struct tayra_load_result result = TAYRA_LOAD_RESULT_INIT;
	int status = fetch->status;

	if (status == TAYRA_E_NOT_FOUND && all != TAYRA_OK)
		status = all < 0 ? all : TAYRA_E_ORIGIN;
	result.ttl_ms = fetch->ttl_ms;
	result.version = fetch->version;
	if (status == TAYRA_OK && (fetch->value || fetch->len == 0))
		tayra_load_done(load, fetch->value ? fetch->value : "", fetch->len, &result);
	else
		tayra_load_fail(load, status < 0 ? status : TAYRA_E_ORIGIN, 0);
	free(fetch->value); /* the caller's malloc, not ours */
}

static void
work(void *arg, uint32_t worker, struct tayra_load **loads, uint32_t n)
{
	const struct batch *b = arg;
	struct tayra_fetch *fetches = &b->fetches[(size_t)worker * b->keys_max];
	int all;

	for (uint32_t i = 0; i < n; i++) {
		fetches[i] = (struct tayra_fetch){ .status = TAYRA_E_NOT_FOUND };
		fetches[i].key = tayra_load_key(loads[i], &fetches[i].key_len);
	}
	all = b->fetch(b->arg, fetches, n);
	for (uint32_t i = 0; i < n; i++)
		finish(loads[i], &fetches[i], all);
}

static void
load(struct tayra_origin *origin, struct tayra_load *l)
{
	tayra__workers_push(((struct batch *)(void *)origin)->workers, l);
}

static void
close_batch(struct tayra_origin *origin)
{
	struct batch *b = (struct batch *)(void *)origin;

	if (b->workers)
		tayra__workers_destroy(b->workers);
	tayra__trouble_fini(&b->origin.trouble);
	tayra__mem_free(b->fetches);
	tayra__mem_free(b);
}

static int
open_batch(struct batch *b, const struct tayra__origin_settings *settings,
	   const struct tayra__batching *batching)
{
	b->origin = (struct tayra_origin){ "batch", load, close_batch, settings->pace };
	tayra__trouble_init(&b->origin.trouble);
	b->keys_max = batching->loads_max;
	b->fetches = tayra__mem_array((size_t)settings->threads * b->keys_max, sizeof(*b->fetches));
	if (!b->fetches)
		return TAYRA_E_NOMEM;
	return tayra__workers_create_many(settings->threads, batching, work, b, &b->workers);
}

int
tayra_origin_batch(const struct tayra_origin_options *given,
		   const struct tayra_batch_options *given_batch, tayra_fetch_many_fn fetch,
		   void *arg, struct tayra_origin **out)
{
	const struct tayra__complaint nowhere = { NULL, 0 };
	struct tayra__origin_settings settings;
	struct tayra__batching batching;
	struct tayra_batch_options batch;
	struct tayra_origin_options o;
	struct batch *b;

	if (!out)
		return TAYRA_E_INVAL;
	*out = NULL;
	if (!fetch || tayra__origin_settings(given, &settings, &nowhere) != TAYRA_OK ||
	    tayra__option_struct(given, &o, sizeof(o)) != TAYRA_OK ||
	    tayra__option_struct(given_batch, &batch, sizeof(batch)) != TAYRA_OK ||
	    tayra__batch_settings(batch.keys_max, batch.window_ns, &batching) != TAYRA_OK)
		return TAYRA_E_INVAL;
	/* It gets keys whole and says itself what comes back. */
	if ((o.pattern && !o.tags) || o.shape || o.max_rows || o.max_bytes || settings.statements)
		return TAYRA_E_INVAL;
	b = tayra__mem_alloc(sizeof(*b));
	if (!b)
		return TAYRA_E_NOMEM;
	b->fetch = fetch;
	b->arg = arg;
	if (open_batch(b, &settings, &batching) != TAYRA_OK) {
		close_batch(&b->origin);
		return TAYRA_E_NOMEM;
	}
	return tayra__tagging_attach(&b->origin, &settings, &nowhere, out);
}
