/* SPDX-License-Identifier: Apache-2.0
 *
 * trace_target.h: what the fuzz targets of trace formats check: a trace is read to its end or to an
 * error of one line, and what was read keeps the reader's promises.
 */
#ifndef TESTS_FUZZ_TRACE_TARGET_H
#define TESTS_FUZZ_TRACE_TARGET_H

#include <stdlib.h>
#include <string.h>

#include <tayra/base.h>

#include "sim/trace.h"

#define ROWS_MAX 20000 /* zstd can make much of little */

static inline void
require(int holds)
{
	if (!holds)
		abort();
}

static inline void
read_trace(const uint8_t *data, size_t size, enum tayra__trace_format format)
{
	struct tayra__trace_error error = { "" };
	struct tayra__trace *trace;
	int status = tayra__trace_open_memory(data, size, "fuzz", format, &trace, &error);

	for (int rows = 0; status == TAYRA_OK && rows < ROWS_MAX; rows++) {
		struct tayra__trace_request request;

		status = tayra__trace_next(trace, &request, &error);
		if (status)
			break;
		require(request.size_bytes <= INT64_MAX);
		require(request.time_s >= 0 && request.ttl_s >= 0 && request.cost_ms >= 0);
		require(request.op == TAYRA__TRACE_GET || request.op == TAYRA__TRACE_DELETE);
	}
	if (status && status != TAYRA_E_NOT_FOUND) {
		require(strncmp(error.text, "fuzz", 4) == 0);
		for (const char *at = error.text; *at; at++)
			require((unsigned char)*at >= 0x20);
	}
	tayra__trace_close(trace);
}

#endif
