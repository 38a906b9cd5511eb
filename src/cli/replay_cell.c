/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/replay_cell.h"

#include <tayra/base.h>

#include <math.h>
#include <string.h>

#include "base/json.h"

static double
ratio(double part, double whole)
{
	return whole > 0 ? part / whole : (double)NAN;
}

double
tayra__replay_miss_ratio(const struct tayra__replay_cell *cell)
{
	return ratio((double)cell->result.misses, (double)cell->result.requests);
}

double
tayra__replay_byte_miss_ratio(const struct tayra__replay_cell *cell)
{
	return cell->trace->sized
		       ? ratio((double)cell->result.missed_bytes, (double)cell->trace->get_bytes)
		       : (double)NAN;
}

double
tayra__replay_cost_miss_ratio(const struct tayra__replay_cell *cell)
{
	return cell->trace->costed ? ratio(cell->result.missed_cost_ms, cell->trace->get_cost_ms)
				   : (double)NAN;
}

double
tayra__replay_ns_per_request(const struct tayra__replay_cell *cell)
{
	return ratio((double)cell->result.cpu_ns, (double)cell->result.requests);
}

double
tayra__replay_reduction(const struct tayra__replay_cell *cells, size_t count,
			const struct tayra__replay_cell *cell)
{
	for (size_t i = 0; i < count; i++) {
		double lru = (double)cells[i].result.misses, x = (double)cell->result.misses;

		if (cells[i].trace == cell->trace && cells[i].capacity == cell->capacity &&
		    strcmp(cells[i].policy, "lru") == 0)
			return x > lru ? (lru - x) / x : (lru - x) / lru;
	}
	return (double)NAN;
}

int
tayra__replay_print_json(FILE *out, const struct tayra__replay_cell *cell)
{
	struct tayra__json json;

	tayra__json_init(&json, out, TAYRA__JSON_LINE);
	tayra__json_object(&json, NULL);
	tayra__json_string(&json, "trace", cell->trace->name);
	tayra__json_string(&json, "policy", cell->policy);
	tayra__json_string(&json, "sizes",
			   cell->trace->sizes == TAYRA__SIZES_REAL ? "real" : "unit");
	tayra__json_u64(&json, "capacity", cell->capacity);
	tayra__json_u64(&json, "requests", cell->result.requests);
	tayra__json_u64(&json, "misses", cell->result.misses);
	tayra__json_double(&json, "miss_ratio", tayra__replay_miss_ratio(cell), 12);
	tayra__json_double(&json, "byte_miss_ratio", tayra__replay_byte_miss_ratio(cell), 12);
	tayra__json_double(&json, "cost_miss_ratio", tayra__replay_cost_miss_ratio(cell), 12);
	tayra__json_double(&json, "ns_per_request", tayra__replay_ns_per_request(cell), 4);
	tayra__json_double(&json, "metadata_bytes_per_object",
			   cell->result.metadata_bytes_per_object, 4);
	tayra__json_end(&json);
	return tayra__json_finish(&json);
}
