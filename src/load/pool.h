/* SPDX-License-Identifier: Apache-2.0
 *
 * pool.h: a handle's pools: handles of their own that share its pace, clock and ticker.  They are
 * made while it lives and go with it, so that whoever walks over them needs no lock.
 */
#ifndef TAYRA_LOAD_POOL_H
#define TAYRA_LOAD_POOL_H

struct tayra;

/* NULL pool: the first one.  => NULL: there are no more. */
struct tayra *tayra__pool_next(struct tayra *t, struct tayra *pool);

#endif
