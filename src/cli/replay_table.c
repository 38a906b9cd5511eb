/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/replay_cell.h"

#include <tayra/base.h>

#include <inttypes.h>
#include <math.h>
#include <string.h>

static void
print_trace(FILE *out, const struct tayra__replay_trace *trace)
{
	fprintf(out, "%s: %" PRIu64 " requests, %" PRIu64 " keys", trace->name, trace->requests,
		trace->keys);
	if (trace->sizes == TAYRA__SIZES_REAL)
		fprintf(out, ", %.1f MiB, sizes real\n", (double)trace->footprint_bytes / 0x1p20);
	else
		fputs(", sizes unit\n", out);
	fprintf(out, "  %-14s %10s %20s %10s %10s", "policy", "capacity",
		trace->sizes == TAYRA__SIZES_REAL ? "bytes" : "objects", "misses", "of bytes");
	if (trace->costed)
		fprintf(out, " %10s", "of cost");
	fprintf(out, " %10s %8s %8s\n", "v lru", "ns/req", "B/obj");
}

static void
print_share(FILE *out, double share)
{
	if (isnan(share))
		fprintf(out, " %10s", "-");
	else
		fprintf(out, " %9.4f%%", share * 100);
}

/* Signed, and nothing for lru itself. */
static void
print_reduction(FILE *out, const struct tayra__replay_cell *cells, size_t count,
		const struct tayra__replay_cell *cell)
{
	double reduction = tayra__replay_reduction(cells, count, cell);

	if (isnan(reduction) || strcmp(cell->policy, "lru") == 0)
		fprintf(out, " %10s", "-");
	else
		fprintf(out, " %+9.2f%%", reduction * 100);
}

/* S3-FIFO's rule of sizes surprises whoever sees it for the first time. */
static void
print_footnote(FILE *out, const struct tayra__replay_cell *cells, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct tayra__replay_cell *cell = &cells[i];

		if (strcmp(cell->policy, "s3fifo") != 0 || !cell->exact ||
		    cell->result.misses < cell->result.requests)
			continue;
		fputs("  s3fifo caches no object of a tenth of the capacity or more, so that at "
		      "small capacities all may miss\n",
		      out);
		return;
	}
}

/* The same figure stands with an earlier cell of that policy. */
static bool
was_told(const struct tayra__replay_cell *cells, size_t i)
{
	for (size_t earlier = 0; earlier < i; earlier++)
		if (strcmp(cells[earlier].policy, cells[i].policy) == 0 &&
		    cells[earlier].result.empty_bytes == cells[i].result.empty_bytes)
			return true;
	return false;
}

/* Tables of fixed size weigh heavily on few objects. */
static void
print_empty(FILE *out, const struct tayra__replay_cell *cells, size_t count)
{
	const char *before = "  B/obj has what an empty cache takes in it: ";

	for (size_t i = 0; i < count; i++) {
		const struct tayra__replay_cell *cell = &cells[i];

		if (!cell->result.empty_bytes || was_told(cells, i))
			continue;
		fprintf(out, "%s%s %.1f KiB", before, cell->policy,
			(double)cell->result.empty_bytes / 1024);
		before = ", ";
	}
	fputs(*before == ',' ? "\n" : "", out);
}

int
tayra__replay_print_table(FILE *out, const struct tayra__replay_cell *cells, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct tayra__replay_cell *cell = &cells[i];

		if (i == 0 || cells[i - 1].trace != cell->trace)
			print_trace(out, cell->trace);
		fprintf(out, "  %-14s %10s %20" PRIu64, cell->policy, cell->capacity_text,
			cell->capacity);
		print_share(out, tayra__replay_miss_ratio(cell));
		print_share(out, tayra__replay_byte_miss_ratio(cell));
		if (cell->trace->costed)
			print_share(out, tayra__replay_cost_miss_ratio(cell));
		print_reduction(out, cells, count, cell);
		fprintf(out, " %8.1f %8.1f\n", tayra__replay_ns_per_request(cell),
			cell->result.metadata_bytes_per_object);
	}
	print_footnote(out, cells, count);
	print_empty(out, cells, count);
	return fflush(out) || ferror(out) ? TAYRA_E_IO : TAYRA_OK;
}
