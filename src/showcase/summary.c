/* SPDX-License-Identifier: Apache-2.0
 *
 * summary.c: the showcase as one public call, and what is kept of its results.
 */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/option.h"
#include "showcase/outputs.h"
#include "showcase/scorecard.h"
#include "showcase/showcase.h"
#include "showcase/words.h"

#define OUT_DIR   "showcase-results"
#define SEED_MAX  (UINT64_MAX / 2)
#define SCALE_MIN 0.05
#define SCALE_MAX 10.0

static int
take_options(const struct tayra_showcase_options *given, struct tayra_showcase_options *options,
	     char *why, size_t why_len)
{
	int status = tayra__option_struct(given, options, sizeof(*options));

	if (status < 0) {
		snprintf(why, why_len, "options: the size is not set, or of another version");
		return status;
	}
	if (options->seed == 0)
		options->seed = 1;
	if (!options->out_dir)
		options->out_dir = OUT_DIR;
	if (options->slice_scale == 0)
		options->slice_scale = 1;
	if (options->seed > SEED_MAX)
		snprintf(why, why_len, "options: seed is over %llu", (unsigned long long)SEED_MAX);
	else if (!(options->slice_scale >= SCALE_MIN) || !(options->slice_scale <= SCALE_MAX))
		snprintf(why, why_len, "options: slice_scale is not within %g .. %g", SCALE_MIN,
			 SCALE_MAX);
	else if (!(options->level_p99_ms >= 0) || !(options->level_errors >= 0) ||
		 !(options->level_errors < 1))
		snprintf(why, why_len, "options: no such service level");
	else
		return TAYRA_OK;
	return TAYRA_E_INVAL;
}

static void
take_paths(const struct tayra__outputs *outputs, struct tayra_showcase_summary *s)
{
	snprintf(s->results_json, sizeof(s->results_json), "%s", outputs->path[TAYRA__OUTPUT_JSON]);
	snprintf(s->report_html, sizeof(s->report_html), "%s", outputs->path[TAYRA__OUTPUT_HTML]);
	snprintf(s->report_md, sizeof(s->report_md), "%s", outputs->path[TAYRA__OUTPUT_MD]);
	snprintf(s->portfolio_md, sizeof(s->portfolio_md), "%s",
		 outputs->path[TAYRA__OUTPUT_PORTFOLIO]);
}

static void
take_results(const struct tayra__results *r, struct tayra_showcase_summary *s)
{
	struct tayra__score scores[TAYRA__SCORES];

	s->valid = r->valid;
	snprintf(s->why, sizeof(s->why), "%s", r->why_invalid);
	s->over_tuned = r->average[0];
	s->over_plain = r->average[1];
	s->better = tayra__words_count(r, TAYRA__ARM_TUNED, TAYRA_BETTER);
	s->worse = tayra__words_count(r, TAYRA__ARM_TUNED, TAYRA_WORSE);
	s->same = tayra__words_count(r, TAYRA__ARM_TUNED, TAYRA_SAME);
	s->undecided = tayra__words_count(r, TAYRA__ARM_TUNED, TAYRA_UNDECIDED);
	tayra__scorecard(r, scores);
	s->complexity = scores[TAYRA__SCORE_COMPLEXITY].value;
	s->innovation = scores[TAYRA__SCORE_INNOVATION].value;
	s->business_impact = scores[TAYRA__SCORE_BUSINESS_IMPACT].value;
}

static int
run(const struct tayra_showcase_options *options, struct tayra__results *results,
    struct tayra__outputs *outputs, struct tayra_showcase_summary *s)
{
	struct tayra__prices prices;
	struct tayra__showcase_options inner = {
		.quick = options->quick,
		.data_path = options->data_path,
		.seed = options->seed,
		.level_p99_ms = options->level_p99_ms,
		.level_errors = options->level_errors,
		.slice_scale = options->slice_scale,
		.progress = options->progress,
	};
	int status = TAYRA_OK;

	if (options->prices_path) {
		status = tayra__prices_read(options->prices_path, &prices, s->why, sizeof(s->why));
		inner.prices = &prices;
		if (status == TAYRA_OK && tayra__prices_range(&prices)) {
			snprintf(s->why, sizeof(s->why),
				 "%.200s: '%s' is a range; the showcase takes one number",
				 options->prices_path, tayra__prices_range(&prices));
			status = TAYRA_E_CORRUPT;
		}
	}
	if (status == TAYRA_OK)
		status = tayra__outputs_open(outputs, options->out_dir, s->why, sizeof(s->why));
	if (status < 0)
		return status;
	status = tayra__showcase_run(&inner, results, s->why, sizeof(s->why));
	if (status < 0) {
		tayra__outputs_discard(outputs);
		return status;
	}
	status = tayra__outputs_write(outputs, results, s->why, sizeof(s->why));
	if (status < 0)
		return status;
	take_paths(outputs, s);
	take_results(results, s);
	return TAYRA_OK;
}

/* Any earlier or later version of the summary gets the part it knows. */
static void
give(struct tayra_showcase_summary *out, const struct tayra_showcase_summary *s)
{
	size_t size = out->size;

	memcpy(out, s, size < sizeof(*s) ? size : sizeof(*s));
	out->size = size;
}

int
tayra_showcase_run(const struct tayra_showcase_options *given,
		   struct tayra_showcase_summary *summary)
{
	struct tayra_showcase_options options;
	struct tayra_showcase_summary *s;
	struct tayra__results *results;
	struct tayra__outputs *outputs;
	int status = TAYRA_E_NOMEM;

	if (!summary || summary->size < sizeof(size_t))
		return TAYRA_E_INVAL;
	s = tayra__mem_alloc(sizeof(*s));
	results = tayra__mem_alloc(sizeof(*results));
	outputs = tayra__mem_alloc(sizeof(*outputs));
	if (s && results && outputs) {
		status = take_options(given, &options, s->why, sizeof(s->why));
		if (status == TAYRA_OK)
			status = run(&options, results, outputs, s);
		give(summary, s);
	}
	tayra__mem_free(outputs);
	tayra__mem_free(results);
	tayra__mem_free(s);
	return status;
}
