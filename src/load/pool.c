/* SPDX-License-Identifier: Apache-2.0 */
#include "load/pool.h"

#include <string.h>

#include <tayra/tayra.h>

#include "load/handle.h"
#include "load/ref.h"

struct tayra *
tayra__pool_next(struct tayra *t, struct tayra *pool)
{
	/* acquire: pairs with the release in add(); what is in the list is made. */
	return pool ? pool->next_pool : atomic_load_explicit(&t->pools, memory_order_acquire);
}

struct tayra *
tayra_pool_find(struct tayra *t, const char *name)
{
	if (!t || !name || tayra__handle_forked(t))
		return NULL;
	for (struct tayra *pool = NULL; (pool = tayra__pool_next(t, pool));)
		if (strcmp(pool->name, name) == 0)
			return pool;
	return NULL;
}

/* => TAYRA_E_INVAL: another of that name was faster.  TAYRA_E_CLOSED. */
static int
add(struct tayra *t, struct tayra *pool)
{
	int status = TAYRA_OK;

	pthread_mutex_lock(&t->lock);
	if (atomic_load_explicit(&t->closing, memory_order_relaxed))
		status = TAYRA_E_CLOSED;
	else if (tayra_pool_find(t, pool->name))
		status = TAYRA_E_INVAL;
	if (status == TAYRA_OK) {
		pool->next_pool = atomic_load_explicit(&t->pools, memory_order_relaxed);
		atomic_store_explicit(&t->pools, pool, memory_order_release);
	}
	pthread_mutex_unlock(&t->lock);
	return status;
}

static void
options_of(struct tayra *t, const struct tayra_strategy *strategy, struct tayra_options *options)
{
	*options = (struct tayra_options)TAYRA_OPTIONS_INIT;
	options->pace = t->pace;
	options->clock = &t->clock;
	options->ticker = t->ticker;
	options->no_single_flight = !t->single_flight;
	options->unstored_max_bytes = t->budget->max_bytes;
	options->strategy = strategy;
}

int
tayra_pool_create(struct tayra *t, const char *name, const struct tayra_strategy *strategy,
		  struct tayra **out)
{
	struct tayra_strategy preset;
	struct tayra_options options;
	struct tayra *pool;
	int status;

	if (!out)
		return TAYRA_E_INVAL;
	*out = NULL;
	if (!t || t->root != t || !name || !*name || strlen(name) > TAYRA_POOL_NAME_MAX)
		return TAYRA_E_INVAL;
	if (tayra__handle_forked(t))
		return TAYRA_E_FORKED;
	tayra_strategy_preset(TAYRA_PRESET_GENERAL, &preset);
	options_of(t, strategy ? strategy : &preset, &options);
	status = tayra__handle_create(&options, t, &pool);
	if (status != TAYRA_OK)
		return status;
	memcpy(pool->name, name, strlen(name) + 1);
	status = add(t, pool);
	if (status != TAYRA_OK) {
		tayra__handle_destroy(pool);
		return status;
	}
	*out = pool;
	return TAYRA_OK;
}
