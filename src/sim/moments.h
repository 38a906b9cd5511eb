/* SPDX-License-Identifier: Apache-2.0
 *
 * moments.h: when requests came, out of a trace: its first moment is 0, time never goes back.
 */
#ifndef TAYRA_SIM_MOMENTS_H
#define TAYRA_SIM_MOMENTS_H

#include <stddef.h>
#include <stdint.h>

struct tayra__moment {
	uint64_t at_ns;
	double cost_ms; /* that the trace says it took; 0: it says nothing */
};

#define TAYRA__MOMENTS_MAX 5000000u

/*
 * Rows up to `length_ns`, when the trace's clock goes `faster` times as fast; deletes are no
 * requests.  *out is the caller's, for tayra__mem_free().
 * => TAYRA_OK; else as tayra__trace_open(), and TAYRA_E_CORRUPT for a trace without a request,
 *    TAYRA_E_TOO_LARGE; error is one line.
 */
int tayra__moments_read(const char *path, double faster, uint64_t length_ns,
			struct tayra__moment **out, size_t *count, char *error, size_t error_len);

#endif
