/* SPDX-License-Identifier: Apache-2.0
 *
 * freshness.h: how long an HTTP response may be kept, as a shared cache reads it (RFC 9111, 4.2 and
 * 5.2.2): Cache-Control and Age, nothing else.  Not thread-safe.
 */
#ifndef TAYRA_ORIGIN_FRESHNESS_H
#define TAYRA_ORIGIN_FRESHNESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tayra__freshness {
	bool no_store; /* no-store, no-cache or private */
	bool max_age, s_maxage;
	uint64_t max_age_s, s_maxage_s, age_s;
};

/* One header line, with or without its end of line.  A status line begins anew. */
void tayra__freshness_read(struct tayra__freshness *freshness, const char *line, size_t len);
/* => 0: nothing was said.  TAYRA_OFF: it was fresh no more when it came.  At most ten years. */
uint64_t tayra__freshness_ttl_ms(const struct tayra__freshness *freshness);

#endif
