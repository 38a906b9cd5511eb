/* SPDX-License-Identifier: Apache-2.0 */
#include "base/utf8.h"

#include <stdint.h>

size_t
tayra__utf8_length(const unsigned char *s, size_t n)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t len = s[0] < 0x80         ? 1
		     : (s[0] >> 5) == 6  ? 2
		     : (s[0] >> 4) == 14 ? 3
		     : (s[0] >> 3) == 30 ? 4
					 : 0;
	uint32_t code;

	if (len > n || len < 2)
		return len > n ? 0 : len;
	code = s[0] & (0x7fu >> len);
	for (size_t i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (s[i] & 0x3fu);
	}
	if (code < least[len] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
		return 0;
	return len;
}

bool
tayra__utf8_is_text(const void *bytes, size_t len)
{
	const unsigned char *s = bytes;
	size_t n;

	for (size_t i = 0; i < len; i += n) {
		n = tayra__utf8_length(s + i, len - i);
		if (n == 0 || s[i] == '\0')
			return false;
	}
	return true;
}
