/* SPDX-License-Identifier: Apache-2.0 */
#include "stat/t_test.h"

#include <math.h>

#include "stat/quantile.h"
#include "stat/student_t.h"

static void
judge(double error, double df, double alpha, struct tayra__t_test *out)
{
	double reach;

	out->t = out->df = out->p = out->lo = out->hi = nan("");
	if (!(error > 0) || !isfinite(error))
		return;
	out->df = df;
	out->t = out->difference / error;
	out->p = 2 * tayra__student_t_tail(fabs(out->t), df);
	reach = error * tayra__student_t_quantile(1 - alpha / 2, df);
	out->lo = out->difference - reach;
	out->hi = out->difference + reach;
}

void
tayra__t_test_welch(const double *a, size_t na, const double *b, size_t nb, double alpha,
		    struct tayra__t_test *out)
{
	double va = pow(tayra__quantile_stdev(a, na), 2) / (double)na;
	double vb = pow(tayra__quantile_stdev(b, nb), 2) / (double)nb;

	out->difference = tayra__quantile_mean(b, nb) - tayra__quantile_mean(a, na);
	judge(sqrt(va + vb),
	      pow(va + vb, 2) / (va * va / (double)(na - 1) + vb * vb / (double)(nb - 1)), alpha,
	      out);
}

void
tayra__t_test_student(const double *a, size_t na, const double *b, size_t nb, double alpha,
		      struct tayra__t_test *out)
{
	double df = (double)na + (double)nb - 2;
	double squares = pow(tayra__quantile_stdev(a, na), 2) * ((double)na - 1) +
			 pow(tayra__quantile_stdev(b, nb), 2) * ((double)nb - 1);

	out->difference = tayra__quantile_mean(b, nb) - tayra__quantile_mean(a, na);
	judge(sqrt(squares / df * (1 / (double)na + 1 / (double)nb)), df, alpha, out);
}
