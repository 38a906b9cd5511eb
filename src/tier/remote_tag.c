/* SPDX-License-Identifier: Apache-2.0 */
#include "tier/remote_tag.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <tayra/base.h>

#include "tier/remote_line.h"
#include "tier/remote_settings.h"

int
tayra__remote_tag_tell(struct tayra__remote_line *line,
		       const struct tayra__remote_settings *settings, uint64_t hash,
		       uint64_t deadline_ns)
{
	char name[TAYRA__REMOTE_PREFIX_MAX + sizeof(TAYRA__REMOTE_TAG_MARK) + TAYRA__REMOTE_HEX];
	const int len = snprintf(name, sizeof(name), "%s%s%016" PRIx64, settings->prefix,
				 TAYRA__REMOTE_TAG_MARK, hash);
	const struct tayra__resp_argument key = { name, (size_t)len };
	const struct tayra__resp_argument set[] = { TAYRA__RESP_TEXT("SET"),
						    key,
						    { "", 0 },
						    TAYRA__RESP_TEXT("PX"),
						    TAYRA__RESP_TEXT("1000") };
	const struct tayra__resp_argument del[] = { TAYRA__RESP_TEXT("DEL"), key };
	const struct tayra__remote_command commands[] = { { set, 5 }, { del, 2 } };
	struct tayra__remote_answer said[2] = { 0 };
	int status = tayra__remote_line_change(line, commands, 2, name, key.len, deadline_ns, said);

	return status == TAYRA_OK && said[0].type == TAYRA__RESP_ERROR ? TAYRA_E_IO : status;
}

bool
tayra__remote_tag_read(const struct tayra__remote_settings *settings, const char *name,
		       size_t name_len, uint64_t *hash)
{
	const size_t front = strlen(settings->prefix) + strlen(TAYRA__REMOTE_TAG_MARK);

	return tayra__remote_is_under(settings, TAYRA__REMOTE_TAG_MARK, name, name_len) &&
	       name_len == front + TAYRA__REMOTE_HEX && tayra__remote_hex_read(name + front, hash);
}
