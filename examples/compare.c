/* SPDX-License-Identifier: Apache-2.0
 *
 * compare.c: which hash of a key is faster, byte by byte or eight at a time?
 *
 *     cc compare.c $(pkg-config --cflags --libs tayra) && ./a.out [BUDGET-IN-SECONDS] [--json |
 * --html]
 */
#include <tayra/bench.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct input {
	char key[64];
	size_t len;
};

static uint64_t
hash_bytes(const char *key, size_t len) /* FNV-1a */
{
	uint64_t hash = 0xcbf29ce484222325u;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ (unsigned char)key[i]) * 0x100000001b3u;
	return hash;
}

static uint64_t
hash_words(const char *key, size_t len) /* the same idea, eight bytes a step */
{
	uint64_t hash = 0xcbf29ce484222325u ^ len;

	for (; len >= 8; key += 8, len -= 8) {
		uint64_t word;

		memcpy(&word, key, 8);
		hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
		hash ^= hash >> 32;
	}
	return hash ^ hash_bytes(key, len);
}

/* A function to be compared does its work n times and keeps what comes out. */
static void
by_bytes(void *arg, uint64_t n)
{
	struct input *input = arg;

	for (uint64_t i = 0; i < n; i++)
		TAYRA_BENCH_KEEP(hash_bytes(input->key, input->len));
}

static void
by_words(void *arg, uint64_t n)
{
	struct input *input = arg;

	for (uint64_t i = 0; i < n; i++)
		TAYRA_BENCH_KEEP(hash_words(input->key, input->len));
}

static enum tayra_bench_form
form_of(const char *word)
{
	if (strcmp(word, "--html") == 0)
		return TAYRA_BENCH_HTML;
	return strcmp(word, "--json") == 0 ? TAYRA_BENCH_JSON : TAYRA_BENCH_TEXT;
}

int
main(int argc, char **argv)
{
	struct tayra_bench_options options = TAYRA_BENCH_OPTIONS_INIT;
	struct tayra_bench_arm bytes = TAYRA_BENCH_ARM_INIT, words = TAYRA_BENCH_ARM_INIT;
	struct tayra_bench_result result = TAYRA_BENCH_RESULT_INIT;
	struct input input = { .key = "session:7f3a9c51-user:1234567-page:42", .len = 37 };
	struct tayra_bench *bench;
	int status;

	if (argc > 1)
		options.budget_ns = (uint64_t)(strtod(argv[1], NULL) * 1e9);
	bytes.name = "bytes";
	bytes.fn = by_bytes;
	words.name = "words";
	words.fn = by_words;
	bytes.arg = words.arg = &input;
	status = tayra_bench_create(&options, &bench);
	if (status != TAYRA_OK) {
		fprintf(stderr, "compare: %s\n", tayra_status_text(status));
		return 2;
	}
	tayra_bench_add(bench, &bytes);
	tayra_bench_add(bench, &words);
	status = tayra_bench_run(bench, &result);
	if (status == TAYRA_OK)
		tayra_bench_report(bench, stdout, argc > 2 ? form_of(argv[2]) : TAYRA_BENCH_TEXT);
	if (result.why[0])
		fprintf(stderr, "compare: %s\n", result.why);
	tayra_bench_destroy(bench);
	return status == TAYRA_OK ? 0 : 1;
}
