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
/* What was given, of whatever size, without defaults.  It was read before. */
void tayra__options_copy(const struct tayra_pace_options *given, struct tayra_pace_options *out);
/* Move the limit within its bounds, if they leave any room. */
void tayra__options_keep_within(struct tayra_pace_options *given);
struct tayra__limit tayra__options_limit(const struct tayra_pace_options *options);
/* An existing limit keeps to these options from now on; another limiter begins where it is. */
void tayra__options_steer(const struct tayra_pace_options *options, struct tayra__limit *limit);

#endif
