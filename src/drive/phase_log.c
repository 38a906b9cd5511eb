/* SPDX-License-Identifier: Apache-2.0 */
#include "drive/phase_log.h"

#include <math.h>

#include "base/mem.h"

int
tayra__phase_log_init(struct tayra__phase_log *log)
{
	*log = (struct tayra__phase_log){ .slice = tayra__mem_array(TAYRA__PHASE_LOG_MAX,
								    sizeof(*log->slice)) };
	return log->slice ? TAYRA_OK : TAYRA_E_NOMEM;
}

void
tayra__phase_log_fini(struct tayra__phase_log *log)
{
	tayra__mem_free(log->slice);
	*log = (struct tayra__phase_log){ .slice = NULL };
}

static bool
alike(const struct tayra__phase_slice *a, const struct tayra__phase_slice *b)
{
	return a->phase == b->phase && a->ramp == b->ramp;
}

static bool
worse(const struct tayra__phase_slice *a, const struct tayra__phase_slice *b)
{
	return isnan(b->p99_ms) || a->p99_ms > b->p99_ms;
}

/* About half as many; slices that have no neighbour of their kind stay. */
static void
halve(struct tayra__phase_log *log)
{
	size_t kept = 0;

	for (size_t i = 0; i < log->count; i++) {
		struct tayra__phase_slice one = log->slice[i];
		const struct tayra__phase_slice *next = &log->slice[i + 1];

		if (i + 1 < log->count && alike(&one, next)) {
			const uint64_t start_ns = one.start_ns;
			const uint64_t length_ns = one.length_ns + next->length_ns;

			if (!worse(&one, next))
				one = *next;
			one.start_ns = start_ns;
			one.length_ns = length_ns;
			i++;
		}
		log->slice[kept++] = one;
	}
	log->count = kept;
}

void
tayra__phase_log_add(struct tayra__phase_log *log, const struct tayra__phase_slice *slice,
		     const struct tayra__drive_result *result)
{
	const double seconds = (double)result->length_ns / 1e9;
	struct tayra__phase_slice *to;

	if (log->count == TAYRA__PHASE_LOG_MAX)
		halve(log);
	/* As many phases as slices: the figures of the phases have to do. */
	if (log->count == TAYRA__PHASE_LOG_MAX)
		return;
	to = &log->slice[log->count++];
	*to = *slice;
	to->length_ns = result->length_ns;
	to->offered_per_s = seconds > 0 ? (double)result->offered / seconds : nan("");
	to->ok_per_s = seconds > 0 ? (double)result->ok / seconds : nan("");
	to->p50_ms = to->p99_ms = nan("");
	tayra__spread_of(&result->latency, &to->spread);
	if (!result->latency.count)
		return;
	to->p50_ms = (double)tayra__hist_quantile(&result->latency, 0.5) / 1e6;
	to->p99_ms = (double)tayra__hist_quantile(&result->latency, 0.99) / 1e6;
}

const struct tayra__phase_slice *
tayra__phase_log_of(const struct tayra__phase_log *log, uint32_t phase, size_t *count)
{
	size_t first = 0, end;

	while (first < log->count && (log->slice[first].phase != phase || log->slice[first].ramp))
		first++;
	for (end = first; end < log->count && log->slice[end].phase == phase; end++)
		continue;
	*count = end - first;
	return log->slice + first;
}
