/* SPDX-License-Identifier: Apache-2.0
 *
 * interrupt.h: Ctrl-C as a flag that long work looks at.  The first signal sets it; a second one
 * ends the process as it would have without us.
 */
#ifndef TAYRA_CLI_INTERRUPT_H
#define TAYRA_CLI_INTERRUPT_H

#include <stdbool.h>

/* For SIGINT and SIGTERM.  A read that waits returns with EINTR.  SIGPIPE is ignored from here on.
 */
void tayra__interrupt_install(void);
bool tayra__interrupted(void);
/* The same, for those below who take a pointer to it.  Static. */
const _Atomic bool *tayra__interrupt_flag(void);

#endif
