/* SPDX-License-Identifier: Apache-2.0
 *
 * arm.h: one contestant: a cache, a limiter, a copy of the database and a clock, all its own.  The
 * three kinds differ in their design alone and go through the same public calls.
 *
 * One thread runs slices (begin, drive, end); the calls run on any number of workers.
 */
#ifndef TAYRA_SHOWCASE_ARM_H
#define TAYRA_SHOWCASE_ARM_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/hist.h"
#include "drive/drive.h"
#include "showcase/arm_clock.h"
#include "showcase/arm_tier.h"
#include "showcase/database.h"
#include "showcase/parts.h"
#include "showcase/timeline.h"
#include "showcase/workload.h"

#include <tayra/tayra.h>

struct tayra__catalogue;
struct tayra__truth;

#define TAYRA__ARM_WORKERS  512
#define TAYRA__ARM_NO_CODEL (3600 * TAYRA_NS_PER_S)

/* What a writer does about the other writers. */
enum tayra__writer_rule {
	TAYRA__WRITER_RETRY,   /* try again at once */
	TAYRA__WRITER_BACKOFF, /* wait a random time, doubling, 1 to 64 ms */
	TAYRA__WRITER_LIMIT,   /* so many at once, by hand; try again at once */
	TAYRA__WRITER_PACE,    /* a limit that is learned, and backoff */
};
const char *tayra__writer_rule_name(enum tayra__writer_rule rule);

struct tayra__arm_design {
	const char *name;
	enum tayra_policy policy;
	bool single_flight;
	bool limited; /* queries run on the origin's threads behind a limit; else where asked */
	enum tayra_limiter limiter;
	double limit; /* to begin with */
	double limit_min, limit_max;
	uint32_t queue_max;       /* a class */
	uint64_t codel_target_ns; /* TAYRA__ARM_NO_CODEL: first come, first served, always */
	bool classes;
	bool deadlines;                    /* a request that is late already has less time left */
	uint64_t p90_target_ns, window_ns; /* of a learned limit; 0: the defaults */
	uint64_t soft_timeout_ns;          /* TAYRA_OFF: none */
	uint64_t stale_ms;                 /* TAYRA_OFF: none */
	enum tayra__writer_rule writer;
	double writer_limit;
	/* For what is shown of one mechanism alone. */
	uint64_t memory_bytes;   /* 0: what the terms say */
	uint64_t charge_max;     /* of the cache; 0: memory alone is the bound */
	bool unpaced;            /* limited, but the limiter lets everything in */
	uint32_t origin_threads; /* 0: the default */
	bool file_tier;
	bool remote_tier;
	const char *remote_url; /* of remote_tier; who runs the arm sets it */
	uint64_t ttl_ms;        /* 0: what the terms say */
	uint32_t shards;        /* 0: the default */
	enum tayra_objective objective;
	enum tayra_feature_mode ttl_learning, prefetch; /* ON, or not at all */
	uint64_t slow_ns; /* sabotage: processor time spent on top of every request */
};

/* Equal for all arms. */
struct tayra__arm_terms {
	const struct tayra__catalogue *catalogue;
	uint64_t memory_bytes, ttl_ms;
	uint64_t statement_timeout_ns; /* real time */
	uint32_t reverse_bound;
	uint64_t seed;
	const struct tayra_sensor *sensor; /* for designs with a learned limit; may be NULL */
};

struct tayra__arm_counts {
	_Atomic uint64_t reads, hits, stale, updates;
	_Atomic uint64_t wrong_age; /* answers certainly older than they claimed, or than allowed */
	_Atomic uint64_t part_ns[TAYRA__PARTS];
};

#define TAYRA__ARM_STRIPES 8

struct tayra__showcase_arm {
	struct tayra__arm_design design;
	struct tayra__arm_terms terms;
	struct tayra__arm_clock clock;
	struct tayra__database *database;
	struct tayra__truth *truth;
	struct tayra_pace *pace;        /* NULL: no limit */
	struct tayra_pace *writer_pace; /* NULL unless the writer rule has a limit */
	struct tayra_origin *origin;    /* NULL: queries run where asked */
	struct tayra__arm_tier tier;    /* below RAM, with design.file_tier */
	char database_path[128];
	struct tayra *tayra;
	struct tayra__arm_counts counts;
	struct tayra__timeline timeline;
	_Atomic uint32_t done_by[TAYRA__ARM_WORKERS]; /* writers: transactions by client */
	struct {
		pthread_mutex_t lock;
		struct tayra__hist age; /* ms, of what was served */
	} stripe[TAYRA__ARM_STRIPES];
	pthread_t ticker;
	_Atomic bool ticking;
	/* The slice that runs. */
	const struct tayra__user_request *requests;
	size_t request_count;
};

/* `index` numbers the arm's database copy.  Big: allocate it.
 * => TAYRA_OK; a status with one line in `error`, and nothing to fini. */
int tayra__arm_init(struct tayra__showcase_arm *arm, const struct tayra__arm_design *design,
		    const struct tayra__arm_terms *terms, const char *database_path, char *error,
		    size_t error_len);
void tayra__arm_fini(struct tayra__showcase_arm *arm);

/* As when the process is replaced: RAM is empty, what is below it stays.  Between slices.
 * => TAYRA_OK; a status with one line in `error`. */
int tayra__arm_restart(struct tayra__showcase_arm *arm, char *error, size_t error_len);

/* Start and stop the arm's clock and ticker.  end waits until nothing is being loaded. */
int tayra__arm_begin(struct tayra__showcase_arm *arm);
void tayra__arm_end(struct tayra__showcase_arm *arm);

/* Targets: ctx is the arm. */
enum tayra__call_end tayra__arm_call_user(void *ctx, const struct tayra__call *call);
enum tayra__call_end tayra__arm_call_writer(void *ctx, const struct tayra__call *call);

/* Read what answers the request, with what the arm has.  => as tayra_get_or_load(). */
int tayra__arm_read(struct tayra__showcase_arm *arm, const struct tayra__user_request *request,
		    const struct tayra__call *call);
/* Load it anew, whatever is cached, for ttl_ms. */
int tayra__arm_prime(struct tayra__showcase_arm *arm, const struct tayra__user_request *request,
		     uint64_t ttl_ms);

/* Ages served since the last call, merged into *out. */
void tayra__arm_take_ages(struct tayra__showcase_arm *arm, struct tayra__hist *out);

#endif
