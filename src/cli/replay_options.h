/* SPDX-License-Identifier: Apache-2.0
 *
 * replay_options.h: what `tayra replay` was asked to do.
 */
#ifndef TAYRA_CLI_REPLAY_OPTIONS_H
#define TAYRA_CLI_REPLAY_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/capacity.h"
#include "sim/replay.h"
#include "sim/trace.h"

#define TAYRA__REPLAY_LIST_MAX 64

enum tayra__replay_cost {
	TAYRA__REPLAY_COST_AUTO,   /* the column where there is one */
	TAYRA__REPLAY_COST_COLUMN, /* cost_ms, which must be there */
	TAYRA__REPLAY_COST_NONE,
	TAYRA__REPLAY_COST_SIZE, /* by a model of sim/price.h */
	TAYRA__REPLAY_COST_KEY,
};

struct tayra__replay_choice {
	char text[64];                   /* as written */
	struct tayra__capacity capacity; /* of a capacity */
	bool looks_ahead;                /* of a policy */
};

struct tayra__replay_list {
	struct tayra__replay_choice items[TAYRA__REPLAY_LIST_MAX];
	size_t count;
};

struct tayra__replay_command {
	const char *name; /* "tayra replay" */
	const char *traces[TAYRA__REPLAY_LIST_MAX];
	size_t trace_count;
	struct tayra__replay_list policies, capacities;
	enum tayra__sizes sizes;
	enum tayra__engine engine;
	enum tayra__trace_format format;
	enum tayra__replay_cost cost;
	enum tayra__objective objective;
	uint64_t limit; /* rows; 0: all */
	uint64_t seed;
	const char *report; /* NULL: none */
	bool json;
	bool predict, patterns;  /* instead of policies; not both */
	uint64_t horizon_rows;   /* 0: see horizon_ns */
	uint64_t horizon_ns;     /* 0: as --predict chooses */
	unsigned options_seen;   /* while parsing: by key, as bits */
	const char *policy_text; /* while parsing: engine and policies come in any order */
};

/* => 0 or TAYRA__EXIT_USAGE, after one line on stderr.  Exits 0 for --help. */
int tayra__replay_options_parse(int argc, char **argv, struct tayra__replay_command *out);

/* The other things to do with traces: => an exit code, which was explained. */
int tayra__replay_predict(const struct tayra__replay_command *command);
int tayra__replay_patterns(const struct tayra__replay_command *command);

#endif
