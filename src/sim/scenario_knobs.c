/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/scenario_knobs.h"

#include "pace/knobs.h"
#include "sim/goal.h"
#include "sim/scenario.h"

#include <stddef.h>

#define SCENARIO(member) offsetof(struct tayra__scenario, member)
#define BACKEND(member)  offsetof(struct tayra__backend_shape, member)
#define LOAD(member)     offsetof(struct tayra__load_setting, member)
#define CHANGE(member)   offsetof(struct tayra__change_setting, member)
#define WEATHER(member)  offsetof(struct tayra__weather_setting, member)
#define GOAL(member)     offsetof(struct tayra__goal_setting, member)
#define PACE(member)     offsetof(struct tayra_pace_options, member)

static const char *const load_kinds[] = { "closed", "poisson", "bursts", "spike", "replay", NULL };
static const char *const works[] = { "exponential", "constant", "lognormal", "bimodal", NULL };
static const char *const states[] = { "well", "hung", "dead", NULL };
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
	{ "changes", TAYRA__KNOB_OTHER, 0, "LIST", 0, 0, NULL, 0, "none",
	  "what becomes of backend and loads, in order of time" },
	{ "weather", TAYRA__KNOB_OTHER, 0, "MAPPING", 0, 0, NULL, 0, "none",
	  "what comes and goes by itself" },
	{ "goals", TAYRA__KNOB_OTHER, 0, "LIST", 0, 0, NULL, 0, "none", "what it is judged by" },
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
	  "what goals call it" },
	{ "kind", TAYRA__KNOB_CHOICE, LOAD(kind), "KIND", 0, 0, load_kinds, TAYRA__LOAD_CLOSED,
	  "closed",
	  "closed (clients with one request at a time), poisson (arrivals), bursts (two rates), "
	  "spike (so many at once) or replay (a trace)" },
	{ "class", TAYRA__KNOB_CHOICE, LOAD(cls), "CLASS", 0, 0, classes, TAYRA_CRITICAL, "normal",
	  "critical, high, normal, low or background" },
	{ "clients", TAYRA__KNOB_COUNT, LOAD(clients), "N", 1, 100000, NULL, 0, "200",
	  "of a closed load; of a spike, how many come" },
	{ "think", TAYRA__KNOB_NANOSECONDS, LOAD(think_ns), "DURATION", 0, 0, NULL, 0, "none",
	  "closed: mean time between an answer and the client's next request" },
	{ "rate", TAYRA__KNOB_NUMBER, LOAD(rate_per_s), "N", 1e-3, 1e7, NULL, 0, "by load",
	  "poisson, bursts: arrivals a second" },
	{ "load", TAYRA__KNOB_NUMBER, LOAD(load), "N", 1e-3, 1000, NULL, 0, "1",
	  "the same as a share of what the backend can do" },
	{ "group", TAYRA__KNOB_COUNT, LOAD(group), "N", 1, 10000, NULL, 0, "1",
	  "poisson, bursts: so many arrive at once, at the same rate" },
	{ "burst", TAYRA__KNOB_NUMBER, LOAD(burst), "N", 1, 1000, NULL, 0, "5",
	  "bursts: how many times the rate a burst is" },
	{ "burst_every", TAYRA__KNOB_NANOSECONDS, LOAD(burst_every_ns), "DURATION", 1e6, 0, NULL, 0,
	  "5s", "mean time between bursts" },
	{ "burst_for", TAYRA__KNOB_NANOSECONDS, LOAD(burst_for_ns), "DURATION", 1e6, 0, NULL, 0,
	  "500ms", "mean length of one" },
	{ "trace", TAYRA__KNOB_PATH, LOAD(trace), "FILE", 0, 0, NULL, 0, "required",
	  "replay: as tayra replay reads it; time_s is the arrival, cost_ms the time alone" },
	{ "faster", TAYRA__KNOB_NUMBER, LOAD(faster), "N", 1e-6, 1e9, NULL, 0, "1",
	  "replay: how much faster the trace's clock goes" },
	{ "from", TAYRA__KNOB_NANOSECONDS, LOAD(from_ns), "DURATION", 0, 0, NULL, 0,
	  "the beginning", "nobody comes before; when a spike comes" },
	{ "until", TAYRA__KNOB_NANOSECONDS, LOAD(until_ns), "DURATION", 0, 0, NULL, 0, "the end",
	  "nobody comes after" },
	{ "work", TAYRA__KNOB_CHOICE, LOAD(work), "KIND", 0, 0, works, TAYRA__WORK_EXPONENTIAL,
	  "exponential",
	  "spread of a request's work: exponential, constant, lognormal (sigma 1) or bimodal (5% "
	  "are 100 times the others)" },
	{ "size", TAYRA__KNOB_NUMBER, LOAD(size), "N", 1e-3, 1000, NULL, 0, "1",
	  "its mean, in jobs of the backend's rate" },
	{ "deadline", TAYRA__KNOB_NANOSECONDS, LOAD(deadline_ns), "DURATION", 0, 0, NULL, 0, "none",
	  "from arrival; an answer after it is late" },
	{ "timeout", TAYRA__KNOB_NANOSECONDS, LOAD(timeout_ns), "DURATION", 0, 0, NULL, 0, "none",
	  "the client gives the backend so long; the backend works on" },
	{ "retries", TAYRA__KNOB_COUNT, LOAD(retries), "N", 0, 100, NULL, 0, "0",
	  "of an open load, after a failure; a closed one always tries again" },
	{ "backoff", TAYRA__KNOB_NANOSECONDS, LOAD(backoff_ns), "DURATION", 1, 0, NULL, 0, "10ms",
	  "mean of the wait after a failure, doubling up to 64 times that" },
	{ "heed", TAYRA__KNOB_SWITCH, LOAD(heeds), "true|false", 0, 0, NULL, 0, "true",
	  "waits at least as long as the pacer said" },
	{ "tenants", TAYRA__KNOB_COUNT, LOAD(tenants), "N", 1, TAYRA__SCENARIO_TENANTS, NULL, 0,
	  "1, nobody's", "its clients belong to so many, evenly; the pacer is told whose each is" },
	{ "level", TAYRA__KNOB_COUNT, LOAD(level), "N", 0, 127, NULL, 0, "0",
	  "inside its class; 0 is the most important" },
	{ "cost", TAYRA__KNOB_COUNT, LOAD(cost), "N", 1, TAYRA_COST_MAX, NULL, 0, "1",
	  "slots of the limit that a request takes" },
	{ 0 },
};

const struct tayra__knob tayra__change_knobs[] = {
	{ "at", TAYRA__KNOB_NANOSECONDS, CHANGE(at_ns), "DURATION", 0, 0, NULL, 0, "the beginning",
	  "when" },
	{ "over", TAYRA__KNOB_NANOSECONDS, CHANGE(over_ns), "DURATION", 0, 0, NULL, 0, "at once",
	  "speed and load get there in so long" },
	{ "speed", TAYRA__KNOB_NUMBER, CHANGE(speed), "N", 0, 1000, NULL, 0, "as before",
	  "of the backend; 1 as built" },
	{ "load", TAYRA__KNOB_NUMBER, CHANGE(load), "N", 0, 1000, NULL, 0, "as before",
	  "factor on the rates of poisson and bursts" },
	{ "state", TAYRA__KNOB_CHOICE, CHANGE(state), "STATE", 0, 0, states, TAYRA__STATE_WELL,
	  "as before", "well, hung (takes requests, answers none) or dead (refuses at once)" },
	{ "errors", TAYRA__KNOB_NUMBER, CHANGE(errors), "N", 0, 1, NULL, 0, "as before",
	  "as in backend, and so the next eight" },
	{ "error", TAYRA__KNOB_CHOICE, CHANGE(error), "OUTCOME", 0, 0, errors,
	  TAYRA_OUTCOME_TIMEOUT, "as before", "" },
	{ "error_time", TAYRA__KNOB_NANOSECONDS, CHANGE(error_ns), "DURATION", 0, 0, NULL, 0,
	  "as before", "" },
	{ "rate_limit", TAYRA__KNOB_NUMBER, CHANGE(limit_per_s), "N", 0, 1e7, NULL, 0, "as before",
	  "0: none" },
	{ "contention", TAYRA__KNOB_NUMBER, CHANGE(contention), "N", 0, 1, NULL, 0, "as before",
	  "the law itself changes, as when the mix of requests does; so the next three" },
	{ "coherence", TAYRA__KNOB_NUMBER, CHANGE(coherence), "N", 0, 1, NULL, 0, "as before", "" },
	{ "servers", TAYRA__KNOB_COUNT, CHANGE(servers), "N", 1, 10000, NULL, 0, "as before", "" },
	{ "knee", TAYRA__KNOB_COUNT, CHANGE(knee), "N", 1, 10000, NULL, 0, "as before", "" },
	{ "delay", TAYRA__KNOB_NANOSECONDS, CHANGE(delay_ns), "DURATION", 0, 0, NULL, 0,
	  "as before", "" },
	{ 0 },
};

const struct tayra__knob tayra__weather_knobs[] = {
	{ "pause_every", TAYRA__KNOB_NANOSECONDS, WEATHER(pause_every_ns), "DURATION", 1e6, 0, NULL,
	  0, "none", "nothing moves now and then, as in a garbage collection: mean gap" },
	{ "pause_for", TAYRA__KNOB_NANOSECONDS, WEATHER(pause_for_ns), "DURATION", 0, 0, NULL, 0,
	  "100ms", "and so long" },
	{ "slow_every", TAYRA__KNOB_NANOSECONDS, WEATHER(slow_every_ns), "DURATION", 1e6, 0, NULL,
	  0, "none", "all is slower now and then: mean gap" },
	{ "slow_for", TAYRA__KNOB_NANOSECONDS, WEATHER(slow_for_ns), "DURATION", 1e6, 0, NULL, 0,
	  "1s", "mean length" },
	{ "slow_to", TAYRA__KNOB_NUMBER, WEATHER(slow_to), "N", 1e-3, 1, NULL, 0, "0.3",
	  "and by how much" },
	{ "swing", TAYRA__KNOB_NANOSECONDS, WEATHER(swing_ns), "DURATION", 100e6, 0, NULL, 0,
	  "none", "speed swings in a sine of this period" },
	{ "swing_depth", TAYRA__KNOB_NUMBER, WEATHER(swing_depth), "N", 0, 1, NULL, 0, "0.5",
	  "by so much up and down" },
	{ 0 },
};

const struct tayra__knob tayra__goal_knobs[] = {
	{ "goal", TAYRA__KNOB_TEXT, GOAL(id), "NAME", 0, 40, NULL, 0, "required",
	  "what it is called" },
	{ "figure", TAYRA__KNOB_CHOICE, GOAL(figure), "FIGURE", 0, 0, tayra__goal_figures, 0,
	  "goodput_of_oracle", "what is judged" },
	{ "least", TAYRA__KNOB_NUMBER, GOAL(least), "N", 0, 1e9, NULL, 0, "none",
	  "the mean over seeds must reach it" },
	{ "most", TAYRA__KNOB_NUMBER, GOAL(most), "N", 0, 1e9, NULL, 0, "none",
	  "the mean over seeds must not be over it" },
	{ "worst", TAYRA__KNOB_NUMBER, GOAL(worst), "N", 0, 1e9, NULL, 0, "least or most",
	  "no seed may be worse" },
	{ "from", TAYRA__KNOB_NANOSECONDS, GOAL(from_ns), "DURATION", 0, 0, NULL, 0,
	  "the end of the warm-up", "where the stretch begins" },
	{ "to", TAYRA__KNOB_NANOSECONDS, GOAL(to_ns), "DURATION", 0, 0, NULL, 0, "the end",
	  "where it ends" },
	{ "load", TAYRA__KNOB_TEXT, GOAL(load), "NAME", 0, 40, NULL, 0, "all",
	  "of that load alone" },
	{ "limiter", TAYRA__KNOB_TEXT, GOAL(limiter), "NAME", 0, 40, NULL, 0, "all",
	  "only that limiter is judged by it" },
	{ "level", TAYRA__KNOB_NUMBER, GOAL(level), "N", 1, 1024, NULL, 0, "1",
	  "of floor_s: how low the limit is to be" },
	{ "completions", TAYRA__KNOB_COUNT, GOAL(completions), "N", 1, 1000000000, NULL, 0, "none",
	  "a bar in seconds is at least the time the best fixed limit takes for so many" },
	{ 0 },
};

const struct tayra__knob tayra__pacer_knobs[] = {
	{ "limit_min", TAYRA__KNOB_NUMBER, PACE(limit_min), "N", 1, 1024, NULL, 0, "1",
	  "the limit never falls below" },
	{ "limit_max", TAYRA__KNOB_NUMBER, PACE(limit_max), "N", 1, 1024, NULL, 0, "1024",
	  "the limit never rises above" },
	TAYRA__PACE_RULE_KNOBS(PACE),
	{ 0 },
};
