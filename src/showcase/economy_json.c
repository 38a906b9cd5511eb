/* SPDX-License-Identifier: Apache-2.0 */
#include "showcase/economy_json.h"

#include "base/json.h"
#include "showcase/advice.h"
#include "showcase/results.h"
#include "showcase/scorecard.h"

#define DIGITS 6

static void
put_estimate(struct tayra__json *json, const char *key, const struct tayra__estimate *e)
{
	tayra__json_object(json, key);
	tayra__json_double(json, "value", e->value, DIGITS);
	tayra__json_double(json, "lo", e->lo, DIGITS);
	tayra__json_double(json, "hi", e->hi, DIGITS);
	tayra__json_end(json);
}

static void
write_efficiency(struct tayra__json *json, const struct tayra__economy *e)
{
	tayra__json_object(json, "service_level");
	tayra__json_double(json, "p99_ms", e->level_p99_ms, DIGITS);
	tayra__json_double(json, "error_ratio", e->level_errors, DIGITS);
	tayra__json_end(json);
	tayra__json_array(json, "efficiency");
	for (int arm = 0; arm < TAYRA__ECONOMY_ARMS; arm++) {
		tayra__json_object(json, NULL);
		tayra__json_string(json, "arm", tayra__arm_names[arm]);
		put_estimate(json, "answers_per_cpu_s", &e->per_cpu_s[arm]);
		put_estimate(json, "answers_per_s_per_mib", &e->per_mib[arm]);
		put_estimate(json, "capacity_per_s", &e->capacity[arm].per_s);
		tayra__json_string(json, "capacity_bound",
				   tayra__bound_name(e->capacity[arm].bound));
		tayra__json_end(json);
	}
	tayra__json_end(json);
}

static void
write_prices(struct tayra__json *json, const struct tayra__prices *p)
{
	tayra__json_object(json, "prices");
	tayra__json_string(json, "currency", p->currency);
	tayra__json_string(json, "label", p->label);
	for (uint32_t i = 0; i < TAYRA__PRICES; i++)
		tayra__json_double(json, tayra__price_name(i), p->value[i], DIGITS);
	tayra__json_end(json);
}

static void
write_money(struct tayra__json *json, const struct tayra__economy *e)
{
	static const uint32_t bases[] = { TAYRA__ARM_TUNED, TAYRA__ARM_PLAIN };

	if (!e->prices.given) {
		tayra__json_null(json, "money");
		return;
	}
	tayra__json_object(json, "money");
	write_prices(json, &e->prices);
	tayra__json_array(json, "against");
	for (int i = 0; i < 2; i++) {
		const struct tayra__money *m = &e->money[i];

		tayra__json_object(json, NULL);
		tayra__json_string(json, "a", tayra__arm_names[bases[i]]);
		tayra__json_string(json, "no_figure", m->why_not[0] ? m->why_not : NULL);
		if (!m->why_not[0]) {
			put_estimate(json, "cost_a_per_million", &m->cost_a);
			put_estimate(json, "cost_b_per_million", &m->cost_b);
			put_estimate(json, "saving_per_month", &m->saving);
			put_estimate(json, "return", &m->roi);
			tayra__json_double(json, "pays_ratio", m->positive, DIGITS);
		}
		tayra__json_end(json);
	}
	tayra__json_end(json);
	tayra__json_end(json);
}

static void
write_advice(struct tayra__json *json, const struct tayra__results *r)
{
	struct tayra__advice advice;

	tayra__json_array(json, "advice");
	for (uint32_t i = 0; tayra__advice_next(r, i, &advice); i++) {
		tayra__json_object(json, NULL);
		tayra__json_string(json, "rule", advice.rule);
		tayra__json_string(json, "text", advice.text);
		tayra__json_end(json);
	}
	tayra__json_end(json);
}

static void
write_scores(struct tayra__json *json, const struct tayra__results *r)
{
	struct tayra__score scores[TAYRA__SCORES];

	tayra__scorecard(r, scores);
	tayra__json_array(json, "scorecard");
	for (int i = 0; i < TAYRA__SCORES; i++) {
		tayra__json_object(json, NULL);
		tayra__json_string(json, "name", scores[i].name);
		tayra__json_double(json, "score", scores[i].value, DIGITS);
		tayra__json_double(json, "of", TAYRA__SCORE_MOST, DIGITS);
		tayra__json_string(json, "formula", scores[i].formula);
		tayra__json_array(json, "evidence");
		for (int j = 0; j < TAYRA__SCORE_EVIDENCE; j++)
			if (scores[i].evidence[j][0])
				tayra__json_string(json, NULL, scores[i].evidence[j]);
		tayra__json_end(json);
		tayra__json_end(json);
	}
	tayra__json_end(json);
}

void
tayra__economy_json_write(struct tayra__json *json, const struct tayra__results *r)
{
	write_efficiency(json, &r->economy);
	write_money(json, &r->economy);
	write_advice(json, r);
	write_scores(json, r);
}
