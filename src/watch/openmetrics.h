/* SPDX-License-Identifier: Apache-2.0
 *
 * openmetrics.h: everything in a registry as OpenMetrics 1.0 text, as Prometheus reads it
 * (prometheus/OpenMetrics, specification/OpenMetrics.md).
 */
#ifndef TAYRA_WATCH_OPENMETRICS_H
#define TAYRA_WATCH_OPENMETRICS_H

#include <stdio.h>

struct tayra__registry;

#define TAYRA__OPENMETRICS_TYPE "application/openmetrics-text; version=1.0.0; charset=utf-8"

/*
 * A histogram's buckets end where powers of two of what it keeps begin, so that they are counted
 * exactly: le is 2^n - 1, scaled.
 * => TAYRA_OK.  TAYRA_E_IO: not all was written.
 */
int tayra__openmetrics_write(struct tayra__registry *registry, FILE *out);

#endif
