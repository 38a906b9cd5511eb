/* SPDX-License-Identifier: Apache-2.0
 *
 * phase_log.h: what each slice of a load test showed, in bounded memory: when there are more than
 * fit, of two neighbours of a phase the one with the higher p99 stays for both.
 */
#ifndef TAYRA_DRIVE_PHASE_LOG_H
#define TAYRA_DRIVE_PHASE_LOG_H

#include "drive/drive.h"
#include "prove/spread.h"

#include <stddef.h>

#define TAYRA__PHASE_LOG_MAX 2048

struct tayra__phase_slice {
	uint32_t phase;               /* its number */
	bool ramp;                    /* of no phase's figures */
	uint64_t start_ns, length_ns; /* of the test's load */
	double rate_per_s;            /* asked for, at its end */
	double offered_per_s, ok_per_s;
	double p50_ms, p99_ms; /* NaN: nothing was offered */
	struct tayra__spread spread;
};

struct tayra__phase_log {
	struct tayra__phase_slice *slice; /* [TAYRA__PHASE_LOG_MAX] */
	size_t count;
};

/* => TAYRA_OK, TAYRA_E_NOMEM. */
int tayra__phase_log_init(struct tayra__phase_log *log);
void tayra__phase_log_fini(struct tayra__phase_log *log);
/* slice: phase, ramp, start and rate are filled in; the rest comes from the result. */
void tayra__phase_log_add(struct tayra__phase_log *log, const struct tayra__phase_slice *slice,
			  const struct tayra__drive_result *result);
/* The slices of a phase that are of its figures: the first, and how many. */
const struct tayra__phase_slice *tayra__phase_log_of(const struct tayra__phase_log *log,
						     uint32_t phase, size_t *count);

#endif
