/* SPDX-License-Identifier: Apache-2.0
 *
 * replay.c: runs every file of a corpus through a fuzz target once, so that what fuzzing found
 * stays a test where there is no libFuzzer.  Prints one TAP line; an empty corpus fails.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A heap block of exactly the file's size, so that AddressSanitizer sees one byte too far. */
static uint8_t *
read_whole(const char *path, size_t *size)
{
	FILE *in = fopen(path, "rb");
	uint8_t *bytes = NULL;
	long end;

	if (!in)
		return NULL;
	if (fseek(in, 0, SEEK_END) == 0 && (end = ftell(in)) >= 0 && fseek(in, 0, SEEK_SET) == 0) {
		*size = (size_t)end;
		bytes = malloc(*size ? *size : 1);
		if (bytes && fread(bytes, 1, *size, in) != *size) {
			free(bytes);
			bytes = NULL;
		}
	}
	fclose(in);
	return bytes;
}

static int
replay(const char *folder, const char *name)
{
	char path[4096];
	uint8_t *bytes;
	size_t size;

	if (snprintf(path, sizeof(path), "%s/%s", folder, name) >= (int)sizeof(path))
		return -1;
	bytes = read_whole(path, &size);
	if (!bytes)
		return -1;
	printf("# %s\n", name); /* the last one printed is the one that crashed */
	fflush(stdout);
	LLVMFuzzerTestOneInput(bytes, size);
	free(bytes);
	return 0;
}

int
main(int argc, char **argv)
{
	struct dirent **entries;
	int n, files = 0, unread = 0;

	printf("1..1\n");
	n = argc == 2 ? scandir(argv[1], &entries, NULL, alphasort) : -1;
	for (int i = 0; i < n; i++) {
		if (entries[i]->d_name[0] != '.') {
			files++;
			unread += replay(argv[1], entries[i]->d_name) != 0;
		}
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
	printf("%s 1 - the corpus is replayed without a fault (%d files, %d unreadable)\n",
	       files && !unread ? "ok" : "not ok", files, unread);
	return files && !unread ? 0 : 1;
}
