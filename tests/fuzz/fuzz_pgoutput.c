/* SPDX-License-Identifier: Apache-2.0
 *
 * What a server replicates: messages one behind the other, each behind two bytes that say how long
 * it is, over two tables, one of them with two kinds of keys; the last one is read as a snapshot
 * too.  What is told fits into a key, and every element of what was read lies in memory that is
 * there.
 */
#include "feed/published.h"

#include <stdlib.h>
#include <string.h>

#include "feed/snapshot.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned sink; /* so that reading is not optimised away */

static void
must(bool holds)
{
	if (!holds)
		abort();
}

static void
look_at(const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		sink += (unsigned char)bytes[i];
}

static int
tell(void *arg, bool prefix, const char *bytes, size_t len)
{
	must(len <= TAYRA_KEY_MAX);
	look_at(bytes, len);
	return TAYRA_OK;
}

static void
read_one(struct tayra__published *published, const uint8_t *bytes, size_t len)
{
	struct tayra__envelope envelope;
	struct tayra__pgoutput message;
	struct tayra__snapshot snapshot;
	char *text = malloc(len + 1);

	must(text != NULL);
	memcpy(text, bytes, len);
	text[len] = '\0';
	if (tayra__envelope_read(text, len, &envelope))
		look_at(envelope.data.bytes, envelope.data.len);
	if (tayra__snapshot_read(text, &snapshot))
		sink += tayra__snapshot_sees(&snapshot, 7) + tayra__snapshot_is_past(&snapshot, 7);
	free(text);
	text = malloc(len ? len : 1); /* without a byte more, for the sanitizer to see */
	must(text != NULL);
	memcpy(text, bytes, len);
	if (tayra__pgoutput_read(text, len, &message))
		must(tayra__published_take(published, &message, tell, NULL) == TAYRA_OK);
	free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct tayra_feed_table tables[] = { { "item", "item:{id}" },
							  { "item", "name:{name}/{id}" },
							  { "page", "page" } };
	const char *const row[TAYRA__PUBLISHED_COLUMNS] = { "shop", "t", NULL, NULL };
	const struct tayra__complaint silent = { NULL, 0 };
	struct tayra__published published;

	must(tayra__published_init(&published, tables, 3, &silent) == TAYRA_OK);
	for (int i = 0; i < 3; i++)
		must(tayra__published_found(&published.tables[i], "pub", row, &silent) == TAYRA_OK);
	while (size >= 2) {
		size_t len = (size_t)data[0] << 8 | data[1];

		data += 2, size -= 2;
		len = len < size ? len : size;
		read_one(&published, data, len);
		data += len, size -= len;
	}
	tayra__published_fini(&published);
	return 0;
}
