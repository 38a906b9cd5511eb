/* SPDX-License-Identifier: Apache-2.0
 *
 * cost.h: what a difference in processor time means, as people and programs read it: efficiency,
 * headroom, money, and which input drives the width.
 */
#ifndef TAYRA_REPORT_COST_H
#define TAYRA_REPORT_COST_H

#include "base/json.h"
#include "prove/saving.h"
#include "report/sheet.h"

struct tayra__cost {
	const char *a, *b;                  /* the base and the other */
	const struct tayra__prices *prices; /* NULL: none were given */
	struct tayra__saving saving;
};

/* A table, whose they are, and the tornado; or why there is no money. */
void tayra__cost_put(const struct tayra__cost *cost, struct tayra__sheet *sheet);
/* As members of the object that is open. */
void tayra__cost_json(const struct tayra__cost *cost, struct tayra__json *json);

#endif
