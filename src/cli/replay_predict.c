/* SPDX-License-Identifier: Apache-2.0
 *
 * replay_predict.c: `tayra replay --predict`: how well the next use of a key is foreseen.
 */
#include "cli/replay_options.h"

#include <tayra/base.h>

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "cli/command.h"
#include "cli/replay_source.h"
#include "sim/foresee.h"
#include "sim/requests.h"

#define HORIZON_SHARE 50 /* of the rows */
#define HORIZON_MIN   100
#define TICKS_PER_S   1e6    /* when the horizon is a time */
#define TICKS_MAX     0x1p61 /* what time is not beyond */
#define DAY_S         86400.0
#define CHART         30 /* columns */

/* One trace. */
struct judged {
	const char *trace;
	uint64_t horizon_rows;
	double horizon_s; /* 0: the horizon is in rows */
	struct tayra__foresee *foresee;
	uint64_t now; /* ticks */
	struct tayra__foresight is;
};

/* Over all traces. */
struct tally {
	unsigned traces, better[TAYRA__FORESEERS];
};

static int
tell(void *ctx, const struct tayra__trace_request *row)
{
	struct judged *judged = ctx;
	uint64_t now = (uint64_t)fmin(row->time_s * TICKS_PER_S, TICKS_MAX);

	if (row->op == TAYRA__TRACE_DELETE)
		return TAYRA_OK;
	if (judged->horizon_s == 0)
		judged->now++;
	else if (now > judged->now)
		judged->now = now;
	tayra__foresee_use(judged->foresee, row->key, judged->now);
	return TAYRA_OK;
}

static int
begin(struct tayra__replay_source *source, struct judged *judged)
{
	uint64_t horizon = judged->horizon_rows, day = 0;

	if (judged->horizon_s > 0) {
		horizon = (uint64_t)(judged->horizon_s * TICKS_PER_S);
		day = (uint64_t)(DAY_S * TICKS_PER_S);
	}
	if (tayra__foresee_create(horizon, day, source->command->seed, &judged->foresee) ==
	    TAYRA_OK)
		return 0;
	return tayra__replay_failed(source, TAYRA_E_NOMEM, tayra_status_text(TAYRA_E_NOMEM));
}

/* The horizon depends on the number of rows, so that they are all read first. */
static int
judge_whole(struct tayra__replay_source *source, struct judged *judged)
{
	struct tayra__requests *requests;
	int code = tayra__replay_load(source, judged->trace, &requests);

	if (code)
		return code;
	judged->horizon_rows = requests->gets / HORIZON_SHARE;
	if (judged->horizon_rows < HORIZON_MIN)
		judged->horizon_rows = HORIZON_MIN;
	code = begin(source, judged);
	for (uint32_t row = 0; row < requests->count && !code; row++)
		tell(judged, &(struct tayra__trace_request){
				     .key = requests->key[requests->id[row]],
				     .op = requests->op ? (enum tayra__trace_op)requests->op[row]
							: TAYRA__TRACE_GET });
	tayra__requests_destroy(requests);
	tayra__progress_clear(&source->progress);
	return code;
}

static int
judge_trace(struct tayra__replay_source *source, struct judged *judged)
{
	int code;

	if (source->command->horizon_rows == 0 && source->command->horizon_ns == 0)
		return judge_whole(source, judged);
	judged->horizon_rows = source->command->horizon_rows;
	judged->horizon_s = (double)source->command->horizon_ns / 1e9;
	code = begin(source, judged);
	return code ? code : tayra__replay_stream(source, judged->trace, tell, judged);
}

static int
print_json(const struct judged *judged)
{
	static const char *const names[] = { "", "_base", "_recency", "_fixed" };
	const struct tayra__foresight *is = &judged->is;
	struct tayra__json json;
	char name[32];

	tayra__json_init(&json, stdout, TAYRA__JSON_LINE);
	tayra__json_object(&json, NULL);
	tayra__json_string(&json, "trace", judged->trace);
	if (judged->horizon_s > 0)
		tayra__json_double(&json, "horizon", judged->horizon_s, 17);
	else
		tayra__json_u64(&json, "horizon", judged->horizon_rows);
	tayra__json_string(&json, "horizon_unit", judged->horizon_s > 0 ? "s" : "requests");
	tayra__json_u64(&json, "labels", (uint64_t)is->labels);
	tayra__json_double(&json, "base_rate", is->base_rate, 12);
	for (int i = 0; i < TAYRA__FORESEERS; i++) {
		snprintf(name, sizeof(name), "brier%s", names[i]);
		tayra__json_double(&json, name, is->brier[i], 12);
	}
	for (int i = 0; i < TAYRA__FORESEERS; i++) {
		snprintf(name, sizeof(name), "log_loss%s", names[i]);
		tayra__json_double(&json, name, is->log_loss[i], 12);
	}
	tayra__json_array(&json, "bins");
	for (int i = 0; i < TAYRA__PREDICT_BINS; i++) {
		const struct tayra__predictor_bin *bin = &is->bins[i];

		tayra__json_object(&json, NULL);
		tayra__json_double(&json, "predicted", bin->predicted / bin->count, 12);
		tayra__json_double(&json, "observed", bin->used / bin->count, 12);
		tayra__json_u64(&json, "count", (uint64_t)bin->count);
		tayra__json_end(&json);
	}
	tayra__json_end(&json);
	tayra__json_end(&json);
	return tayra__json_finish(&json);
}

static void
print_scores(const struct tayra__foresight *is)
{
	static const char *const names[] = { "tayra", "base rate", "recency", "fixed formula" };

	printf("  %-14s %10s %10s %14s\n", "", "Brier", "log loss", "tayra's skill");
	for (int i = 0; i < TAYRA__FORESEERS; i++) {
		double skill = tayra__foresight_skill(is, (enum tayra__foreseer)i);

		printf("  %-14s %10.4f %10.4f", names[i], is->brier[i], is->log_loss[i]);
		if (i == TAYRA__FORESEER_TAYRA || isnan(skill))
			printf(" %14s\n", "-");
		else
			printf(" %+13.1f%%\n", skill * 100);
	}
}

/* A line from 0% to 100%: where it should be and where it was. */
static void
print_line(double predicted, double observed)
{
	char line[CHART + 2];
	size_t should = (size_t)(predicted * CHART + 0.5), was = (size_t)(observed * CHART + 0.5);

	memset(line, '.', CHART + 1);
	line[CHART + 1] = '\0';
	line[should] = 'p';
	line[was] = was == should ? '*' : 'o';
	printf("  %s\n", line);
}

static void
print_bins(const struct tayra__foresight *is)
{
	printf("  %-14s %10s %10s %10s  %s\n", "", "predicted", "observed", "moments",
	       "p predicted, o observed, * both");
	for (int i = 0; i < TAYRA__PREDICT_BINS; i++) {
		const struct tayra__predictor_bin *bin = &is->bins[i];
		double predicted = bin->predicted / bin->count, observed = bin->used / bin->count;

		printf("  %3d%% to %3d%%  ", i * 10, i * 10 + 10);
		if (bin->count == 0) {
			printf(" %10s %10s %10d\n", "-", "-", 0);
			continue;
		}
		printf(" %9.1f%% %9.1f%% %10.0f", predicted * 100, observed * 100, bin->count);
		print_line(predicted, observed);
	}
}

static int
print_text(const struct judged *judged)
{
	const struct tayra__foresight *is = &judged->is;

	if (judged->horizon_s > 0)
		printf("%s: is a key used again within %g s?\n", judged->trace, judged->horizon_s);
	else
		printf("%s: is a key used again within %" PRIu64 " requests?\n", judged->trace,
		       judged->horizon_rows);
	if (is->labels > 0) {
		printf("  %.0f moments judged, %.1f%% came true\n", is->labels,
		       is->base_rate * 100);
		print_scores(is);
		print_bins(is);
	} else {
		puts("  no moment came due within the trace: take a shorter --horizon");
	}
	putchar('\n');
	return fflush(stdout) || ferror(stdout) ? TAYRA_E_IO : TAYRA_OK;
}

static void
count(struct tally *tally, const struct tayra__foresight *is)
{
	tally->traces++;
	for (int i = 0; i < TAYRA__FORESEERS; i++)
		tally->better[i] += is->brier[TAYRA__FORESEER_TAYRA] < is->brier[i];
}

static int
predict_trace(struct tayra__replay_source *source, const char *path, struct tally *tally)
{
	struct judged judged = { .trace = path };
	int status, code = judge_trace(source, &judged);

	if (!code) {
		tayra__foresee_result(judged.foresee, &judged.is);
		count(tally, &judged.is);
		status = source->command->json ? print_json(&judged) : print_text(&judged);
		if (status)
			code = tayra__replay_output_failed(source, "standard output");
	}
	tayra__foresee_destroy(judged.foresee);
	return code;
}

int
tayra__replay_predict(const struct tayra__replay_command *command)
{
	struct tayra__replay_source source;
	struct tally tally = { 0 };
	int code = 0;

	tayra__replay_source_init(&source, command);
	for (size_t i = 0; i < command->trace_count && !code; i++)
		code = predict_trace(&source, command->traces[i], &tally);
	if (tally.traces > 1 && !command->json)
		printf("Brier score below that of the base rate on %u of %u traces, of recency on "
		       "%u, of the fixed formula on %u.\n",
		       tally.better[TAYRA__FORESEER_BASE_RATE], tally.traces,
		       tally.better[TAYRA__FORESEER_RECENCY], tally.better[TAYRA__FORESEER_FIXED]);
	return code;
}
