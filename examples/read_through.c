/* SPDX-License-Identifier: Apache-2.0
 *
 * read_through.c: ask for a key; if it is not there, your function brings it, once for all who ask.
 *
 *     cc read_through.c $(pkg-config --cflags --libs tayra) -o read_through
 *     ./read_through /etc/services /etc/protocols
 */
#include <stdio.h>
#include <string.h>

#include <tayra/tayra.h>

/* The slow thing: counts the lines of the file that the key names. */
static void
count_lines(struct tayra_load *load, void *arg)
{
	char path[4096], text[32];
	size_t len, lines = 0;
	const void *key = tayra_load_key(load, &len);

	snprintf(path, sizeof(path), "%.*s", (int)len, (const char *)key);
	FILE *file = fopen(path, "r");
	if (!file) {
		tayra_load_fail(load, TAYRA_E_NOT_FOUND, 0);
		return;
	}
	for (int c; (c = getc(file)) != EOF;)
		lines += c == '\n';
	fclose(file);
	snprintf(text, sizeof(text), "%zu lines", lines);
	tayra_load_done(load, text, strlen(text), NULL);
}

int
main(int argc, char **argv)
{
	struct tayra *t;
	int status;

	if (argc < 2) {
		fprintf(stderr, "usage: %s FILE...\n", argv[0]);
		return 2;
	}
	status = tayra_create(NULL, &t);
	for (int i = 2; status == TAYRA_OK && i < 2 * argc; i++) { /* each file twice */
		struct tayra_request request = TAYRA_REQUEST_INIT;
		struct tayra_ref ref;

		request.key = argv[i / 2];
		request.key_len = strlen(argv[i / 2]);
		request.load = count_lines;
		request.ttl_ms = 60000;     /* fresh for a minute, */
		request.stale_ms = 3600000; /* good enough for an hour when loading fails */
		status = tayra_get_or_load(t, &request, &ref);
		printf("%s: %.*s (%s)\n", argv[i / 2], (int)ref.value_len, (const char *)ref.value,
		       status != TAYRA_OK           ? tayra_status_text(status)
		       : ref.tier == TAYRA_TIER_RAM ? "from the cache"
						    : "from the file");
		tayra_release(&ref);
	}
	tayra_destroy(t);
	return status != TAYRA_OK;
}
