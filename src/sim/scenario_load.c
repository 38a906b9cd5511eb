/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/scenario_load.h"

#include "sim/moments.h"
#include "sim/scenario_knobs.h"

#define DELAY_MAX_NS (24 * 3600 * TAYRA_NS_PER_S)

static bool
has_rate(const struct tayra__load_setting *load)
{
	return load->kind == TAYRA__LOAD_POISSON || load->kind == TAYRA__LOAD_BURSTS;
}

/* A setting of another kind of load is a mistake, not a wish. */
static int
check_kind(const struct tayra__reader *r, const struct tayra__yaml *map,
	   const struct tayra__load_setting *load)
{
	const int kind = load->kind;
	const struct {
		const char *name;
		bool fits;
		const char *kinds;
	} rows[] = {
		{ "rate", has_rate(load), "poisson or bursts" },
		{ "load", has_rate(load), "poisson or bursts" },
		{ "group", has_rate(load), "poisson or bursts" },
		{ "clients", kind == TAYRA__LOAD_CLOSED || kind == TAYRA__LOAD_SPIKE,
		  "closed or spike" },
		{ "think", kind == TAYRA__LOAD_CLOSED, "closed" },
		{ "retries", kind != TAYRA__LOAD_CLOSED, "open; a closed one always tries again" },
		{ "burst", kind == TAYRA__LOAD_BURSTS, "bursts" },
		{ "burst_every", kind == TAYRA__LOAD_BURSTS, "bursts" },
		{ "burst_for", kind == TAYRA__LOAD_BURSTS, "bursts" },
		{ "trace", kind == TAYRA__LOAD_REPLAY, "replay" },
		{ "faster", kind == TAYRA__LOAD_REPLAY, "replay" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct tayra__yaml *at = tayra__yaml_find(map, rows[i].name);

		if (at && !rows[i].fits)
			return tayra__reader_refuse(r, at, "%s belongs to a load whose kind is %s",
						    rows[i].name, rows[i].kinds);
	}
	if (load->rate_per_s > 0 && load->load > 0)
		return tayra__reader_refuse(r, map, "rate and load say the same: give one of them");
	if (load->kind == TAYRA__LOAD_REPLAY && !load->trace)
		return tayra__reader_refuse(r, map, "a replay needs its trace");
	return TAYRA_OK;
}

static int
check_times(const struct tayra__reader *r, const struct tayra__yaml *map,
	    const struct tayra__load_setting *load)
{
	const struct {
		const char *name;
		uint64_t ns;
	} rows[] = { { "think", load->think_ns },     { "from", load->from_ns },
		     { "until", load->until_ns },     { "deadline", load->deadline_ns },
		     { "timeout", load->timeout_ns }, { "backoff", load->backoff_ns } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (rows[i].ns > DELAY_MAX_NS)
			return tayra__reader_refuse(r, tayra__yaml_find(map, rows[i].name),
						    "%s is more than a day", rows[i].name);
	if (load->until_ns && load->until_ns <= load->from_ns)
		return tayra__reader_refuse(r, tayra__yaml_find(map, "until"),
					    "until is not after from");
	return TAYRA_OK;
}

static void
fill(struct tayra__load_setting *load)
{
	if (!load->cls)
		load->cls = TAYRA_NORMAL;
	if (!load->name)
		load->name = tayra_class_name((enum tayra_class)load->cls);
	if (!load->clients)
		load->clients = 200;
	if (load->rate_per_s <= 0 && load->load <= 0)
		load->load = 1;
	if (!load->until_ns)
		load->until_ns = UINT64_MAX;
	if (!load->backoff_ns)
		load->backoff_ns = 10 * TAYRA_NS_PER_MS;
	if (!load->burst_every_ns)
		load->burst_every_ns = 5 * TAYRA_NS_PER_S;
	if (!load->burst_for_ns)
		load->burst_for_ns = 500 * TAYRA_NS_PER_MS;
}

int
tayra__scenario_load_read(const struct tayra__reader *r, const struct tayra__yaml *map,
			  struct tayra__load_setting *load)
{
	int status;

	load->group = load->tenants = load->cost = 1;
	load->size = load->faster = 1;
	load->burst = 5;
	load->heeds = true;
	status = tayra__reader_knobs(r, map, tayra__load_knobs, load, "a load");
	if (status == TAYRA_OK)
		status = check_kind(r, map, load);
	if (status == TAYRA_OK)
		status = check_times(r, map, load);
	load->has_tenants = tayra__yaml_find(map, "tenants");
	if (status == TAYRA_OK)
		fill(load);
	return status;
}

int
tayra__scenario_load_trace(const struct tayra__reader *r, const struct tayra__yaml *map,
			   struct tayra__load_setting *load, uint64_t length_ns)
{
	char why[400];
	int status;

	if (load->kind != TAYRA__LOAD_REPLAY)
		return TAYRA_OK;
	status = tayra__moments_read(load->trace, load->faster, length_ns, &load->moments,
				     &load->moment_count, why, sizeof(why));
	if (status == TAYRA_E_NOMEM)
		return tayra__reader_no_memory(r);
	if (status == TAYRA_OK)
		return TAYRA_OK;
	return tayra__reader_refuse(r, tayra__yaml_find(map, "trace"), "%s", why);
}
