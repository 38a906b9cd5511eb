/* SPDX-License-Identifier: Apache-2.0 */
#include "drive/errand.h"

#include "base/mem.h"
#include "base/option.h"
#include "drive/request_text.h"
#include "drive/scenario.h"
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

/* What is asked, with what is given for it in place of what the URL alone means. */
static void
take_options(struct tayra__request_text *request, const struct tayra__wire_options *options)
{
	request->method = options->method;
	request->headers = options->headers;
	request->header_count = options->header_count;
	request->body = options->body;
	request->body_len = options->body_len;
	if (!options->word_count)
		return;
	request->words = options->words;
	request->word_count = options->word_count;
}

static int
write_text(const struct tayra__errand *errand, struct tayra__request_text *request,
	   struct tayra__template *out, const struct complaint *why)
{
	if (errand->redis)
		return tayra__request_text_redis(request, out, why->text, why->size);
	return tayra__request_text_http(request, out, why->text, why->size);
}

/* The one request there is. */
static int
write_request(struct tayra__errand *errand, struct tayra__request_text *request,
	      const struct complaint *why)
{
	struct tayra__template bytes;
	int status;

	tayra__template_init(&bytes, TAYRA__WIRE_REQUEST_MAX);
	status = write_text(errand, request, &bytes, why);
	if (status == TAYRA_OK) {
		char *out = tayra__buffer_reserve(&errand->request,
						  tayra__template_most(&bytes, NULL));

		if (out)
			tayra__buffer_grow(&errand->request,
					   tayra__template_fill(&bytes, NULL, 0, out));
		errand->head = !errand->redis && tayra__request_text_is_head(request);
		errand->again = !errand->redis && tayra__request_text_is_idempotent(request);
	}
	tayra__template_fini(&bytes);
	return status;
}

/* Behind where the kind stands: "plan.yaml:7:5: read: ...". */
static int
refuse_kind(const struct complaint *to, const struct tayra__scenario_kind *kind, const char *why)
{
	if (kind->where)
		snprintf(to->text, to->size, "%s: %s: %s", kind->where, kind->name, why);
	else
		snprintf(to->text, to->size, "%s: %s", kind->name, why);
	return TAYRA_E_INVAL;
}

static int
write_kind(struct tayra__errand *errand, const struct tayra__scenario *scenario, size_t i,
	   const struct tayra__wire_options *options, struct tayra__request_text request,
	   const struct complaint *to)
{
	const struct tayra__scenario_kind *kind = &scenario->kind[i];
	const char *headers[TAYRA__SCENARIO_HEADERS_MAX * 2];
	struct tayra__errand_kind *out = &errand->kinds[i];
	char why[TAYRA__WIRE_WHY];
	const struct complaint complaint = { why, sizeof(why) };
	size_t most;

	if (options->method || options->body_len || options->word_count)
		return refuse(to, "a scenario says itself what is asked: no method, body or "
				  "command besides");
	if (options->header_count > TAYRA__SCENARIO_HEADERS_MAX)
		return refuse(to, "more headers than a request of a scenario can have");
	for (size_t h = 0; h < options->header_count; h++)
		headers[h] = options->headers[h];
	for (size_t h = 0; h < kind->header_count; h++)
		headers[options->header_count + h] = kind->headers[h];
	request.method = kind->method;
	request.more_path = kind->path;
	request.headers = headers;
	request.header_count = options->header_count + kind->header_count;
	request.body = kind->body ? kind->body : "";
	request.body_len = strlen(request.body);
	if (kind->word_count) {
		request.words = kind->words;
		request.word_count = kind->word_count;
	}
	request.has_places = true;
	request.rows = scenario->rows;
	tayra__template_init(&out->request, TAYRA__SCENARIO_REQUEST_MAX);
	if (write_text(errand, &request, &out->request, &complaint) != TAYRA_OK)
		return refuse_kind(to, kind, why);
	out->head = !errand->redis && tayra__request_text_is_head(&request);
	out->again = !errand->redis && tayra__request_text_is_idempotent(&request);
	most = tayra__template_most(&out->request, scenario->rows);
	if (most > TAYRA__SCENARIO_REQUEST_MAX)
		return refuse_kind(to, kind, "no memory, or the longest request is over 1 MiB");
	errand->request_most = most > errand->request_most ? most : errand->request_most;
	return TAYRA_OK;
}

static int
write_requests(struct tayra__errand *errand, const struct tayra__wire_options *options,
	       struct tayra__request_text *request, const struct complaint *why)
{
	const struct tayra__scenario *scenario = options->scenario;

	if (!scenario) {
		take_options(request, options);
		return write_request(errand, request, why);
	}
	errand->kinds = tayra__mem_array(scenario->kinds, sizeof(*errand->kinds));
	if (!errand->kinds) {
		refuse(why, tayra_status_text(TAYRA_E_NOMEM));
		return TAYRA_E_NOMEM;
	}
	errand->kind_count = scenario->kinds;
	for (size_t i = 0; i < scenario->kinds; i++) {
		int status = write_kind(errand, scenario, i, options, *request, why);

		if (status != TAYRA_OK)
			return status;
	}
	return TAYRA_OK;
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
	struct tayra__request_text request;
	int status;

	if (!is_plain(options->url, strlen(options->url)))
		return refuse(why, "a URL with a byte that no URL has: write a blank as %20");
	errand->place.port = secure ? 443 : 80;
	status = read_authority(&errand->place, authority, authority_len, why);
	if (status != TAYRA_OK)
		return status;
	snprintf(errand->place.shown, sizeof(errand->place.shown), "%.*s%s",
		 (int)(path + path_len - options->url), options->url, path_len ? "" : "/");
	request = (struct tayra__request_text){ .authority = authority,
						.authority_len = authority_len,
						.path = path,
						.path_len = path_len };
	return write_requests(errand, options, &request, why);
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
read_redis(struct tayra__errand *errand, const struct tayra__wire_options *options,
	   const struct complaint *why)
{
	const bool secure = is_secure(options->url);
	const char *get[] = { "GET", NULL }, *const ping[] = { "PING" };
	struct tayra__request_text request = { .words = ping, .word_count = 1 };
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
	if (key && *key) {
		get[1] = key;
		request.words = get;
		request.word_count = 2;
	}
	return write_requests(errand, options, &request, why);
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
	for (size_t i = 0; i < errand->kind_count; i++)
		tayra__template_fini(&errand->kinds[i].request);
	tayra__mem_free(errand->kinds);
	errand->kinds = NULL;
	errand->kind_count = 0;
	tayra__buffer_fini(&errand->request);
	tayra__buffer_fini(&errand->greeting);
}
