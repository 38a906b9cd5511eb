/* SPDX-License-Identifier: Apache-2.0
 *
 * machine.h: what the machine says, or the control group this process is in, read once for the
 * limits of all origins.  Limits look at it each at the end of its own windows, 50 ms apart: asked
 * that often, by several, a sensor would cost more and know less, since its shares are of the time
 * since whoever read last.  So all are told the same reading, a quarter of a second old at most.
 */
#ifndef TAYRA_SERVE_MACHINE_H
#define TAYRA_SERVE_MACHINE_H

#include <tayra/pace.h>

struct tayra__machine;

#define TAYRA__MACHINE_AGE_NS (250 * TAYRA_NS_PER_MS)

/* NULL options mean all defaults.  => as tayra_sensor_create(). */
int tayra__machine_open(const struct tayra_sensor_options *options, struct tayra__machine **out);
/* The same with somebody's sensor, which is borrowed.  => TAYRA_E_NOMEM. */
int tayra__machine_share(struct tayra_sensor sensor, struct tayra__machine **out);
/* After those who were given its sensor.  NULL: nothing. */
void tayra__machine_close(struct tayra__machine *machine);
/* For struct tayra_pace_options, from any thread; NULL for NULL.  It lives as long as the machine.
 */
const struct tayra_sensor *tayra__machine_sensor(const struct tayra__machine *machine);

#endif
