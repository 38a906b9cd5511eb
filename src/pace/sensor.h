/* SPDX-License-Identifier: Apache-2.0
 *
 * sensor.h: reading the text of /proc.  Pure: text in, numbers out, and no byte of it is trusted.
 */
#ifndef TAYRA_PACE_SENSOR_H
#define TAYRA_PACE_SENSOR_H

#include "pace/psi.h"

#include <tayra/pace.h>

/* Time all processors have spent since boot, in clock ticks. */
struct tayra__sensor_cpu {
	uint64_t busy, total; /* busy <= total: all but idle and iowait */
};

/* Of /proc/stat, which need not be whole: the "cpu" line of proc(5).  The text is not terminated.
 * => TAYRA_OK; TAYRA_E_CORRUPT with *out untouched. */
int tayra__sensor_parse_stat(const char *text, size_t len, struct tayra__sensor_cpu *out);

/* Of /proc/meminfo: 1 - MemAvailable / MemTotal, in 0..1.  As above. */
int tayra__sensor_parse_meminfo(const char *text, size_t len, double *out);

/* MemTotal of /proc/meminfo, in KiB.  As above. */
int tayra__sensor_parse_total(const char *text, size_t len, uint64_t *out);

/* Put what is known of stalls into *out. */
void tayra__sensor_stalls(struct tayra__psi *psi, uint64_t now_ns, struct tayra_pressure *out);

/* As tayra_sensor_proc_create(), with another folder for /proc. */
int tayra__sensor_machine(const char *proc, struct tayra_sensor *out);

#endif
