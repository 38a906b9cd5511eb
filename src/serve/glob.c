/* SPDX-License-Identifier: Apache-2.0
 *
 * Only the last star is ever taken back, since what an earlier one matched longer, the last one
 * could match instead.
 */
#include "serve/glob.h"

/* A class from behind its '[': whether c is in it.  Moves *at behind the ']' or to the end. */
static bool
class_has(const char *pattern, size_t len, size_t *at, char c)
{
	unsigned char wanted = (unsigned char)c;
	bool negated = *at < len && pattern[*at] == '^', found = false;

	*at += negated;
	while (*at < len && pattern[*at] != ']') {
		unsigned char low, high;

		if (pattern[*at] == '\\' && *at + 1 < len)
			(*at)++;
		low = high = (unsigned char)pattern[*at];
		if (*at + 2 < len && pattern[*at + 1] == '-') {
			*at += 2;
			high = (unsigned char)pattern[*at];
		}
		(*at)++;
		if ((low <= wanted && wanted <= high) || (high <= wanted && wanted <= low))
			found = true;
	}
	*at += *at < len;
	return found != negated;
}

/* One element of the pattern that is no star against one character.  Moves *at behind it. */
static bool
match_one(const char *pattern, size_t len, size_t *at, char c)
{
	char first = pattern[(*at)++];

	if (first == '?')
		return true;
	if (first == '[')
		return class_has(pattern, len, at, c);
	if (first == '\\' && *at < len)
		first = pattern[(*at)++];
	return first == c;
}

bool
tayra__glob_match(const char *pattern, size_t pattern_len, const char *text, size_t len)
{
	size_t p = 0, t = 0, star = 0, star_t = 0; /* star 0: none yet */

	while (t < len) {
		size_t next = p;

		if (p < pattern_len && pattern[p] == '*') {
			star = ++p;
			star_t = t;
		} else if (p < pattern_len && match_one(pattern, pattern_len, &next, text[t])) {
			p = next;
			t++;
		} else if (star > 0) {
			p = star;
			t = ++star_t;
		} else {
			return false;
		}
	}
	while (p < pattern_len && pattern[p] == '*')
		p++;
	return p == pattern_len;
}
