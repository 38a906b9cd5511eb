/* SPDX-License-Identifier: Apache-2.0
 *
 * bench_method.h: what was asked for and on which machine, for a report.
 */
#ifndef TAYRA_CLI_BENCH_METHOD_H
#define TAYRA_CLI_BENCH_METHOD_H

#include "report/method.h"

struct tayra__bench_options;

/* The machine and the time; no settings yet. */
void tayra__bench_method_begin(struct tayra__method *method);
/* And the settings of a comparison, or of the load on one server. */
void tayra__bench_method(const struct tayra__bench_options *options, struct tayra__method *method);

#endif
