/* SPDX-License-Identifier: Apache-2.0 */
#include "drive/load_figures.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "stat/proportion.h"
#include "stat/quantile.h"

#define MIB     1048576.0
#define UNKNOWN ((double)NAN)

void
tayra__load_account_init(struct tayra__load_account *account)
{
	memset(account, 0, sizeof(*account));
	tayra__hist_init(&account->latency);
	tayra__hist_init(&account->lag);
	tayra__hist_init(&account->service);
}

void
tayra__load_account_fini(struct tayra__load_account *account)
{
	tayra__mem_free(account->medians_ns);
	account->medians_ns = NULL;
	account->medians = account->room = 0;
}

/* Twice the room, for the spread needs as much again to work in. */
static int
make_room(struct tayra__load_account *account)
{
	size_t room = account->room ? 2 * account->room : 64;
	double *medians;

	if (account->medians < account->room)
		return TAYRA_OK;
	medians = tayra__mem_resize(account->medians_ns, 2 * room * sizeof(*medians));
	if (!medians)
		return TAYRA_E_NOMEM;
	account->medians_ns = medians;
	account->room = room;
	return TAYRA_OK;
}

static void
add_use(struct tayra__load_account *account, uint64_t length_ns,
	const struct tayra__process_use *from, const struct tayra__process_use *to)
{
	uint64_t cpu = to->cpu_ns > from->cpu_ns ? to->cpu_ns - from->cpu_ns : 0;

	if (!account->readings++)
		account->rss_first = account->rss_peak = from->rss_bytes;
	account->rss_last = to->rss_bytes;
	account->rss_sum += (double)to->rss_bytes;
	if (to->rss_bytes > account->rss_peak)
		account->rss_peak = to->rss_bytes;
	account->cpu_ns += cpu;
	account->cpu_length_ns += length_ns;
	if (length_ns)
		account->cpu_max = fmax(account->cpu_max, (double)cpu / (double)length_ns);
}

int
tayra__load_account_add(struct tayra__load_account *account,
			const struct tayra__drive_result *slice,
			const struct tayra__process_use *from, const struct tayra__process_use *to)
{
	int status = make_room(account);

	if (status)
		return status;
	tayra__hist_merge(&account->latency, &slice->latency);
	tayra__hist_merge(&account->lag, &slice->lag);
	tayra__hist_merge(&account->service, &slice->service);
	account->offered += slice->offered;
	account->ok += slice->ok;
	account->length_ns += slice->length_ns;
	if (slice->latency.count)
		account->medians_ns[account->medians++] = (double)tayra__hist_quantile(
			&slice->latency, 0.5);
	if (from && to)
		add_use(account, slice->length_ns, from, to);
	return TAYRA_OK;
}

void
tayra__load_spread(const double *values, size_t n, double *work, double *median, double *deviation)
{
	for (size_t i = 0; i < n; i++)
		work[i] = values[i];
	*median = tayra__quantile_median(work, n);
	for (size_t i = 0; i < n; i++)
		work[i] = fabs(values[i] - *median);
	*deviation = 1.4826 * tayra__quantile_median(work, n);
}

static double
stability(const struct tayra__load_account *a)
{
	double median, deviation;

	if (a->medians < 3)
		return UNKNOWN;
	tayra__load_spread(a->medians_ns, a->medians, a->medians_ns + a->room, &median, &deviation);
	if (deviation <= 0)
		return 1;
	return 1 - fmin(1, deviation / median);
}

static double
reliability(double ok, double n)
{
	double lo, hi;

	tayra__proportion_wilson(ok, n, &lo, &hi);
	return lo;
}

static double
ratio(double above, double below)
{
	return below > 0 ? above / below : UNKNOWN;
}

static double
quantile_ms(const struct tayra__hist *hist, double q)
{
	return hist->count ? (double)tayra__hist_quantile(hist, q) / 1e6 : UNKNOWN;
}

void
tayra__load_account_figures(const struct tayra__load_account *a, struct tayra__load_figures *out)
{
	double seconds = (double)a->length_ns / 1e9, cpu_s = (double)a->cpu_ns / 1e9;
	bool known = a->readings > 0;

	*out = (struct tayra__load_figures){
		.offered = a->offered,
		.ok = a->ok,
		.errors = a->offered - a->ok,
		.rate_per_s = ratio((double)a->offered, seconds),
		.throughput_per_s = ratio((double)a->ok, seconds),
		.error_ratio = ratio((double)(a->offered - a->ok), (double)a->offered),
		.mean_ms = a->latency.count ? tayra__hist_mean(&a->latency) / 1e6 : UNKNOWN,
		.p50_ms = quantile_ms(&a->latency, 0.5),
		.p95_ms = quantile_ms(&a->latency, 0.95),
		.p99_ms = quantile_ms(&a->latency, 0.99),
		.p999_ms = quantile_ms(&a->latency, 0.999),
		.max_ms = quantile_ms(&a->latency, 1),
		.service_p50_ms = quantile_ms(&a->service, 0.5),
		.service_p99_ms = quantile_ms(&a->service, 0.99),
		.lag_p99_ms = quantile_ms(&a->lag, 0.99),
		.cpu_mean = known ? ratio(cpu_s, (double)a->cpu_length_ns / 1e9) : UNKNOWN,
		.cpu_max = known ? a->cpu_max : UNKNOWN,
		.memory_mean_mib = known ? a->rss_sum / (double)a->readings / MIB : UNKNOWN,
		.memory_peak_mib = known ? (double)a->rss_peak / MIB : UNKNOWN,
		.memory_growth_mib = known ? ((double)a->rss_last - (double)a->rss_first) / MIB
					   : UNKNOWN,
		.stability = stability(a),
		.efficiency = ratio((double)a->ok, cpu_s),
		.reliability = reliability((double)a->ok, (double)a->offered),
	};
}

void
tayra__load_figures_json(struct tayra__json *json, const char *key,
			 const struct tayra__load_figures *f)
{
	const struct {
		const char *key;
		double value;
	} rows[] = {
		{ "rate_per_s", f->rate_per_s },
		{ "throughput_per_s", f->throughput_per_s },
		{ "error_ratio", f->error_ratio },
		{ "mean_ms", f->mean_ms },
		{ "p50_ms", f->p50_ms },
		{ "p95_ms", f->p95_ms },
		{ "p99_ms", f->p99_ms },
		{ "p999_ms", f->p999_ms },
		{ "max_ms", f->max_ms },
		{ "service_p50_ms", f->service_p50_ms },
		{ "service_p99_ms", f->service_p99_ms },
		{ "lag_p99_ms", f->lag_p99_ms },
		{ "cpu_mean", f->cpu_mean },
		{ "cpu_max", f->cpu_max },
		{ "memory_mean_mib", f->memory_mean_mib },
		{ "memory_peak_mib", f->memory_peak_mib },
		{ "memory_growth_mib", f->memory_growth_mib },
		{ "stability", f->stability },
		{ "efficiency", f->efficiency },
		{ "reliability", f->reliability },
	};

	tayra__json_object(json, key);
	tayra__json_u64(json, "requests", f->offered);
	tayra__json_u64(json, "ok", f->ok);
	tayra__json_u64(json, "errors", f->errors);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		tayra__json_double(json, rows[i].key, rows[i].value, 6);
	tayra__json_end(json);
}
