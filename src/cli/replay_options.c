/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/replay_options.h"

#include <tayra/base.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/option.h"
#include "cli/arguments.h"
#include "cli/command.h"
#include "sim/exact.h"

/* Past the characters: there are no short options. */
enum key {
	POLICY = 256,
	CAPACITY,
	SIZES,
	ENGINE,
	OBJECTIVE,
	COST,
	FORMAT,
	LIMIT,
	SEED,
	REPORT,
	JSON,
	PREDICT,
	HORIZON,
	PATTERNS,
};

static const struct argp_option options[] = {
	{ "policy", POLICY, "P[,P...]", 0,
	  "fifo lru s3fifo tayra belady, or belady-bypass, the floor at unit sizes; the cache "
	  "engine has lru, s3fifo and tayra",
	  0 },
	{ "capacity", CAPACITY, "C[,C...]", 0,
	  "a share of the distinct keys or of their bytes (0.1%, at most 100%), objects (1000, "
	  "unit "
	  "sizes) or bytes (64M, real sizes)",
	  0 },
	{ "sizes", SIZES, "real|unit", 0,
	  "count bytes, or every object as 1; default: real where the trace has sizes", 0 },
	{ "engine", ENGINE, "exact|cache", 0,
	  "textbook policies without overhead (default), or the production cache", 0 },
	{ "objective", OBJECTIVE, "requests|bytes|cost", 0,
	  "what tayra should save: misses (default), missed bytes, or missed cost; the others have "
	  "no objective",
	  0 },
	/* A longer name of the argument is torn apart by glibc's argp 2.36. */
	{ "cost", COST, "FROM", 0,
	  "what a miss costs: column (the trace's cost_ms; default where it is there), none "
	  "(nothing), size (1 ms and 1 ms for every 10 KiB) or key (lognormal by key, median 5 ms, "
	  "sigma 1.5)",
	  0 },
	{ "format", FORMAT, "auto|csv|oraclegeneral|twitter", 0,
	  "of the traces; default: by their first bytes", 0 },
	{ "limit", LIMIT, "N", 0, "replay the first N rows only", 0 },
	{ "seed", SEED, "N", 0, "of the cache engine's key hash and of tayra's draws (default 1)",
	  0 },
	{ "report", REPORT, "FILE", 0, "also write a page of HTML with the miss ratio curves", 0 },
	{ "predict", PREDICT, NULL, 0,
	  "instead: how well the next use of a key is foreseen, beside simpler ways", 0 },
	{ "horizon", HORIZON, "N|DURATION", 0,
	  "of --predict: used again within N requests or a time of the trace (90s, 2h); default: a "
	  "fiftieth of the rows, at least 100",
	  0 },
	{ "patterns", PATTERNS, NULL, 0,
	  "instead: how keys are used (hot keys, keys used once, scans, ..) and what to do about "
	  "it",
	  0 },
	{ "json", JSON, NULL, 0, "one JSON object a line instead of a table", 0 },
	{ 0 },
};

/* The names of the policies an engine has, ended by NULL. */
static void
policy_names(enum tayra__engine engine, const char *names[16])
{
	size_t count = 0;
	bool looks_ahead;

	for (size_t i = 0; tayra__exact_policies[i] && count < 15; i++)
		if (tayra__replay_knows(engine, tayra__exact_policies[i]->name, &looks_ahead))
			names[count++] = tayra__exact_policies[i]->name;
	names[count] = NULL;
}

/* Cuts a comma list; says what is wrong with it. */
static int
read_list(const char *command, const char *option, const char *text,
	  struct tayra__replay_list *list)
{
	const char *item;
	size_t len;

	list->count = 0;
	while (tayra__option_list_next(&text, &item, &len)) {
		struct tayra__replay_choice *choice = &list->items[list->count];

		if (list->count == TAYRA__REPLAY_LIST_MAX) {
			tayra__cli_error(command, "%s takes at most %d", option,
					 TAYRA__REPLAY_LIST_MAX);
			return EINVAL;
		}
		if (len == 0 || len >= sizeof(choice->text)) {
			tayra__cli_error(command, "%s has an element that is %s", option,
					 len ? "too long" : "empty");
			return EINVAL;
		}
		memcpy(choice->text, item, len);
		choice->text[len] = '\0';
		list->count++;
	}
	return 0;
}

static int
read_capacities(struct tayra__replay_command *command, const char *text)
{
	if (read_list(command->name, "--capacity", text, &command->capacities))
		return EINVAL;
	for (size_t i = 0; i < command->capacities.count; i++) {
		struct tayra__replay_choice *choice = &command->capacities.items[i];
		const char *why;

		if (tayra__capacity_parse(choice->text, strlen(choice->text), &choice->capacity,
					  &why)) {
			tayra__cli_error(command->name, "capacity '%s' %s", choice->text, why);
			return EINVAL;
		}
	}
	return 0;
}

static int
read_policies(struct tayra__replay_command *command)
{
	const char *option = command->engine == TAYRA__ENGINE_CACHE ? "--engine cache: policy"
								    : "policy";
	const char *names[16];

	policy_names(command->engine, names);
	if (read_list(command->name, "--policy", command->policy_text, &command->policies))
		return EINVAL;
	for (size_t i = 0; i < command->policies.count; i++) {
		struct tayra__replay_choice *choice = &command->policies.items[i];

		if (tayra__cli_choice(command->name, option, choice->text, names) < 0)
			return EINVAL;
		tayra__replay_knows(command->engine, choice->text, &choice->looks_ahead);
	}
	return 0;
}

static int
read_number(const struct tayra__replay_command *command, const char *option, const char *text,
	    uint64_t min, uint64_t *out)
{
	if (tayra__option_u64(text, min, UINT64_MAX, out) == TAYRA_OK)
		return 0;
	tayra__cli_error(command->name, "%s '%s' is not a whole number of at least %u", option,
			 text, (unsigned)min);
	return EINVAL;
}

/* An option whose value is one of a few words. */
static int
read_choice(struct tayra__replay_command *command, int key, const char *text)
{
	static const char *const sizes[] = { "auto", "unit", "real", NULL };
	static const char *const engines[] = { "exact", "cache", NULL };
	static const char *const objectives[] = { "requests", "bytes", "cost", NULL };
	static const char *const costs[] = { "auto", "column", "none", "size", "key", NULL };
	const char *const *names = key == SIZES       ? sizes + 1
				   : key == ENGINE    ? engines
				   : key == OBJECTIVE ? objectives
				   : key == COST      ? costs + 1
						      : tayra__trace_format_names;
	const char *option = key == SIZES       ? "--sizes"
			     : key == ENGINE    ? "--engine"
			     : key == OBJECTIVE ? "--objective"
			     : key == COST      ? "--cost"
						: "--format";
	int choice = tayra__cli_choice(command->name, option, text, names);

	if (choice < 0)
		return EINVAL;
	if (key == SIZES)
		command->sizes = (enum tayra__sizes)(choice + 1);
	else if (key == ENGINE)
		command->engine = (enum tayra__engine)choice;
	else if (key == OBJECTIVE)
		command->objective = (enum tayra__objective)choice;
	else if (key == COST)
		command->cost = (enum tayra__replay_cost)(choice + 1);
	else if (key == FORMAT)
		command->format = (enum tayra__trace_format)choice;
	return 0;
}

static int
add_trace(struct tayra__replay_command *command, const char *path)
{
	for (size_t i = 0; i < command->trace_count; i++)
		if (strcmp(path, "-") == 0 && strcmp(command->traces[i], "-") == 0) {
			tayra__cli_error(command->name, "standard input can be read once only");
			return EINVAL;
		}
	if (command->trace_count == TAYRA__REPLAY_LIST_MAX) {
		tayra__cli_error(command->name, "at most %d traces at once",
				 TAYRA__REPLAY_LIST_MAX);
		return EINVAL;
	}
	command->traces[command->trace_count++] = path;
	return 0;
}

static int
read_horizon(struct tayra__replay_command *command, const char *text)
{
	if (tayra__option_u64(text, 1, UINT64_MAX / 4, &command->horizon_rows) == TAYRA_OK)
		return 0;
	if (tayra__option_duration_ns(text, &command->horizon_ns) == TAYRA_OK &&
	    command->horizon_ns >= TAYRA_NS_PER_US)
		return 0;
	tayra__cli_error(command->name,
			 "horizon '%s' is neither a number of requests nor a time such as 90s",
			 text);
	return EINVAL;
}

/* Options that say how policies are replayed have no meaning for the other two. */
static int
check_other(const struct tayra__replay_command *command)
{
	const char *what = command->predict ? "--predict" : "--patterns";

	if (command->predict && command->patterns) {
		tayra__cli_error(command->name, "--predict and --patterns do not go together");
		return EINVAL;
	}
	for (const struct argp_option *option = options; option->name; option++) {
		if (option->key >= FORMAT && option->key != REPORT)
			continue;
		if (!(command->options_seen >> (option->key - POLICY) & 1))
			continue;
		tayra__cli_error(command->name, "%s replays no policies and takes no --%s", what,
				 option->name);
		return EINVAL;
	}
	if (command->trace_count > 0)
		return 0;
	tayra__cli_error(command->name, "no trace given (see %s --help)", command->name);
	return EINVAL;
}

/* What only the whole command line can tell. */
static int
check(struct tayra__replay_command *command)
{
	bool no_trace = command->trace_count == 0, no_policy = !command->policy_text;
	bool no_capacity = command->capacities.count == 0;

	if ((command->horizon_rows || command->horizon_ns) && !command->predict) {
		tayra__cli_error(command->name, "--horizon is of --predict");
		return EINVAL;
	}
	if (command->predict || command->patterns)
		return check_other(command);
	if (no_trace || no_policy || no_capacity) {
		tayra__cli_error(command->name, "%s%s%s%s%s (see %s --help)",
				 no_trace ? "no trace given" : "",
				 no_trace && no_policy ? ", " : "",
				 no_policy ? "--policy is missing" : "",
				 (no_trace || no_policy) && no_capacity ? ", " : "",
				 no_capacity ? "--capacity is missing" : "", command->name);
		return EINVAL;
	}
	return read_policies(command);
}

static error_t
parse(int key, char *text, struct argp_state *state)
{
	struct tayra__replay_command *command = state->input;

	if (key >= POLICY && key <= PATTERNS)
		command->options_seen |= 1u << (key - POLICY);
	switch (key) {
	case POLICY: command->policy_text = text; return 0;
	case CAPACITY: return read_capacities(command, text);
	case SIZES:
	case ENGINE:
	case OBJECTIVE:
	case COST:
	case FORMAT: return read_choice(command, key, text);
	case LIMIT: return read_number(command, "--limit", text, 1, &command->limit);
	case SEED: return read_number(command, "--seed", text, 0, &command->seed);
	case REPORT: command->report = text; return 0;
	case JSON: command->json = true; return 0;
	case PREDICT: command->predict = true; return 0;
	case HORIZON: return read_horizon(command, text);
	case PATTERNS: command->patterns = true; return 0;
	case ARGP_KEY_ARG: return add_trace(command, text);
	case ARGP_KEY_END: return check(command);
	default: return ARGP_ERR_UNKNOWN;
	}
}

int
tayra__replay_options_parse(int argc, char **argv, struct tayra__replay_command *out)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse,
		.args_doc = "TRACE...",
		.doc = "Replay traces of requests through eviction policies and print how many "
		       "miss."
		       "\vTRACE is CSV with a header line (time_s,key,size_bytes and optionally "
		       "ttl_s,op,cost_ms; keys are unsigned numbers), libCacheSim oracleGeneral or "
		       "Twitter cluster CSV, plain or zstd; - is standard input, which is kept in "
		       "memory, so that belady works on it too.  Every row is a get, then a put on "
		       "a miss, except op delete.",
	};

	*out = (struct tayra__replay_command){ .name = argv[0], .seed = 1 };
	return tayra__cli_parse(&argp, argc, argv, out);
}
