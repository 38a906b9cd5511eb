/* SPDX-License-Identifier: Apache-2.0
 *
 * backpressure.h: keeping what tayra_pace_backpressure() says, and telling who watches it.
 */
#ifndef TAYRA_PACE_BACKPRESSURE_H
#define TAYRA_PACE_BACKPRESSURE_H

#include "pace/pace.h"

/* Under pace.lock, after a change to the queue. */
void tayra__backpressure_publish(struct tayra_pace *pace);
/* Tell the watchers if it has changed since they were told.  Takes the lock. */
void tayra__backpressure_tell(struct tayra_pace *pace);

#endif
