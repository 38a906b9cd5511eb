/* SPDX-License-Identifier: Apache-2.0
 *
 * rows.h: requests for tests, out of text.
 */
#ifndef TESTS_SIM_ROWS_H
#define TESTS_SIM_ROWS_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tayra/base.h>

#include "base/mem.h"
#include "base/rng.h"
#include "sim/requests.h"
#include "sim/trace.h"

/* A CSV trace given as text. */
static inline struct tayra__requests *
rows_of_csv(const char *text)
{
	struct tayra__requests *requests = NULL;
	struct tayra__trace_error error;
	struct tayra__trace *trace;

	if (tayra__trace_open_memory(text, strlen(text), "rows", TAYRA__TRACE_CSV, &trace,
				     &error) ||
	    tayra__requests_load(trace, 0, NULL, NULL, &requests, &error))
		fail_msg("%s", error.text);
	tayra__trace_close(trace);
	return requests;
}

/* "abca": one request a letter, of size 1. */
static inline struct tayra__requests *
rows_of_letters(const char *letters)
{
	struct tayra__requests *requests;
	char *text;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);

	fputs("time_s,key,size_bytes\n", out);
	for (const char *letter = letters; *letter; letter++)
		fprintf(out, "%d,%d,1\n", (int)(letter - letters), *letter);
	fclose(out);
	requests = rows_of_csv(text);
	free(text);
	return requests;
}

/* Skewed requests with sizes, some deletes and, if asked, times to live. */
enum rows_kind { ROWS_PLAIN, ROWS_EXPIRING };

static inline struct tayra__requests *
rows_random(uint64_t seed, unsigned count, unsigned keys, enum rows_kind kind)
{
	struct tayra__requests *requests;
	struct tayra__rng rng;
	struct tayra__zipf zipf;
	char *text;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);

	tayra__rng_init(&rng, seed);
	tayra__zipf_init(&zipf, keys, 0.8);
	fputs("time_s,key,size_bytes,op,ttl_s\n", out);
	for (unsigned i = 0; i < count; i++) {
		unsigned key = (unsigned)tayra__zipf_next(&zipf, &rng);
		unsigned ttl = kind == ROWS_EXPIRING ? (unsigned)tayra__rng_below(&rng, 200) : 0;
		bool delete = kind == ROWS_EXPIRING && tayra__rng_below(&rng, 20) == 0;

		fprintf(out, "%u,%u,%u,%s,%u\n", i, key, 1 + key * 7919 % 50,
			delete ? "delete" : "get", ttl);
	}
	fclose(out);
	requests = rows_of_csv(text);
	free(text);
	return requests;
}

#endif
