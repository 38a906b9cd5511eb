/* SPDX-License-Identifier: Apache-2.0
 *
 * stale.h: what is kept of a key past its time.  It can be marked: until some moment, who takes
 * what is stale gets it from the cache alone, without handle.lock and without a flight.
 *
 * A mark is a hint with an end.  Nobody has to take it back: what is put or lands replaces it.
 *
 * Everything here is called with handle.lock held.
 */
#ifndef TAYRA_LOAD_STALE_H
#define TAYRA_LOAD_STALE_H

#include <tayra/tayra.h>

#define TAYRA__STALE_MARK_MS 50u /* of a load under way: so often somebody looks after it */

/* Mark it with TAYRA_ITEM_FAILED or TAYRA_ITEM_LOADING, if there is something and it is stale. */
void tayra__stale_mark(struct tayra *t, const void *key, size_t key_len, uint32_t flag,
		       uint64_t now_ms, uint64_t until_ms);
/* => whether there is something, and *ref has it. */
bool tayra__stale_take(struct tayra *t, const void *key, size_t key_len, uint64_t now_ms,
		       struct tayra_ref *ref);

#endif
