/* SPDX-License-Identifier: Apache-2.0
 *
 * bench_base.c: what the pieces on everybody's hot path cost: hashing a key, adding to a histogram,
 * drawing from a Zipf distribution.
 */
#include "bench.h"

#include "base/hash.h"
#include "base/hist.h"
#include "base/rng.h"

struct inputs {
	struct tayra__rng rng;
	struct tayra__zipf zipf;
	struct tayra__hist hist;
	volatile uint64_t sink; /* keeps results from being optimised away */
};

static void
hash_keys(void *ctx, uint64_t ops)
{
	struct inputs *in = ctx;
	char key[] = "user:0000000000000000000";
	uint64_t sum = 0;

	for (uint64_t i = 0; i < ops; i++) {
		key[6] = (char)i;
		sum += tayra__hash_bytes(key, sizeof(key) - 1, 7);
	}
	in->sink = sum;
}

static void
add_to_hist(void *ctx, uint64_t ops)
{
	struct inputs *in = ctx;

	for (uint64_t i = 0; i < ops; i++)
		tayra__hist_add(&in->hist, tayra__hash_mix64(i) >> 30);
	in->sink = in->hist.count;
}

static void
draw_zipf(void *ctx, uint64_t ops)
{
	struct inputs *in = ctx;
	uint64_t sum = 0;

	for (uint64_t i = 0; i < ops; i++)
		sum += tayra__zipf_next(&in->zipf, &in->rng);
	in->sink = sum;
}

int
main(void)
{
	static struct inputs in;

	tayra__rng_init(&in.rng, 1);
	tayra__zipf_init(&in.zipf, 1000000, 0.99);
	tayra__hist_init(&in.hist);
	bench_cpu_ns("base", "hash_24_byte_key_ns", hash_keys, &in, 2000000);
	bench_cpu_ns("base", "hist_add_ns", add_to_hist, &in, 2000000);
	bench_cpu_ns("base", "zipf_draw_ns", draw_zipf, &in, 200000);
	return 0;
}
