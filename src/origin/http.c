/* SPDX-License-Identifier: Apache-2.0
 *
 * http.c: one thread drives all requests through one multi handle, which keeps the connections.
 * Loads wait in a ring under http.lock until a transfer is idle; everything else is the thread's
 * own.  No load is finished with the lock held: finishing one can let in the next, which comes back
 * here.
 */
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include <curl/curl.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/option.h"
#include "load/origin.h"
#include "origin/http_transfer.h"
#include "origin/settings.h"
#include "origin/tagging.h"
#include "origin/url.h"
#include "origin/validator.h"

#define QUEUE            1024u
#define SLICE_MS         10   /* between looks at deadlines, while there is a request */
#define IDLE_MS          1000 /* a new load wakes the thread */
#define VALIDATORS_BYTES (4ull << 20)

struct http {
	struct tayra_origin origin; /* first: the caller's pointer */
	struct tayra__pattern keys;
	struct tayra__url url;
	bool max_age;
	const char *method; /* of a write */
	CURLM *multi;
	struct curl_slist *headers;
	struct tayra__reach reach;
	pthread_t thread;
	bool running;
	pthread_mutex_t lock; /* guards: */
	struct tayra_load *queue[QUEUE];
	uint32_t first, queued;
	bool stop;
	/* The thread's: */
	uint32_t active, count;
	struct tayra__validators validators;
	struct tayra__transfer transfers[];
};

static struct tayra_load *
next_load(struct http *h, bool *stop)
{
	struct tayra_load *load = NULL;

	pthread_mutex_lock(&h->lock);
	*stop = h->stop;
	if (h->queued > 0) {
		load = h->queue[h->first];
		h->first = (h->first + 1) % QUEUE;
		h->queued--;
	}
	pthread_mutex_unlock(&h->lock);
	return load;
}

static struct tayra__transfer *
idle_transfer(struct http *h)
{
	for (uint32_t i = 0; i < h->count; i++)
		if (!h->transfers[i].load)
			return &h->transfers[i];
	return NULL;
}

/* => TAYRA_OK: t is aimed at the load's URL. */
static int
aim(const struct http *h, struct tayra__transfer *t, const struct tayra_load *load)
{
	struct tayra__part parts[TAYRA__PATTERN_PARTS];
	size_t key_len;
	const void *key = tayra_load_key(load, &key_len);
	char *url;
	int status;

	if (!tayra__pattern_match(&h->keys, key, key_len, parts))
		return TAYRA_E_INVAL;
	status = tayra__url_expand(&h->url, parts, &url);
	if (status == TAYRA_OK)
		status = tayra__transfer_aim(t, url);
	tayra__mem_free(url);
	return status;
}

/* What is cached need not be sent again, if it is known what the server called it. */
static void
ask_unless_cached(struct http *h, struct tayra__transfer *t, struct tayra_load *load)
{
	struct tayra__validator validator;
	struct tayra_ref cached;
	size_t key_len;
	const void *key = tayra_load_key(load, &key_len);

	if (h->validators.cache && tayra_load_cached(load, &cached) == TAYRA_OK &&
	    tayra__validators_get(&h->validators, key, key_len, cached.value, cached.value_len,
				  &validator))
		tayra__transfer_unless(t, &validator);
}

static int
bring(const struct http *h, struct tayra__transfer *t, const struct tayra_load *load)
{
	size_t len;
	const void *value = tayra__load_value(load, &len);

	return tayra__transfer_send(t, h->method, value, len);
}

static void
begin(struct http *h, struct tayra__transfer *t, struct tayra_load *load)
{
	uint64_t wait_ns = 0;
	int status = tayra__load_over(load);

	if (status == TAYRA_OK)
		status = aim(h, t, load);
	if (status == TAYRA_OK && tayra__load_writes(load))
		status = bring(h, t, load);
	if (status != TAYRA_OK) {
		tayra_load_fail(load, status, 0);
		return;
	}
	t->try = tayra__reach_begin(&h->reach, tayra__clock_real_ns(), &wait_ns);
	if (t->try == TAYRA__REACH_NO) {
		tayra_load_fail(load, TAYRA_E_ORIGIN, wait_ns);
		return;
	}
	if (!tayra__load_writes(load))
		ask_unless_cached(h, t, load);
	if (curl_multi_add_handle(h->multi, t->easy) != CURLM_OK) {
		tayra__reach_end(&h->reach, t->try, tayra__clock_real_ns(), TAYRA__REACH_CAME);
		tayra_load_fail(load, TAYRA_E_NOMEM, 0);
		return;
	}
	t->load = load;
	h->active++;
}

/* Take it out of the multi handle; `unreached`: what it means if there was no connection.
 * => the load; *wait_ns: how long the server rests. */
static struct tayra_load *
end(struct http *h, struct tayra__transfer *t, enum tayra__reach_end unreached, uint64_t *wait_ns)
{
	struct tayra_load *load = t->load;

	*wait_ns = tayra__reach_end(&h->reach, t->try, tayra__clock_real_ns(),
				    tayra__transfer_reached(t) ? TAYRA__REACH_CAME : unreached);
	curl_multi_remove_handle(h->multi, t->easy);
	t->load = NULL;
	h->active--;
	return load;
}

/* What the server called a value that it sent, or took. */
static void
remember(struct http *h, const struct tayra__transfer *t, const struct tayra_load *load,
	 const void *value, size_t len)
{
	/* A redirect's target may say the same of something else another time. */
	const struct tayra__validator none = { .etag = "" };
	const bool direct = tayra__transfer_direct(t);
	size_t key_len;
	const void *key = tayra_load_key(load, &key_len);

	tayra__validators_put(&h->validators, key, key_len, value, len,
			      direct ? &t->validator : &none);
}

static void
deliver(struct http *h, const struct tayra__transfer *t, struct tayra_load *load)
{
	struct tayra_load_result result = TAYRA_LOAD_RESULT_INIT;
	const void *value = t->body ? t->body : "";
	size_t len = t->len;

	if (tayra__load_writes(load)) {
		value = tayra__load_value(load, &len);
		remember(h, t, load, value, len);
		tayra__load_written(load);
		return;
	}
	if (h->max_age) {
		result.ttl_ms = tayra__freshness_ttl_ms(&t->freshness);
		result.stale_ms = t->freshness.no_store ? TAYRA_OFF : 0;
	}
	if (tayra__transfer_unchanged(t)) {
		tayra_load_unchanged(load, &result);
		return;
	}
	remember(h, t, load, value, len);
	tayra_load_done(load, value, len, &result);
}

/* Whole, and not as what was known of it. */
static void
ask_again(struct http *h, struct tayra__transfer *t)
{
	const struct tayra__validator none = { .etag = "" };
	uint64_t wait_ns;
	struct tayra_load *load = end(h, t, TAYRA__REACH_CAME, &wait_ns);
	size_t key_len;
	const void *key = tayra_load_key(load, &key_len);

	tayra__validators_put(&h->validators, key, key_len, "", 0, &none);
	begin(h, t, load);
}

/* => whether any was: then there is room for the next. */
static bool
harvest(struct http *h)
{
	CURLMsg *message;
	bool any = false;
	int left;

	while ((message = curl_multi_info_read(h->multi, &left))) {
		struct tayra__transfer *t;
		struct tayra_load *load;
		char trouble[TAYRA__TROUBLE_TEXT] = "";
		const struct tayra__complaint why = { trouble, sizeof(trouble) };
		uint64_t retry_after_ns, wait_ns;
		int code = message->data.result;
		int status;

		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&t);
		if (tayra__transfer_elsewhere(t)) {
			ask_again(h, t);
			continue;
		}
		status = tayra__load_writes(t->load)
				 ? tayra__transfer_sent(t, &retry_after_ns)
				 : tayra__transfer_status(t, code, &retry_after_ns);
		if (status != TAYRA_OK)
			tayra__transfer_explain(t, code, &why);
		tayra__trouble_note(&h->origin.trouble, status, trouble);
		load = end(h, t, TAYRA__REACH_FAILED, &wait_ns);
		if (status == TAYRA_OK)
			deliver(h, t, load);
		else
			tayra_load_fail(load, status, retry_after_ns ? retry_after_ns : wait_ns);
		any = true;
	}
	return any;
}

/* End what nobody waits for, or what is past its deadline. */
static void
sweep(struct http *h)
{
	for (uint32_t i = 0; i < h->count && h->active > 0; i++) {
		struct tayra__transfer *t = &h->transfers[i];
		int status = t->load ? tayra__load_over(t->load) : TAYRA_OK;
		uint64_t wait_ns;

		if (status != TAYRA_OK)
			tayra_load_fail(end(h, t, TAYRA__REACH_GAVE_UP, &wait_ns), status, 0);
	}
}

/* => false: told to stop, and nothing is left. */
static bool
let_in(struct http *h)
{
	struct tayra__transfer *t;
	bool stop = false;

	while ((t = idle_transfer(h))) {
		struct tayra_load *load = next_load(h, &stop);

		if (!load)
			return h->active > 0 || !stop;
		begin(h, t, load);
	}
	return true;
}

static void *
run(void *arg)
{
	struct http *h = arg;
	int running;

	while (let_in(h)) {
		curl_multi_perform(h->multi, &running);
		if (harvest(h))
			continue;
		sweep(h);
		curl_multi_poll(h->multi, NULL, 0, h->active > 0 ? SLICE_MS : IDLE_MS, NULL);
	}
	return NULL;
}

static void
load(struct tayra_origin *origin, struct tayra_load *l)
{
	struct http *h = (struct http *)origin;
	bool full;

	pthread_mutex_lock(&h->lock);
	full = h->queued == QUEUE;
	if (!full)
		h->queue[(h->first + h->queued++) % QUEUE] = l;
	pthread_mutex_unlock(&h->lock);
	if (full)
		tayra_load_fail(l, TAYRA_E_OVERLOAD, 0);
	else
		curl_multi_wakeup(h->multi);
}

static void
stop(struct http *h)
{
	pthread_mutex_lock(&h->lock);
	h->stop = true;
	pthread_mutex_unlock(&h->lock);
	curl_multi_wakeup(h->multi);
	pthread_join(h->thread, NULL);
}

static void
close_http(struct tayra_origin *origin)
{
	struct http *h = (struct http *)origin;

	if (h->running)
		stop(h);
	for (uint32_t i = 0; i < h->count; i++)
		tayra__transfer_fini(&h->transfers[i]);
	if (h->multi)
		curl_multi_cleanup(h->multi);
	curl_slist_free_all(h->headers);
	tayra__validators_fini(&h->validators);
	tayra__reach_fini(&h->reach);
	tayra__trouble_fini(&h->origin.trouble);
	pthread_mutex_destroy(&h->lock);
	tayra__mem_free(h);
}

static bool
is_header(const char *line)
{
	const char *colon = strchr(line, ':');

	if (!colon || colon == line)
		return false;
	for (const char *at = line; *at; at++)
		if ((unsigned char)*at < 0x20 || *at == 0x7f || (*at == ' ' && at < colon))
			return false;
	return true;
}

static int
add_headers(struct http *h, const char *const *headers, const struct tayra__complaint *why)
{
	for (; headers && *headers; headers++) {
		struct curl_slist *longer;

		if (!is_header(*headers)) {
			tayra__complain(why, "header \"%.100s\": not \"Name: value\" on one line",
					*headers);
			return TAYRA_E_INVAL;
		}
		longer = curl_slist_append(h->headers, *headers);
		if (!longer)
			return TAYRA_E_NOMEM;
		h->headers = longer;
	}
	return TAYRA_OK;
}

/* libcurl wants to be initialised once a process, before its other calls; it is never undone, for
 * the program may use it too. */
static void
init_curl(void)
{
	curl_global_init(CURL_GLOBAL_DEFAULT);
}

static int
build(struct http *h, const struct tayra__origin_settings *settings,
      const struct tayra_http_options *options, const struct tayra__complaint *why)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	int status;

	pthread_once(&once, init_curl);
	h->multi = curl_multi_init();
	status = h->multi ? add_headers(h, options->headers, why) : TAYRA_E_NOMEM;
	if (status != TAYRA_OK)
		return status;
	curl_multi_setopt(h->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)settings->threads);
	curl_multi_setopt(h->multi, CURLMOPT_MAXCONNECTS, (long)settings->threads);
	for (uint32_t i = 0; i < settings->threads && status == TAYRA_OK; i++) {
		status = tayra__transfer_init(&h->transfers[i], options, h->headers,
					      settings->shape.max_bytes);
		h->count++;
	}
	if (status == TAYRA_E_UNSUPPORTED)
		tayra__complain(why, "this libcurl refuses one of our options");
	if (status == TAYRA_OK && pthread_create(&h->thread, NULL, run, h) != 0)
		status = TAYRA_E_NOMEM;
	h->running = status == TAYRA_OK;
	return status;
}

/* => false: it is none that brings a value. */
static bool
set_method(struct http *h, const char *write)
{
	static const char *const methods[] = { "PUT", "POST", "PATCH" };

	if (!write)
		return true;
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (strcmp(write, methods[i]) == 0)
			h->method = methods[i];
	h->origin.write = h->method ? load : NULL;
	return h->method != NULL;
}

/* => TAYRA_OK: all that is given makes sense. */
static int
check(const struct tayra_origin_options *given, const struct tayra_http_options *http,
      const char *url, struct tayra__origin_settings *settings, struct tayra_http_options *options,
      const struct tayra__complaint *why)
{
	int status = tayra__origin_settings(given, settings, why);

	if (status != TAYRA_OK)
		return status;
	status = tayra__option_struct(http, options, sizeof(*options));
	if (options->validators_bytes == 0)
		options->validators_bytes = VALIDATORS_BYTES;
	else if (options->validators_bytes == TAYRA_OFF)
		options->validators_bytes = 0;
	else if (options->validators_bytes < TAYRA_CACHE_MEMORY_MIN)
		status = TAYRA_E_INVAL;
	if (status != TAYRA_OK || !url || options->max_redirects > 20 ||
	    settings->shape.shape != TAYRA_SHAPE_RAW || settings->statements) {
		tayra__complain(why, "the URL is missing, or an option does not go with HTTP");
		return TAYRA_E_INVAL;
	}
	if (options->ca_file && access(options->ca_file, R_OK) != 0) {
		tayra__complain(why, "ca_file %s: %m", options->ca_file);
		return TAYRA_E_INVAL;
	}
	return TAYRA_OK;
}

int
tayra_origin_http(const struct tayra_origin_options *given, const struct tayra_http_options *http,
		  const char *url, char *error, size_t error_len, struct tayra_origin **out)
{
	const struct tayra__complaint why = { error, error_len };
	struct tayra__origin_settings settings;
	struct tayra_http_options options;
	struct http *h;
	int status;

	tayra__complain(&why, "%s", "");
	if (!out)
		return TAYRA_E_INVAL;
	*out = NULL;
	status = check(given, http, url, &settings, &options, &why);
	if (status != TAYRA_OK)
		return status;
	h = tayra__mem_alloc(sizeof(*h) + settings.threads * sizeof(h->transfers[0]));
	if (!h)
		return TAYRA_E_NOMEM;
	h->origin = (struct tayra_origin){ "http", load, close_http, settings.pace };
	tayra__trouble_init(&h->origin.trouble);
	h->keys = settings.keys;
	h->max_age = options.max_age;
	tayra__validators_init(&h->validators, options.validators_bytes);
	pthread_mutex_init(&h->lock, NULL);
	tayra__reach_init(&h->reach, tayra__clock_real_ns());
	status = tayra__url_parse(url, &h->keys, &h->url, &why);
	if (status == TAYRA_OK && !set_method(h, settings.write)) {
		tayra__complain(&why, "write: an HTTP server takes values with PUT, POST or PATCH");
		status = TAYRA_E_INVAL;
	}
	if (status == TAYRA_OK)
		status = build(h, &settings, &options, &why);
	if (status != TAYRA_OK) {
		close_http(&h->origin);
		return status;
	}
	return tayra__tagging_attach(&h->origin, &settings, &why, out);
}
