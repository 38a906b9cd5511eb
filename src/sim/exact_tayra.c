/* SPDX-License-Identifier: Apache-2.0
 *
 * exact_tayra.c: the production policy's learners (learn/keeper.h) over a store of sizes, with the
 * guard's stores beside.  Nothing is decided here.
 */
#include "sim/exact.h"

#include <tayra/base.h>

#include "base/mem.h"
#include "learn/keeper.h"

#define GUARD_OBJECTS      2048
#define HISTORY_PER_OBJECT 4

struct tayra_replay {
	struct tayra__exact exact;
	struct tayra__store *store;
	struct tayra__keeper *keeper;
};

/* A bijection of 32 bits, so that no two ids are one key: MurmurHash3's finaliser. */
static uint32_t
key_of(uint32_t id)
{
	id ^= id >> 16;
	id *= 0x85ebca6bu;
	id ^= id >> 13;
	id *= 0xc2b2ae35u;
	return id ^ id >> 16;
}

static void
gone(void *ctx, uint32_t key, const struct tayra__reuse *reuse)
{
	tayra__keeper_gone(ctx, key, reuse);
}

static bool
resident(const struct tayra__exact *exact, uint32_t id)
{
	const struct tayra_replay *replay = (const struct tayra_replay *)exact;

	return tayra__store_find(replay->store, key_of(id)) != TAYRA__STORE_NONE;
}

/* What the store has is what is resident. */
static void
follow(struct tayra_replay *replay)
{
	struct tayra__exact *exact = &replay->exact;

	exact->used = replay->store->used;
	exact->residents = replay->store->residents;
	if (exact->residents > exact->residents_peak)
		exact->residents_peak = exact->residents;
	exact->ghosts = tayra__keeper_remembered(replay->keeper);
	if (exact->ghosts > exact->ghosts_peak)
		exact->ghosts_peak = exact->ghosts;
}

static void
hit(struct tayra__exact *exact, uint32_t id, uint32_t row)
{
	struct tayra_replay *replay = (struct tayra_replay *)exact;
	uint32_t slot = tayra__store_find(replay->store, key_of(id));

	(void)row;
	tayra__keeper_hit(replay->keeper, key_of(id),
			  &tayra__store_slot(replay->store, slot)->worth, exact->residents);
	tayra__store_hit(replay->store, slot);
}

/* Show the keeper one of the residents. */
static void
show(struct tayra_replay *replay)
{
	uint32_t slot = tayra__store_draw(replay->store);

	if (slot != TAYRA__STORE_NONE)
		tayra__keeper_met(replay->keeper,
				  &tayra__store_slot(replay->store, slot)->worth.reuse);
}

static void
miss(struct tayra__exact *exact, uint32_t id, uint32_t row)
{
	struct tayra_replay *replay = (struct tayra_replay *)exact;
	uint64_t size = tayra__exact_size(exact, id);
	struct tayra__worth worth = {
		.charge = size ? size : 1,
		.cost = exact->options.cost_ms ? (float)exact->options.cost_ms[row] : 0,
	};

	show(replay);
	tayra__keeper_miss(replay->keeper, key_of(id), &worth, exact->residents);
	tayra__store_admit(replay->store, key_of(id), &worth,
			   &(struct tayra__store_rule){
				   .behaviour = tayra__keeper_behaviour(replay->keeper),
				   .objective = replay->keeper->options.objective,
				   .values = &replay->keeper->values,
				   .now = replay->keeper->now,
				   .gone = gone,
				   .gone_ctx = replay->keeper,
			   });
	follow(replay);
}

static void
take_out(struct tayra__exact *exact, uint32_t id)
{
	struct tayra_replay *replay = (struct tayra_replay *)exact;
	uint32_t slot = tayra__store_find(replay->store, key_of(id));

	tayra__keeper_removed(replay->keeper, &tayra__store_slot(replay->store, slot)->worth.reuse);
	tayra__store_remove(replay->store, slot);
	follow(replay);
}

static void
destroy(struct tayra__exact *exact)
{
	struct tayra_replay *replay = (struct tayra_replay *)exact;

	if (!replay)
		return;
	tayra__mem_free(replay->store);
	tayra__mem_free(replay->keeper);
	tayra__mem_free(replay);
}

/* Objects that fit, on average. */
static uint32_t
objects_of(const struct tayra__exact_options *options)
{
	double bytes = 0, objects;

	for (uint32_t id = 0; options->size && id < options->keys; id++)
		bytes += (double)options->size[id];
	objects = (double)options->capacity *
		  (options->size && bytes > 0 ? (double)options->keys / bytes : 1);
	return objects < 1 ? 1 : objects < options->keys ? (uint32_t)objects : options->keys;
}

static int
create(const struct tayra__exact_options *options, struct tayra__exact **out)
{
	struct tayra_replay *replay = tayra__mem_alloc(sizeof(*replay));
	uint64_t slots = options->size ? options->keys : 2 * options->capacity + 1;
	struct tayra__keeper_options keeper_options = {
		.capacity = options->capacity,
		.guard = GUARD_OBJECTS,
		.objective = (enum tayra__objective)options->objective,
		.seed = options->seed,
	};

	*out = NULL;
	if (!replay)
		return TAYRA_E_NOMEM;
	replay->exact.policy = &tayra__exact_tayra;
	replay->exact.options = *options;
	if (slots > options->keys)
		slots = options->keys;
	slots = slots < 2 ? 2 : slots;
	keeper_options.history = HISTORY_PER_OBJECT * objects_of(options);
	replay->store = tayra__mem_alloc(tayra__store_bytes((uint32_t)slots));
	replay->keeper = tayra__mem_alloc(tayra__keeper_bytes(&keeper_options));
	if (!replay->store || !replay->keeper) {
		destroy(&replay->exact);
		return TAYRA_E_NOMEM;
	}
	tayra__store_init(replay->store, (uint32_t)slots, options->capacity, options->seed);
	tayra__keeper_init(replay->keeper, &keeper_options);
	*out = &replay->exact;
	return TAYRA_OK;
}

const struct tayra__exact_policy tayra__exact_tayra = {
	.name = "tayra",
	.sentence = "the least valuable of a sample, learned; S3-FIFO or LRU where that loses",
	.resident_bytes = sizeof(struct tayra__store_slot),
	.ghost_bytes = sizeof(struct tayra__past),
	.create = create,
	.destroy = destroy,
	.resident = resident,
	.hit = hit,
	.miss = miss,
	.remove = take_out,
};
