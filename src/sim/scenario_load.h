/* SPDX-License-Identifier: Apache-2.0
 *
 * scenario_load.h: one of a scenario's loads, out of its mapping.
 */
#ifndef TAYRA_SIM_SCENARIO_LOAD_H
#define TAYRA_SIM_SCENARIO_LOAD_H

#include "config/reader.h"
#include "sim/scenario.h"

/* Into zeroed memory.  => TAYRA_OK, TAYRA_E_INVAL, TAYRA_E_NOMEM. */
int tayra__scenario_load_read(const struct tayra__reader *r, const struct tayra__yaml *map,
			      struct tayra__load_setting *load);
/* What a replay replays, up to that length; for any other load nothing.  => as before. */
int tayra__scenario_load_trace(const struct tayra__reader *r, const struct tayra__yaml *map,
			       struct tayra__load_setting *load, uint64_t length_ns);

#endif
