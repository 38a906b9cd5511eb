/* SPDX-License-Identifier: Apache-2.0 */
#include "showcase/ablation.h"

#define SMALL_BYTES     TAYRA_CACHE_MEMORY_MIN
#define UNPACED_THREADS 128

static void
no_stale(struct tayra__arm_design *with, struct tayra__arm_design *without)
{
	without->soft_timeout_ns = TAYRA_OFF;
	without->stale_ms = TAYRA_OFF;
}

static void
no_single_flight(struct tayra__arm_design *with, struct tayra__arm_design *without)
{
	/* With something stale at hand nobody would wait for the load. */
	no_stale(with, with);
	no_stale(without, without);
	without->single_flight = false;
}

static void
no_limit(struct tayra__arm_design *with, struct tayra__arm_design *without)
{
	without->unpaced = true;
	without->origin_threads = UNPACED_THREADS;
}

static void
plain_eviction(struct tayra__arm_design *with, struct tayra__arm_design *without)
{
	with->memory_bytes = without->memory_bytes = SMALL_BYTES;
	without->policy = TAYRA_POLICY_LRU;
}

static void
no_file_tier(struct tayra__arm_design *with, struct tayra__arm_design *without)
{
	with->file_tier = true;
}

const struct tayra__ablation tayra__ablations[] = {
	{ .mechanism = "single flight",
	  .what = "one load a key, whoever asks for it",
	  .where = "500 clients, one costly key that has just expired, nothing stale to serve",
	  .stage = { .kind = TAYRA__STAGE_BURST,
		     .clients = 500,
		     .slice_ms = { 400, 80 },
		     .rounds = { 12, 6 } },
	  .metric = TAYRA__GOODPUT_PER_S,
	  .change = no_single_flight },
	{ .mechanism = "limiter",
	  .what = "a learned limit with queue, deadlines and shedding",
	  .where = "four times too much load, each request with a deadline",
	  .stage = { .load = 4, .slice_ms = { 400, 120 }, .rounds = { 12, 6 } },
	  .metric = TAYRA__GOODPUT_PER_S,
	  .change = no_limit },
	{ .mechanism = "stale answers",
	  .what = "what is past its TTL is served while the database cannot",
	  .where = "the database is gone",
	  .stage = { .load = 0.3,
		     .fault = TAYRA__DATABASE_DEAD,
		     .slice_ms = { 400, 0 },
		     .rounds = { 12, 0 } },
	  .metric = TAYRA__GOODPUT_PER_S,
	  .change = no_stale },
	{ .mechanism = "eviction policy",
	  .what = "S3-FIFO instead of LRU",
	  .where = "a cache too small for what is asked",
	  .stage = { .load = 0.3, .slice_ms = { 500, 120 }, .rounds = { 12, 6 } },
	  .metric = TAYRA__ORIGIN_CALLS_PER_REQUEST,
	  .change = plain_eviction },
	{ .mechanism = "file tier",
	  .what = "values that outlive the process, in a directory",
	  .where = "the process was restarted a moment ago",
	  .stage = { .load = 0.3, .slice_ms = { 400, 100 }, .rounds = { 12, 6 } },
	  .metric = TAYRA__ORIGIN_CALLS_PER_REQUEST,
	  .restart = true,
	  .change = no_file_tier },
};
const uint32_t tayra__ablation_count = sizeof(tayra__ablations) / sizeof(tayra__ablations[0]);
