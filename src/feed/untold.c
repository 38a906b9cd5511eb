/* SPDX-License-Identifier: Apache-2.0 */
#include "feed/untold.h"

#include <string.h>

#include <tayra/tayra.h>

#include "base/mem.h"

struct record {
	uint32_t xid;
	uint32_t len : 31;
	uint32_t prefix : 1;
};

void
tayra__untold_fini(struct tayra__untold *untold)
{
	tayra__mem_free(untold->bytes);
	*untold = (struct tayra__untold){ NULL };
}

static int
make_room(struct tayra__untold *untold, size_t more)
{
	size_t room = untold->room ? untold->room : 4096;
	char *bytes;

	while (room < untold->len + more)
		room *= 2;
	if (room == untold->room)
		return TAYRA_OK;
	bytes = tayra__mem_resize(untold->bytes, room);
	if (!bytes)
		return TAYRA_E_NOMEM;
	untold->bytes = bytes;
	untold->room = room;
	return TAYRA_OK;
}

int
tayra__untold_add(struct tayra__untold *untold, uint32_t xid, bool prefix, const char *bytes,
		  size_t len)
{
	struct record record = { .xid = xid, .len = (uint32_t)(len & INT32_MAX), .prefix = prefix };
	int status;

	if (len > TAYRA__UNTOLD_MAX || untold->len + sizeof(record) + len > TAYRA__UNTOLD_MAX)
		return TAYRA_E_OVERLOAD;
	status = make_room(untold, sizeof(record) + len);
	if (status != TAYRA_OK)
		return status;
	memcpy(untold->bytes + untold->len, &record, sizeof(record));
	memcpy(untold->bytes + untold->len + sizeof(record), bytes, len);
	untold->len += sizeof(record) + len;
	return TAYRA_OK;
}

void
tayra__untold_tell(struct tayra__untold *untold, const struct tayra__snapshot *snapshot,
		   void (*tell)(void *arg, bool prefix, const char *bytes, size_t len), void *arg)
{
	size_t at = 0, kept = 0, size;
	bool asked = false, seen = false;
	uint32_t of = 0;
	struct record record;

	for (; at < untold->len; at += size) {
		memcpy(&record, untold->bytes + at, sizeof(record));
		size = sizeof(record) + record.len;
		if (!asked || record.xid != of) { /* one transaction's are side by side */
			of = record.xid;
			seen = tayra__snapshot_sees(snapshot, of);
			asked = true;
		}
		if (seen) {
			tell(arg, record.prefix, untold->bytes + at + sizeof(record), record.len);
			continue;
		}
		memmove(untold->bytes + kept, untold->bytes + at, size);
		kept += size;
	}
	untold->len = kept;
}
