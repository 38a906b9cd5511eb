/* SPDX-License-Identifier: Apache-2.0
 *
 * scenario_knobs.h: everything that can stand in a scenario file.
 */
#ifndef TAYRA_SIM_SCENARIO_KNOBS_H
#define TAYRA_SIM_SCENARIO_KNOBS_H

#include "base/knob.h"

extern const struct tayra__knob tayra__scenario_knobs[]; /* of struct tayra__scenario */
extern const struct tayra__knob tayra__backend_knobs[];  /* of struct tayra__backend_shape */
extern const struct tayra__knob tayra__load_knobs[];     /* of struct tayra__load_setting */
extern const struct tayra__knob tayra__change_knobs[];   /* of struct tayra__change_setting */
extern const struct tayra__knob tayra__weather_knobs[];  /* of struct tayra__weather_setting */
extern const struct tayra__knob tayra__goal_knobs[];     /* of struct tayra__goal_setting */
extern const struct tayra__knob tayra__pacer_knobs[];    /* of struct tayra_pace_options */

#endif
