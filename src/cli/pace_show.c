/* SPDX-License-Identifier: Apache-2.0
 *
 * pace_show.c: a run of `tayra pace sim` as a row of a table, and as one line of JSON.
 */
#include "cli/pace.h"

#include <inttypes.h>

#include "base/json.h"
#include "base/line.h"
#include "report/figure.h"

static double
ratio(uint64_t count, uint64_t of)
{
	return of ? (double)count / (double)of : 0;
}

struct tayra__pace_figures
tayra__pace_figures(const struct tayra__pace_run *run)
{
	const struct tayra__meter *meter = &run->result->meter;
	const double seconds = (double)(run->scenario->length_ns - run->scenario->warmup_ns) / 1e9;
	uint64_t arrived = 0, fates[TAYRA__FATES] = { 0 };

	for (int i = 0; i < TAYRA__METER_LOADS; i++) {
		arrived += meter->arrived[i];
		for (int f = 0; f < TAYRA__FATES; f++)
			fates[f] += meter->fates[i][f];
	}
	return (struct tayra__pace_figures){
		.sum = tayra__meter_sum(meter, run->scenario->warmup_ns, run->scenario->length_ns),
		.arrived_per_s = (double)arrived / seconds,
		.goodput_per_s = (double)fates[TAYRA__FATE_GOOD] / seconds,
		.throughput_per_s = (double)(fates[TAYRA__FATE_GOOD] + fates[TAYRA__FATE_LATE]) /
				    seconds,
		.p50_ms = (double)tayra__meter_quantile_ns(meter, 0.5) / 1e6,
		.p99_ms = (double)tayra__meter_quantile_ns(meter, 0.99) / 1e6,
		.backend_p99_ms = (double)tayra__hist_quantile(&meter->backend, 0.99) / 1e6,
		.shed_ratio = ratio(fates[TAYRA__FATE_SHED], arrived),
		.late_ratio = ratio(fates[TAYRA__FATE_LATE], arrived),
		.error_ratio = ratio(fates[TAYRA__FATE_TIMEOUT] + fates[TAYRA__FATE_OVERLOAD] +
					     fates[TAYRA__FATE_ERROR],
				     arrived),
	};
}

void
tayra__pace_table_head(FILE *out, const struct tayra__scenario *scenario)
{
	char title[400];

	/* Names of files and what is in them may hold anything. */
	snprintf(title, sizeof(title), "%s%s%s", scenario->name, scenario->sentence ? ": " : "",
		 scenario->sentence ? scenario->sentence : "");
	tayra__line_flatten(title, '?');
	fprintf(out, "%s\n", title);
	fprintf(out, "  %-12s %9s %8s %8s %7s %6s %8s %6s %6s %6s  %s\n", "limiter", "goodput/s",
		"p50 ms", "p99 ms", "limit", "cv", "inflight", "shed", "late", "failed", "trace");
}

static void
print_share(FILE *out, double value)
{
	fprintf(out, " %5.1f%%", 100 * value);
}

void
tayra__pace_table_row(FILE *out, const struct tayra__pace_run *run)
{
	const struct tayra__pace_figures f = tayra__pace_figures(run);
	char good[16], p50[16], p99[16], limit[16], inflight[16];

	fprintf(out, "  %-12s %9s %8s %8s %7s %6.2f %8s", run->contender->text,
		tayra__figure_number(f.goodput_per_s, good), tayra__figure_number(f.p50_ms, p50),
		tayra__figure_number(f.p99_ms, p99), tayra__figure_number(f.sum.limit, limit),
		f.sum.limit_cv, tayra__figure_number(f.sum.inflight, inflight));
	print_share(out, f.shed_ratio);
	print_share(out, f.late_ratio);
	print_share(out, f.error_ratio);
	fprintf(out, "  %016" PRIx64 "\n", run->result->trace);
}

static void
write_shed(struct tayra__json *json, const struct tayra__overload_result *result)
{
	static const char *const causes[] = { "full", "hopeless", "codel", "expired", "level" };

	tayra__json_object(json, "shed");
	for (int s = 0; s <= TAYRA_SHED_LEVEL; s++)
		tayra__json_u64(json, causes[s], result->shed[s]);
	tayra__json_end(json);
}

static void
write_loads(struct tayra__json *json, const struct tayra__pace_run *run)
{
	const struct tayra__meter *meter = &run->result->meter;

	tayra__json_array(json, "loads");
	for (size_t i = 0; i < run->scenario->load_count; i++) {
		const struct tayra__load_setting *load = &run->scenario->loads[i];

		tayra__json_object(json, NULL);
		tayra__json_string(json, "name", load->name);
		tayra__json_string(json, "class", tayra_class_name((enum tayra_class)load->cls));
		tayra__json_u64(json, "arrived", meter->arrived[i]);
		for (int f = 0; f < TAYRA__FATES; f++)
			tayra__json_u64(json, tayra__fate_name((enum tayra__fate)f),
					meter->fates[i][f]);
		tayra__json_double(json, "p99_ms",
				   (double)tayra__hist_quantile(&meter->latency[i], 0.99) / 1e6, 6);
		tayra__json_end(json);
	}
	tayra__json_end(json);
}

int
tayra__pace_json(FILE *out, const struct tayra__pace_run *run)
{
	const struct tayra__pace_figures f = tayra__pace_figures(run);
	char trace[20];
	struct tayra__json json;

	snprintf(trace, sizeof(trace), "%016" PRIx64, run->result->trace);
	tayra__json_init(&json, out, TAYRA__JSON_LINE);
	tayra__json_object(&json, NULL);
	tayra__json_string(&json, "scenario", run->scenario->name);
	tayra__json_string(&json, "limiter", run->contender->text);
	tayra__json_u64(&json, "seed", run->seed);
	tayra__json_string(&json, "trace", trace);
	tayra__json_u64(&json, "requests", run->result->requests);
	tayra__json_double(&json, "capacity_per_s", run->result->capacity_per_s, 6);
	tayra__json_double(&json, "arrived_per_s", f.arrived_per_s, 6);
	tayra__json_double(&json, "goodput_per_s", f.goodput_per_s, 6);
	tayra__json_double(&json, "throughput_per_s", f.throughput_per_s, 6);
	tayra__json_double(&json, "p50_ms", f.p50_ms, 6);
	tayra__json_double(&json, "p99_ms", f.p99_ms, 6);
	tayra__json_double(&json, "backend_p99_ms", f.backend_p99_ms, 6);
	tayra__json_double(&json, "limit_mean", f.sum.limit, 6);
	tayra__json_double(&json, "limit_cv", f.sum.limit_cv, 6);
	tayra__json_double(&json, "inflight_mean", f.sum.inflight, 6);
	tayra__json_double(&json, "queued_mean", f.sum.queued, 6);
	tayra__json_double(&json, "shed_ratio", f.shed_ratio, 6);
	tayra__json_double(&json, "late_ratio", f.late_ratio, 6);
	tayra__json_double(&json, "error_ratio", f.error_ratio, 6);
	write_shed(&json, run->result);
	tayra__json_u64(&json, "retries", run->result->retries);
	tayra__json_double(&json, "jain",
			   tayra__meter_jain(&run->result->meter, run->result->tenants), 6);
	write_loads(&json, run);
	tayra__json_end(&json);
	return tayra__json_finish(&json);
}
