/* SPDX-License-Identifier: Apache-2.0
 *
 * absent.h: what is known not to be had: keys the origin does not have, and keys whose load failed,
 * each for a time of its own.  They lie in a small cache beside the RAM tier, where nobody can take
 * one for a value; it is made when the first is to be kept.  Any thread.
 */
#ifndef TAYRA_LOAD_ABSENT_H
#define TAYRA_LOAD_ABSENT_H

#include <tayra/tayra.h>

/* => TAYRA_OK: nothing is known.  Else the status its load ended with, and in *left_ms how long it
 * is kept. */
int tayra__absent_get(struct tayra *t, const void *key, size_t key_len, uint64_t now_ms,
		      uint64_t *left_ms);
/* Keep it, if there is memory for it.  handle.lock is held; so it is for the rest. */
void tayra__absent_put(struct tayra *t, const void *key, size_t key_len, int status,
		       uint64_t ttl_ms, uint64_t now_ms);
/* Something may be there now. */
void tayra__absent_forget(struct tayra *t, const void *key, size_t key_len);
void tayra__absent_forget_all(struct tayra *t);

#endif
