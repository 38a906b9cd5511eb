/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "showcase/sha256.h"

static void
check(const char *text, size_t repeat, size_t step, const char *want)
{
	struct tayra__sha256 sha;
	char hex[TAYRA__SHA256_HEX];

	tayra__sha256_init(&sha);
	for (size_t i = 0; i < repeat; i++)
		for (size_t at = 0, len = strlen(text); at < len; at += step)
			tayra__sha256_add(&sha, text + at, len - at < step ? len - at : step);
	tayra__sha256_hex(&sha, hex);
	assert_string_equal(hex, want);
}

/* The examples of FIPS 180-4 and of the NIST's test vectors. */
static void
published_examples_come_out(void **state)
{
	const char *two_blocks = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";

	check("", 1, 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	check("abc", 1, 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	for (size_t step = 1; step <= 56; step += 5)
		check(two_blocks, 1, step,
		      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
	check("aaaaaaaaaa", 100000, 10,
	      "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(published_examples_come_out) };

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
