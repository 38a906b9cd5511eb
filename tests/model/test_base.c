/* SPDX-License-Identifier: Apache-2.0
 *
 * What must be the same on every machine and libc, because files and simulations depend on it: the
 * hash, the generators, and the bins of the histogram.  The checksums were taken on x86-64, glibc.
 */
#include "tap.h"

#include "base/hash.h"
#include "base/heap.h"
#include "base/hist.h"
#include "base/rng.h"

#include <string.h>

static uint64_t
sum_of_hashes(void)
{
	unsigned char key[512];
	uint64_t sum = 0;

	for (size_t i = 0; i < sizeof(key); i++)
		key[i] = (unsigned char)(i * 7);
	for (size_t len = 0; len <= sizeof(key); len++)
		sum = tayra__hash_mix64(sum ^ tayra__hash_bytes(key, len, len));
	return sum;
}

static uint64_t
sum_of_draws(void)
{
	struct tayra__rng rng;
	uint64_t sum = 0;

	tayra__rng_init(&rng, 7);
	for (uint64_t i = 0; i < 10000; i++) {
		sum = tayra__hash_mix64(sum ^ tayra__rng_next(&rng));
		sum = tayra__hash_mix64(sum ^ tayra__rng_below(&rng, i));
	}
	return sum;
}

static uint64_t
sum_of_zipf(double s)
{
	struct tayra__rng rng;
	struct tayra__zipf zipf;
	uint64_t sum = 0;

	tayra__rng_init(&rng, 7);
	tayra__zipf_init(&zipf, 1000000, s);
	for (int i = 0; i < 100000; i++)
		sum = tayra__hash_mix64(sum ^ tayra__zipf_next(&zipf, &rng));
	return sum;
}

static uint64_t
sum_of_quantiles(void)
{
	static struct tayra__hist hist;
	struct tayra__rng rng;
	uint64_t sum = 0;

	tayra__rng_init(&rng, 7);
	tayra__hist_init(&hist);
	for (int i = 0; i < 20000; i++) {
		uint64_t shift = tayra__rng_below(&rng, 64);

		tayra__hist_add(&hist, tayra__rng_next(&rng) >> shift);
	}
	for (int i = 0; i <= 1000; i++)
		sum = tayra__hash_mix64(sum ^ tayra__hist_quantile(&hist, i / 1000.0));
	return sum;
}

static bool
heap_sorts(void)
{
	static struct tayra__heap_node nodes[1000];
	struct tayra__heap heap;
	struct tayra__rng rng;
	uint64_t last = 0, out = 0;

	tayra__rng_init(&rng, 7);
	tayra__heap_init(&heap);
	for (int i = 0; i < 1000; i++) {
		nodes[i].key = tayra__rng_next(&rng);
		if (tayra__heap_push(&heap, &nodes[i]))
			return false;
	}
	for (struct tayra__heap_node *node; (node = tayra__heap_pop(&heap)); out++) {
		if (node->key < last)
			return false;
		last = node->key;
	}
	tayra__heap_fini(&heap);
	return out == 1000;
}

/* Prints what it got, so that a difference can be looked into. */
static bool
is(uint64_t got, uint64_t want)
{
	printf("# %#llx\n", (unsigned long long)got);
	return got == want;
}

int
main(void)
{
	tap_ok(is(sum_of_hashes(), 0xb38b80d9dc04e79d), "hashes are the same on every machine");
	tap_ok(is(sum_of_draws(), 0x4cea8a5c596e4b87),
	       "the generator draws the same on every machine");
	tap_ok(is(sum_of_zipf(0.7), 0x42e7329dd16fd42c),
	       "Zipf 0.7 draws the same on every machine");
	tap_ok(is(sum_of_zipf(1), 0xe2a69b62b88e96f6), "Zipf 1 draws the same on every machine");
	tap_ok(is(sum_of_quantiles(), 0x170074f58653cbc3),
	       "quantiles are the same on every machine");
	tap_ok(heap_sorts(), "a heap gives everything back in order");
	return tap_done();
}
