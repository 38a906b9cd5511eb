/* SPDX-License-Identifier: Apache-2.0 */
#include "showcase/advice.h"

#include <math.h>
#include <string.h>

#include "showcase/words.h"

#define QUIET_MAX     0.2
#define UNDECIDED_MAX (1.0 / 3)
#define HIT_LEAST     0.8
#define STALE_MAX     0.01

uint32_t
tayra__advice_busy(void)
{
	uint32_t i = 0;

	while (i + 1 < tayra__stage_count && (strcmp(tayra__stages[i].scene, "catalogue") != 0 ||
					      strcmp(tayra__stages[i].phase, "load") != 0))
		i++;
	return i;
}

double
tayra__advice_part(const struct tayra__results *r, uint32_t stage, uint32_t arm,
		   enum tayra__part part)
{
	const struct tayra__stage_figures *figures = &r->stage[stage];
	uint32_t n = 0;
	double sum = 0;

	for (uint32_t round = 0; round < figures->rounds; round++) {
		const struct tayra__slice_figures *slice = &figures->slice[round][arm];

		if (!slice->measured)
			continue;
		sum += slice->part_ms[part];
		n++;
	}
	return n ? sum / n : (double)NAN;
}

double
tayra__advice_other_cpu(const struct tayra__results *r, uint32_t stage, uint32_t arm)
{
	const struct tayra__stage_figures *figures = &r->stage[stage];
	uint32_t n = 0;
	double sum = 0;

	for (uint32_t round = 0; round < figures->rounds; round++)
		if (figures->slice[round][arm].measured) {
			sum += figures->slice[round][arm].other_cpu_ms;
			n++;
		}
	return n ? sum / n : (double)NAN;
}

enum tayra__part
tayra__advice_bottleneck(const struct tayra__results *r, uint32_t arm, double *share)
{
	uint32_t stage = tayra__advice_busy();
	enum tayra__part most = TAYRA__PARTS;
	double sum = 0, largest = 0;

	for (int i = 0; i < TAYRA__PARTS; i++) {
		double ms = tayra__advice_part(r, stage, arm, (enum tayra__part)i);

		if (isnan(ms))
			continue;
		sum += ms;
		if (ms > largest) {
			largest = ms;
			most = (enum tayra__part)i;
		}
	}
	*share = sum > 0 ? largest / sum : 0;
	return most;
}

/* A rule gives its n-th piece of advice, or returns false. */
typedef bool (*rule_fn)(const struct tayra__results *r, uint32_t n, char *out, size_t room);

static bool
say_invalid(const struct tayra__results *r, uint32_t n, char *out, size_t room)
{
	snprintf(out, room, "Believe nothing of this run and repeat it: %s.", r->why_invalid);
	return !r->valid && n == 0;
}

static bool
say_wrong_age(const struct tayra__results *r, uint32_t n, char *out, size_t room)
{
	uint64_t wrong = tayra__words_wrong_ages(r, TAYRA__ARM_TAYRA);

	snprintf(out, room,
		 "Do not use tayra until this is understood: %llu answers were older than they "
		 "claimed (wrong_age_answers).",
		 (unsigned long long)wrong);
	return wrong && n == 0;
}

static bool
say_noisy(const struct tayra__results *r, uint32_t n, char *out, size_t room)
{
	snprintf(out, room,
		 "Repeat it when the machine is quiet: other programs used %.0f%% of it "
		 "(foreign_cpu_ratio), which widens every interval.",
		 r->foreign_cpu * 100);
	return r->valid && r->foreign_cpu > QUIET_MAX && n == 0;
}

static bool
say_undecided(const struct tayra__results *r, uint32_t n, char *out, size_t room)
{
	uint32_t undecided = tayra__words_count(r, TAYRA__ARM_TUNED, TAYRA_UNDECIDED);
	uint32_t all = r->comparisons / 2;

	snprintf(out, room,
		 "%s: %u of %u comparisons with tuned are undecided, which is not the same as "
		 "equal.",
		 r->quick ? "Run it without --quick" : "Run it on a quieter or larger machine",
		 undecided, all);
	return r->valid && undecided > all * UNDECIDED_MAX && n == 0;
}

static bool
say_bottleneck(const struct tayra__results *r, uint32_t n, char *out, size_t room)
{
	static const char *const remedy[TAYRA__PARTS] = {
		[TAYRA__PART_BACKLOG] = "more threads in front, or fewer requests that wait",
		[TAYRA__PART_HIT] = "nothing behind the cache; what is left is processor time",
		[TAYRA__PART_WAIT] = "fewer misses, or more capacity behind the limit",
		[TAYRA__PART_ORIGIN] = "a cheaper query, an index, or a higher hit ratio",
		[TAYRA__PART_CHANGE] = "cheaper changes: batch them, or index less",
		[TAYRA__PART_LOST] = "a lower load or a longer deadline: this time bought nothing",
	};
	double share;
	enum tayra__part part = tayra__advice_bottleneck(r, TAYRA__ARM_TAYRA, &share);

	if (!r->valid || part == TAYRA__PARTS || n > 0)
		return false;
	snprintf(out, room,
		 "The bottleneck of the busy day with tayra is %s: %.0f%% of a request's time "
		 "(%s_ms). What would help: %s.",
		 tayra__part_text(part), share * 100, tayra__part_name(part), remedy[part]);
	return true;
}

static bool
say_hit_ratio(const struct tayra__results *r, uint32_t n, char *out, size_t room)
{
	uint32_t busy = tayra__advice_busy();
	double hits = tayra__results_median(r, busy, TAYRA__ARM_TAYRA, TAYRA__HIT_RATIO);

	if (!r->valid || n > 0 || isnan(hits) || hits >= HIT_LEAST)
		return false;
	snprintf(
		out, room,
		"Only %.0f%% of the busy day is answered from the cache (hit_ratio): a TTL of more "
		"than %.1f s where the data allow it, or more than %.0f MiB.",
		hits * 100, (double)r->ttl_ms / 1e3, (double)r->memory_bytes / (1 << 20));
	return true;
}

/* The n-th mechanism with this verdict. */
static const struct tayra__ablation_row *
nth_mechanism(const struct tayra__results *r, enum tayra_verdict verdict, uint32_t n,
	      const struct tayra__ablation **ablation)
{
	for (uint32_t i = 0; i < r->ablations; i++) {
		*ablation = &tayra__ablations[i];
		if (r->ablation[i].rounds && r->ablation[i].ab.verdict == verdict && n-- == 0)
			return &r->ablation[i];
	}
	return NULL;
}

static bool
say_mechanism(const struct tayra__results *r, enum tayra_verdict verdict, uint32_t n,
	      const char *what, char *out, size_t room)
{
	const struct tayra__ablation *ablation;
	const struct tayra__ablation_row *row = nth_mechanism(r, verdict, n, &ablation);
	char with[64], without[32], bounds[40];

	if (!row)
		return false;
	/* A ratio without an interval would say more than is known. */
	if (isnan(row->ab.lo) || isnan(row->ab.hi))
		snprintf(out, room,
			 "%s %s for a load like this (%s): %s with it is %s, without %s (%s).",
			 what, ablation->mechanism, ablation->where,
			 tayra__stage_metric_info(ablation->metric)->name,
			 tayra__words_value(ablation->metric, row->ab.b_value, with),
			 tayra__words_value(ablation->metric, row->ab.a_value, without),
			 tayra__figure_bounds(&row->ab, bounds));
	else
		snprintf(out, room, "%s %s for a load like this (%s): %s with it is x%s.", what,
			 ablation->mechanism, ablation->where,
			 tayra__stage_metric_info(ablation->metric)->name,
			 tayra__figure_ratio(&row->ab, with));
	return true;
}

static bool
say_switch_off(const struct tayra__results *r, uint32_t n, char *out, size_t room)
{
	return say_mechanism(r, TAYRA_WORSE, n, "Switch off", out, room);
}

static bool
say_keep(const struct tayra__results *r, uint32_t n, char *out, size_t room)
{
	return say_mechanism(r, TAYRA_BETTER, n, "Keep", out, room);
}

/* The age of answers and the share of stale ones are what serving stale costs. */
static bool
is_price_of_stale(int metric)
{
	return metric == TAYRA__STALE_RATIO || metric == TAYRA__AGE_P99_MS;
}

static bool
say_stale(const struct tayra__results *r, uint32_t n, char *out, size_t room)
{
	for (uint32_t i = 0; i < tayra__stage_count; i++) {
		double stale = tayra__results_median(r, i, TAYRA__ARM_TAYRA, TAYRA__STALE_RATIO);

		if (!r->valid || !tayra__stages[i].step || !(stale > STALE_MAX) || n-- != 0)
			continue;
		snprintf(out, room,
			 "If %.1f%% of answers past their TTL are too many (%s, stale_ratio), "
			 "shorten the stale time or lengthen the soft timeout of %.0f ms: the "
			 "database was well, only slow.",
			 stale * 100, tayra__stages[i].scene, r->soft_timeout_ms);
		return true;
	}
	return false;
}

static bool
say_worse(const struct tayra__results *r, uint32_t n, char *out, size_t room)
{
	for (uint32_t i = 0; i < r->comparisons; i++) {
		const struct tayra__showcase_comparison *c = &r->comparison[i];
		char before[32], after[32];

		if (c->a != TAYRA__ARM_TUNED || c->ab.verdict != TAYRA_WORSE ||
		    is_price_of_stale(c->metric) || n-- != 0)
			continue;
		snprintf(out, room,
			 "Before adopting it, see whether you can bear this in %s: %s is worse "
			 "than with the tuned service (%s, %s against %s).",
			 c->stage->scene, tayra__words_metric(c->metric),
			 tayra__stage_metric_info(c->metric)->name,
			 tayra__words_value(c->metric, c->ab.b_value, after),
			 tayra__words_value(c->metric, c->ab.a_value, before));
		return true;
	}
	return false;
}

static const struct {
	const char *name;
	rule_fn say;
} rules[] = {
	{ "invalid", say_invalid },       { "wrong-age", say_wrong_age },
	{ "noisy", say_noisy },           { "undecided", say_undecided },
	{ "bottleneck", say_bottleneck }, { "hit-ratio", say_hit_ratio },
	{ "switch-off", say_switch_off }, { "worse", say_worse },
	{ "stale", say_stale },           { "keep", say_keep },
};
#define RULES (sizeof(rules) / sizeof(rules[0]))

const char *
tayra__advice_rule(uint32_t i)
{
	return i < RULES ? rules[i].name : NULL;
}

bool
tayra__advice_next(const struct tayra__results *r, uint32_t i, struct tayra__advice *out)
{
	for (uint32_t rule = 0; rule < RULES; rule++)
		for (uint32_t n = 0; rules[rule].say(r, n, out->text, sizeof(out->text)); n++) {
			out->rule = rules[rule].name;
			if (i-- == 0)
				return true;
		}
	return false;
}
