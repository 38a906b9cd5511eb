/* SPDX-License-Identifier: Apache-2.0
 *
 * options.h: what the caller gave, checked, with defaults filled in.
 */
#ifndef TAYRA_PACE_OPTIONS_H
#define TAYRA_PACE_OPTIONS_H

#include "pace/limit.h"

/* given may be NULL: all defaults.  queue_max comes out as a number, 0 for no queue;
 * codel_target_ns stays 0 for the default rule.  => TAYRA_OK, TAYRA_E_INVAL. */
int tayra__options_read(const struct tayra_pace_options *given, struct tayra_pace_options *out);
struct tayra__limit tayra__options_limit(const struct tayra_pace_options *options);

#endif
