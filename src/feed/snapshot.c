/* SPDX-License-Identifier: Apache-2.0 */
#include "feed/snapshot.h"

#include <stddef.h>

/* Digits, and the byte that must follow.  => what is behind it; NULL: that is not there. */
static const char *
read_xid(const char *text, char then, uint32_t *out)
{
	const char *at = text;
	uint64_t xid = 0; /* wraps, as it is cut anyway */

	while (*at >= '0' && *at <= '9')
		xid = xid * 10 + (uint64_t)(*at++ - '0');
	*out = (uint32_t)xid;
	return at > text && *at == then ? at + 1 : NULL;
}

static bool
is_list(const char *text)
{
	uint32_t xid;

	if (!*text)
		return true;
	while (text && *text) {
		const char *more = read_xid(text, ',', &xid);

		if (!more)
			return read_xid(text, '\0', &xid) != NULL;
		text = more;
	}
	return false;
}

bool
tayra__snapshot_read(const char *text, struct tayra__snapshot *out)
{
	text = read_xid(text, ':', &out->all_below);
	if (text)
		text = read_xid(text, ':', &out->none_from);
	out->open = text;
	return text && is_list(text);
}

static bool
is_before(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}

bool
tayra__snapshot_is_past(const struct tayra__snapshot *snapshot, uint32_t xid)
{
	return !is_before(snapshot->all_below, xid);
}

bool
tayra__snapshot_sees(const struct tayra__snapshot *snapshot, uint32_t xid)
{
	const char *at = snapshot->open, *more;
	uint32_t open;

	if (is_before(xid, snapshot->all_below))
		return true;
	if (!is_before(xid, snapshot->none_from))
		return false;
	while (*at) {
		more = read_xid(at, ',', &open);
		if (open == xid)
			return false;
		if (!more)
			break;
		at = more;
	}
	return true;
}
