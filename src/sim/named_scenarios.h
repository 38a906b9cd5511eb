/* SPDX-License-Identifier: Apache-2.0
 *
 * named_scenarios.h: the scenarios that are in the program: contrib/scenarios/NAME.yaml.
 */
#ifndef TAYRA_SIM_NAMED_SCENARIOS_H
#define TAYRA_SIM_NAMED_SCENARIOS_H

#include <stddef.h>

struct tayra__named_scenario {
	const char *name;
	const char *text;
	size_t len;
};

/* In their order, ended by one without a name. */
extern const struct tayra__named_scenario tayra__named_scenarios[];

#endif
