/* SPDX-License-Identifier: Apache-2.0 */
#include "showcase/svg.h"

#include <math.h>

#include "report/html.h"
#include "showcase/words.h"

#define ARMS_SHOWN 3

/* A plot's box in the drawing. */
struct box {
	double left, top, width, height;
};

static double
log_place(double value, double least, double most)
{
	return log(value / least) / log(most / least);
}

/* ---- latency curves ---- */

/* Powers of ten around what is drawn. */
static void
range_of(const struct tayra__stage_figures *figures, double *least, double *most)
{
	*least = 1e9;
	*most = 1e-3;
	for (int arm = 0; arm < ARMS_SHOWN; arm++)
		for (int i = 0; i < TAYRA__QUANTILES; i++) {
			double ms = fmax(figures->latency_ms[arm][i], 0.01);

			*least = fmin(*least, ms);
			*most = fmax(*most, ms);
		}
	*least = pow(10, floor(log10(*least)));
	*most = pow(10, ceil(log10(*most)));
	if (*most <= *least)
		*most = *least * 10;
}

static void
draw_grid(FILE *out, const struct box *b, double least, double most)
{
	static const double shares[] = { 0, 0.5, 0.9, 0.99, 0.999 };
	static const char *const labels[] = { "", "half", "90%", "99%", "99.9%" };
	char label[32], number[16];

	for (double ms = least; ms <= most * 1.01; ms *= 10) {
		double y = b->top + b->height * (1 - log_place(ms, least, most));

		fprintf(out,
			"<line class=\"grid\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>",
			b->left, y, b->left + b->width, y);
		snprintf(label, sizeof(label), "%s ms", tayra__figure_number(ms, number));
		tayra__html_svg_text(out, b->left - 6, y + 4, "end", label);
	}
	for (int i = 1; i < 5; i++) {
		double x = b->left + b->width * -log10(1 - shares[i]) / 3;

		fprintf(out,
			"<line class=\"grid\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>", x,
			b->top, x, b->top + b->height);
		tayra__html_svg_text(out, x, b->top + b->height + 16, i == 4 ? "end" : "middle",
				     labels[i]);
	}
}

static void
draw_curve(FILE *out, const struct box *b, const double *ms, int arm, double least, double most)
{
	fprintf(out, "<polyline class=\"line a%d\" points=\"", arm);
	for (int i = 0; i < TAYRA__QUANTILES; i++)
		fprintf(out, "%.1f,%.1f ", b->left + b->width * i / (TAYRA__QUANTILES - 1),
			b->top + b->height * (1 - log_place(fmax(ms[i], least), least, most)));
	fputs("\"/>", out);
}

void
tayra__svg_curves(const struct tayra__stage_figures *figures, double deadline_ms, FILE *out)
{
	struct box b = { 66, 26, 470, 170 };
	double least, most;

	range_of(figures, &least, &most);
	fputs("<svg class=\"chart\" viewBox=\"0 0 600 222\" role=\"img\" aria-label=\"Latency by "
	      "share of requests: plain, tuned, tayra\">",
	      out);
	tayra__html_svg_text(out, b.left, 14, "start",
			     "latency that this share of the requests stayed within");
	draw_grid(out, &b, least, most);
	if (deadline_ms > least && deadline_ms < most) {
		double y = b.top + b.height * (1 - log_place(deadline_ms, least, most));

		fprintf(out,
			"<line class=\"limit\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>",
			b.left, y, b.left + b.width, y);
		tayra__html_svg_text(out, b.left + b.width + 6, y + 4, "start", "deadline");
	}
	for (int arm = 0; arm < ARMS_SHOWN; arm++)
		draw_curve(out, &b, figures->latency_ms[arm], arm, least, most);
	fputs("</svg>\n", out);
}

/* ---- the outage ---- */

static void
draw_answers(FILE *out, const struct box *b, const struct tayra__outage *o, uint32_t most_steps)
{
	static const char *const classes[TAYRA__ANSWERS] = { "fresh", "stale", "failed" };
	double width = b->width / most_steps;
	uint32_t peak = 1;

	for (uint32_t i = 0; i < o->steps; i++) {
		uint32_t sum = o->count[i][0] + o->count[i][1] + o->count[i][2];

		peak = sum > peak ? sum : peak;
	}
	/* One path a kind of answer keeps the page small. */
	for (int answer = 0; answer < TAYRA__ANSWERS; answer++) {
		fprintf(out, "<path class=\"%s\" d=\"", classes[answer]);
		for (uint32_t i = 0; i < o->steps; i++) {
			double scale = b->height / peak, below = 0;

			for (int under = 0; under < answer; under++)
				below += o->count[i][under] * scale;
			if (o->count[i][answer])
				fprintf(out, "M%.1f %.1fh%.2fv-%.1fh-%.2fz", b->left + i * width,
					b->top + b->height - below, width,
					o->count[i][answer] * scale, width);
		}
		fputs("\"/>", out);
	}
}

static void
draw_moment(FILE *out, const struct box *b, double x, const char *label, bool labelled)
{
	fprintf(out, "<line class=\"limit\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>", x,
		b->top, x, b->top + b->height);
	if (labelled)
		tayra__html_svg_text(out, x + 3, b->top - 6, "start", label);
}

void
tayra__svg_outage(const struct tayra__outage outage[TAYRA__SHOWCASE_ARMS], FILE *out)
{
	uint32_t most_steps = 1;

	for (int arm = 0; arm < ARMS_SHOWN; arm++)
		most_steps = outage[arm].steps > most_steps ? outage[arm].steps : most_steps;
	fputs("<svg class=\"chart wide\" viewBox=\"0 0 900 250\" role=\"img\" aria-label=\"Answers "
	      "over time while the database hung, was gone and came back\">",
	      out);
	for (int arm = 0; arm < ARMS_SHOWN; arm++) {
		const struct tayra__outage *o = &outage[arm];
		struct box b = { 66, 26 + arm * 70, 820, 58 };
		double step = b.width / most_steps;

		tayra__html_svg_text(out, b.left - 6, b.top + b.height / 2 + 4, "end",
				     tayra__arm_names[arm]);
		draw_answers(out, &b, o, most_steps);
		draw_moment(out, &b, b.left, "it hangs", arm == 0);
		draw_moment(out, &b, b.left + o->dead_step * step, "it is gone", arm == 0);
		draw_moment(out, &b, b.left + o->back_step * step, "it is back", arm == 0);
	}
	tayra__html_svg_text(
		out, 66, 244, "start",
		"each bar: requests of one step of time, fresh at the bottom, stale, not answered");
	fputs("</svg>\n", out);
}
