/* SPDX-License-Identifier: Apache-2.0 */
#include "drive/phases.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "stat/steady.h"

#define SLICES_DEFAULT  60
#define BASELINE_SLICES 10 /* at least, for the band */
#define WARM_SLICES     10 /* the last of a warm-up, which have to be as asked */
#define LAG_SHARE       0.05
#define OFFERED_SHARE   0.95
#define NORMAL_975      1.96

/* What a line can ask for: success, and each latency. */
enum { SUCCESS, THRESHOLDS = 1 + TAYRA__LOAD_LATENCIES };

struct run {
	const struct tayra__phases_plan *plan;
	const struct tayra__phases_load *load;
	struct tayra__phases *out;
	struct tayra__phase *phase; /* that runs */
	uint64_t slice_ns;
	uint32_t warmup_slices, recovery_slices, baseline_slices, sustain_slices;
	double baseline_per_s;
	struct tayra__phases_progress progress;
	struct tayra__process_use use;
	bool use_known;
	double asked;                       /* in this phase, by plan */
	bool broke[THRESHOLDS];             /* some slice of this phase did */
	uint64_t broke_ns[THRESHOLDS];      /* the first of them */
	struct tayra__load_account account; /* of this phase */
	struct tayra__drive_result result;  /* of the slice that ran last */
};

static bool
stopped(const struct run *run)
{
	return run->plan->stop && atomic_load_explicit(run->plan->stop, memory_order_relaxed);
}

static double
latency_ns(const struct tayra__hist *hist, enum tayra__load_latency which)
{
	static const double at[] = { 0, 0.5, 0.95, 0.99, 0.999, 1 };

	if (which == TAYRA__LOAD_MEAN)
		return tayra__hist_mean(hist);
	return (double)tayra__hist_quantile(hist, at[which]);
}

/* Nothing offered breaks nothing. */
static bool
breaks(const struct tayra__load_line *line, const struct tayra__hist *latency, uint64_t offered,
       uint64_t ok, int threshold)
{
	uint64_t most;

	if (threshold == SUCCESS)
		return (double)ok < line->success * (double)offered;
	most = line->most_ns[threshold - 1];
	return most &&
	       latency_ns(latency, (enum tayra__load_latency)(threshold - 1)) > (double)most;
}

static void
note_thresholds(struct run *run)
{
	const struct tayra__drive_result *r = &run->result;

	for (int i = 0; i < THRESHOLDS; i++) {
		if (run->broke[i] || !breaks(&run->plan->line, &r->latency, r->offered, r->ok, i))
			continue;
		run->broke[i] = true;
		run->broke_ns[i] = run->account.length_ns - r->length_ns;
	}
}

static void
show(struct run *run)
{
	const struct tayra__hist *latency = &run->result.latency;

	run->progress.kind = run->phase->kind;
	run->progress.p50_ms = run->progress.p99_ms = (double)NAN;
	if (latency->count) {
		run->progress.p50_ms = (double)tayra__hist_quantile(latency, 0.5) / 1e6;
		run->progress.p99_ms = (double)tayra__hist_quantile(latency, 0.99) / 1e6;
	}
	if (run->load->progress)
		run->load->progress(run->load->ctx, &run->progress);
}

static bool
read_use(const struct run *run, struct tayra__process_use *use)
{
	return run->load->use && run->load->use(run->load->ctx, use);
}

static void
note_slice(struct run *run, double rate_per_s, bool ramp)
{
	const struct tayra__phase_slice slice = { .phase = (uint32_t)run->out->count - 1,
						  .ramp = ramp,
						  .start_ns = run->progress.elapsed_ns,
						  .rate_per_s = rate_per_s };

	tayra__phase_log_add(&run->out->log, &slice, &run->result);
}

/* A slice that belongs to no figures.  => TAYRA_PENDING: stopped. */
static int
run_slice(struct run *run, double from_per_s, double to_per_s, uint64_t length_ns)
{
	int status;

	if (stopped(run))
		return TAYRA_PENDING;
	run->progress.rate_per_s = to_per_s;
	show(run);
	memset(&run->result, 0, sizeof(run->result));
	tayra__hist_init(&run->result.latency);
	tayra__hist_init(&run->result.lag);
	tayra__hist_init(&run->result.service);
	status = run->load->slice(run->load->ctx, from_per_s, to_per_s, length_ns, &run->result);
	if (status)
		return status;
	note_slice(run, to_per_s, from_per_s != to_per_s);
	run->progress.elapsed_ns += length_ns;
	show(run);
	return TAYRA_OK;
}

/* One that does. */
static int
run_counted(struct run *run)
{
	struct tayra__process_use before = run->use;
	bool known = run->use_known;
	int status = run_slice(run, run->phase->rate_per_s, run->phase->rate_per_s, run->slice_ns);

	if (status)
		return status;
	run->use_known = read_use(run, &run->use);
	known = known && run->use_known;
	status = tayra__load_account_add(&run->account, &run->result, known ? &before : NULL,
					 known ? &run->use : NULL);
	if (status)
		return status;
	run->asked += (run->phase->rate_per_s + run->plan->besides_per_s) *
		      (double)run->result.length_ns / 1e9;
	run->phase->slices++;
	note_thresholds(run);
	/* One that was cut short is counted, and is the last. */
	return stopped(run) ? TAYRA_PENDING : TAYRA_OK;
}

static int
run_ramp(struct run *run, double from_per_s, double to_per_s)
{
	uint64_t left = run->plan->line.ramp_ns, whole = left;
	int status = TAYRA_OK;

	while (left && !status) {
		uint64_t length = left < run->slice_ns ? left : run->slice_ns;
		double way = to_per_s - from_per_s, done = (double)(whole - left);
		double from = from_per_s + way * done / (double)whole;
		double to = from_per_s + way * (done + (double)length) / (double)whole;

		status = run_slice(run, from, to, length);
		left -= length;
	}
	return status;
}

static void
begin(struct run *run, enum tayra__phase_kind kind, double rate_per_s)
{
	run->phase = &run->out->phase[run->out->count++];
	*run->phase = (struct tayra__phase){ .kind = kind,
					     .verdict = TAYRA__PHASE_STOPPED,
					     .rate_per_s = rate_per_s };
	run->asked = 0;
	memset(run->broke, 0, sizeof(run->broke));
	memset(run->broke_ns, 0, sizeof(run->broke_ns));
	tayra__load_account_fini(&run->account);
	tayra__load_account_init(&run->account);
	run->progress.rate_per_s = rate_per_s;
}

/* The ramp is over: what is counted begins. */
static void
settle_in(struct run *run)
{
	run->phase->start_ns = run->progress.elapsed_ns;
	run->use_known = read_use(run, &run->use);
}

static const char *
invalidity(const struct run *run)
{
	const struct tayra__load_figures *f = &run->phase->figures;
	double missing = run->asked - (double)f->offered;

	if (!f->offered)
		return "requests";
	if (f->lag_p99_ms > LAG_SHARE * f->p99_ms)
		return "lag";
	return missing > fmax((1 - OFFERED_SHARE) * run->asked, 4 * sqrt(run->asked)) ? "rate"
										      : NULL;
}

/* Of the thresholds that the whole phase broke the one that a slice broke first; -1: none.  All
 * slices may keep what they do not keep together (a tail): such a threshold comes last. */
static int
first_broken(const struct run *run)
{
	const struct tayra__load_account *a = &run->account;
	uint64_t earliest = UINT64_MAX;
	int first = -1;

	for (int i = 0; i < THRESHOLDS; i++) {
		uint64_t when = run->broke[i] ? run->broke_ns[i] : UINT64_MAX;

		if (!breaks(&run->plan->line, &a->latency, a->offered, a->ok, i))
			continue;
		if (first < 0 || when < earliest) {
			first = i;
			earliest = when;
		}
	}
	return first;
}

static void
fail(struct tayra__phase *phase, enum tayra__phase_verdict verdict, const char *why)
{
	phase->verdict = verdict;
	phase->failed = why;
}

static void
take_figures(struct run *run)
{
	tayra__load_account_figures(&run->account, &run->phase->figures);
	tayra__spread_of(&run->account.latency, &run->phase->latency);
	tayra__spread_of(&run->account.service, &run->phase->service);
	run->phase->length_ns = run->account.length_ns;
}

/* A phase that the thresholds are for is over. */
static void
judge(struct run *run)
{
	struct tayra__phase *phase = run->phase;
	const char *invalid;
	int broken;

	take_figures(run);
	phase->verdict = TAYRA__PHASE_MET;
	invalid = invalidity(run);
	broken = first_broken(run);
	if (invalid) {
		fail(phase, TAYRA__PHASE_INVALID, invalid);
	} else if (broken >= 0) {
		fail(phase, TAYRA__PHASE_FAILED,
		     broken == SUCCESS
			     ? "success"
			     : tayra__load_latency_name((enum tayra__load_latency)(broken - 1)));
		phase->failed_ns = run->broke_ns[broken];
	}
}

static bool
settled_by_default(const double *medians, size_t n)
{
	struct tayra__steady steady;

	return tayra__steady(medians, n, &steady) == TAYRA_OK && steady.kind != TAYRA__STEADY_NONE;
}

/* What the last slices of a warm-up answered. */
struct warmth {
	uint64_t offered[WARM_SLICES], ok[WARM_SLICES];
};

/* Errors can be as even as answers: what is cold may fail at first, but not in the end. */
static bool
warm(const struct run *run, struct warmth *warmth)
{
	const struct tayra__drive_result *r = &run->result;
	const size_t at = (run->phase->slices - 1) % WARM_SLICES;
	uint64_t offered = 0, ok = 0;

	warmth->offered[at] = r->offered;
	warmth->ok[at] = r->ok;
	for (size_t i = 0; i < WARM_SLICES; i++) {
		offered += warmth->offered[i];
		ok += warmth->ok[i];
	}
	return !breaks(&run->plan->line, &r->latency, offered, ok, SUCCESS);
}

static int
warm_up(struct run *run)
{
	bool (*settled)(const double *, size_t) = run->plan->settled;
	struct warmth warmth = { .offered = { 0 } };
	uint32_t left = run->warmup_slices;
	bool is_warm = false;
	int status = TAYRA_OK;

	begin(run, TAYRA__PHASE_WARMUP, run->baseline_per_s);
	settle_in(run);
	for (; !status && left && !(run->out->steady && is_warm); left--) {
		status = run_counted(run);
		is_warm = !status && warm(run, &warmth);
		run->out->steady = !status &&
				   (settled ? settled : settled_by_default)(run->account.medians_ns,
									    run->account.medians);
	}
	take_figures(run);
	if (status)
		return status;
	/* What it did not need is not to come. */
	run->progress.most_ns -= left * run->slice_ns;
	run->phase->verdict = TAYRA__PHASE_MET;
	if (!run->out->steady) {
		fail(run->phase, TAYRA__PHASE_FAILED, "steady");
	} else if (!is_warm) {
		fail(run->phase, TAYRA__PHASE_FAILED, "success");
		run->phase->failed_ns = run->broke_ns[SUCCESS];
	}
	return TAYRA_OK;
}

/* Hold the phase's rate and judge it. */
static int
sustain(struct run *run, uint32_t slices)
{
	int status = TAYRA_OK;

	settle_in(run);
	for (uint32_t i = 0; !status && i < slices; i++)
		status = run_counted(run);
	if (status)
		take_figures(run);
	else
		judge(run);
	return status;
}

static int
take_baseline(struct run *run)
{
	double median, deviation;
	int status;

	begin(run, TAYRA__PHASE_BASELINE, run->baseline_per_s);
	status = sustain(run, run->baseline_slices);
	if (status || !run->account.medians)
		return status;
	tayra__load_spread(run->account.medians_ns, run->account.medians,
			   run->account.medians_ns + run->account.room, &median, &deviation);
	run->out->calm_ms = (median + fmax(NORMAL_975 * deviation, 0.01 * median)) / 1e6;
	return TAYRA_OK;
}

static int
climb_to(struct run *run, enum tayra__phase_kind kind, double from_per_s, double to_per_s)
{
	int status;

	begin(run, kind, to_per_s);
	status = run_ramp(run, from_per_s, to_per_s);
	if (status)
		take_figures(run);
	else
		status = sustain(run, run->sustain_slices);
	if (!status && run->phase->verdict == TAYRA__PHASE_MET)
		run->out->best_per_s = fmax(run->out->best_per_s, to_per_s);
	return status;
}

static int
climb(struct run *run)
{
	const struct tayra__load_line *line = &run->plan->line;
	size_t steps = tayra__load_line_steps(line), all = steps + TAYRA__PHASES_STRESS;
	uint64_t step_ns = line->ramp_ns + run->sustain_slices * run->slice_ns;
	double rate = run->baseline_per_s;
	size_t i = 0;
	int status = TAYRA_OK;

	for (; !status && i < all && run->phase->verdict != TAYRA__PHASE_FAILED; i++) {
		double next = i < steps ? tayra__load_line_rate(line, i)
					: line->maximum_per_s * (1 + 0.1 * (double)(i - steps + 1));

		status = climb_to(run, i < steps ? TAYRA__PHASE_LOAD : TAYRA__PHASE_STRESS, rate,
				  next);
		rate = next;
	}
	run->progress.most_ns -= (all - i) * step_ns;
	return status;
}

static bool
calm(const struct run *run)
{
	const struct tayra__drive_result *r = &run->result;

	return r->offered &&
	       (double)tayra__hist_quantile(&r->latency, 0.5) / 1e6 <= run->out->calm_ms &&
	       !breaks(&run->plan->line, &r->latency, r->offered, r->ok, SUCCESS);
}

static int
recover(struct run *run)
{
	uint32_t in_a_row = 0;
	uint64_t since = 0;
	int status = TAYRA_OK;

	begin(run, TAYRA__PHASE_RECOVERY, run->baseline_per_s);
	settle_in(run);
	for (uint32_t i = 0;
	     !status && i < run->recovery_slices && in_a_row < TAYRA__PHASES_CALM_SLICES; i++) {
		status = run_counted(run);
		if (!calm(run)) {
			in_a_row = 0;
			since = run->account.length_ns;
		} else {
			in_a_row++;
		}
	}
	take_figures(run);
	if (status)
		return status;
	run->phase->verdict = TAYRA__PHASE_MET;
	if (invalidity(run))
		fail(run->phase, TAYRA__PHASE_INVALID, invalidity(run));
	else if (in_a_row < TAYRA__PHASES_CALM_SLICES)
		fail(run->phase, TAYRA__PHASE_FAILED, "recovery");
	if (in_a_row == TAYRA__PHASES_CALM_SLICES)
		run->out->recovery_ns = since;
	return TAYRA_OK;
}

static uint32_t
slices_of(uint64_t length_ns, uint64_t slice_ns)
{
	uint64_t slices = (length_ns + slice_ns / 2) / slice_ns;

	return slices ? (uint32_t)slices : 1;
}

static uint64_t
whole_periods(uint64_t length_ns, uint64_t period_ns)
{
	return period_ns ? (length_ns + period_ns - 1) / period_ns * period_ns : length_ns;
}

static void
plan_slices(struct run *run)
{
	const struct tayra__phases_plan *plan = run->plan;
	const struct tayra__load_line *line = &plan->line;
	uint64_t steps = tayra__load_line_steps(line) + TAYRA__PHASES_STRESS;

	run->baseline_per_s = TAYRA__PHASES_BASELINE * line->maximum_per_s;
	run->slice_ns = plan->slice_ns;
	if (!run->slice_ns)
		run->slice_ns = whole_periods(
			(uint64_t)(fmin(10, fmax(0.5, 20 / run->baseline_per_s)) * 1e9),
			plan->period_ns);
	run->warmup_slices = plan->warmup_slices ? plan->warmup_slices : SLICES_DEFAULT;
	run->recovery_slices = plan->recovery_slices ? plan->recovery_slices : SLICES_DEFAULT;
	run->sustain_slices = slices_of(line->sustain_ns, run->slice_ns);
	run->baseline_slices = run->sustain_slices > BASELINE_SLICES ? run->sustain_slices
								     : BASELINE_SLICES;
	run->progress.most_ns = ((uint64_t)run->warmup_slices + run->baseline_slices +
				 run->recovery_slices + steps * run->sustain_slices) *
					run->slice_ns +
				steps * line->ramp_ns;
}

int
tayra__phases_run(const struct tayra__phases_plan *plan, const struct tayra__phases_load *load,
		  struct tayra__phases *out)
{
	size_t most = 3 + TAYRA__PHASES_STRESS + tayra__load_line_steps(&plan->line);
	struct run *run = tayra__mem_alloc(sizeof(*run));
	int status;

	*out = (struct tayra__phases){ .phase = tayra__mem_array(most, sizeof(*out->phase)),
				       .calm_ms = (double)NAN,
				       .recovery_ns = UINT64_MAX };
	if (!run || !out->phase || tayra__phase_log_init(&out->log) != TAYRA_OK) {
		tayra__mem_free(run);
		return TAYRA_E_NOMEM;
	}
	run->plan = plan;
	run->load = load;
	run->out = out;
	plan_slices(run);
	status = warm_up(run);
	if (!status)
		status = take_baseline(run);
	if (!status && run->phase->verdict != TAYRA__PHASE_FAILED) {
		status = climb(run);
		if (!status)
			status = recover(run);
	}
	out->stopped = status == TAYRA_PENDING;
	tayra__load_account_fini(&run->account);
	tayra__mem_free(run);
	return out->stopped ? TAYRA_OK : status;
}

void
tayra__phases_fini(struct tayra__phases *phases)
{
	tayra__phase_log_fini(&phases->log);
	tayra__mem_free(phases->phase);
	*phases = (struct tayra__phases){ .recovery_ns = UINT64_MAX };
}
