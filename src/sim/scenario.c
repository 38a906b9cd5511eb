/* SPDX-License-Identifier: Apache-2.0
 *
 * scenario.c: from a tree of YAML, row by row; then the checks that no row can make alone.
 */
#include "sim/scenario.h"

#include "base/mem.h"
#include "base/option.h"
#include "sim/contender.h"
#include "sim/meter.h"
#include "sim/named_scenarios.h"
#include "sim/scenario_knobs.h"
#include "sim/scenario_load.h"
#include "sim/weather.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define REQUESTS_MAX 2e8 /* of a run */
#define NAMED_MAX    64

_Static_assert(TAYRA__SCENARIO_TENANTS <= TAYRA__METER_TENANTS, "every tenant is counted");
_Static_assert(TAYRA__SCENARIO_LOADS == TAYRA__METER_LOADS, "and every load");

static const struct tayra__yaml *
part(const struct tayra__reader *r, const char *name)
{
	return tayra__yaml_find(r->document->yaml, name);
}

static int
read_map(const struct tayra__reader *r, const char *name, const struct tayra__knob *table,
	 void *object)
{
	const struct tayra__yaml *map = part(r, name);

	return map ? tayra__reader_knobs(r, map, table, object, name) : TAYRA_OK;
}

static int
read_backend(const struct tayra__reader *r)
{
	struct tayra__scenario *scenario = r->into;
	int status = read_map(r, "backend", tayra__backend_knobs, &scenario->backend);
	const char *why;

	if (status != TAYRA_OK)
		return status;
	why = tayra__backend_law_fill(&scenario->backend);
	return why ? tayra__reader_refuse(r, part(r, "backend"), "%s", why) : TAYRA_OK;
}

/* A list that is not there is empty. */
static int
read_list(const struct tayra__reader *r, const char *name, size_t most,
	  int (*read)(const struct tayra__reader *r, const struct tayra__yaml *at))
{
	const struct tayra__yaml *list = part(r, name);
	int status = list ? tayra__reader_expect(r, list, TAYRA__YAML_LIST) : TAYRA_OK;
	size_t n = 0;

	for (const struct tayra__yaml *at = list ? list->first : NULL; at && status == TAYRA_OK;
	     at = at->next) {
		if (n++ == most)
			return tayra__reader_refuse(r, at, "more than %zu %s", most, name);
		status = read(r, at);
	}
	return status;
}

static int
read_load(const struct tayra__reader *r, const struct tayra__yaml *at)
{
	struct tayra__scenario *scenario = r->into;
	struct tayra__load_setting *load = &scenario->loads[scenario->load_count++];
	int status = tayra__scenario_load_read(r, at, load);

	if (status != TAYRA_OK)
		return status;
	scenario->tenants += load->tenants;
	if (scenario->tenants > TAYRA__SCENARIO_TENANTS)
		return tayra__reader_refuse(r, at, "more than %d tenants in all",
					    TAYRA__SCENARIO_TENANTS);
	return TAYRA_OK;
}

static int
read_change(const struct tayra__reader *r, const struct tayra__yaml *at)
{
	struct tayra__scenario *scenario = r->into;
	struct tayra__change_setting *change = &scenario->changes[scenario->change_count++];
	int status;

	*change = (struct tayra__change_setting){
		.speed = -1,
		.load = -1,
		.errors = -1,
		.limit_per_s = -1,
		.contention = -1,
		.coherence = -1,
	};
	status = tayra__reader_knobs(r, at, tayra__change_knobs, change, "a change");
	if (status != TAYRA_OK)
		return status;
	if (change->over_ns > TAYRA__SCENARIO_LENGTH_NS)
		return tayra__reader_refuse(r, at, "over is more than an hour");
	if (scenario->change_count > 1 && change->at_ns < change[-1].at_ns)
		return tayra__reader_refuse(r, at, "changes stand in order of time");
	return TAYRA_OK;
}

static int
read_weather(const struct tayra__reader *r)
{
	struct tayra__scenario *scenario = r->into;
	struct tayra__weather_setting *weather = &scenario->weather;

	*weather = (struct tayra__weather_setting){
		.pause_for_ns = 100 * TAYRA_NS_PER_MS,
		.slow_for_ns = TAYRA_NS_PER_S,
		.slow_to = 0.3,
		.swing_depth = 0.5,
	};
	return read_map(r, "weather", tayra__weather_knobs, weather);
}

static int
read_pace(const struct tayra__reader *r)
{
	struct tayra__scenario *scenario = r->into;
	struct tayra_pace_options *pace = &scenario->pace;
	int status = read_map(r, "pace", tayra__pacer_knobs, pace);

	if (status == TAYRA_OK && pace->limit_max > 0 && pace->limit_min > pace->limit_max)
		return tayra__reader_refuse(r, part(r, "pace"), "limit_min %g is over limit_max %g",
					    pace->limit_min, pace->limit_max);
	return status;
}

static int
check_goal(const struct tayra__reader *r, const struct tayra__yaml *at,
	   struct tayra__goal_setting *goal)
{
	struct tayra__scenario *scenario = r->into;
	struct tayra__contender contender;
	char why[400];

	if (!goal->id)
		return tayra__reader_refuse(r, at, "a goal has a name: goal: G1");
	if (isnan(goal->least) == isnan(goal->most))
		return tayra__reader_refuse(r, at, "a goal has a bar: least or most, one of them");
	if (!tayra__yaml_find(at, "from"))
		goal->from_ns = scenario->warmup_ns;
	if (!goal->to_ns)
		goal->to_ns = scenario->length_ns;
	if (goal->to_ns <= goal->from_ns || goal->to_ns > scenario->length_ns)
		return tayra__reader_refuse(r, at, "a goal's from and to lie within the length");
	if (goal->limiter &&
	    tayra__contender_read(goal->limiter, &contender, why, sizeof(why)) != TAYRA_OK)
		return tayra__reader_refuse(r, tayra__yaml_find(at, "limiter"), "'%.40s' %s",
					    goal->limiter, why);
	if (!goal->load)
		return TAYRA_OK;
	for (size_t i = 0; i < scenario->load_count; i++)
		if (strcmp(scenario->loads[i].name, goal->load) == 0)
			return TAYRA_OK;
	return tayra__reader_refuse(r, tayra__yaml_find(at, "load"), "there is no load '%.40s'",
				    goal->load);
}

/* => length and loads are known. */
static int
read_goal(const struct tayra__reader *r, const struct tayra__yaml *at)
{
	struct tayra__scenario *scenario = r->into;
	struct tayra__goal_setting *goal = &scenario->goals[scenario->goal_count++];
	int status;

	*goal = (struct tayra__goal_setting){
		.least = nan(""), .most = nan(""), .worst = nan(""), .level = 1
	};
	status = tayra__reader_knobs(r, at, tayra__goal_knobs, goal, "a goal");
	return status == TAYRA_OK ? check_goal(r, at, goal) : status;
}

static int
check_length(const struct tayra__reader *r)
{
	struct tayra__scenario *scenario = r->into;

	if (!scenario->length_ns)
		scenario->length_ns = 60 * TAYRA_NS_PER_S;
	if (scenario->length_ns > TAYRA__SCENARIO_LENGTH_NS)
		return tayra__reader_refuse(r, part(r, "length"), "length is more than an hour");
	if (!part(r, "warmup"))
		scenario->warmup_ns = scenario->length_ns / 3;
	if (scenario->warmup_ns >= scenario->length_ns)
		return tayra__reader_refuse(r, part(r, "warmup"), "warmup is as long as the whole");
	return TAYRA_OK;
}

/* The most that the backend can do, whatever becomes of it. */
static double
highest_capacity(const struct tayra__scenario *scenario)
{
	const struct tayra__weather_setting *weather = &scenario->weather;
	struct tayra__backend_shape shape = scenario->backend;
	double speed = 1, capacity;
	size_t knee;

	capacity = tayra__backend_law_capacity(&shape, &knee);
	for (size_t i = 0; i < scenario->change_count; i++) {
		tayra__weather_reshape(&shape, &scenario->changes[i]);
		capacity = fmax(capacity, tayra__backend_law_capacity(&shape, &knee));
		speed = fmax(speed, scenario->changes[i].speed);
	}
	return capacity * speed * (weather->swing_ns ? 1 + weather->swing_depth : 1);
}

/* An upper bound on how often one load asks. */
static double
requests_of(const struct tayra__load_setting *load, double seconds, double capacity, double factor)
{
	double rate = load->rate_per_s > 0 ? load->rate_per_s : load->load * capacity;
	double times = 1 + (double)load->retries;

	switch ((enum tayra__load_kind)load->kind) {
	/* Beside those that go well: who fails does not think. */
	case TAYRA__LOAD_CLOSED:
		return seconds * 1e9 * load->clients / (double)(load->backoff_ns * 32);
	case TAYRA__LOAD_SPIKE: return load->clients * times;
	case TAYRA__LOAD_REPLAY: return (double)load->moment_count * times;
	case TAYRA__LOAD_BURSTS: return seconds * rate * factor * times * load->burst;
	case TAYRA__LOAD_POISSON: break;
	}
	return seconds * rate * factor * times;
}

/* And on what a run has to do. */
static double
requests(const struct tayra__scenario *scenario)
{
	double factor = 1, smallest = 1, sum = 0, capacity;
	double seconds = (double)scenario->length_ns / 1e9;
	size_t knee;

	for (size_t i = 0; i < scenario->change_count; i++)
		factor = fmax(factor, scenario->changes[i].load);
	capacity = tayra__backend_law_capacity(&scenario->backend, &knee);
	for (size_t i = 0; i < scenario->load_count; i++) {
		sum += requests_of(&scenario->loads[i], seconds, capacity, factor);
		smallest = fmin(smallest, scenario->loads[i].size);
	}
	return sum + seconds * highest_capacity(scenario) / smallest;
}

static int
check_work(const struct tayra__reader *r)
{
	struct tayra__scenario *scenario = r->into;
	const struct tayra__yaml *loads = part(r, "loads"), *at;
	int status = TAYRA_OK;
	size_t i = 0;

	if (scenario->load_count == 0)
		return tayra__reader_refuse(r, loads, "loads: nobody asks (a list, one at least)");
	for (at = loads->first; at && status == TAYRA_OK; at = at->next, i++)
		status = tayra__scenario_load_trace(r, at, &scenario->loads[i],
						    scenario->length_ns);
	if (status == TAYRA_OK && requests(scenario) > REQUESTS_MAX)
		return tayra__reader_refuse(r, loads, "up to %.3g requests in %g s: more than %.0g",
					    requests(scenario), (double)scenario->length_ns / 1e9,
					    REQUESTS_MAX);
	return status;
}

static int
read_all(const struct tayra__reader *r)
{
	struct tayra__scenario *scenario = r->into;
	int status = tayra__reader_knobs(r, r->document->yaml, tayra__scenario_knobs, scenario,
					 "a scenario");

	if (status == TAYRA_OK)
		status = read_backend(r);
	if (status == TAYRA_OK)
		status = read_list(r, "loads", TAYRA__SCENARIO_LOADS, read_load);
	if (status == TAYRA_OK)
		status = read_list(r, "changes", TAYRA__SCENARIO_CHANGES, read_change);
	if (status == TAYRA_OK)
		status = read_weather(r);
	if (status == TAYRA_OK)
		status = read_pace(r);
	if (status == TAYRA_OK)
		status = check_length(r);
	if (status == TAYRA_OK)
		status = read_list(r, "goals", TAYRA__SCENARIO_GOALS, read_goal);
	return status == TAYRA_OK ? check_work(r) : status;
}

/* "low_knee" of "dir/low_knee.yaml". */
static void
name_it(struct tayra__scenario *scenario, const char *path)
{
	const char *slash = strrchr(path, '/');
	char *dot;

	snprintf(scenario->name, sizeof(scenario->name), "%s", slash ? slash + 1 : path);
	dot = strrchr(scenario->name, '.');
	if (dot && dot != scenario->name)
		*dot = '\0';
}

static int
read_document(struct tayra__scenario *scenario, const char *name, char *error, size_t error_len)
{
	struct tayra__reader r = { &scenario->document, scenario, error, error_len };

	name_it(scenario, name);
	scenario->pace = (struct tayra_pace_options)TAYRA_PACE_OPTIONS_INIT;
	return read_all(&r);
}

int
tayra__scenario_read(struct tayra__scenario *scenario, const char *name, const char *bytes,
		     size_t len, char *error, size_t error_len)
{
	int status = tayra__document_parse(&scenario->document, name, bytes, len, error, error_len);

	return status == TAYRA_OK ? read_document(scenario, name, error, error_len) : status;
}

static int
unknown(const char *name, char *error, size_t error_len)
{
	const char *names[NAMED_MAX + 1] = { NULL }, *near;

	for (size_t i = 0; tayra__named_scenarios[i].name && i < NAMED_MAX; i++)
		names[i] = tayra__named_scenarios[i].name;
	near = tayra__option_nearest(name, names);
	snprintf(error, error_len,
		 "no scenario '%.60s'%s%s%s (--list shows them; a file has a / or a .)", name,
		 near ? " (did you mean '" : "", near ? near : "", near ? "'?)" : "");
	return TAYRA_E_INVAL;
}

int
tayra__scenario_open(struct tayra__scenario *scenario, const char *name, char *error,
		     size_t error_len)
{
	int status;

	for (const struct tayra__named_scenario *named = tayra__named_scenarios; named->name;
	     named++)
		if (strcmp(named->name, name) == 0)
			return tayra__scenario_read(scenario, name, named->text, named->len, error,
						    error_len);
	if (!strpbrk(name, "/."))
		return unknown(name, error, error_len);
	status = tayra__document_load(&scenario->document, name, error, error_len);
	return status == TAYRA_OK ? read_document(scenario, name, error, error_len) : status;
}

void
tayra__scenario_fini(struct tayra__scenario *scenario)
{
	for (size_t i = 0; i < scenario->load_count; i++)
		tayra__mem_free(scenario->loads[i].moments);
	tayra__document_fini(&scenario->document);
}
