/* SPDX-License-Identifier: Apache-2.0
 *
 * moments.h: a trace of arrivals: when each request becomes due, in seconds after the start, one a
 * line, never falling.  Blank lines and those that begin with # are skipped.
 */
#ifndef TAYRA_DRIVE_MOMENTS_H
#define TAYRA_DRIVE_MOMENTS_H

#include <stddef.h>
#include <stdint.h>

#define TAYRA__MOMENTS_BYTES_MAX (64u << 20)
#define TAYRA__MOMENTS_SECONDS   604800 /* a week */

struct tayra__moments {
	uint64_t *ns; /* [count] */
	size_t count;
};

/* => TAYRA_OK; TAYRA_E_INVAL: `why` is "FILE:LINE: what"; TAYRA_E_NOMEM: nothing to fini. */
int tayra__moments_parse(struct tayra__moments *moments, const char *file, const char *bytes,
			 size_t len, char *why, size_t why_size);
/* => also TAYRA_E_IO. */
int tayra__moments_load(struct tayra__moments *moments, const char *path, char *why,
			size_t why_size);
void tayra__moments_fini(struct tayra__moments *moments);

#endif
