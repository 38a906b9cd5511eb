/* SPDX-License-Identifier: Apache-2.0
 *
 * phases_report.c: what a test in phases found, in one word and as JSON.
 */
#include "drive/phases.h"

#include <math.h>

const char *
tayra__phase_name(enum tayra__phase_kind kind)
{
	static const char *const names[] = { "warmup", "baseline", "load", "stress", "recovery" };

	return names[kind];
}

const char *
tayra__phase_verdict_name(enum tayra__phase_verdict verdict)
{
	static const char *const names[] = { "met", "failed", "invalid", "stopped" };

	return names[verdict];
}

enum tayra__phase_verdict
tayra__phases_verdict(const struct tayra__phases *phases)
{
	enum tayra__phase_verdict worst = TAYRA__PHASE_MET;

	if (phases->stopped || !phases->count)
		return TAYRA__PHASE_STOPPED;
	if (!phases->steady)
		return TAYRA__PHASE_INVALID;
	for (size_t i = 0; i < phases->count; i++)
		if (phases->phase[i].kind != TAYRA__PHASE_STRESS &&
		    phases->phase[i].verdict > worst)
			worst = phases->phase[i].verdict;
	return worst;
}

static void
write_phase(struct tayra__json *json, const struct tayra__phase *phase)
{
	tayra__json_object(json, NULL);
	tayra__json_string(json, "phase", tayra__phase_name(phase->kind));
	tayra__json_string(json, "verdict", tayra__phase_verdict_name(phase->verdict));
	tayra__json_string(json, "failed", phase->failed);
	tayra__json_double(json, "failed_s",
			   phase->verdict == TAYRA__PHASE_FAILED ? (double)phase->failed_ns / 1e9
								 : (double)NAN,
			   6);
	tayra__json_double(json, "planned_per_s", phase->rate_per_s, 6);
	tayra__json_double(json, "start_s", (double)phase->start_ns / 1e9, 6);
	tayra__json_double(json, "length_s", (double)phase->length_ns / 1e9, 6);
	tayra__json_u64(json, "slices", phase->slices);
	tayra__load_figures_json(json, "metrics", &phase->figures);
	tayra__json_end(json);
}

void
tayra__phases_json(struct tayra__json *json, const char *key, const struct tayra__phases *phases)
{
	tayra__json_object(json, key);
	tayra__json_string(json, "verdict",
			   tayra__phase_verdict_name(tayra__phases_verdict(phases)));
	tayra__json_bool(json, "steady", phases->steady);
	tayra__json_double(json, "best_per_s", phases->best_per_s, 6);
	tayra__json_double(json, "calm_ms", phases->calm_ms, 6);
	if (phases->recovery_ns == UINT64_MAX)
		tayra__json_null(json, "recovery_s");
	else
		tayra__json_double(json, "recovery_s", (double)phases->recovery_ns / 1e9, 6);
	tayra__json_array(json, "phases");
	for (size_t i = 0; i < phases->count; i++)
		write_phase(json, &phases->phase[i]);
	tayra__json_end(json);
	tayra__json_end(json);
}
