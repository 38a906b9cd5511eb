/* SPDX-License-Identifier: Apache-2.0 */
#include "showcase/svg_time.h"

#include <math.h>

#include "report/html.h"
#include "showcase/advice.h"
#include "showcase/words.h"

#define ARMS       3
#define LEFT       66.0
#define WIDTH      720.0
#define BAR_HEIGHT 22.0
#define STEP       32.0

static double
whole_ms(const struct tayra__results *r, uint32_t stage, uint32_t arm)
{
	double sum = 0;

	for (int i = 0; i < TAYRA__PARTS; i++)
		sum += fmax(0, tayra__advice_part(r, stage, arm, (enum tayra__part)i));
	return isnan(sum) ? 0 : sum;
}

static void
draw_bar(const struct tayra__results *r, uint32_t stage, uint32_t arm, double most_ms, FILE *out)
{
	double x = LEFT, y = arm * STEP;
	char number[16], label[20];

	tayra__html_svg_text(out, LEFT - 6, y + 16, "end", tayra__arm_names[arm]);
	for (int i = 0; i < TAYRA__PARTS; i++) {
		double ms = tayra__advice_part(r, stage, arm, (enum tayra__part)i);
		double width = isnan(ms) ? 0 : ms / most_ms * WIDTH;

		if (width < 0.05)
			continue;
		fprintf(out,
			"<rect class=\"part %s\" x=\"%.1f\" y=\"%.0f\" width=\"%.1f\" "
			"height=\"%.0f\"><title>%s: %s ms</title></rect>",
			tayra__part_name((enum tayra__part)i), x, y, width, BAR_HEIGHT,
			tayra__part_text((enum tayra__part)i), tayra__figure_number(ms, number));
		x += width;
	}
	snprintf(label, sizeof(label), "%s ms",
		 tayra__figure_number(whole_ms(r, stage, arm), number));
	tayra__html_svg_text(out, x + 6, y + 16, "start", label);
}

void
tayra__svg_time(const struct tayra__results *r, uint32_t stage, FILE *out)
{
	double most_ms = 0;

	for (uint32_t arm = 0; arm < ARMS; arm++)
		most_ms = fmax(most_ms, whole_ms(r, stage, arm));
	if (most_ms <= 0)
		return;
	fputs("<p class=\"legend\">", out);
	for (int i = 0; i < TAYRA__PARTS; i++)
		fprintf(out, "<i class=\"box part %s\"></i>%s",
			tayra__part_name((enum tayra__part)i),
			tayra__part_name((enum tayra__part)i));
	fputs("</p>\n<svg class=\"chart wide\" viewBox=\"0 0 900 96\" role=\"img\" "
	      "aria-label=\"Where the time of a request goes: plain, tuned, tayra\">",
	      out);
	for (uint32_t arm = 0; arm < ARMS; arm++)
		draw_bar(r, stage, arm, most_ms, out);
	fputs("</svg>\n", out);
}
