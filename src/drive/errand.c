/* SPDX-License-Identifier: Apache-2.0 */
#include "drive/errand.h"

#include "base/mem.h"
#include "base/option.h"
#include "drive/wire.h"
#include "net/resp_writer.h"

#include <stdio.h>
#include <string.h>

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
begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

static bool
is_secure(const char *url)
{
	return begins(url, SCHEME_HTTPS) || begins(url, SCHEME_REDISS);
}

/* The kinds of a mix, or the one that the options describe; `only` says what is the same for all.
 */
static int
make_kinds(struct tayra__errand *errand, const struct tayra__wire_options *options,
	   const struct tayra__request_text *only, const struct complaint *why)
{
	const struct tayra__mix *mix = options->mix;
	size_t count = mix ? mix->kinds : 1;
	int status = TAYRA_OK;

	errand->mix = mix;
	errand->kinds = tayra__mem_array(count, sizeof(*errand->kinds));
	if (!errand->kinds) {
		refuse(why, "no memory");
		return TAYRA_E_NOMEM;
	}
	for (size_t i = 0; i < count && status == TAYRA_OK; i++) {
		const struct tayra__mix_kind *kind = mix ? &mix->kind[i] : NULL;
		struct tayra__request_text text = *only;
		char what[TAYRA__WIRE_WHY - 80];

		if (kind) {
			text.method = kind->method;
			text.path = kind->path ? kind->path : only->path;
			text.headers = kind->headers;
			text.header_count = kind->header_count;
			text.body = kind->body;
			text.body_len = kind->body ? strlen(kind->body) : 0;
			text.words = kind->word_count ? kind->words : only->words;
			text.word_count = kind->word_count ? kind->word_count : only->word_count;
			text.literal = false;
		}
		status = tayra__request_init(&errand->kinds[i], &text, mix ? mix->rows : NULL, what,
					     sizeof(what));
		if (status == TAYRA_OK)
			errand->kinds_count++;
		else
			snprintf(why->text, why->size, "%.60s%s%s", kind ? kind->name : "",
				 kind ? ": " : "", what);
	}
	return status;
}

static int
read_http(struct tayra__errand *errand, const struct tayra__wire_options *options,
	  const struct complaint *why)
{
	const bool secure = is_secure(options->url);
	const char *from = options->url + strlen(secure ? SCHEME_HTTPS : SCHEME_HTTP);
	size_t authority_len = strcspn(from, "/?#"), path_len;
	char authority[300], *path;
	struct tayra__request_text text = { .literal = true,
					    .authority = authority,
					    .method = options->method,
					    .headers = options->headers,
					    .header_count = options->header_count,
					    .body = options->body,
					    .body_len = options->body_len,
					    .words = options->words,
					    .word_count = options->word_count };
	int status;

	if (!is_plain(options->url, strlen(options->url)))
		return refuse(why, "a URL with a byte that no URL has: write a blank as %20");
	errand->place.port = secure ? 443 : 80;
	status = read_authority(&errand->place, from, authority_len, why);
	if (status != TAYRA_OK)
		return status;
	snprintf(authority, sizeof(authority), "%.*s", (int)authority_len, from);
	path_len = strcspn(from + authority_len, "#");
	snprintf(errand->place.shown, sizeof(errand->place.shown), "%.*s%s",
		 (int)(from + authority_len + path_len - options->url), options->url,
		 path_len ? "" : "/");
	path = tayra__mem_strdup(from + authority_len);
	if (!path) {
		refuse(why, "no memory");
		return TAYRA_E_NOMEM;
	}
	path[path_len] = '\0';
	text.path = path;
	status = make_kinds(errand, options, &text, why);
	tayra__mem_free(path);
	return status;
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

static int
make_commands(struct tayra__errand *errand, const struct tayra__wire_options *options,
	      const char *key, const struct complaint *why)
{
	const char *const get[] = { "GET", key }, *const ping[] = { "PING" };
	struct tayra__request_text text = { .redis = true,
					    .literal = true,
					    .method = options->method,
					    .header_count = options->header_count,
					    .body_len = options->body_len,
					    .words = options->words,
					    .word_count = options->word_count };

	if (!text.word_count) {
		text.words = key && *key ? get : ping;
		text.word_count = key && *key ? 2 : 1;
	}
	return make_kinds(errand, options, &text, why);
}

static int
read_redis(struct tayra__errand *errand, const struct tayra__wire_options *options,
	   const struct complaint *why)
{
	const bool secure = is_secure(options->url);
	char url[2048], *key;
	int status;

	errand->redis = true;
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
	return make_commands(errand, options, key, why);
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
	if (status == TAYRA_OK && !errand->mix)
		tayra__request_write(&errand->kinds[0], NULL, 0, &errand->request);
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
	for (size_t i = 0; i < errand->kinds_count; i++)
		tayra__request_fini(&errand->kinds[i]);
	tayra__mem_free(errand->kinds);
	errand->kinds = NULL;
	errand->kinds_count = 0;
	tayra__buffer_fini(&errand->request);
	tayra__buffer_fini(&errand->greeting);
}

const struct tayra__buffer *
tayra__errand_write(const struct tayra__errand *errand, uint32_t kind, size_t row,
		    struct tayra__buffer *room)
{
	if (!errand->mix)
		return &errand->request;
	tayra__buffer_reset(room, TAYRA__WIRE_REQUEST_MAX);
	tayra__request_write(&errand->kinds[kind], errand->mix->rows, row, room);
	return room->failed ? NULL : room;
}
