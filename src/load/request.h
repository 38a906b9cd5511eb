/* SPDX-License-Identifier: Apache-2.0
 *
 * request.h: what a request asks for, checked, with the handle's defaults filled in and its
 * timeouts made moments.
 */
#ifndef TAYRA_LOAD_REQUEST_H
#define TAYRA_LOAD_REQUEST_H

#include <tayra/tayra.h>

#include "load/origin.h"

struct tayra__waiter;

struct tayra__want {
	const void *key; /* the caller's */
	size_t key_len;
	struct tayra_origin *origin;
	tayra_load_fn load;
	void *load_arg;
	uint64_t ttl_ms;                      /* UINT64_MAX: never fresh */
	uint64_t stale_ms;                    /* 0: none */
	uint64_t absent_ttl_ms, error_ttl_ms; /* 0: not kept */
	uint64_t soft_ns, deadline_ns;        /* moments; UINT64_MAX: never */
	enum tayra_class cls;
	uint32_t cost; /* to pace */
	size_t key_prefix_len;
	const struct tayra_tag *tags; /* the caller's, checked */
	size_t tag_count;
	bool store, refresh;
	bool at_once; /* what is stale is served without waiting */
	bool loads;   /* else: from RAM and below alone, and no loader is set */
};

struct tayra__want tayra__want_of(const struct tayra *t, const struct tayra_request *request,
				  uint64_t now_ns);
/* A request of our own version is used where it is; else it is brought into *copy.  => as
 * tayra__key_check(), of its key. */
int tayra__request_check(const struct tayra *t, const struct tayra_request **request,
			 struct tayra_request *copy);
/* Until w is answered: run its loader if its turn comes, and keep its timeouts.  Lock held; `made`
 * is the flight if the caller made and entered it.  => its status. */
int tayra__request_wait(struct tayra *t, struct tayra__waiter *w, struct tayra_load *made,
			struct tayra_ref *ref);
/* => TAYRA_OK, TAYRA_E_INVAL, TAYRA_E_TOO_LARGE, TAYRA_E_FORKED.  An empty key is a key. */
int tayra__key_check(const struct tayra *t, const void *key, size_t key_len);

#endif
