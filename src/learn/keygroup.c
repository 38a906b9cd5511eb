/* SPDX-License-Identifier: Apache-2.0 */
#include "learn/keygroup.h"

#include <stdbool.h>
#include <string.h>

static bool
is_digit(unsigned char c)
{
	return c >= '0' && c <= '9';
}

static size_t
say(const char *text, char out[TAYRA__KEYGROUP_MAX])
{
	size_t len = strlen(text);

	memcpy(out, text, len);
	return len;
}

size_t
tayra__keygroup(const void *key, size_t len, char out[TAYRA__KEYGROUP_MAX])
{
	const unsigned char *bytes = key;
	size_t end = len < TAYRA__KEYGROUP_LOOK ? len : TAYRA__KEYGROUP_LOOK, written = 0;
	const unsigned char *colon = end ? memrchr(bytes, ':', end) : NULL;

	if (len == 0)
		return say("(empty)", out);
	if (colon)
		end = (size_t)(colon - bytes) + 1;
	for (size_t i = 0; i < end; i++) {
		if (bytes[i] < 0x20 || bytes[i] > 0x7e)
			return say("(binary)", out);
		if (written == TAYRA__KEYGROUP_MAX - 1)
			break;
		if (!is_digit(bytes[i]))
			out[written++] = (char)bytes[i];
		else if (i == 0 || !is_digit(bytes[i - 1]))
			out[written++] = '#';
	}
	if (colon)
		out[written++] = '*';
	return written;
}
