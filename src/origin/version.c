/* SPDX-License-Identifier: Apache-2.0 */
#include "origin/version.h"

#include <tayra/tayra.h>

#include "base/hash.h"

#define DIGITS_MOST 20 /* of 64 bits */

/* => 0: it is no such number. */
static uint64_t
number(const unsigned char *digits, size_t len)
{
	uint64_t n = 0;

	if (len > DIGITS_MOST || (len > 0 && digits[0] == '0'))
		return 0;
	for (size_t i = 0; i < len; i++)
		if (digits[i] < '0' || digits[i] > '9' || __builtin_mul_overflow(n, 10, &n) ||
		    __builtin_add_overflow(n, digits[i] - '0', &n))
			return 0;
	return n;
}

uint64_t
tayra__version_of(const void *bytes, size_t len)
{
	uint64_t n = number(bytes, len);

	if (n == 0)
		n = tayra__hash_bytes(bytes, len, 0);
	return n ? n : 1;
}

bool
tayra__version_is_cached(struct tayra_load *load, uint64_t version)
{
	struct tayra_ref cached;

	return version && tayra_load_cached(load, &cached) == TAYRA_OK && cached.version == version;
}
