/* SPDX-License-Identifier: Apache-2.0 */
#include "origin/http_transfer.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <curl/curl.h>

#include "base/mem.h"

#define FIRST_ROOM 4096u
/* Of the body of an error: read, so that the connection can be kept. */
#define DROPPED_MOST   65536u
#define HEAD_MOST      (256u << 10) /* libcurl's own limits differ from version to version */
#define RETRY_MOST_S   86400
#define CONNECT_NS     (2 * TAYRA_NS_PER_S)
#define RESPONSE_VALUE 200
#define RESPONSE_SAME  304
#define CODE_TOO_LARGE 100 /* CURLE_TOO_LARGE, from 8.6 */

static int
make_room(struct tayra__transfer *t, size_t more)
{
	size_t need, room = t->room ? t->room : FIRST_ROOM;
	char *body;

	if (__builtin_add_overflow(t->len, more, &need) || need > t->max_bytes)
		return TAYRA_E_TOO_LARGE;
	if (need <= t->room)
		return TAYRA_OK;
	while (room < need)
		if (__builtin_mul_overflow(room, 2, &room))
			room = need;
	body = tayra__mem_resize(t->body, room);
	if (!body)
		return TAYRA_E_NOMEM;
	t->body = body;
	t->room = room;
	return TAYRA_OK;
}

static long
response_of(const struct tayra__transfer *t)
{
	long response = 0;

	curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &response);
	return response;
}

/* libcurl's write callback: anything but all of it ends the transfer. */
static size_t
receive(char *bytes, size_t size, size_t n, void *arg)
{
	struct tayra__transfer *t = arg;
	size_t len = size * n;

	if (t->sends || response_of(t) != RESPONSE_VALUE) {
		t->dropped += len;
		return t->dropped <= DROPPED_MOST ? len : 0;
	}
	t->status = make_room(t, len);
	if (t->status != TAYRA_OK)
		return len + 1;
	memcpy(t->body + t->len, bytes, len);
	t->len += len;
	return len;
}

static size_t
receive_header(char *line, size_t size, size_t n, void *arg)
{
	struct tayra__transfer *t = arg;

	/* An answer has more than one: of interim ones, and of those that redirect. */
	t->headed = size * n <= 2 && line[0] < ' ';
	t->head_len += size * n;
	if (t->head_len > HEAD_MOST)
		return 0;
	tayra__freshness_read(&t->freshness, line, size * n);
	tayra__validator_read(&t->validator, line, size * n);
	return size * n;
}

/* Where one goes, what is trusted, what is refused. */
static bool
set_limits(CURL *easy, const struct tayra_http_options *o, uint64_t max_bytes)
{
	uint64_t connect_ns = o->connect_timeout_ns ? o->connect_timeout_ns : CONNECT_NS;
	uint64_t connect_ms = (connect_ns + TAYRA_NS_PER_MS - 1) / TAYRA_NS_PER_MS;

	return !curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https") &&
	       !curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, "http,https") &&
	       !curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, o->max_redirects ? 1L : 0L) &&
	       !curl_easy_setopt(easy, CURLOPT_MAXREDIRS, (long)(o->max_redirects & 0xff)) &&
	       !curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
				 (long)(connect_ms < 86400000 ? connect_ms : 86400000)) &&
	       !curl_easy_setopt(easy, CURLOPT_MAXFILESIZE_LARGE,
				 (curl_off_t)(max_bytes < INT64_MAX ? max_bytes : INT64_MAX)) &&
	       !curl_easy_setopt(easy, CURLOPT_PROXY, o->proxy ? o->proxy : "") &&
	       !curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L) &&
	       !curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L) &&
	       !curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) &&
	       (!o->ca_file || !curl_easy_setopt(easy, CURLOPT_CAINFO, o->ca_file)) &&
	       !curl_easy_setopt(easy, CURLOPT_HTTP09_ALLOWED, 0L) &&
	       /* Dot segments were refused; what is left is sent as it was written. */
	       !curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
}

static bool
set_handlers(struct tayra__transfer *t, struct curl_slist *headers)
{
	return !curl_easy_setopt(t->easy, CURLOPT_NOSIGNAL, 1L) &&
	       !curl_easy_setopt(t->easy, CURLOPT_USERAGENT, "tayra") &&
	       !curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, headers) &&
	       !curl_easy_setopt(t->easy, CURLOPT_WRITEFUNCTION, receive) &&
	       !curl_easy_setopt(t->easy, CURLOPT_WRITEDATA, t) &&
	       !curl_easy_setopt(t->easy, CURLOPT_HEADERFUNCTION, receive_header) &&
	       !curl_easy_setopt(t->easy, CURLOPT_HEADERDATA, t) &&
	       !curl_easy_setopt(t->easy, CURLOPT_PRIVATE, t);
}

int
tayra__transfer_init(struct tayra__transfer *transfer, const struct tayra_http_options *options,
		     struct curl_slist *headers, uint64_t max_bytes)
{
	*transfer = (struct tayra__transfer){ .easy = curl_easy_init(),
					      .max_bytes = max_bytes,
					      .follows = options->max_redirects > 0,
					      .headers = headers };
	if (!transfer->easy)
		return TAYRA_E_NOMEM;
	return set_limits(transfer->easy, options, max_bytes) && set_handlers(transfer, headers)
		       ? TAYRA_OK
		       : TAYRA_E_UNSUPPORTED;
}

void
tayra__transfer_fini(struct tayra__transfer *transfer)
{
	if (transfer->easy)
		curl_easy_cleanup(transfer->easy);
	curl_slist_free_all(transfer->asked);
	tayra__mem_free(transfer->body);
	*transfer = (struct tayra__transfer){ 0 };
}

int
tayra__transfer_aim(struct tayra__transfer *transfer, const char *url)
{
	tayra__mem_free(transfer->body);
	transfer->body = NULL;
	transfer->len = transfer->room = transfer->dropped = transfer->head_len = 0;
	transfer->status = TAYRA_OK;
	transfer->conditional = transfer->sends = transfer->headed = false;
	transfer->freshness = (struct tayra__freshness){ 0 };
	transfer->validator = (struct tayra__validator){ 0 };
	curl_easy_setopt(transfer->easy, CURLOPT_HTTPHEADER, transfer->headers);
	curl_slist_free_all(transfer->asked);
	transfer->asked = NULL;
	curl_easy_setopt(transfer->easy, CURLOPT_POSTFIELDS, NULL);
	curl_easy_setopt(transfer->easy, CURLOPT_CUSTOMREQUEST, NULL);
	curl_easy_setopt(transfer->easy, CURLOPT_HTTPGET, 1L);
	curl_easy_setopt(transfer->easy, CURLOPT_FOLLOWLOCATION, transfer->follows ? 1L : 0L);
	return curl_easy_setopt(transfer->easy, CURLOPT_URL, url) == CURLE_OK ? TAYRA_OK
									      : TAYRA_E_NOMEM;
}

static bool
append(struct curl_slist **list, const char *line)
{
	struct curl_slist *longer = curl_slist_append(*list, line);

	if (longer)
		*list = longer;
	return longer != NULL;
}

static bool
append_condition(struct curl_slist **list, const char *name, const char *text)
{
	char line[32 + TAYRA__VALIDATOR_ETAG];

	if (!*text)
		return true;
	snprintf(line, sizeof(line), "%s: %s", name, text);
	return append(list, line);
}

/* What it asks under, before the headers of every request; taken over. */
static int
ask_under(struct tayra__transfer *transfer, struct curl_slist *list, bool whole)
{
	for (const struct curl_slist *at = transfer->headers; at && whole; at = at->next)
		whole = append(&list, at->data);
	if (!whole || curl_easy_setopt(transfer->easy, CURLOPT_HTTPHEADER, list) != CURLE_OK) {
		curl_slist_free_all(list);
		return TAYRA_E_NOMEM;
	}
	transfer->asked = list;
	return TAYRA_OK;
}

int
tayra__transfer_unless(struct tayra__transfer *transfer, const struct tayra__validator *validator)
{
	struct curl_slist *list = NULL;
	bool whole = append_condition(&list, "If-None-Match", validator->etag) &&
		     append_condition(&list, "If-Modified-Since", validator->modified);

	transfer->conditional = true;
	return ask_under(transfer, list, whole);
}

static bool
has_header(const struct curl_slist *headers, const char *name)
{
	const size_t len = strlen(name);

	for (; headers; headers = headers->next)
		if (strncasecmp(headers->data, name, len) == 0 && headers->data[len] == ':')
			return true;
	return false;
}

/* Redirects are not followed: what would be sent there, and whether, depends on too much. */
int
tayra__transfer_send(struct tayra__transfer *transfer, const char *method, const void *bytes,
		     size_t len)
{
	struct curl_slist *list = NULL;
	/* libcurl would call it a form, and ask first whether a long one may be sent. */
	bool whole = append(&list, "Expect:") &&
		     (has_header(transfer->headers, "Content-Type") ||
		      append(&list, "Content-Type: application/octet-stream"));
	int status = ask_under(transfer, list, whole);

	if (status != TAYRA_OK)
		return status;
	transfer->sends = true;
	return !curl_easy_setopt(transfer->easy, CURLOPT_FOLLOWLOCATION, 0L) &&
			       !curl_easy_setopt(transfer->easy, CURLOPT_POSTFIELDSIZE_LARGE,
						 (curl_off_t)len) &&
			       !curl_easy_setopt(transfer->easy, CURLOPT_POSTFIELDS,
						 len ? bytes : "") &&
			       !curl_easy_setopt(transfer->easy, CURLOPT_CUSTOMREQUEST, method)
		       ? TAYRA_OK
		       : TAYRA_E_NOMEM;
}

static bool
is_same(const struct tayra__transfer *t)
{
	return t->conditional && response_of(t) == RESPONSE_SAME;
}

bool
tayra__transfer_unchanged(const struct tayra__transfer *transfer)
{
	return is_same(transfer) && tayra__transfer_direct(transfer);
}

bool
tayra__transfer_elsewhere(const struct tayra__transfer *transfer)
{
	return is_same(transfer) && !tayra__transfer_direct(transfer);
}

bool
tayra__transfer_direct(const struct tayra__transfer *transfer)
{
	long redirects = 0;

	curl_easy_getinfo(transfer->easy, CURLINFO_REDIRECT_COUNT, &redirects);
	return redirects == 0;
}

static uint64_t
retry_after_of(const struct tayra__transfer *t)
{
	curl_off_t s = 0;

	curl_easy_getinfo(t->easy, CURLINFO_RETRY_AFTER, &s);
	s = s < 0 ? 0 : s > RETRY_MOST_S ? RETRY_MOST_S : s;
	return (uint64_t)s * TAYRA_NS_PER_S;
}

/* Of a line that is too long for it libcurl says up to 8.5 that there is no memory.  That there is
 * none while a head comes in is taken for the same: an answer that takes memory is one with a body.
 */
static bool
is_head_too_long(const struct tayra__transfer *t, int code)
{
	return t->head_len > HEAD_MOST || (tayra__transfer_reached(t) && !t->headed &&
					   (code == CURLE_OUT_OF_MEMORY || code == CODE_TOO_LARGE));
}

int
tayra__transfer_status(const struct tayra__transfer *transfer, int code, uint64_t *retry_after_ns)
{
	*retry_after_ns = 0;
	switch (response_of(transfer)) {
	case 404:
	case 410: return TAYRA_E_NOT_FOUND;
	case 429:
	case 503: *retry_after_ns = retry_after_of(transfer); return TAYRA_E_OVERLOAD;
	case RESPONSE_VALUE: break;
	case RESPONSE_SAME:
		return code == CURLE_OK && transfer->conditional ? TAYRA_OK : TAYRA_E_ORIGIN;
	default: return TAYRA_E_ORIGIN;
	}
	if (transfer->status != TAYRA_OK)
		return transfer->status;
	if (code == CURLE_FILESIZE_EXCEEDED)
		return TAYRA_E_TOO_LARGE;
	if (code == CURLE_OUT_OF_MEMORY && !is_head_too_long(transfer, code))
		return TAYRA_E_NOMEM;
	return code == CURLE_OK ? TAYRA_OK : TAYRA_E_ORIGIN;
}

/* Of an error it says whether nothing was changed, or nobody knows: tayra_put_through(). */
int
tayra__transfer_sent(const struct tayra__transfer *transfer, uint64_t *retry_after_ns)
{
	const long response = response_of(transfer);

	*retry_after_ns = 0;
	switch (response) {
	case 200:
	case 201:
	case 204: return TAYRA_OK; /* whatever became of what it says about it */
	case 404:
	case 410: return TAYRA_E_NOT_FOUND;
	case 413: return TAYRA_E_TOO_LARGE;
	case 429:
	case 503: *retry_after_ns = retry_after_of(transfer); return TAYRA_E_OVERLOAD;
	case 408: return TAYRA_E_ORIGIN;
	}
	return response >= 400 && response < 500 ? TAYRA_E_INVAL : TAYRA_E_ORIGIN;
}

void
tayra__transfer_explain(const struct tayra__transfer *transfer, int code,
			const struct tayra__complaint *why)
{
	long response = response_of(transfer);

	if (is_head_too_long(transfer, code))
		tayra__complain(why, "the head of the server's answer is too long");
	else if (response != 0 && response != RESPONSE_VALUE)
		tayra__complain(why, "the server answered with status %ld", response);
	else
		tayra__complain(why, "%s", curl_easy_strerror((CURLcode)code));
}

bool
tayra__transfer_reached(const struct tayra__transfer *transfer)
{
	curl_off_t ready_us = 0;

	/* Not the time of connecting: a connection that was kept has none. */
	curl_easy_getinfo(transfer->easy, CURLINFO_PRETRANSFER_TIME_T, &ready_us);
	return ready_us > 0;
}
