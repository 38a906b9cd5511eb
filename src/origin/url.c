/* SPDX-License-Identifier: Apache-2.0
 *
 * url.c: percent-encoding alone is not enough: "." and ".." are made of unreserved characters and
 * mean something as a whole segment, so the segments are looked at once the parts are in.
 */
#include "origin/url.h"

#include <string.h>
#include <strings.h>

#include <tayra/base.h>

#include "base/mem.h"

static bool
is_alphanumeric(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool
is_unreserved(unsigned char c)
{
	return is_alphanumeric(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

static bool
is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static int
refuse(const struct tayra__complaint *why, const char *text, const char *what)
{
	tayra__complain(why, "URL \"%.200s\": %s", text, what);
	return TAYRA_E_INVAL;
}

/* Behind "http://" or "https://"; NULL when it begins otherwise. */
static const char *
authority_of(const char *text)
{
	if (strncasecmp(text, "https://", 8) == 0)
		return text + 8;
	return strncasecmp(text, "http://", 7) == 0 ? text + 7 : NULL;
}

/* A character that may stand in a URL as it is (RFC 3986, with braces for the parts). */
static bool
is_fine(const char *at)
{
	if (*at == '%')
		return is_hex(at[1]) && is_hex(at[2]);
	return is_alphanumeric((unsigned char)*at) || strchr("-._~:/?[]@!$&'()*+,;={}", *at);
}

static int
check_text(const char *text, const struct tayra__complaint *why)
{
	const char *authority = authority_of(text);
	size_t host_len;

	if (!authority)
		return refuse(why, text, "it does not begin with http:// or https://");
	host_len = strcspn(authority, "/?#");
	if (host_len == 0 || authority[0] == ':')
		return refuse(why, text, "there is no host in it");
	if (memchr(authority, '{', host_len))
		return refuse(why, text, "a part of a key can be in the path or query alone");
	if (memchr(authority, '@', host_len))
		return refuse(why, text, "a user in front of the host: use a header");
	if (authority[host_len] != '/')
		return refuse(why, text, "there is no path behind the host, not even '/'");
	if (strchr(text, '#'))
		return refuse(why, text, "a fragment is never sent");
	if (strstr(text, "{{") || strstr(text, "}}"))
		return refuse(why, text, "a brace in a URL is written %7B or %7D");
	for (const char *at = text; *at; at++)
		if (!is_fine(at))
			return refuse(why, text, "it has a byte that must be percent-encoded");
	return TAYRA_OK;
}

static int
find_names(struct tayra__url *url, const char *text, const struct tayra__pattern *keys,
	   const struct tayra__complaint *why)
{
	for (uint32_t i = 0; i < url->template.parts; i++) {
		int part = tayra__pattern_part(keys, url->template.names[i]);

		if (part < 0) {
			tayra__complain(why, "URL \"%.200s\": the key has no part {%s}", text,
					url->template.names[i]);
			return TAYRA_E_INVAL;
		}
		url->part[i] = (uint32_t)part;
	}
	return TAYRA_OK;
}

/* How many characters a dot at `at` takes, as itself or encoded; 0: it is none. */
static size_t
dot_at(const char *at)
{
	if (*at == '.')
		return 1;
	return strncasecmp(at, "%2e", 3) == 0 ? 3 : 0;
}

/* A segment of the path that is "." or "..", in any spelling a server might undo. */
static bool
has_dot_segment(const char *url)
{
	const char *at = strchr(authority_of(url), '/');

	while (at && *at == '/') {
		size_t dots = 0, n;

		for (at++; dots < 3 && (n = dot_at(at)) > 0; dots++)
			at += n;
		if ((dots == 1 || dots == 2) && strchr("/?;", *at))
			return true;
		at += strcspn(at, "/?");
	}
	return false;
}

/* The template with one harmless byte for each part: are its own segments fine? */
static int
check_segments(const struct tayra__url *url, const char *text, const struct tayra__complaint *why)
{
	struct tayra__part parts[TAYRA__PATTERN_PARTS];
	char *tried;
	int status;

	for (size_t i = 0; i < TAYRA__PATTERN_PARTS; i++)
		parts[i] = (struct tayra__part){ "x", 1 };
	status = tayra__url_expand(url, parts, &tried);
	tayra__mem_free(tried);
	return status == TAYRA_E_INVAL ? refuse(why, text, "a path segment is \".\" or \"..\"")
				       : status;
}

int
tayra__url_parse(const char *text, const struct tayra__pattern *keys, struct tayra__url *out,
		 const struct tayra__complaint *why)
{
	int status = check_text(text, why);

	*out = (struct tayra__url){ 0 };
	if (status == TAYRA_OK)
		status = tayra__pattern_parse(text, TAYRA__TEMPLATE, &out->template, why);
	if (status == TAYRA_OK)
		status = find_names(out, text, keys, why);
	return status == TAYRA_OK ? check_segments(out, text, why) : status;
}

static char *
put_encoded(char *to, struct tayra__part part)
{
	static const char digits[] = "0123456789ABCDEF";

	for (size_t i = 0; i < part.len; i++) {
		unsigned char c = (unsigned char)part.bytes[i];

		if (is_unreserved(c)) {
			*to++ = (char)c;
			continue;
		}
		*to++ = '%';
		*to++ = digits[c >> 4];
		*to++ = digits[c & 15];
	}
	return to;
}

static char *
put_literal(char *to, const struct tayra__pattern *template, uint32_t i)
{
	struct tayra__part literal = tayra__pattern_literal(template, i);

	memcpy(to, literal.bytes, literal.len);
	return to + literal.len;
}

int
tayra__url_expand(const struct tayra__url *url, const struct tayra__part *parts, char **out)
{
	const struct tayra__pattern *template = &url->template;
	size_t room = template->ends[template->parts] + 1;
	char *to;

	*out = NULL;
	for (uint32_t i = 0; i < template->parts; i++) {
		size_t len = parts[url->part[i]].len;

		if (len == 0)
			return TAYRA_E_INVAL;
		room += 3 * len; /* a key is at most 64 KiB: cannot overflow */
	}
	*out = to = tayra__mem_alloc(room);
	if (!to)
		return TAYRA_E_NOMEM;
	for (uint32_t i = 0; i < template->parts; i++) {
		to = put_literal(to, template, i);
		to = put_encoded(to, parts[url->part[i]]);
	}
	*put_literal(to, template, template->parts) = '\0';
	if (!has_dot_segment(*out))
		return TAYRA_OK;
	tayra__mem_free(*out);
	*out = NULL;
	return TAYRA_E_INVAL;
}
