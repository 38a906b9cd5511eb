/* SPDX-License-Identifier: Apache-2.0
 *
 * pace_plots.h: what happened in runs of a scenario over time, drawn side by side.
 */
#ifndef TAYRA_CLI_PACE_PLOTS_H
#define TAYRA_CLI_PACE_PLOTS_H

#include "report/sheet.h"
#include "sim/scenario.h"
#include "sim/meter.h"

struct tayra__pace_series {
	char name[32];
	uint64_t bucket_ns;
	struct tayra__meter_bucket buckets[TAYRA__METER_BUCKETS];
};

/* => TAYRA_OK, TAYRA_E_NOMEM. */
int tayra__pace_plots(const struct tayra__scenario *scenario,
		      const struct tayra__pace_series *series, size_t count,
		      struct tayra__sheet *sheet);

#endif
