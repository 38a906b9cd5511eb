/* SPDX-License-Identifier: Apache-2.0
 *
 * tap.h: just enough of the Test Anything Protocol for programs that must also run where cmocka is
 * not: on musl, and cross-built under an emulator.  One file, one program, one thread.
 *
 *     tap_ok(items == 3, "a full cache holds three items");
 *     return tap_done();
 */
#ifndef TAYRA_TESTS_MODEL_TAP_H
#define TAYRA_TESTS_MODEL_TAP_H

#include <stdbool.h>
#include <stdio.h>

static unsigned tap_count, tap_failures;

/* Returns what it was given, so that a test can stop where going on makes no sense. */
static inline bool
tap_ok_at(bool good, const char *claim, const char *file, int line)
{
	printf("%s %u - %s\n", good ? "ok" : "not ok", ++tap_count, claim);
	if (!good) {
		printf("# at %s:%d\n", file, line);
		tap_failures++;
	}
	return good;
}
#define tap_ok(good, claim) tap_ok_at((good), (claim), __FILE__, __LINE__)

static inline void
tap_skip(const char *claim, const char *why)
{
	printf("ok %u - %s # SKIP %s\n", ++tap_count, claim, why);
}

/* Prints the plan, last, as TAP allows.  Returns main's exit code. */
static inline int
tap_done(void)
{
	printf("1..%u\n", tap_count);
	return fflush(stdout) || tap_failures ? 1 : 0;
}

#endif
