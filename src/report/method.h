/* SPDX-License-Identifier: Apache-2.0
 *
 * method.h: how a report says what was asked for, on which machine, and how to do it again.
 */
#ifndef TAYRA_REPORT_METHOD_H
#define TAYRA_REPORT_METHOD_H

#include "drive/host.h"
#include "report/sheet.h"

#include <stddef.h>

#define TAYRA__METHOD_SETTINGS 20

struct tayra__method {
	struct tayra__host host;
	char when[24]; /* "2026-11-27T03:15:00Z" */
	struct {
		const char *name;
		char value[120];
	} setting[TAYRA__METHOD_SETTINGS];
	size_t settings;
};

/* Empty, with the machine it is on and the moment. */
void tayra__method_begin(struct tayra__method *method, uint64_t wall_ms);
/* One that is full takes no more. */
__attribute__((format(printf, 3, 4))) void
tayra__method_set(struct tayra__method *method, const char *name, const char *value, ...);
/* Plan and host as tables. */
void tayra__method_put(const struct tayra__method *method, struct tayra__sheet *sheet);

#endif
