/* SPDX-License-Identifier: Apache-2.0
 *
 * snapshot.h: everything in a registry as one JSON object:
 *
 *     {"format":"tayra-metrics-1","time_ms":..,
 *      "headlines":[{"title":..,"sentence":..,"unit":..,"value":..,"top":..,"bottom":..}],
 *      "metrics":[{"name":..,"type":..,"unit":..,"sentence":..,"samples":[
 *        {"labels":{..},"value":..} or, of a histogram,
 *        {"labels":{..},"count":..,"sum":..,"min":..,"max":..,"mean":..,
 *         "p50":..,"p90":..,"p99":..,"p999":..}]}]}
 *
 * Names are the rows' own: a counter's has no "_total".  What is not known is null, as are all but
 * count and sum of an empty histogram.  The format's number grows when a member changes its meaning
 * or goes; members may be added.
 */
#ifndef TAYRA_WATCH_SNAPSHOT_H
#define TAYRA_WATCH_SNAPSHOT_H

#include <stdint.h>
#include <stdio.h>

#include "watch/headline.h"

struct tayra__registry;

/* wall_ms: Unix time to print.  => TAYRA_OK.  TAYRA_E_IO: not all was written. */
int tayra__snapshot_write(struct tayra__registry *registry, const struct tayra__headline *headlines,
			  size_t headline_count, uint64_t wall_ms, FILE *out);

#endif
