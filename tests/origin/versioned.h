/* SPDX-License-Identifier: Apache-2.0
 *
 * versioned.h: an origin with a statement for versions, asked anew for a key by one handle.
 */
#ifndef TESTS_ORIGIN_VERSIONED_H
#define TESTS_ORIGIN_VERSIONED_H

#include "asked.h"

/* What comes, and how often until then it was found to be what is cached. */
static inline void
ask_anew(struct stage *s, struct tayra_origin *origin, const char *key, const char *value,
	 uint64_t unchanged)
{
	struct tayra_request r = ask(s, key, NULL);
	struct tayra_ref ref;

	r.origin = origin;
	r.flags = TAYRA_REQUEST_REFRESH;
	r.stale_ms = 60000;
	assert_int_equal(tayra_get_or_load(s->t, &r, &ref), TAYRA_OK);
	holds(&ref, value);
	tayra_release(&ref);
	assert_int_equal(stats_of(s).unchanged, unchanged);
}

#endif
