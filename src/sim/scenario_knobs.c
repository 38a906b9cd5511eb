/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/scenario_knobs.h"

#include "sim/scenario.h"

#include <stddef.h>

#define SCENARIO(member) offsetof(struct tayra__scenario, member)
#define BACKEND(member)  offsetof(struct tayra__backend_shape, member)
#define LOAD(member)     offsetof(struct tayra__load_setting, member)
#define PACE(member)     offsetof(struct tayra_pace_options, member)

static const char *const load_kinds[] = { "closed", "poisson", NULL };
static const char *const works[] = { "exponential", "constant", NULL };
static const char *const classes[] = { "critical", "high", "normal", "low", "background", NULL };
static const char *const errors[] = { "timeout", "overload", "error", NULL };

const struct tayra__knob tayra__scenario_knobs[] = {
	{ "about", TAYRA__KNOB_TEXT, SCENARIO(sentence), "SENTENCE", 0, 300, NULL, 0, "none",
	  "what it shows" },
	{ "length", TAYRA__KNOB_NANOSECONDS, SCENARIO(length_ns), "DURATION", 1e6, 0, NULL, 0,
	  "60s", "of virtual time, at most an hour" },
	{ "warmup", TAYRA__KNOB_NANOSECONDS, SCENARIO(warmup_ns), "DURATION", 0, 0, NULL, 0,
	  "a third of the length", "at the beginning, not in the figures" },
	{ "backend", TAYRA__KNOB_OTHER, 0, "MAPPING", 0, 0, NULL, 0, "contention",
	  "what the requests go to" },
	{ "loads", TAYRA__KNOB_OTHER, 0, "LIST", 0, 0, NULL, 0, "required", "who asks" },
	{ "pace", TAYRA__KNOB_OTHER, 0, "MAPPING", 0, 0, NULL, 0, "defaults",
	  "settings of the pacer" },
	{ 0 },
};

const struct tayra__knob tayra__backend_knobs[] = {
	{ "kind", TAYRA__KNOB_CHOICE, BACKEND(kind), "KIND", 0, 0, tayra__backend_kinds,
	  TAYRA__BACKEND_CONTENTION, "contention",
	  "contention, shared, servers, convoy, thrash or batch" },
	{ "rate", TAYRA__KNOB_NUMBER, BACKEND(rate_per_s), "N", 1e-3, 1e7, NULL, 0, "100",
	  "jobs a second, of one alone (of full batches)" },
	{ "contention", TAYRA__KNOB_NUMBER, BACKEND(contention), "N", 0, 1, NULL, 0,
	  "0.02 if both are left out", "a of the Universal Scalability Law" },
	{ "coherence", TAYRA__KNOB_NUMBER, BACKEND(coherence), "N", 0, 1, NULL, 0,
	  "0.002 if both are left out", "b of it: above 0 there is a knee" },
	{ "servers", TAYRA__KNOB_COUNT, BACKEND(servers), "N", 1, 10000, NULL, 0, "4",
	  "processors or servers, of all kinds but contention and batch" },
	{ "knee", TAYRA__KNOB_COUNT, BACKEND(knee), "N", 1, 10000, NULL, 0, "servers",
	  "convoy begins above; thrash: the pool holds so many jobs" },
	{ "release", TAYRA__KNOB_COUNT, BACKEND(release), "N", 1, 10000, NULL, 0, "knee / 2",
	  "convoy ends here" },
	{ "collapse", TAYRA__KNOB_NUMBER, BACKEND(collapse), "N", 1e-3, 1, NULL, 0, "0.3",
	  "what a convoy leaves of the rate" },
	{ "penalty", TAYRA__KNOB_NUMBER, BACKEND(penalty), "N", 1, 1000, NULL, 0, "7",
	  "thrash: how many times longer a job takes when all reads miss" },
	{ "batch", TAYRA__KNOB_COUNT, BACKEND(batch), "N", 1, 10000, NULL, 0, "16",
	  "jobs of a full batch" },
	{ "setup", TAYRA__KNOB_NUMBER, BACKEND(setup), "N", 1e-3, 1, NULL, 0, "0.5",
	  "share of a batch's time that does not depend on its size" },
	{ "linger", TAYRA__KNOB_NANOSECONDS, BACKEND(linger_ns), "DURATION", 0, 0, NULL, 0, "1ms",
	  "how long a batch waits to be filled" },
	{ "errors", TAYRA__KNOB_NUMBER, BACKEND(errors), "N", 0, 1, NULL, 0, "0",
	  "share of the requests that fail before they get in" },
	{ "error", TAYRA__KNOB_CHOICE, BACKEND(error), "OUTCOME", 0, 0, errors,
	  TAYRA_OUTCOME_TIMEOUT, "error", "timeout, overload (429, 503) or error" },
	{ "error_time", TAYRA__KNOB_NANOSECONDS, BACKEND(error_ns), "DURATION", 0, 0, NULL, 0,
	  "1ms", "how long that takes" },
	{ "rate_limit", TAYRA__KNOB_NUMBER, BACKEND(limit_per_s), "N", 1e-3, 1e7, NULL, 0, "none",
	  "requests a second; those above are told overload, after error_time" },
	{ "burst", TAYRA__KNOB_COUNT, BACKEND(burst), "N", 1, 1000000, NULL, 0, "10",
	  "requests that the rate limit lets through at once" },
	{ "delay", TAYRA__KNOB_NANOSECONDS, BACKEND(delay_ns), "DURATION", 0, 0, NULL, 0, "none",
	  "on the way, median; costs the backend nothing" },
	{ "jitter", TAYRA__KNOB_NUMBER, BACKEND(jitter), "N", 0, 3, NULL, 0, "0",
	  "the delay is lognormal with this sigma" },
	{ 0 },
};

const struct tayra__knob tayra__load_knobs[] = {
	{ "name", TAYRA__KNOB_TEXT, LOAD(name), "NAME", 0, 40, NULL, 0, "its class",
	  "what tables call it" },
	{ "kind", TAYRA__KNOB_CHOICE, LOAD(kind), "KIND", 0, 0, load_kinds, TAYRA__LOAD_CLOSED,
	  "closed", "closed (clients with one request at a time) or poisson (arrivals)" },
	{ "class", TAYRA__KNOB_CHOICE, LOAD(cls), "CLASS", 0, 0, classes, TAYRA_CRITICAL, "normal",
	  "critical, high, normal, low or background" },
	{ "clients", TAYRA__KNOB_COUNT, LOAD(clients), "N", 1, 100000, NULL, 0, "200",
	  "of a closed load" },
	{ "think", TAYRA__KNOB_NANOSECONDS, LOAD(think_ns), "DURATION", 0, 0, NULL, 0, "none",
	  "mean time between an answer and the client's next request" },
	{ "rate", TAYRA__KNOB_NUMBER, LOAD(rate_per_s), "N", 1e-3, 1e7, NULL, 0, "by load",
	  "arrivals a second" },
	{ "load", TAYRA__KNOB_NUMBER, LOAD(load), "N", 1e-3, 1000, NULL, 0, "1",
	  "the same as a share of what the backend can do" },
	{ "deadline", TAYRA__KNOB_NANOSECONDS, LOAD(deadline_ns), "DURATION", 0, 0, NULL, 0, "none",
	  "from arrival; an answer after it is late" },
	{ "work", TAYRA__KNOB_CHOICE, LOAD(work), "KIND", 0, 0, works, TAYRA__WORK_EXPONENTIAL,
	  "exponential", "how the work of requests is spread about its mean" },
	{ "backoff", TAYRA__KNOB_NANOSECONDS, LOAD(backoff_ns), "DURATION", 1, 0, NULL, 0, "10ms",
	  "a refused client waits so long, doubling, and at least as long as it was told" },
	{ 0 },
};

const struct tayra__knob tayra__pacer_knobs[] = {
	{ "limit_min", TAYRA__KNOB_NUMBER, PACE(limit_min), "N", 1, 1024, NULL, 0, "1",
	  "the limit never falls below" },
	{ "limit_max", TAYRA__KNOB_NUMBER, PACE(limit_max), "N", 1, 1024, NULL, 0, "1024",
	  "the limit never rises above" },
	{ "p90_target", TAYRA__KNOB_NANOSECONDS, PACE(p90_target_ns), "DURATION", 0, 0, NULL, 0,
	  "100ms", "what aimd calls slow" },
	{ "window", TAYRA__KNOB_NANOSECONDS, PACE(window_ns), "DURATION", 0, 0, NULL, 0, "250ms",
	  "of the limiter" },
	{ "queue", TAYRA__KNOB_COUNT, PACE(queue_max), "N", 1, 100000, NULL, 0, "1024",
	  "waiting requests a class" },
	{ "codel_target", TAYRA__KNOB_NANOSECONDS, PACE(codel_target_ns), "DURATION", 0, 0, NULL, 0,
	  "5ms, or a tenth of the deadline", "a wait that is too long, if it does not end" },
	{ "codel_interval", TAYRA__KNOB_NANOSECONDS, PACE(codel_interval_ns), "DURATION", 0, 0,
	  NULL, 0, "100ms", "how long it may last" },
	{ 0 },
};
