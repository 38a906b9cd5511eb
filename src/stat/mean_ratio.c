/* SPDX-License-Identifier: Apache-2.0 */
#include "stat/mean_ratio.h"

#include "base/mem.h"
#include "stat/signflip.h"

#include <tayra/base.h>

#include <math.h>

#define LEAST_ROUNDS 6

static size_t
finite_count(const struct tayra__mean_ratio_row *row)
{
	size_t count = 0;

	for (size_t i = 0; i < row->rounds; i++)
		count += isfinite(row->log_ratio[i]) ? 1 : 0;
	return count;
}

static size_t
group_rounds(const struct tayra__mean_ratio_row *rows, size_t n, uint32_t group)
{
	size_t rounds = 0;

	for (size_t r = 0; r < n; r++) {
		if (rows[r].group == group && rows[r].rounds > rounds)
			rounds = rows[r].rounds;
	}
	return rounds;
}

/* Where the rounds of row r's group begin among all rounds; for r = n, how many there are. */
static size_t
first_round(const struct tayra__mean_ratio_row *rows, size_t n, size_t r)
{
	size_t total = 0;

	for (size_t i = 0; i < n; i++) {
		size_t earlier = 0;

		while (rows[earlier].group != rows[i].group)
			earlier++;
		if (earlier < i)
			continue; /* not the first of its group */
		if (r < n && rows[r].group == rows[i].group)
			return total;
		total += group_rounds(rows, n, rows[i].group);
	}
	return total;
}

/* Share of the mean that each round brings, and how much of the weight. */
static size_t
add_rows(const struct tayra__mean_ratio_row *rows, size_t n, double *part, double *weight)
{
	size_t metrics = 0;

	for (size_t r = 0; r < n; r++) {
		size_t count = finite_count(&rows[r]), at = first_round(rows, n, r);

		metrics += count ? 1 : 0;
		for (size_t i = 0; i < rows[r].rounds; i++) {
			if (!isfinite(rows[r].log_ratio[i]))
				continue;
			part[at + i] += rows[r].log_ratio[i] / (double)count;
			weight[at + i] += 1 / (double)count;
		}
	}
	return metrics;
}

/* Drop rounds in which nothing was measured.  Returns how many remain. */
static size_t
keep_measured(double *part, double *weight, size_t rounds)
{
	size_t kept = 0;

	for (size_t i = 0; i < rounds; i++) {
		if (weight[i] > 0) {
			part[kept] = part[i];
			weight[kept++] = weight[i];
		}
	}
	return kept;
}

int
tayra__mean_ratio(const struct tayra__mean_ratio_row *rows, size_t n, double alpha, uint64_t seed,
		  struct tayra__mean_ratio *out)
{
	size_t rounds = first_round(rows, n, n);
	double *part = tayra__mem_array(rounds + 1, 2 * sizeof(*part));
	double *weight = part + rounds;
	struct tayra__signflip test;
	double sum = 0;
	int status;

	*out = (struct tayra__mean_ratio){
		.ratio = nan(""), .lo = nan(""), .hi = nan(""), .p = nan("")
	};
	if (!part)
		return TAYRA_E_NOMEM;
	out->metrics = add_rows(rows, n, part, weight);
	out->rounds = keep_measured(part, weight, rounds);
	status = tayra__signflip_test(part, weight, out->rounds, alpha, seed, &test);
	if (status == TAYRA_OK && out->rounds) {
		for (size_t i = 0; i < out->rounds; i++)
			sum += part[i];
		out->ratio = exp(sum / (double)out->metrics);
		out->p = test.p;
		if (out->rounds >= LEAST_ROUNDS && isfinite(test.lo) && isfinite(test.hi)) {
			out->lo = exp(test.lo);
			out->hi = exp(test.hi);
		}
	}
	tayra__mem_free(part);
	return status;
}
