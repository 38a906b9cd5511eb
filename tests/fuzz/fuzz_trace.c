/* SPDX-License-Identifier: Apache-2.0
 *
 * A trace of any format, found by its first bytes, then loaded and replayed.
 */
#include <stddef.h>
#include <stdint.h>

#include "sim/replay.h"
#include "sim/requests.h"
#include "trace_target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
replay(const struct tayra__requests *requests, const char *policy, enum tayra__sizes sizes)
{
	struct tayra__replay_options options = { .policy = policy, .sizes = sizes, .capacity = 40 };
	struct tayra__replay_result result;

	require(tayra__replay_run(requests, &options, &result) == TAYRA_OK);
	require(result.misses <= result.requests);
	require(result.missed_bytes <= requests->get_bytes);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tayra__trace_error error;
	struct tayra__requests *requests;
	struct tayra__trace *trace;

	if (tayra__trace_open_memory(data, size, "fuzz", TAYRA__TRACE_AUTO, &trace, &error))
		return 0;
	if (tayra__requests_load(trace, ROWS_MAX, NULL, NULL, &requests, &error) == TAYRA_OK) {
		replay(requests, "lru", TAYRA__SIZES_REAL);
		replay(requests, "s3fifo", TAYRA__SIZES_REAL);
		replay(requests, "s3fifo", TAYRA__SIZES_UNIT);
		tayra__requests_destroy(requests);
	}
	tayra__trace_close(trace);
	return 0;
}
