/* SPDX-License-Identifier: Apache-2.0
 *
 * integration.c: one call runs the showcase, and what it found is printed.
 *
 *     integration [PACKAGES-FILE [OUTPUT-FOLDER [SLICE-SCALE]]]
 */
#include <stdio.h>
#include <stdlib.h>
#include <tayra/prove.h>

static void
print_average(const char *against, const struct tayra_comparison *c)
{
	printf("average improvement over %s: x%.2f [%.2f, %.2f], %s\n", against, c->ratio, c->lo,
	       c->hi, tayra_verdict_name(c->verdict));
}

static void
print_findings(const struct tayra_showcase_summary *s)
{
	print_average("tuned", &s->over_tuned);
	print_average("plain", &s->over_plain);
	printf("comparisons with tuned: %u better, %u worse, %u the same, %u undecided\n",
	       s->better, s->worse, s->same, s->undecided);
	printf("scores of 10: complexity %.1f, innovation %.1f, business impact %.1f\n",
	       s->complexity, s->innovation, s->business_impact);
}

int
main(int argc, char **argv)
{
	static struct tayra_showcase_summary summary = TAYRA_SHOWCASE_SUMMARY_INIT;
	struct tayra_showcase_options options = TAYRA_SHOWCASE_OPTIONS_INIT;
	int status;

	options.quick = true;
	options.progress = stderr;
	options.data_path = argc > 1 ? argv[1] : NULL;
	options.out_dir = argc > 2 ? argv[2] : NULL;
	options.slice_scale = argc > 3 ? strtod(argv[3], NULL) : 0;
	fputs("integration: runs the quick showcase: about a minute at full load; Ctrl-C ends it\n",
	      stderr);
	status = tayra_showcase_run(&options, &summary);
	if (status < 0) {
		fprintf(stderr, "%s: %s\n", tayra_status_text(status), summary.why);
		return 1;
	}
	if (summary.valid)
		print_findings(&summary);
	else
		printf("this run cannot be believed, so nothing was compared: %s\n", summary.why);
	printf("written: %s\n", summary.report_html);
	return 0;
}
