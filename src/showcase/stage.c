/* SPDX-License-Identifier: Apache-2.0 */
#include "showcase/stage.h"

#define AVERAGED(m)                                                                                \
	{                                                                                          \
		m, true                                                                            \
	}
#define SHOWN(m)                                                                                   \
	{                                                                                          \
		m, false                                                                           \
	}
#define END                                                                                        \
	{                                                                                          \
		-1, false                                                                          \
	}

/*
 * The average leaves out what only says how a figure came about (errors are in goodput, hits in the
 * calls to the origin), and the age of answers: an arm that answers nothing has none, so it would
 * punish answering. All of them are compared and shown.
 */
const struct tayra__stage tayra__stages[] = {
	{ .scene = "catalogue",
	  .phase = "warmup",
	  .load = 0.5,
	  .slice_ms = { 3000, 500 },
	  .rounds = { 1, 1 },
	  .title = "Warming up",
	  .what = "Every arm's cache is filled by the same requests. Nothing is compared.",
	  .metrics = { END } },
	{ .scene = "catalogue",
	  .phase = "baseline",
	  .load = 0.2,
	  .slice_ms = { 700, 150 },
	  .rounds = { 8, 6 },
	  .compared = true,
	  .step = true,
	  .title = "The catalogue, a quiet day",
	  .what = "Users look packages up, follow their dependencies and search, at a fifth of "
		  "what "
		  "the machine can do. Little can be gained here; nothing must be lost.",
	  .metrics = { AVERAGED(TAYRA__P50_MS), AVERAGED(TAYRA__P99_MS),
		       AVERAGED(TAYRA__GOODPUT_PER_S), AVERAGED(TAYRA__CPU_MS_PER_REQUEST),
		       AVERAGED(TAYRA__ORIGIN_CALLS_PER_REQUEST), SHOWN(TAYRA__HIT_RATIO),
		       SHOWN(TAYRA__ERROR_RATIO), SHOWN(TAYRA__AGE_P99_MS), END } },
	{ .scene = "catalogue",
	  .phase = "load",
	  .load = 0.6,
	  .slice_ms = { 700, 180 },
	  .rounds = { 8, 6 },
	  .compared = true,
	  .step = true,
	  .title = "The catalogue, a busy day",
	  .what = "The same users at three fifths of what the machine can do.",
	  .metrics = { AVERAGED(TAYRA__P50_MS), AVERAGED(TAYRA__P99_MS),
		       AVERAGED(TAYRA__GOODPUT_PER_S), AVERAGED(TAYRA__CPU_MS_PER_REQUEST),
		       AVERAGED(TAYRA__ORIGIN_CALLS_PER_REQUEST), SHOWN(TAYRA__HIT_RATIO),
		       SHOWN(TAYRA__ERROR_RATIO), SHOWN(TAYRA__STALE_RATIO),
		       SHOWN(TAYRA__AGE_P99_MS), END } },
	{ .scene = "hot-key",
	  .phase = "stress",
	  .kind = TAYRA__STAGE_BURST,
	  .clients = 500,
	  .slice_ms = { 600, 100 },
	  .rounds = { 8, 6 },
	  .compared = true,
	  .title = "A hot, expensive key expires",
	  .what = "500 clients ask for the same costly answer at the moment it has expired. How "
		  "often is it computed, and what do they see meanwhile?",
	  .metrics = { AVERAGED(TAYRA__P50_MS), AVERAGED(TAYRA__P99_MS),
		       AVERAGED(TAYRA__ORIGIN_CALLS_PER_REQUEST),
		       AVERAGED(TAYRA__CPU_MS_PER_REQUEST), SHOWN(TAYRA__ERROR_RATIO),
		       SHOWN(TAYRA__STALE_RATIO), SHOWN(TAYRA__AGE_P99_MS), END } },
	{ .scene = "overload-1.5x",
	  .phase = "stress",
	  .load = 1.5,
	  .slice_ms = { 700, 180 },
	  .rounds = { 8, 6 },
	  .compared = true,
	  .step = true,
	  .title = "One and a half times too much",
	  .what = "Half as many requests again as the machine can answer, each with a deadline. "
		  "What is answered too late is worth nothing.",
	  .metrics = { AVERAGED(TAYRA__GOODPUT_PER_S), AVERAGED(TAYRA__P50_MS),
		       AVERAGED(TAYRA__P99_MS), AVERAGED(TAYRA__CPU_MS_PER_REQUEST),
		       SHOWN(TAYRA__ERROR_RATIO), SHOWN(TAYRA__SHED_RATIO),
		       SHOWN(TAYRA__STALE_RATIO), SHOWN(TAYRA__AGE_P99_MS), END } },
	{ .scene = "overload-4x",
	  .phase = "stress",
	  .load = 4,
	  .slice_ms = { 700, 180 },
	  .rounds = { 8, 6 },
	  .compared = true,
	  .step = true,
	  .title = "Four times too much",
	  .what = "Four times as many requests as the machine can answer, each with a deadline.",
	  .metrics = { AVERAGED(TAYRA__GOODPUT_PER_S), AVERAGED(TAYRA__P50_MS),
		       AVERAGED(TAYRA__P99_MS), AVERAGED(TAYRA__CPU_MS_PER_REQUEST),
		       SHOWN(TAYRA__ERROR_RATIO), SHOWN(TAYRA__SHED_RATIO),
		       SHOWN(TAYRA__STALE_RATIO), SHOWN(TAYRA__AGE_P99_MS), END } },
	{ .scene = "writers",
	  .phase = "stress",
	  .kind = TAYRA__STAGE_WRITERS,
	  .clients = 128,
	  .slice_ms = { 700, 100 },
	  .rounds = { 8, 6 },
	  .compared = true,
	  .title = "128 writers on one database",
	  .what = "128 clients read a record and then change it, in transactions that SQLite can "
		  "only run one after another.",
	  .metrics = { AVERAGED(TAYRA__THROUGHPUT_PER_S), AVERAGED(TAYRA__P50_MS),
		       AVERAGED(TAYRA__P99_MS), AVERAGED(TAYRA__MAX_MS),
		       AVERAGED(TAYRA__SHOWCASE_JAIN), AVERAGED(TAYRA__CPU_MS_PER_REQUEST),
		       SHOWN(TAYRA__ERROR_RATIO), END } },
	{ .scene = "outage-hang",
	  .phase = "stress",
	  .load = 0.3,
	  .fault = TAYRA__DATABASE_HANGS,
	  .slice_ms = { 834, 150 },
	  .rounds = { 6, 6 },
	  .compared = true,
	  .title = "The database hangs",
	  .what = "The database takes requests and answers none of them. What was asked before "
		  "may "
		  "still be in a cache; what was never asked cannot be had from anywhere.",
	  .metrics = { AVERAGED(TAYRA__GOODPUT_PER_S), AVERAGED(TAYRA__P50_MS),
		       AVERAGED(TAYRA__P99_MS), AVERAGED(TAYRA__ORIGIN_CALLS_PER_REQUEST),
		       SHOWN(TAYRA__ERROR_RATIO), SHOWN(TAYRA__STALE_RATIO),
		       SHOWN(TAYRA__AGE_P99_MS), END } },
	{ .scene = "outage-dead",
	  .phase = "stress",
	  .load = 0.3,
	  .fault = TAYRA__DATABASE_DEAD,
	  .slice_ms = { 834, 120 },
	  .rounds = { 6, 6 },
	  .compared = true,
	  .title = "The database is gone",
	  .what = "The database refuses every request at once.",
	  .metrics = { AVERAGED(TAYRA__GOODPUT_PER_S), AVERAGED(TAYRA__P50_MS),
		       AVERAGED(TAYRA__P99_MS), AVERAGED(TAYRA__ORIGIN_CALLS_PER_REQUEST),
		       SHOWN(TAYRA__ERROR_RATIO), SHOWN(TAYRA__STALE_RATIO),
		       SHOWN(TAYRA__AGE_P99_MS), END } },
	{ .scene = "outage",
	  .phase = "recovery",
	  .load = 0.3,
	  .slice_ms = { 700, 120 },
	  .rounds = { 8, 6 },
	  .compared = true,
	  .title = "The database is back",
	  .what = "The same users after the outage, with caches as it left them.",
	  .metrics = { AVERAGED(TAYRA__GOODPUT_PER_S), AVERAGED(TAYRA__P50_MS),
		       AVERAGED(TAYRA__P99_MS), AVERAGED(TAYRA__CPU_MS_PER_REQUEST),
		       AVERAGED(TAYRA__ORIGIN_CALLS_PER_REQUEST), SHOWN(TAYRA__ERROR_RATIO),
		       SHOWN(TAYRA__AGE_P99_MS), END } },
};
const uint32_t tayra__stage_count = sizeof(tayra__stages) / sizeof(tayra__stages[0]);

const struct tayra__metric_info *
tayra__stage_metric_info(int metric)
{
	static const struct tayra__metric_info jain = {
		"jain", "index", TAYRA_BETTER_HIGHER,
		"how equally clients were served: 1 is all alike, 1/n is one alone"
	};

	if (metric == TAYRA__SHOWCASE_JAIN)
		return &jain;
	return metric >= 0 ? tayra__metric_info((enum tayra__metric)metric) : NULL;
}
