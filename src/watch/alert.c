/* SPDX-License-Identifier: Apache-2.0 */
#include "watch/alert.h"

#include <tayra/base.h>

#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/list.h"
#include "base/mem.h"
#include "watch/registry.h"
#include "watch/window.h"

#define SENTENCE_MAX 500

struct rule {
	struct tayra__list node;
	struct tayra__alert_rule is;
	struct tayra__watch_window window;
	uint64_t since_ns; /* the state's */
	uint64_t seen_ns;  /* the last evaluation */
	uint64_t first_ns, firing_ns;
	double worst;
	/* Read by who reads the registry; relaxed, each is a figure of its own. */
	_Atomic uint32_t state;
	_Atomic double value;
	_Atomic uint64_t fired;
};

struct tayra__alerts {
	struct tayra__registry *registry;
	struct tayra__list rules;
	size_t rule_count;
	struct tayra__reading *readings; /* two a rule: top, bottom */
	struct tayra__alert_action actions[TAYRA__ALERT_ACTIONS];
	size_t action_count;
};

/* What a rule shows of itself. */
struct shown {
	uint32_t state;
	double value;
	uint64_t fired;
};

static const struct tayra__watch_row shown_rows[] = {
	{ .name = "tayra_alert_state",
	  .sentence = "Whether the alert is inactive (0), pending (1) or firing (2)",
	  .type = TAYRA__WATCH_GAUGE,
	  .field = TAYRA__WATCH_U32,
	  .offset = offsetof(struct shown, state) },
	{ .name = "tayra_alert_value",
	  .sentence = "What the alert's rule last saw, in the units of its metrics",
	  .type = TAYRA__WATCH_GAUGE,
	  .field = TAYRA__WATCH_DOUBLE,
	  .offset = offsetof(struct shown, value) },
	{ .name = "tayra_alert_fired",
	  .sentence = "Times the alert began to fire",
	  .type = TAYRA__WATCH_COUNTER,
	  .field = TAYRA__WATCH_U64,
	  .offset = offsetof(struct shown, fired) },
};

static void
show(void *ctx, void *snapshot)
{
	struct rule *rule = ctx;
	struct shown shown = {
		atomic_load_explicit(&rule->state, memory_order_relaxed),
		atomic_load_explicit(&rule->value, memory_order_relaxed),
		atomic_load_explicit(&rule->fired, memory_order_relaxed),
	};

	memcpy(snapshot, &shown, sizeof(shown));
}

static const struct tayra__watch_table shown_table = {
	.rows = shown_rows,
	.row_count = sizeof(shown_rows) / sizeof(shown_rows[0]),
	.instance_label = "alert",
	.snapshot_bytes = sizeof(struct shown),
	.read = show,
};

int
tayra__alerts_create(struct tayra__registry *registry, struct tayra__alerts **out)
{
	*out = tayra__mem_alloc(sizeof(**out));
	if (!*out)
		return TAYRA_E_NOMEM;
	(*out)->registry = registry;
	tayra__list_init(&(*out)->rules);
	return TAYRA_OK;
}

void
tayra__alerts_destroy(struct tayra__alerts *alerts)
{
	struct tayra__list *node;

	if (!alerts)
		return;
	while ((node = tayra__list_pop_front(&alerts->rules)))
		tayra__mem_free(TAYRA__LIST_ENTRY(node, struct rule, node));
	tayra__mem_free(alerts->readings);
	tayra__mem_free(alerts);
}

/* => TAYRA_OK, TAYRA_E_NOT_FOUND; TAYRA_E_INVAL: not a counter though it must be. */
static int
check_reading(struct tayra__alerts *alerts, const struct tayra__reading *reading, bool counter)
{
	const struct tayra__watch_row *row = reading->metric
						     ? tayra__registry_find(alerts->registry,
									    reading->metric)
						     : NULL;

	if (!row)
		return TAYRA_E_NOT_FOUND;
	if (!(reading->quantile >= 0 && reading->quantile <= 1) || !(reading->over >= 0))
		return TAYRA_E_INVAL;
	if (reading->of != TAYRA__READING_VALUE && row->type != TAYRA__WATCH_HISTOGRAM)
		return TAYRA_E_INVAL;
	return counter && !tayra__reading_is_counter(reading, row) ? TAYRA_E_INVAL : TAYRA_OK;
}

static int
check_rule(struct tayra__alerts *alerts, const struct tayra__alert_rule *rule)
{
	bool counter = rule->window_ns > 0;
	int status;

	if (!tayra__watch_name_ok(rule->name) || !rule->sentence ||
	    strlen(rule->sentence) > SENTENCE_MAX || rule->when > TAYRA__ALERT_BELOW ||
	    !isfinite(rule->threshold) || !isfinite(rule->hysteresis) || rule->hysteresis < 0)
		return TAYRA_E_INVAL;
	if (rule->long_window_ns && (!counter || rule->long_window_ns <= rule->window_ns))
		return TAYRA_E_INVAL;
	status = check_reading(alerts, &rule->top, counter);
	if (status == TAYRA_OK && rule->bottom.metric)
		status = check_reading(alerts, &rule->bottom, counter);
	return status;
}

int
tayra__alerts_add_rule(struct tayra__alerts *alerts, const struct tayra__alert_rule *given)
{
	int status = check_rule(alerts, given);
	struct tayra__reading *readings;
	struct rule *rule;

	if (status < 0)
		return status;
	readings = tayra__mem_resize(alerts->readings,
				     (alerts->rule_count + 1) * 2 * sizeof(*readings));
	if (!readings)
		return TAYRA_E_NOMEM;
	alerts->readings = readings;
	rule = tayra__mem_alloc(sizeof(*rule));
	if (!rule)
		return TAYRA_E_NOMEM;
	rule->is = *given;
	rule->value = rule->worst = (double)NAN;
	tayra__watch_window_init(&rule->window,
				 given->long_window_ns ? given->long_window_ns : given->window_ns);
	status = tayra__registry_add_table(alerts->registry, &shown_table, given->name, rule);
	if (status < 0) {
		tayra__mem_free(rule);
		return status;
	}
	readings[alerts->rule_count * 2] = given->top;
	readings[alerts->rule_count * 2 + 1] = given->bottom.metric ? given->bottom : given->top;
	alerts->rule_count++;
	tayra__list_push_back(&alerts->rules, &rule->node);
	return TAYRA_OK;
}

int
tayra__alerts_add_action(struct tayra__alerts *alerts, const struct tayra__alert_action *action)
{
	if (alerts->action_count == TAYRA__ALERT_ACTIONS)
		return TAYRA_E_FULL;
	alerts->actions[alerts->action_count++] = *action;
	return TAYRA_OK;
}

/* NaN when not known: no traffic is no evidence. */
static double
value_over(const struct rule *rule, struct tayra__watch_point now, uint64_t length_ns)
{
	struct tayra__watch_point growth = tayra__watch_window_growth(&rule->window, now,
								      length_ns);

	if (growth.at_ns == 0)
		return (double)NAN;
	if (!rule->is.bottom.metric)
		return growth.top * (double)TAYRA_NS_PER_S / (double)growth.at_ns;
	return growth.bottom > 0 ? growth.top / growth.bottom : (double)NAN;
}

static bool
beyond(const struct tayra__alert_rule *rule, double value, double threshold)
{
	return rule->when == TAYRA__ALERT_ABOVE ? value > threshold : value < threshold;
}

/* What the rule sees now, and whether it holds. */
static double
look(struct rule *rule, struct tayra__watch_point now, bool *holds)
{
	const struct tayra__alert_rule *is = &rule->is;
	double value;

	if (is->window_ns == 0) {
		value = !is->bottom.metric ? now.top
			: now.bottom > 0   ? now.top / now.bottom
					   : (double)NAN;
	} else {
		if (isnan(now.top) || isnan(now.bottom)) {
			*holds = false;
			return (double)NAN;
		}
		tayra__watch_window_add(&rule->window, now);
		value = value_over(rule, now, is->window_ns);
	}
	*holds = beyond(is, value, is->threshold);
	if (*holds && is->long_window_ns)
		*holds = beyond(is, value_over(rule, now, is->long_window_ns), is->threshold);
	return value;
}

/* Not beyond the threshold less the hysteresis any more. */
static bool
is_back(const struct tayra__alert_rule *rule, double value)
{
	double edge = rule->when == TAYRA__ALERT_ABOVE ? rule->threshold - rule->hysteresis
						       : rule->threshold + rule->hysteresis;

	return !isnan(value) && !beyond(rule, value, edge);
}

static enum tayra__alert_state
next_state(const struct rule *rule, double value, bool holds, uint64_t now_ns)
{
	switch ((enum tayra__alert_state)rule->state) {
	case TAYRA__ALERT_INACTIVE:
		if (!holds)
			return TAYRA__ALERT_INACTIVE;
		return rule->is.for_ns == 0 ? TAYRA__ALERT_FIRING : TAYRA__ALERT_PENDING;
	case TAYRA__ALERT_PENDING:
		if (!holds)
			return TAYRA__ALERT_INACTIVE;
		return now_ns - rule->since_ns >= rule->is.for_ns ? TAYRA__ALERT_FIRING
								  : TAYRA__ALERT_PENDING;
	case TAYRA__ALERT_FIRING:
	default: return is_back(&rule->is, value) ? TAYRA__ALERT_INACTIVE : TAYRA__ALERT_FIRING;
	}
}

static size_t
describe(const struct rule *rule, bool firing, uint64_t held_ns, uint64_t wall_ms, char *text,
	 size_t size)
{
	uint64_t held_ms = held_ns / TAYRA_NS_PER_MS;
	FILE *out = fmemopen(text, size, "w");
	struct tayra__json json;
	long len;
	int status;

	if (!out)
		return 0;
	tayra__json_init(&json, out, TAYRA__JSON_LINE);
	tayra__json_object(&json, NULL);
	tayra__json_string(&json, "format", "tayra-alert-1");
	tayra__json_string(&json, "alert", rule->is.name);
	tayra__json_string(&json, "state", firing ? "firing" : "resolved");
	tayra__json_string(&json, "sentence", rule->is.sentence);
	tayra__json_string(&json, "metric", rule->is.top.metric);
	tayra__json_double(&json, "value", rule->value, 17);
	tayra__json_string(&json, "when", rule->is.when == TAYRA__ALERT_ABOVE ? "above" : "below");
	tayra__json_double(&json, "threshold", rule->is.threshold, 17);
	tayra__json_double(&json, "held_s", (double)held_ns / (double)TAYRA_NS_PER_S, 6);
	tayra__json_u64(&json, "since_ms", held_ms < wall_ms ? wall_ms - held_ms : 0);
	tayra__json_u64(&json, "time_ms", wall_ms);
	tayra__json_end(&json);
	status = tayra__json_finish(&json);
	len = ftell(out);
	fclose(out);
	return status == TAYRA_OK && len > 0 ? (size_t)len : 0;
}

static void
tell(struct tayra__alerts *alerts, const struct rule *rule, bool firing, uint64_t held_ns,
     uint64_t now_ns, uint64_t wall_ms)
{
	char text[TAYRA__ALERT_JSON_MAX];
	size_t len = describe(rule, firing, held_ns, wall_ms, text, sizeof(text));

	for (size_t i = 0; len > 0 && i < alerts->action_count; i++)
		if (rule->is.tells == 0 || rule->is.tells >> i & 1)
			alerts->actions[i].send(alerts->actions[i].ctx, text, len, now_ns);
}

/* What happened since the last evaluation, in the state that was. */
static void
record(struct rule *rule, double value, bool fires, uint64_t now_ns)
{
	bool fired = rule->state == TAYRA__ALERT_FIRING;

	if (fired)
		rule->firing_ns += now_ns - rule->seen_ns;
	rule->seen_ns = now_ns;
	if (fires && !rule->first_ns)
		rule->first_ns = now_ns;
	if (fires && !isnan(value) && (isnan(rule->worst) || beyond(&rule->is, value, rule->worst)))
		rule->worst = value;
}

static void
move(struct tayra__alerts *alerts, struct rule *rule, struct tayra__watch_point now,
     uint64_t wall_ms)
{
	enum tayra__alert_state was = rule->state, is;
	uint64_t held_ns = was == TAYRA__ALERT_INACTIVE ? 0 : now.at_ns - rule->since_ns;
	bool holds;
	double value = look(rule, now, &holds);

	atomic_store_explicit(&rule->value, value, memory_order_relaxed);
	is = next_state(rule, value, holds, now.at_ns);
	record(rule, value, is == TAYRA__ALERT_FIRING, now.at_ns);
	if (is == was)
		return;
	atomic_store_explicit(&rule->state, is, memory_order_relaxed);
	rule->since_ns = now.at_ns;
	if (is == TAYRA__ALERT_FIRING)
		atomic_fetch_add_explicit(&rule->fired, 1, memory_order_relaxed);
	if (is == TAYRA__ALERT_FIRING || was == TAYRA__ALERT_FIRING)
		tell(alerts, rule, is == TAYRA__ALERT_FIRING, held_ns, now.at_ns, wall_ms);
}

void
tayra__alerts_evaluate(struct tayra__alerts *alerts, uint64_t now_ns, uint64_t wall_ms)
{
	struct tayra__list *node = alerts->rules.next;

	tayra__readings_take(alerts->registry, alerts->readings, alerts->rule_count * 2);
	for (size_t i = 0; node != &alerts->rules; node = node->next, i++) {
		struct tayra__watch_point now = { now_ns, alerts->readings[i * 2].value,
						  alerts->readings[i * 2 + 1].value };

		move(alerts, TAYRA__LIST_ENTRY(node, struct rule, node), now, wall_ms);
	}
	for (size_t i = 0; i < alerts->action_count; i++)
		if (alerts->actions[i].tick)
			alerts->actions[i].tick(alerts->actions[i].ctx, now_ns);
}

bool
tayra__alerts_record(const struct tayra__alerts *alerts, size_t i, struct tayra__alert_record *out)
{
	const struct tayra__list *node = alerts->rules.next;
	const struct rule *rule;

	while (node != &alerts->rules && i--)
		node = node->next;
	if (node == &alerts->rules)
		return false;
	rule = TAYRA__LIST_ENTRY(node, const struct rule, node);
	*out = (struct tayra__alert_record){
		.rule = &rule->is,
		.state = (enum tayra__alert_state)atomic_load_explicit(&rule->state,
								       memory_order_relaxed),
		.fired = atomic_load_explicit(&rule->fired, memory_order_relaxed),
		.first_ns = rule->first_ns,
		.firing_ns = rule->firing_ns,
		.worst = rule->worst,
	};
	return true;
}

enum tayra__alert_state
tayra__alerts_state(const struct tayra__alerts *alerts, const char *name)
{
	const struct tayra__list *node = alerts->rules.next;

	for (; node != &alerts->rules; node = node->next) {
		const struct rule *rule = TAYRA__LIST_ENTRY(node, const struct rule, node);

		if (strcmp(rule->is.name, name) == 0)
			return (enum tayra__alert_state)atomic_load_explicit(&rule->state,
									     memory_order_relaxed);
	}
	return TAYRA__ALERT_INACTIVE;
}
