/* SPDX-License-Identifier: Apache-2.0
 *
 * alert.h: rules over readings, and what is done when one begins or ceases to hold.
 *
 *     inactive -> pending -> firing -> inactive
 *
 * A rule holds when its value is beyond the threshold; it is pending until it has held for for_ns
 * without a break, then it fires.  It stops firing once the value is back across the threshold by
 * the hysteresis, and only on evidence: a value that is not known ends a pending rule, not a firing
 * one.  Actions hear of the beginning and of the end.
 *
 * The value is a reading, or one over another; with a window it is what counters grew by in it:
 * per second, or over what the other grew by.  With a long window too, the rule must hold over
 * both: burn rates (Google, The Site Reliability Workbook, ch. 5: 14.4 x 0.001 over 5 m and 1 h).
 * How many of a histogram's values there were, or were above a bound, are counters as well, so that
 * a latency has an error budget like anything else.
 *
 * One thread adds rules and evaluates; time is an argument.  The states are metrics (below), and
 * those any thread may read.
 */
#ifndef TAYRA_WATCH_ALERT_H
#define TAYRA_WATCH_ALERT_H

#include "watch/reading.h"

struct tayra__alerts;
struct tayra__registry;

enum tayra__alert_state { TAYRA__ALERT_INACTIVE, TAYRA__ALERT_PENDING, TAYRA__ALERT_FIRING };
enum tayra__alert_when { TAYRA__ALERT_ABOVE, TAYRA__ALERT_BELOW };

/* Strings are borrowed for as long as the alerts live. */
struct tayra__alert_rule {
	const char *name;     /* spelt as a metric's */
	const char *sentence; /* for whom it wakes, at most 500 bytes */
	struct tayra__reading top;
	struct tayra__reading bottom; /* metric NULL: top alone */
	uint64_t window_ns;           /* 0: as they stand.  Else top and bottom are counters */
	uint64_t long_window_ns;      /* 0: none; else over window_ns */
	enum tayra__alert_when when;
	double threshold;
	double hysteresis; /* >= 0 */
	uint64_t for_ns;
	uint32_t tells; /* a bit for each action, in the order they are added; 0: all */
};

/* Somebody to tell: a program (exec.h) or a server (webhook.h). */
struct tayra__alert_action {
	/* One JSON object, borrowed: {"format":"tayra-alert-1","alert":..,"state":"firing" or
	 * "resolved","sentence":..,"metric":..,"value":..,"when":"above","threshold":..,
	 * "held_s":..,"since_ms":..,"time_ms":..}; held_s: how long it was pending or firing,
	 * since_ms: from when on. */
	void (*send)(void *ctx, const char *json, size_t len, uint64_t now_ns);
	void (*tick)(void *ctx, uint64_t now_ns); /* with every evaluation; may be NULL */
	void *ctx;
};

#define TAYRA__ALERT_ACTIONS 8
#define TAYRA__ALERT_NOBODY  (1u << TAYRA__ALERT_ACTIONS) /* for `tells` */
/* No object an action is sent is longer. */
#define TAYRA__ALERT_JSON_MAX 4096

/*
 * Rules and their states in a registry.  Destroy the registry first: it reads the states.
 * Metrics: tayra_alert_state (0 inactive, 1 pending, 2 firing), tayra_alert_value,
 * tayra_alert_fired, all with label "alert".
 * => TAYRA_OK, TAYRA_E_NOMEM.
 */
int tayra__alerts_create(struct tayra__registry *registry, struct tayra__alerts **out);
void tayra__alerts_destroy(struct tayra__alerts *alerts);
/* => TAYRA_OK.  TAYRA_E_INVAL: a name that is badly spelt or there, a sentence too long, a number
 *    out of range, a window over what is not a counter, a count of what is no histogram.
 * TAYRA_E_NOT_FOUND: no such metric. TAYRA_E_FULL: 256 rules.  TAYRA_E_NOMEM. */
int tayra__alerts_add_rule(struct tayra__alerts *alerts, const struct tayra__alert_rule *rule);
/* => TAYRA_OK, TAYRA_E_FULL. */
int tayra__alerts_add_action(struct tayra__alerts *alerts,
			     const struct tayra__alert_action *action);
/*
 * Read the registry, move every rule, tell the actions.  now_ns never goes back; wall_ms is Unix
 * time to print.  Call it every second or so: windows are resolved to a hundredth of the longest.
 */
void tayra__alerts_evaluate(struct tayra__alerts *alerts, uint64_t now_ns, uint64_t wall_ms);
/* What became of a rule so far. */
struct tayra__alert_record {
	const struct tayra__alert_rule *rule;
	enum tayra__alert_state state;
	uint64_t fired;     /* times it began to */
	uint64_t first_ns;  /* when it first did, on the clock of now_ns; 0: never */
	uint64_t firing_ns; /* in all, up to the last evaluation */
	double worst;       /* the value farthest beyond the threshold while it fired; NaN: none */
};
/* Of the rule added as number i, from 0 on; false: there is none.  The evaluating thread. */
bool tayra__alerts_record(const struct tayra__alerts *alerts, size_t i,
			  struct tayra__alert_record *out);
/* INACTIVE when there is no such rule.  Any thread. */
enum tayra__alert_state tayra__alerts_state(const struct tayra__alerts *alerts, const char *name);

#endif
