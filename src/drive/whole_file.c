/* SPDX-License-Identifier: Apache-2.0 */
#include "drive/whole_file.h"

#include <stdio.h>

#include "base/mem.h"

#define ROOM_FIRST (64u << 10)

char *
tayra__whole_file(const char *path, size_t most, size_t *len, char *why, size_t why_size)
{
	size_t room = 0, n = 1;
	FILE *in = fopen(path, "re");
	char *bytes = NULL;

	for (*len = 0; in && n > 0 && *len <= most; *len += n) {
		size_t want;

		if (*len + 1 >= room) {
			char *more;

			room = room ? 2 * room : ROOM_FIRST;
			more = tayra__mem_resize(bytes, room);
			if (!more)
				break;
			bytes = more;
		}
		want = room - *len - 1;
		n = fread(bytes + *len, 1, want < most + 1 - *len ? want : most + 1 - *len, in);
	}
	if (in && !ferror(in) && (n == 0 || *len > most)) {
		fclose(in);
		bytes[*len] = '\0';
		return bytes;
	}
	snprintf(why, why_size, "%.200s: %m", path);
	if (in)
		fclose(in);
	tayra__mem_free(bytes);
	return NULL;
}
