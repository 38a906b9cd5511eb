/* SPDX-License-Identifier: Apache-2.0 */
#include "showcase/ablation.h"

#include "showcase/redis_server.h"

#define SMALL_CHARGE                                                                               \
	(1u << 20) /* bytes of keys and values that may be kept: a sixteenth of all                \
		    */
#define SMALL_MEMORY    (8u << 20) /* ample for that */
#define LONG_TTL_MS     60000      /* what is evicted was still good */
#define SHORT_TTL_MS    500        /* most of what expires had not changed */
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
make_small(struct tayra__arm_design *design)
{
	/* The limit is on what is kept, not on memory: a shard that small would learn nothing. */
	design->charge_max = SMALL_CHARGE;
	design->memory_bytes = SMALL_MEMORY;
	design->shards = 1;
	design->ttl_ms = LONG_TTL_MS;
}

static void
plain_eviction(struct tayra__arm_design *with, struct tayra__arm_design *without)
{
	make_small(with);
	make_small(without);
	without->policy = TAYRA_POLICY_LRU;
}

static void
no_learned_eviction(struct tayra__arm_design *with, struct tayra__arm_design *without)
{
	make_small(with);
	make_small(without);
	with->policy = TAYRA_POLICY_TAYRA;
}

static void
no_cost(struct tayra__arm_design *with, struct tayra__arm_design *without)
{
	make_small(with);
	make_small(without);
	with->policy = without->policy = TAYRA_POLICY_TAYRA;
	with->objective = TAYRA_OBJECTIVE_COST;
}

static void
no_learned_ttl(struct tayra__arm_design *with, struct tayra__arm_design *without)
{
	with->ttl_ms = without->ttl_ms = SHORT_TTL_MS;
	with->ttl_learning = TAYRA_FEATURE_ON;
}

static void
no_prefetch(struct tayra__arm_design *with, struct tayra__arm_design *without)
{
	with->ttl_ms = without->ttl_ms = SHORT_TTL_MS;
	with->prefetch = TAYRA_FEATURE_ON;
}

static void
no_remote_tier(struct tayra__arm_design *with, struct tayra__arm_design *without)
{
	with->remote_tier = true;
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
		     .rounds = { 8, 6 } },
	  .metric = TAYRA__GOODPUT_PER_S,
	  .change = no_single_flight },
	{ .mechanism = "limiter",
	  .what = "a learned limit with queue, deadlines and shedding",
	  .where = "four times too much load, each request with a deadline",
	  .stage = { .load = 4, .slice_ms = { 400, 120 }, .rounds = { 8, 6 } },
	  .metric = TAYRA__GOODPUT_PER_S,
	  .change = no_limit },
	{ .mechanism = "stale answers",
	  .what = "what is past its TTL is served while the database cannot",
	  .where = "the database is gone",
	  .stage = { .load = 0.3,
		     .fault = TAYRA__DATABASE_DEAD,
		     .slice_ms = { 400, 0 },
		     .rounds = { 8, 0 } },
	  .metric = TAYRA__GOODPUT_PER_S,
	  .change = no_stale },
	{ .mechanism = "eviction policy",
	  .what = "S3-FIFO instead of LRU",
	  .where = "a cache too small for what is asked",
	  .stage = { .load = 0.3, .slice_ms = { 400, 120 }, .rounds = { 8, 6 } },
	  .metric = TAYRA__ORIGIN_CALLS_PER_REQUEST,
	  .change = plain_eviction },
	{ .mechanism = "eviction learning",
	  .what = "the policy tayra instead of S3-FIFO",
	  .where = "a cache too small for what is asked",
	  .stage = { .load = 0.4, .slice_ms = { 400, 0 }, .rounds = { 8, 0 } },
	  .warm = 10,
	  .metric = TAYRA__ORIGIN_CALLS_PER_REQUEST,
	  .change = no_learned_eviction },
	{ .mechanism = "cost",
	  .what = "the policy tayra saves the database's time instead of misses",
	  .where = "a cache too small for what is asked",
	  .stage = { .load = 0.4, .slice_ms = { 400, 0 }, .rounds = { 8, 0 } },
	  .warm = 10,
	  .metric = TAYRA__ORIGIN_CPU_MS_PER_REQUEST,
	  .change = no_cost },
	{ .mechanism = "TTL learning",
	  .what = "TTLs from how often values change, for at most 1% of answers older than the "
		  "truth",
	  .where = "a configured TTL of half a second, too short for most values",
	  .stage = { .load = 0.3, .slice_ms = { 400, 0 }, .rounds = { 8, 0 } },
	  .warm = 10,
	  .metric = TAYRA__ORIGIN_CALLS_PER_REQUEST,
	  .change = no_learned_ttl },
	{ .mechanism = "prefetch",
	  .what = "refresh before expiry and load what follows, paid in queries",
	  .where = "a TTL of half a second, and capacity to spare",
	  .stage = { .load = 0.3, .slice_ms = { 400, 0 }, .rounds = { 8, 0 } },
	  .warm = 10,
	  .metric = TAYRA__HIT_RATIO,
	  .change = no_prefetch },
	{ .mechanism = "file tier",
	  .what = "values that outlive the process, in a directory",
	  .where = "the process was restarted a moment ago",
	  .stage = { .load = 0.3, .slice_ms = { 400, 100 }, .rounds = { 8, 6 } },
	  .metric = TAYRA__ORIGIN_CALLS_PER_REQUEST,
	  .restart = true,
	  .change = no_file_tier },
	{ .mechanism = "remote tier",
	  .what = "values in a Redis that processes share",
	  .where = "a process that has just started, beside a Redis that others filled",
	  .stage = { .load = 0.3, .slice_ms = { 400, 0 }, .rounds = { 8, 0 } },
	  .metric = TAYRA__ORIGIN_CALLS_PER_REQUEST,
	  .restart = true,
	  .change = no_remote_tier,
	  .missing = tayra__redis_server_missing },
};
const uint32_t tayra__ablation_count = sizeof(tayra__ablations) / sizeof(tayra__ablations[0]);
