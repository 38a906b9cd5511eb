/* SPDX-License-Identifier: Apache-2.0
 *
 * load_figures.h: what a stretch of load amounted to: slices in, figures out.  Not thread-safe.
 */
#ifndef TAYRA_DRIVE_LOAD_FIGURES_H
#define TAYRA_DRIVE_LOAD_FIGURES_H

#include "base/json.h"
#include "drive/drive.h"
#include "drive/process_use.h"

/* NaN: not known, null in JSON. */
struct tayra__load_figures {
	uint64_t offered, ok, errors; /* errors: all that were not answered well in time */
	double rate_per_s;            /* offered */
	double throughput_per_s;      /* answered well in time */
	double error_ratio;
	double mean_ms, p50_ms, p95_ms, p99_ms, p999_ms, max_ms; /* of all that was offered */
	double service_p50_ms, service_p99_ms; /* from sent, of what was answered well */
	double lag_p99_ms;
	double cpu_mean, cpu_max; /* of the target, in processors; max: of a slice */
	double memory_mean_mib, memory_peak_mib, memory_growth_mib; /* growth: last less first */
	/*
	 * How evenly it answered: 1 - min(1, s / m), where m is the median of the slices' median
	 * latencies and s their median absolute deviation times 1.4826 (for normal noise the
	 * standard deviation).  1: every slice alike.  Needs three slices.
	 */
	double stability;
	double efficiency; /* answered well in time per second of the target's processor time */
	/*
	 * The share that can be relied on to be answered well: the lower end of Wilson's 95%
	 * interval (JASA 22, 1927) of ok among offered.  Below 1 even without an error, and the
	 * less the fewer there were: 10 of 10 are 0.72, 10,000 of 10,000 are 0.9996.
	 */
	double reliability;
};

struct tayra__load_account {
	struct tayra__hist latency, lag, service; /* ns */
	uint64_t offered, ok, length_ns;
	double *medians_ns; /* of slices in which anything was offered */
	size_t medians, room;
	uint64_t cpu_ns, cpu_length_ns; /* of slices for which it is known */
	double cpu_max, rss_sum;
	uint64_t rss_first, rss_last, rss_peak;
	size_t readings;
};

void tayra__load_account_init(struct tayra__load_account *account);
void tayra__load_account_fini(struct tayra__load_account *account);
/* from, to: of the target, before and after the slice; NULL: not known.
 * => TAYRA_OK; TAYRA_E_NOMEM with the account as it was. */
int tayra__load_account_add(struct tayra__load_account *account,
			    const struct tayra__drive_result *slice,
			    const struct tayra__process_use *from,
			    const struct tayra__process_use *to);
void tayra__load_account_figures(const struct tayra__load_account *account,
				 struct tayra__load_figures *out);
/* As an object. */
void tayra__load_figures_json(struct tayra__json *json, const char *key,
			      const struct tayra__load_figures *figures);

/* The median of n values and their median absolute deviation times 1.4826, with room for n in
 * `work`.  NaN when n is 0. */
void tayra__load_spread(const double *values, size_t n, double *work, double *median,
			double *deviation);

#endif
