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
#define TAYRA__SCENARIO_LENGTH_NS (3600 * TAYRA_NS_PER_S)

/* Where requests come from. */
enum tayra__load_kind {
	TAYRA__LOAD_CLOSED,  /* so many clients, each with one request at a time */
	TAYRA__LOAD_POISSON, /* independent arrivals at a rate */
};

/* How much work a request is; the mean is 1 for all. */
enum tayra__sizes_kind {
	TAYRA__WORK_EXPONENTIAL,
	TAYRA__WORK_CONSTANT,
};

struct tayra__load_setting {
	const char *name;
	int kind, work, cls;  /* enum tayra__load_kind, tayra__sizes_kind, tayra_class */
	double rate_per_s;    /* of POISSON, either this */
	double load;          /* or this, as a share of the backend's capacity */
	uint32_t clients;     /* of CLOSED */
	uint64_t think_ns;    /* of CLOSED: mean time between an answer and the next request */
	uint64_t deadline_ns; /* from arrival; 0: none */
	uint64_t backoff_ns;  /* of CLOSED, after a failure: mean of the first wait, doubling */
};

struct tayra__scenario {
	char name[64];
	const char *sentence;
	uint64_t length_ns;
	uint64_t warmup_ns; /* not in the figures */
	struct tayra__backend_shape backend;
	struct tayra__load_setting loads[TAYRA__SCENARIO_LOADS];
	size_t load_count;
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
