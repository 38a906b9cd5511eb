/* SPDX-License-Identifier: Apache-2.0
 *
 * pace_settings.c: `tayra pace sim --settings`: all that can stand in a scenario file, from the
 * rows it is read by.
 */
#include "cli/pace.h"

#include "sim/scenario_knobs.h"

static void
print_table(const char *title, const struct tayra__knob *table)
{
	printf("%s\n", title);
	for (const struct tayra__knob *knob = table; knob->name; knob++)
		printf("  %-15s %-11s %s%s(default: %s)\n", knob->name, knob->argument,
		       knob->sentence, knob->sentence[0] ? " " : "", knob->fallback);
}

void
tayra__pace_settings(void)
{
	print_table("A scenario is a YAML file:", tayra__scenario_knobs);
	print_table("\nbackend:", tayra__backend_knobs);
	print_table("\nloads: a list, each with", tayra__load_knobs);
	print_table("\nchanges: a list, each with", tayra__change_knobs);
	print_table("\nweather:", tayra__weather_knobs);
	print_table("\npace:", tayra__pacer_knobs);
	print_table("\ngoals: a list, each with", tayra__goal_knobs);
	printf("\nfigures of goals:\n");
	for (size_t i = 0; tayra__goal_figures[i]; i++)
		printf("  %-20s %s\n", tayra__goal_figures[i], tayra__goal_sentences[i]);
}
