/* SPDX-License-Identifier: Apache-2.0
 *
 * settings.h: what `tayra serve` is told, by a configuration file and by the command line, which
 * wins.  Knobs are rows (knob.h); the tables are here for whoever prints a reference.
 *
 *     create -> set, for each option of the command line -> read -> open -> a server -> destroy
 */
#ifndef TAYRA_SERVE_SETTINGS_H
#define TAYRA_SERVE_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "config/document.h"
#include "config/reader.h"
#include "serve/alerting.h"
#include "serve/feeding.h"
#include "serve/loading.h"
#include "serve/machine.h"
#include "serve/route.h"
#include "serve/server.h"

#define TAYRA__PASSWORD_MAX 512

/* Of the server: also options of the command line, but for the last five, which are what follows.
 */
extern const struct tayra__knob tayra__server_knobs[];
extern const struct tayra__knob tayra__origin_knobs[];
extern const struct tayra__knob tayra__limit_knobs[];
extern const struct tayra__knob tayra__feed_knobs[];
extern const struct tayra__knob tayra__route_knobs[];
extern const struct tayra__knob tayra__learn_knobs[];
extern const struct tayra__knob tayra__alert_knobs[];

struct tayra__limit_setting {
	uint32_t fixed; /* 0: adaptive */
	uint32_t min, max, start;
	uint64_t target_ns;
	struct tayra_pace_options options; /* all else */
};

/* One origin, however many routes ask it. */
struct tayra__origin_setting {
	const char *name, *sqlite, *postgres, *redis, *http; /* one of the four */
	struct tayra__limit_setting limit;
	struct tayra__feed_setting feed;
	const char **headers; /* ended by NULL; or NULL */
	const char *ca_file, *proxy;
	uint64_t connect_timeout_ns;
	uint32_t max_redirects;
	bool max_age;
	const struct tayra__yaml *at;
	struct tayra_pace *pace; /* once open */
};

struct tayra__route_setting {
	const char *keys, *origin, *query, *version, *table, *batch, *path, *write, *tags;
	int shape, cls;
	uint64_t ttl_ms, stale_ms, soft_timeout_ns, timeout_ns, max_bytes;
	uint64_t absent_ttl_ms, error_ttl_ms;
	double refresh_at;
	uint32_t max_rows, threads, batch_keys, pipeline, cost;
	uint64_t batch_window_ns;
	const struct tayra__yaml *at;
	struct tayra__origin_setting *source;
};

/* What is learned of keys.  Modes are of enum tayra_feature_mode, preset is one more than its. */
struct tayra__learn_setting {
	const struct tayra__yaml *at; /* NULL: nothing */
	int preset, ttl_learning, prefetch_refresh, prefetch_successors, prefetch_changed,
		prefetch_periodic, predictor, patterns;
	double staleness_budget, staleness_samples;
	uint64_t ttl_min_ms, ttl_max_ms, learning_bytes;
	uint32_t known_keys;
	struct tayra_strategy strategy; /* of all that */
};

struct tayra__settings {
	struct tayra__server_options server; /* complete once open */
	int policy, objective, learning;
	int sensor; /* 0: limits look at the machine, 1: they do not */
	const char *admin, *password, *password_file, *warm;

	struct tayra__document document; /* what was read, if anything was */
	struct tayra__origin_setting *origins;
	struct tayra__route_setting *routes;
	size_t origin_count, route_count;
	struct tayra_strategy loads; /* what `loads` says of times, else 0 */
	struct tayra__learn_setting learn;
	struct tayra__alerting alerting;
	struct tayra__feeding feeding;
	struct tayra_sensor_options machine_at; /* for who has another */
	/* Once open: */
	struct tayra__machine *machine; /* NULL: nothing is known of it */
	struct tayra__route *open_routes;
	struct tayra_pace **paces;
	const char **pace_names;
	uint32_t *pace_threads;
	size_t open_count, pace_count;

	uint64_t given; /* a bit for each of tayra__server_knobs that the command line gave */
};

void tayra__settings_init(struct tayra__settings *settings);
/* Closes what is open: after the server. */
void tayra__settings_fini(struct tayra__settings *settings);

/* From the command line.  => as tayra__knob_set(). */
int tayra__settings_set(struct tayra__settings *settings, const struct tayra__knob *knob,
			const char *text, char *why, size_t why_len);

/*
 * Read a configuration, once; `name` is what errors call it, and paths in it are as seen from its
 * folder.  => TAYRA_E_INVAL, TAYRA_E_NOMEM, TAYRA_E_UNSUPPORTED: `error` is one line, with
 * "NAME:LINE:COLUMN: " where that is known.
 */
int tayra__settings_read(struct tayra__settings *settings, const char *name, const char *bytes,
			 size_t len, char *error, size_t error_len);
/* The same from a file.  => also TAYRA_E_IO. */
int tayra__settings_load(struct tayra__settings *settings, const char *path, char *error,
			 size_t error_len);

/*
 * Open the origins, and read the password's file.  => TAYRA_OK, and `note` has a line for each
 * origin that does not answer yet; else as read.
 */
int tayra__settings_open(struct tayra__settings *settings, char *error, size_t error_len,
			 char *note, size_t note_len);

/* The routes, a line each. */
void tayra__settings_describe(const struct tayra__settings *settings, FILE *out);

/* Whose configuration is being read. */
static inline struct tayra__settings *
tayra__settings_of(const struct tayra__reader *r)
{
	return r->into;
}

#endif
