/* SPDX-License-Identifier: Apache-2.0
 *
 * The first line is a URL template over {a} and {b}, the rest a key "a:b".  Whatever is in the key,
 * the URL it makes has the template's scheme, host and port, as many path segments and as many
 * parameters, none of them empty or dots where the template's were not, and only bytes that a URL
 * may have.  The same input is read as a Cache-Control header, which must end in a ttl.
 */
#include "origin/url.h"

#include <tayra/tayra.h>

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "origin/freshness.h"

static const struct tayra__complaint nowhere = { NULL, 0 };

static void
must(bool holds)
{
	if (!holds)
		abort();
}

static size_t
count(const char *text, char c)
{
	size_t n = 0;

	for (; *text; text++)
		n += *text == c;
	return n;
}

static void
compare(const char *text, const char *url)
{
	static const char structure[] = ":/?#[]@!$&'()*+,;=";
	size_t authority = strcspn(strstr(text, "//") + 2, "/?#");
	size_t front = (size_t)(strstr(text, "//") + 2 - text) + authority;

	must(strncmp(text, url, front) == 0 && url[front] == '/');
	for (const char *c = structure; *c; c++)
		must(count(text, *c) == count(url, *c));
	for (const char *at = url; *at; at++)
		must(*at > 0x20 && *at < 0x7f && !strchr("\"<>\\^`{|}", *at));
	for (const char *at = url + front; *at == '/'; at += 1 + strcspn(at + 1, "/?"))
		must(strncmp(at, "/../", 4) != 0 && strncmp(at, "/./", 3) != 0);
}

static void
expand(const char *text, const char *key, size_t key_len)
{
	struct tayra__pattern keys;
	struct tayra__part parts[TAYRA__PATTERN_PARTS];
	struct tayra__url url;
	char *made = NULL;

	must(tayra__pattern_parse("{a}:{b}", TAYRA__PATTERN, &keys, &nowhere) == TAYRA_OK);
	if (tayra__url_parse(text, &keys, &url, &nowhere) != TAYRA_OK)
		return;
	if (!tayra__pattern_match(&keys, key, key_len, parts))
		return;
	if (tayra__url_expand(&url, parts, &made) == TAYRA_OK)
		compare(text, made);
	else
		must(made == NULL);
	tayra__mem_free(made);
}

static void
read_header(const uint8_t *data, size_t size)
{
	static const char name[] = "Cache-Control: ";
	struct tayra__freshness f = { 0 };
	char *line = malloc(size + sizeof(name));
	uint64_t ttl_ms;

	must(line != NULL);
	memcpy(line, name, sizeof(name) - 1);
	if (size > 0)
		memcpy(line + sizeof(name) - 1, data, size);
	tayra__freshness_read(&f, line, size + sizeof(name) - 1);
	tayra__freshness_read(&f, (const char *)data, size);
	ttl_ms = tayra__freshness_ttl_ms(&f);
	must(ttl_ms == TAYRA_OFF || ttl_ms <= 10ull * 366 * 24 * 3600 * 1000);
	free(line);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *newline = size > 0 ? memchr(data, '\n', size) : NULL;
	size_t len = newline ? (size_t)(newline - data) : size;
	size_t key_len = newline ? size - len - 1 : 0;
	char *text = malloc(len + 1), *key = calloc(1, key_len ? key_len : 1);

	must(text && key);
	if (len > 0)
		memcpy(text, data, len);
	text[len] = '\0';
	if (key_len > 0)
		memcpy(key, newline + 1, key_len);
	expand(text, key, key_len);
	read_header(data, size);
	free(text);
	free(key);
	return 0;
}
