/* SPDX-License-Identifier: Apache-2.0
 *
 * deadline.h: EX, PX, EXAT and PXAT: what a command says about time, as a moment in Unix time.
 */
#ifndef TAYRA_SERVE_DEADLINE_H
#define TAYRA_SERVE_DEADLINE_H

#include "serve/command.h"

#include <stdbool.h>
#include <stdint.h>

#define TAYRA__DEADLINE_SECONDS  1u /* else milliseconds */
#define TAYRA__DEADLINE_ABSOLUTE 2u /* else from now */
#define TAYRA__DEADLINE_POSITIVE 4u /* else 0 and less are moments too */

/* The deadline in the argument, or an error as reply and false.  Never TAYRA__NO_EXPIRY. */
bool tayra__deadline_read(const struct tayra__call *call, size_t index, uint32_t how, int64_t *out);
/* The flags of EX PX EXAT PXAT, POSITIVE with them; 0 when the argument is none of these. */
uint32_t tayra__deadline_option(const struct tayra__call *call, size_t index);

#endif
