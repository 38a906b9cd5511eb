/* SPDX-License-Identifier: Apache-2.0 */
#include "drive/errand.h"

#include "base/option.h"
#include "drive/wire.h"
#include "net/resp_writer.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <tayra/base.h>

#define SCHEME_HTTP   "http://"
#define SCHEME_HTTPS  "https://"
#define SCHEME_REDIS  "redis://"
#define SCHEME_REDISS "rediss://"

struct complaint {
	char *text;
	size_t size;
};

static int
refuse(const struct complaint *to, const char *why)
{
	snprintf(to->text, to->size, "%s", why);
	return TAYRA_E_INVAL;
}

static void
append(struct tayra__buffer *buffer, const char *text)
{
	tayra__buffer_append(buffer, text, strlen(text));
}

/* No blanks and nothing that could end a line. */
static bool
is_plain(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] <= ' ' || text[i] == 0x7f)
			return false;
	return true;
}

/* "host", "host:port", "[v6]:port". */
static int
read_authority(struct tayra__redis_url *place, const char *text, size_t len,
	       const struct complaint *why)
{
	bool bracket = len && text[0] == '[';
	const char *begin = text + bracket, *end = text + len;
	const char *stop = memchr(begin, bracket ? ']' : ':', (size_t)(end - begin));
	char digits[8] = "";
	uint64_t port;

	if (memchr(text, '@', len))
		return refuse(why, "a URL with a user in it: give a header Authorization instead");
	if (!stop && bracket)
		return refuse(why, "a URL with '[' but no ']' around the host");
	stop = stop ? stop : end;
	if (stop == begin || (size_t)(stop - begin) >= sizeof(place->host))
		return refuse(why, stop == begin ? "a URL without a host"
						 : "a URL with a host of over 255 bytes");
	memcpy(place->host, begin, (size_t)(stop - begin));
	stop += bracket;
	if (stop == end)
		return TAYRA_OK;
	if (*stop == ':' && (size_t)(end - stop) <= sizeof(digits))
		memcpy(digits, stop + 1, (size_t)(end - stop - 1));
	if (tayra__option_u64(digits, 1, 65535, &port) != TAYRA_OK)
		return refuse(why, "a URL with a port that is not a number from 1 to 65535");
	place->port = (uint16_t)port;
	return TAYRA_OK;
}

static bool
is_token(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)text[i]) &&
		    (!text[i] || !strchr("!#$%&'*+-.^_`|~", text[i])))
			return false;
	return len > 0;
}

static bool
has_header(const struct tayra__wire_options *options, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < options->header_count; i++)
		if (strncasecmp(options->headers[i], name, len) == 0 &&
		    options->headers[i][len] == ':')
			return true;
	return false;
}

static int
check_headers(const struct tayra__wire_options *options, const struct complaint *why)
{
	for (size_t i = 0; i < options->header_count; i++) {
		const char *h = options->headers[i];

		if (!is_token(h, strcspn(h, ":")) || !strchr(h, ':'))
			return refuse(why, "a header is given as 'Name: value'");
		for (; *h; h++)
			if (((unsigned char)*h < ' ' && *h != '\t') || *h == 0x7f)
				return refuse(why, "a header with a byte that no header has");
	}
	if (has_header(options, "Content-Length") || has_header(options, "Transfer-Encoding"))
		return refuse(why, "the length of the body is said without being asked: leave out "
				   "Content-Length and Transfer-Encoding");
	return TAYRA_OK;
}

static bool
takes_body(const char *method)
{
	return !strcmp(method, "POST") || !strcmp(method, "PUT") || !strcmp(method, "PATCH");
}

static void
write_request(struct tayra__errand *errand, const struct tayra__wire_options *options,
	      const char *authority, size_t authority_len, const char *path, size_t path_len)
{
	const char *method = options->method ? options->method : options->body_len ? "POST" : "GET";
	struct tayra__buffer *out = &errand->request;
	char length[48];

	append(out, method);
	append(out, *path == '/' ? " " : " /");
	tayra__buffer_append(out, path, path_len);
	append(out, " HTTP/1.1\r\n");
	if (!has_header(options, "Host")) {
		append(out, "Host: ");
		tayra__buffer_append(out, authority, authority_len);
		append(out, "\r\n");
	}
	if (!has_header(options, "User-Agent"))
		append(out, "User-Agent: tayra\r\n");
	for (size_t i = 0; i < options->header_count; i++) {
		append(out, options->headers[i]);
		append(out, "\r\n");
	}
	if (options->body_len || takes_body(method)) {
		snprintf(length, sizeof(length), "Content-Length: %zu\r\n", options->body_len);
		append(out, length);
	}
	append(out, "\r\n");
	tayra__buffer_append(out, options->body, options->body_len);
	errand->head = strcmp(method, "HEAD") == 0;
}

static bool
begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

static bool
is_secure(const char *url)
{
	return begins(url, SCHEME_HTTPS) || begins(url, SCHEME_REDISS);
}

static int
read_http(struct tayra__errand *errand, const struct tayra__wire_options *options,
	  const struct complaint *why)
{
	const bool secure = is_secure(options->url);
	const char *authority = options->url + strlen(secure ? SCHEME_HTTPS : SCHEME_HTTP);
	size_t authority_len = strcspn(authority, "/?#");
	const char *path = authority + authority_len;
	size_t path_len = strcspn(path, "#");
	int status;

	if (!is_plain(options->url, strlen(options->url)))
		return refuse(why, "a URL with a byte that no URL has: write a blank as %20");
	if (options->word_count)
		return refuse(why, "a command is for redis://");
	if (options->method && !is_token(options->method, strlen(options->method)))
		return refuse(why, "a method with a byte that no method has");
	status = check_headers(options, why);
	if (status != TAYRA_OK)
		return status;
	errand->place.port = secure ? 443 : 80;
	status = read_authority(&errand->place, authority, authority_len, why);
	if (status != TAYRA_OK)
		return status;
	write_request(errand, options, authority, authority_len, path, path_len);
	snprintf(errand->place.shown, sizeof(errand->place.shown), "%.*s%s",
		 (int)(path + path_len - options->url), options->url, path_len ? "" : "/");
	return TAYRA_OK;
}

/* Behind the host of a redis:// URL stand a database, a key or both: "/3", "/key", "/3/key".  Cuts
 * the key off; returns it, NULL: there is none. */
static char *
cut_key(char *url)
{
	char *slash, *path;
	size_t digits;

	if (strncmp(url, SCHEME_REDIS, strlen(SCHEME_REDIS)) != 0)
		return NULL;
	slash = strchr(url + strlen(SCHEME_REDIS), '/');
	if (!slash)
		return NULL;
	path = slash + 1;
	digits = strspn(path, "0123456789");
	if (!path[digits])
		return NULL;
	if (digits && path[digits] == '/') {
		path[digits] = '\0';
		return path + digits + 1;
	}
	*slash = '\0';
	return path;
}

static void
write_greeting(struct tayra__errand *errand)
{
	const struct tayra__redis_url *place = &errand->place;
	char db[16];

	if (place->password[0]) {
		tayra__resp_array(&errand->greeting, place->user[0] ? 3 : 2);
		tayra__resp_text(&errand->greeting, "AUTH");
		if (place->user[0])
			tayra__resp_text(&errand->greeting, place->user);
		tayra__resp_text(&errand->greeting, place->password);
		errand->greeting_replies++;
	}
	if (place->db) {
		snprintf(db, sizeof(db), "%u", (unsigned)place->db);
		tayra__resp_array(&errand->greeting, 2);
		tayra__resp_text(&errand->greeting, "SELECT");
		tayra__resp_text(&errand->greeting, db);
		errand->greeting_replies++;
	}
}

static void
write_command(struct tayra__errand *errand, const struct tayra__wire_options *options,
	      const char *key)
{
	const char *const get[] = { "GET", key }, *const ping[] = { "PING" };
	const char *const *words = options->words;
	size_t count = options->word_count;

	if (!count) {
		words = key && *key ? get : ping;
		count = key && *key ? 2 : 1;
	}
	tayra__resp_array(&errand->request, count);
	for (size_t i = 0; i < count; i++)
		tayra__resp_text(&errand->request, words[i]);
}

static int
read_redis(struct tayra__errand *errand, const struct tayra__wire_options *options,
	   const struct complaint *why)
{
	const bool secure = is_secure(options->url);
	char url[2048], *key;
	int status;

	errand->redis = true;
	if (options->method || options->header_count || options->body_len)
		return refuse(why, "a method, headers and a body are for http://");
	if (strlen(options->url) >= sizeof(url))
		return refuse(why, "a URL of over 2,047 bytes");
	/* The parser knows what is said in the clear. */
	memcpy(url, options->url, strlen(options->url) + 1);
	if (secure)
		memmove(url + 5, url + 6, strlen(url + 6) + 1);
	key = cut_key(url);
	status = tayra__redis_url_parse(url, &errand->place, why->text, why->size);
	if (status != TAYRA_OK)
		return status;
	if (secure) {
		char shown[sizeof(errand->place.shown)];

		memcpy(shown, errand->place.shown, sizeof(shown));
		snprintf(errand->place.shown, sizeof(shown), SCHEME_REDISS "%.*s",
			 (int)(sizeof(shown) - sizeof(SCHEME_REDISS)),
			 shown + strlen(SCHEME_REDIS));
	}
	write_greeting(errand);
	write_command(errand, options, key);
	return TAYRA_OK;
}

static int
read_url(struct tayra__errand *errand, const struct tayra__wire_options *options,
	 const struct complaint *why)
{
	const char *url = options->url ? options->url : "";

	if (begins(url, SCHEME_HTTP) || begins(url, SCHEME_HTTPS))
		return read_http(errand, options, why);
	if (begins(url, "redis") || begins(url, "unix://"))
		return read_redis(errand, options, why);
	return refuse(why, "a URL begins with http://, https://, redis://, rediss:// or unix://");
}

/* Whom to trust, once the host is known. */
static int
secure(struct tayra__errand *errand, const struct tayra__wire_options *options,
       const struct complaint *why)
{
	const struct tayra__tls_options tls = { .host = errand->place.host,
						.cacert = options->cacert,
						.insecure = options->insecure };

	if (!is_secure(options->url))
		return TAYRA_OK;
	return tayra__tls_context_create(&tls, &errand->tls, why->text, why->size);
}

int
tayra__errand_init(struct tayra__errand *errand, const struct tayra__wire_options *options,
		   char *why, size_t why_size)
{
	const struct complaint complaint = { why, why_size };
	int status;

	memset(errand, 0, sizeof(*errand));
	tayra__buffer_init(&errand->request, TAYRA__WIRE_REQUEST_MAX);
	tayra__buffer_init(&errand->greeting, 4096);
	status = read_url(errand, options, &complaint);
	if (status == TAYRA_OK)
		status = secure(errand, options, &complaint);
	if (status == TAYRA_OK && (errand->request.failed || errand->greeting.failed)) {
		refuse(&complaint, "no memory for the request, or it is over 64 MiB");
		status = TAYRA_E_NOMEM;
	}
	if (status != TAYRA_OK)
		tayra__errand_fini(errand);
	return status;
}

void
tayra__errand_fini(struct tayra__errand *errand)
{
	tayra__tls_context_destroy(errand->tls);
	errand->tls = NULL;
	tayra__buffer_fini(&errand->request);
	tayra__buffer_fini(&errand->greeting);
}
