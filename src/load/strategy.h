/* SPDX-License-Identifier: Apache-2.0
 *
 * strategy.h: a handle's strategy: defaults filled in, checked, put in force.
 */
#ifndef TAYRA_LOAD_STRATEGY_H
#define TAYRA_LOAD_STRATEGY_H

#include <tayra/tayra.h>

/* What a handle without a strategy is: its options' times, nothing learned. */
void tayra__strategy_of_options(const struct tayra_options *options, struct tayra_strategy *out);
/* Where `given` leaves something 0, it is that of `base` for times, else the default.
 * => TAYRA_OK, TAYRA_E_INVAL. */
int tayra__strategy_resolve(const struct tayra_strategy *given, const struct tayra_strategy *base,
			    struct tayra_strategy *out);
/* Put a resolved one in force.  No lock is held.  => TAYRA_OK; TAYRA_E_NOMEM: nothing changed. */
int tayra__strategy_apply(struct tayra *t, const struct tayra_strategy *strategy);

#endif
