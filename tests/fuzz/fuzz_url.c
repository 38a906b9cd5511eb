/* SPDX-License-Identifier: Apache-2.0
 *
 * The first line is a URL template over {a} and {b}, the rest a key "a:b".  Whatever is in the key,
 * the URL it makes has the template's scheme, host and port, as many path segments and as many
 * parameters, none of them empty or dots where the template's were not, and only bytes that a URL
 * may have.  The same input is read as headers: Cache-Control, which must end in a ttl,
 * and ETag and Last-Modified, which must be of one line.
 */
#include "origin/url.h"

#include <tayra/tayra.h>

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "origin/freshness.h"
#include "origin/validator.h"

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
read_header(const char *name, const uint8_t *data, size_t size)
{
	const size_t name_len = strlen(name);
	struct tayra__freshness f = { 0 };
	struct tayra__validator v = { 0 };
	char *line = malloc(size + name_len + 1);
	uint64_t ttl_ms;

	must(line != NULL);
	memcpy(line, name, name_len + 1);
	if (size > 0)
		memcpy(line + name_len, data, size);
	tayra__freshness_read(&f, line, size + name_len);
	tayra__freshness_read(&f, (const char *)data, size);
	ttl_ms = tayra__freshness_ttl_ms(&f);
	must(ttl_ms == TAYRA_OFF || ttl_ms <= 10ull * 366 * 24 * 3600 * 1000);
	tayra__validator_read(&v, line, size + name_len);
	must(strlen(v.etag) < sizeof(v.etag) && !strpbrk(v.etag, "\r\n \t"));
	must(strlen(v.modified) < sizeof(v.modified) && !strpbrk(v.modified, "\r\n"));
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
	read_header("Cache-Control: ", data, size);
	read_header("ETag: ", data, size);
	read_header("Last-Modified: ", data, size);
	free(text);
	free(key);
	return 0;
}
