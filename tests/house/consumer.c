/* SPDX-License-Identifier: Apache-2.0
 *
 * consumer.c: a program that has only what is installed.  Compiled as C and as C++.
 */
#include <tayra/bench.h>
#include <tayra/tayra.h>

#include <stdio.h>
#include <string.h>

static void
square(void *arg, uint64_t n)
{
	unsigned x = *(unsigned *)arg;

	while (n--) {
		TAYRA_BENCH_HIDE(x);
		TAYRA_BENCH_KEEP(x * x);
	}
}

/* Two equal functions, and a few pairs of them. */
static int
compare(void)
{
	struct tayra_bench_options options = TAYRA_BENCH_OPTIONS_INIT;
	struct tayra_bench_result result = TAYRA_BENCH_RESULT_INIT;
	unsigned x = 3;

	options.pairs = 6;
	options.slice_ns = TAYRA_NS_PER_MS;
	return tayra_bench_compare("a", square, "b", square, &x, &options, &result) == TAYRA_OK &&
	       result.pairs == 6;
}

int
main(void)
{
	struct tayra_cache_options options = TAYRA_CACHE_OPTIONS_INIT;
	struct tayra_cache *cache = NULL;
	struct tayra_value value;

	options.memory_bytes = 1u << 20;
	if (tayra_cache_create(&options, &cache) != TAYRA_OK)
		return 1;
	if (tayra_cache_put(cache, "key", 3, "value", 5, NULL, 1) != TAYRA_OK)
		return 2;
	if (tayra_cache_get(cache, "key", 3, 2, &value) != TAYRA_OK || value.len != 5 ||
	    memcmp(value.data, "value", 5) != 0)
		return 3;
	tayra_cache_unpin(cache, &value);
	tayra_cache_destroy(cache);
	if (!compare())
		return 4;
	printf("tayra %s: %s\n", tayra_version(), tayra_status_text(TAYRA_OK));
	return 0;
}
