/* SPDX-License-Identifier: Apache-2.0
 *
 * process.h: which process is this?  A number that is the same for the life of a process and
 * another one in a forked child, for the price of one load.  Any thread.
 */
#ifndef TAYRA_LOAD_PROCESS_H
#define TAYRA_LOAD_PROCESS_H

#include <stdint.h>

/* Never 0. */
uint64_t tayra__process_token(void);

#endif
