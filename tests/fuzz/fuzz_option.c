/* SPDX-License-Identifier: Apache-2.0
 *
 * Whatever is typed, an option is read whole and within its bounds, or refused with the output
 * untouched.
 */
#include "base/option.h"

#include <tayra/base.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define UNTOUCHED 0xa5a5a5a5a5a5a5a5ull

static void
must(bool holds)
{
	if (!holds)
		abort();
}

static void
read_integers(const char *text)
{
	uint64_t value = UNTOUCHED;
	int status = tayra__option_u64(text, 3, 1000, &value);

	must(status == TAYRA_OK ? value >= 3 && value <= 1000 : value == UNTOUCHED);
	value = UNTOUCHED;
	must(tayra__option_bytes(text, &value) == TAYRA_OK || value == UNTOUCHED);
	value = UNTOUCHED;
	must(tayra__option_duration_ns(text, &value) == TAYRA_OK || value == UNTOUCHED);
}

static void
read_double(const char *text)
{
	double value = 0x1.5p7;

	if (tayra__option_double(text, -2, 1e9, &value) == TAYRA_OK)
		must(isfinite(value) && value >= -2 && value <= 1e9);
	else
		must(value == 0x1.5p7);
}

static void
read_list(const char *text)
{
	const char *cursor = text, *item, *end = text + strlen(text);
	size_t len, total = 0, items = 0;

	while (tayra__option_list_next(&cursor, &item, &len)) {
		must(item >= text && item + len <= end && !memchr(item, ',', len));
		total += len + 1;
		items++;
	}
	must(items > 0 && total == strlen(text) + 1);
}

/* An options struct of any size: never read past what `size` says it has. */
static void
read_struct(const uint8_t *data, size_t size)
{
	unsigned char ours[40];
	size_t given_size = size < sizeof(size_t) ? sizeof(size_t) : size;
	unsigned char *given = calloc(1, given_size);

	must(given != NULL);
	if (size)
		memcpy(given, data, size);
	memcpy(given, &given_size, sizeof(given_size));
	if (tayra__option_struct(given, ours, sizeof(ours)) == TAYRA_OK)
		for (size_t i = sizeof(ours); i < given_size; i++)
			must(given[i] == 0);
	free(given);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = { "lru", "fifo", "s3fifo", "belady", NULL };
	char *text = malloc(size + 1);

	must(text != NULL);
	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	read_integers(text);
	read_double(text);
	read_list(text);
	(void)tayra__option_nearest(text, names);
	read_struct(data, size);
	free(text);
	return 0;
}
