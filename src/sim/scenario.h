/* SPDX-License-Identifier: Apache-2.0
 *
 * scenario.h: what a simulated overload is made of: a backend, loads, what changes meanwhile, the
 * pacer's settings, and what it is judged by.  Plain data, out of a YAML file.
 */
#ifndef TAYRA_SIM_SCENARIO_H
#define TAYRA_SIM_SCENARIO_H

#include "config/document.h"
#include "sim/backend.h"

#include <tayra/pace.h>

#define TAYRA__SCENARIO_LOADS     8
#define TAYRA__SCENARIO_CHANGES   32
#define TAYRA__SCENARIO_GOALS     16
#define TAYRA__SCENARIO_TENANTS   1024 /* of all loads together */
#define TAYRA__SCENARIO_LENGTH_NS (3600 * TAYRA_NS_PER_S)

/* Where requests come from. */
enum tayra__load_kind {
	TAYRA__LOAD_CLOSED,  /* so many clients, each with one request at a time */
	TAYRA__LOAD_POISSON, /* independent arrivals at a rate */
	TAYRA__LOAD_BURSTS,  /* the same at one of two rates, each for a time drawn at random */
	TAYRA__LOAD_SPIKE,   /* so many at one moment */
	TAYRA__LOAD_REPLAY,  /* as a trace has them */
};

/* How much work a request is, about its mean. */
enum tayra__work_kind {
	TAYRA__WORK_EXPONENTIAL,
	TAYRA__WORK_CONSTANT,
	TAYRA__WORK_LOGNORMAL, /* sigma 1 */
	TAYRA__WORK_BIMODAL,   /* 5 of 100 are 100 times as large as the others */
};

struct tayra__load_setting {
	const char *name;
	int kind, work, cls; /* enum tayra__load_kind, tayra__work_kind, tayra_class */
	double rate_per_s;   /* of an open load, either this */
	double load;         /* or this, as a share of the backend's capacity */
	uint32_t clients;    /* of CLOSED; of SPIKE, how many */
	uint64_t think_ns;   /* of CLOSED: mean time between an answer and the next request */
	uint32_t group;      /* open: so many arrive at once */
	double burst;        /* of BURSTS: the higher rate, as a factor */
	uint64_t burst_every_ns, burst_for_ns; /* means */
	uint64_t from_ns, until_ns;            /* nobody comes before and after */
	double size;                           /* mean work */
	uint64_t deadline_ns;                  /* from arrival; 0: none */
	uint64_t timeout_ns;                   /* gives the backend so long; 0: waits for ever */
	uint32_t retries;                      /* of an open load: tries again so often */
	uint64_t backoff_ns;                   /* mean of the wait before the first, doubling */
	bool heeds;                            /* waits at least as long as it was told */
	uint32_t tenants;                      /* its clients belong to so many */
	bool has_tenants;                      /* the pacer is told which */
	uint32_t level;                        /* inside its class: 0, the most important, to 127 */
	uint32_t cost;                         /* slots a request takes */
	bool silent;                           /* never comes; when others are looked at alone */
	const char *trace;                     /* of REPLAY: a file, as tayra replay reads it */
	double faster;                         /* and how much faster it goes by */
	struct tayra__moment *moments;         /* and what was in it */
	size_t moment_count;
};

/* What becomes of the backend and the loads at a moment. */
enum tayra__change_state {
	TAYRA__STATE_KEPT,
	TAYRA__STATE_WELL,
	TAYRA__STATE_HUNG,
	TAYRA__STATE_DEAD,
};
struct tayra__change_setting {
	uint64_t at_ns, over_ns;                 /* speed and load get there in so long */
	double speed, load, errors, limit_per_s; /* below 0: as before */
	int state;                               /* enum tayra__change_state */
	int error;                               /* enum tayra_outcome; 0: as before */
	uint64_t error_ns, delay_ns;             /* 0: as before */
	double contention, coherence;            /* below 0: as before */
	uint32_t servers, knee;                  /* 0: as before */
};

/* What comes and goes by itself. */
struct tayra__weather_setting {
	uint64_t pause_every_ns, pause_for_ns; /* nothing moves: mean gap, length */
	uint64_t slow_every_ns, slow_for_ns;   /* all is slower for a while: means */
	double slow_to;
	uint64_t swing_ns; /* speed 1 +- depth, a sine of that period */
	double swing_depth;
};

/* What a run is judged by; see goal.h. */
struct tayra__goal_setting {
	const char *id;          /* "G1" */
	int figure;              /* enum tayra__goal_figure */
	double least, most;      /* the mean over seeds; NaN: not asked */
	double worst;            /* no seed may be worse; NaN: than least or most */
	uint64_t from_ns, to_ns; /* the stretch */
	const char *load;        /* of one load, by its name; NULL: of all */
	const char *limiter;     /* judged of that one alone; NULL: of all */
	double level;            /* of FLOOR_S */
	uint32_t completions;    /* a bar in seconds is at least what these take the oracle */
};

struct tayra__scenario {
	char name[64];
	const char *sentence;
	uint64_t length_ns;
	uint64_t warmup_ns; /* not in the figures */
	struct tayra__backend_shape backend;
	struct tayra__load_setting loads[TAYRA__SCENARIO_LOADS];
	size_t load_count;
	uint32_t tenants; /* of all loads */
	struct tayra__change_setting changes[TAYRA__SCENARIO_CHANGES];
	size_t change_count;
	struct tayra__weather_setting weather;
	struct tayra__goal_setting goals[TAYRA__SCENARIO_GOALS];
	size_t goal_count;
	struct tayra_pace_options pace; /* limiter and limit: for who runs it */
	struct tayra__document document;
};

/*
 * Read one, into zeroed memory.  `name` is what errors call it.
 * => TAYRA_OK; TAYRA_E_INVAL, TAYRA_E_NOMEM, TAYRA_E_IO, TAYRA_E_UNSUPPORTED: error is one line.
 */
int tayra__scenario_read(struct tayra__scenario *scenario, const char *name, const char *bytes,
			 size_t len, char *error, size_t error_len);
/* The same of one by its name (named_scenarios.h), or of a file: what has a '/' or a '.' in it. */
int tayra__scenario_open(struct tayra__scenario *scenario, const char *name, char *error,
			 size_t error_len);
/* Also after a failure. */
void tayra__scenario_fini(struct tayra__scenario *scenario);

#endif
