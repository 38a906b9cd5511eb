/* SPDX-License-Identifier: Apache-2.0
 *
 * bench_kinds.h: what the kinds of a scenario amounted to, for a terminal.
 */
#ifndef TAYRA_CLI_BENCH_KINDS_H
#define TAYRA_CLI_BENCH_KINDS_H

#include "drive/kinds.h"

/* A table on stdout; nothing for NULL. */
void tayra__bench_kinds_print(const struct tayra__kinds *kinds);

#endif
