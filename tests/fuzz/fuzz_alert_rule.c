/* SPDX-License-Identifier: Apache-2.0
 *
 * An alert's rule as text: any text gives a rule whose numbers are in range and whose strings lie
 * in it, or one line that says why not.
 */
#include "watch/rule.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void
check_text(const struct tayra__alert_text *text, const char *part)
{
	if (part < text->words || part > text->words + TAYRA__ALERT_TEXT_MAX)
		abort();
}

static void
check_rule(const struct tayra__alert_text *text)
{
	const struct tayra__alert_rule *rule = &text->rule;

	check_text(text, rule->top.metric);
	if (rule->bottom.metric)
		check_text(text, rule->bottom.metric);
	if (!isfinite(rule->threshold) || !(rule->hysteresis >= 0) ||
	    !(rule->top.quantile >= 0 && rule->top.quantile <= 1) || !(rule->top.over >= 0) ||
	    !isfinite(rule->top.over))
		abort();
	if (rule->long_window_ns && rule->long_window_ns <= rule->window_ns)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct tayra__alert_text got;
	char text[1024], why[128] = "";
	size_t len = size < sizeof(text) - 1 ? size : sizeof(text) - 1;

	memcpy(text, data, len);
	text[len] = '\0';
	if (tayra__alert_text_parse("me", text, NULL, &got, why, sizeof(why)) == 0)
		check_rule(&got);
	else if (!why[0])
		abort();
	return 0;
}
