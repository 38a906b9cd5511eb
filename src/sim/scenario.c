/* SPDX-License-Identifier: Apache-2.0
 *
 * scenario.c: from a tree of YAML, row by row; then the checks that no row can make alone.
 */
#include "sim/scenario.h"

#include "base/option.h"
#include "config/reader.h"
#include "sim/named_scenarios.h"
#include "sim/scenario_knobs.h"

#include <stdio.h>
#include <string.h>

#define REQUESTS_MAX 2e8 /* of a run */
#define NAMED_MAX    64

static int
read_map(const struct tayra__reader *r, const char *name, const struct tayra__knob *table,
	 void *object)
{
	struct tayra__scenario *scenario = r->into;
	const struct tayra__yaml *map = tayra__yaml_find(scenario->document.yaml, name);

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
	if (!why)
		return TAYRA_OK;
	return tayra__reader_refuse(r, tayra__yaml_find(scenario->document.yaml, "backend"), "%s",
				    why);
}

static int
read_load(const struct tayra__reader *r, const struct tayra__yaml *map,
	  struct tayra__load_setting *load)
{
	int status = tayra__reader_knobs(r, map, tayra__load_knobs, load, "a load");

	if (status != TAYRA_OK)
		return status;
	if (load->rate_per_s > 0 && load->load > 0)
		return tayra__reader_refuse(r, map, "rate and load say the same: give one of them");
	if (load->kind == TAYRA__LOAD_CLOSED && (load->rate_per_s > 0 || load->load > 0))
		return tayra__reader_refuse(
			r, map, "a closed load has clients, and no rate (kind: poisson)");
	if (load->kind != TAYRA__LOAD_CLOSED && load->clients)
		return tayra__reader_refuse(r, map, "only a closed load has clients");
	if (!load->cls)
		load->cls = TAYRA_NORMAL;
	if (!load->name)
		load->name = tayra_class_name((enum tayra_class)load->cls);
	if (load->kind == TAYRA__LOAD_CLOSED && !load->clients)
		load->clients = 200;
	if (load->rate_per_s <= 0 && load->load <= 0)
		load->load = 1;
	if (!load->backoff_ns)
		load->backoff_ns = 10 * TAYRA_NS_PER_MS;
	return TAYRA_OK;
}

static int
read_loads(const struct tayra__reader *r)
{
	struct tayra__scenario *scenario = r->into;
	const struct tayra__yaml *list = tayra__yaml_find(scenario->document.yaml, "loads");
	int status = list ? tayra__reader_expect(r, list, TAYRA__YAML_LIST) : TAYRA_OK;

	if (status != TAYRA_OK)
		return status;
	if (!list || !list->first)
		return tayra__reader_refuse(r, list, "loads: nobody asks (a list, one at least)");
	for (const struct tayra__yaml *at = list->first; at && status == TAYRA_OK; at = at->next) {
		if (scenario->load_count == TAYRA__SCENARIO_LOADS)
			return tayra__reader_refuse(r, at, "more than %d loads",
						    TAYRA__SCENARIO_LOADS);
		status = read_load(r, at, &scenario->loads[scenario->load_count++]);
	}
	return status;
}

static int
check_length(const struct tayra__reader *r)
{
	struct tayra__scenario *scenario = r->into;
	const struct tayra__yaml *root = scenario->document.yaml;
	double capacity, per_s, seconds;
	size_t knee;

	if (!scenario->length_ns)
		scenario->length_ns = 60 * TAYRA_NS_PER_S;
	if (scenario->length_ns > TAYRA__SCENARIO_LENGTH_NS)
		return tayra__reader_refuse(r, tayra__yaml_find(root, "length"),
					    "length is more than an hour");
	if (!tayra__yaml_find(root, "warmup"))
		scenario->warmup_ns = scenario->length_ns / 3;
	if (scenario->warmup_ns >= scenario->length_ns)
		return tayra__reader_refuse(r, tayra__yaml_find(root, "warmup"),
					    "warmup is as long as the whole");
	per_s = capacity = tayra__backend_law_capacity(&scenario->backend, &knee);
	for (size_t i = 0; i < scenario->load_count; i++) {
		const struct tayra__load_setting *load = &scenario->loads[i];

		if (load->kind != TAYRA__LOAD_CLOSED)
			per_s += load->rate_per_s > 0 ? load->rate_per_s : load->load * capacity;
	}
	seconds = (double)scenario->length_ns / 1e9;
	if (per_s * seconds > REQUESTS_MAX)
		return tayra__reader_refuse(r, tayra__yaml_find(root, "loads"),
					    "about %.3g requests in %g s: more than %.0g",
					    per_s * seconds, seconds, REQUESTS_MAX);
	return TAYRA_OK;
}

static int
read_all(const struct tayra__reader *r)
{
	struct tayra__scenario *scenario = r->into;
	int status = tayra__reader_knobs(r, scenario->document.yaml, tayra__scenario_knobs,
					 scenario, "a scenario");

	if (status == TAYRA_OK)
		status = read_backend(r);
	if (status == TAYRA_OK)
		status = read_loads(r);
	if (status == TAYRA_OK)
		status = read_map(r, "pace", tayra__pacer_knobs, &scenario->pace);
	if (status == TAYRA_OK)
		status = check_length(r);
	return status;
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
	tayra__document_fini(&scenario->document);
}
