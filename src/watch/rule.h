/* SPDX-License-Identifier: Apache-2.0
 *
 * rule.h: an alert's rule as people write it, in one line:
 *
 *     tayra_command_errors / tayra_commands over 5m and 1h burns 14.4 slo 99.9%
 *     above 50ms tayra_turn_seconds / count tayra_turn_seconds over 30m and 6h burns 6 slo 99%
 *     p99 tayra_turn_seconds > 50ms for 1m
 *     tayra_memory_used_bytes / tayra_memory_max_bytes > 0.95 back 0.05 for 30s
 *     least tayra_limit{origin=db} < 2 for 5m
 *
 *     READING [/ READING] [over DURATION [and DURATION]] > or < NUMBER [back NUMBER] [for DURATION]
 *     READING / READING over DURATION [and DURATION] burns FACTOR slo PERCENT% [..]
 *
 * A reading is a metric's name without "_total", with {label=value,..} where only some of its
 * samples are meant; several add up, or "most" or "least" before it takes that one; "p50" to
 * "p99.9" before it takes that quantile of a histogram, which is otherwise read as its mean;
 * "count" before it how many values that has, "above 0.05" or "above 50ms" how many beyond. "over"
 * counts what counters grew by; "back" is the hysteresis; a time (50ms) stands for seconds.
 * "burns 14.4 slo 99.9%" is
 * "> 0.0144": the share that may fail is used up 14.4 times as fast as it may be.  What it all
 * means: alert.h.  Pure.
 */
#ifndef TAYRA_WATCH_RULE_H
#define TAYRA_WATCH_RULE_H

#include "watch/alert.h"

#define TAYRA__ALERT_TEXT_MAX 480 /* bytes of a rule's text and of a sentence */

/* The rule's strings point into this: it must stay where it is. */
struct tayra__alert_text {
	struct tayra__alert_rule rule;
	char name[64];
	char sentence[TAYRA__ALERT_TEXT_MAX + 1];
	char words[TAYRA__ALERT_TEXT_MAX + 1]; /* the text, cut to pieces */
};

/*
 * sentence NULL: the text itself.  Whether the metrics are there is found out when the rule is
 * added.
 * => TAYRA_OK; TAYRA_E_INVAL: why completes a line that begins with the rule's name.
 */
int tayra__alert_text_parse(const char *name, const char *text, const char *sentence,
			    struct tayra__alert_text *out, char *why, size_t why_len);

#endif
