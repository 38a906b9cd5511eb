/* SPDX-License-Identifier: Apache-2.0
 *
 * webhook.c: webhook.lock guards the ring and the stop; the thread takes a message out before it
 * posts, so that the lock is never held while anything waits for a network.
 */
#include "watch/webhook.h"

#include <tayra/base.h>

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include <curl/curl.h>

#include "base/mem.h"
#include "watch/alert.h"

#define WAITING     16
#define TIMEOUT_NS  (5 * TAYRA_NS_PER_S)
#define TIMEOUT_MAX (60 * TAYRA_NS_PER_S)
#define ANSWER_MAX  (64u << 10)

struct message {
	size_t len;
	char text[TAYRA__ALERT_JSON_MAX];
};

struct tayra__webhook {
	CURL *easy;
	struct curl_slist *headers;
	size_t answered; /* bytes of the answer */
	pthread_t thread;
	_Atomic bool stop; /* set under the lock; relaxed where the transfer looks at it */
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct message waiting[WAITING]; /* a ring */
	unsigned first, count;
	struct message current;                 /* the thread's */
	_Atomic uint64_t sent, failed, dropped; /* relaxed: figures of their own */
};

struct shown {
	uint64_t sent, failed, dropped;
};

#define ROW(member, text)                                                                          \
	{                                                                                          \
		.name = "tayra_alert_webhook_" #member, .sentence = text,                          \
		.type = TAYRA__WATCH_COUNTER, .field = TAYRA__WATCH_U64,                           \
		.offset = offsetof(struct shown, member)                                           \
	}

static const struct tayra__watch_row shown_rows[] = {
	ROW(sent, "Alerts a server was told of and took"),
	ROW(failed, "Alerts a server could not be told of or refused"),
	ROW(dropped, "Alerts no server was told of because too many waited"),
};

static void
show(void *ctx, void *snapshot)
{
	struct tayra__webhook *webhook = ctx;
	struct shown shown = {
		atomic_load_explicit(&webhook->sent, memory_order_relaxed),
		atomic_load_explicit(&webhook->failed, memory_order_relaxed),
		atomic_load_explicit(&webhook->dropped, memory_order_relaxed),
	};

	memcpy(snapshot, &shown, sizeof(shown));
}

static const struct tayra__watch_table shown_table = {
	.rows = shown_rows,
	.row_count = sizeof(shown_rows) / sizeof(shown_rows[0]),
	.instance_label = "webhook",
	.snapshot_bytes = sizeof(struct shown),
	.read = show,
};

static void
count(_Atomic uint64_t *counter)
{
	atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

/* The answer is of no interest; too much of it breaks the transfer off. */
static size_t
receive(char *bytes, size_t size, size_t n, void *ctx)
{
	struct tayra__webhook *webhook = ctx;

	webhook->answered += size * n;
	return webhook->answered <= ANSWER_MAX ? size * n : 0;
}

/* Looked at several times a second: other than 0 breaks the transfer off. */
static int
look(void *ctx, curl_off_t down_total, curl_off_t down, curl_off_t up_total, curl_off_t up)
{
	const struct tayra__webhook *webhook = ctx;

	return atomic_load_explicit(&webhook->stop, memory_order_relaxed);
}

static void
post(struct tayra__webhook *webhook)
{
	long status = 0;
	CURLcode code;

	webhook->answered = 0;
	code = curl_easy_setopt(webhook->easy, CURLOPT_POSTFIELDSIZE, (long)webhook->current.len);
	if (code == CURLE_OK)
		code = curl_easy_perform(webhook->easy);
	if (code == CURLE_OK)
		curl_easy_getinfo(webhook->easy, CURLINFO_RESPONSE_CODE, &status);
	count(status >= 200 && status < 300 ? &webhook->sent : &webhook->failed);
}

static bool
stopped(const struct tayra__webhook *webhook)
{
	return atomic_load_explicit(&webhook->stop, memory_order_relaxed);
}

/* Waits for a message.  => false: it is to stop. */
static bool
take(struct tayra__webhook *webhook)
{
	bool some;

	pthread_mutex_lock(&webhook->lock);
	while (webhook->count == 0 && !stopped(webhook))
		pthread_cond_wait(&webhook->wake, &webhook->lock);
	some = !stopped(webhook);
	if (some) {
		webhook->current = webhook->waiting[webhook->first];
		webhook->first = (webhook->first + 1) % WAITING;
		webhook->count--;
	}
	pthread_mutex_unlock(&webhook->lock);
	return some;
}

static void *
run(void *arg)
{
	struct tayra__webhook *webhook = arg;

	while (take(webhook))
		post(webhook);
	return NULL;
}

static void
enqueue(void *ctx, const char *json, size_t len, uint64_t now_ns)
{
	struct tayra__webhook *webhook = ctx;
	struct message *message;

	if (len > sizeof(message->text)) {
		count(&webhook->dropped);
		return;
	}
	pthread_mutex_lock(&webhook->lock);
	if (webhook->count == WAITING) {
		/* The newest says how things are. */
		webhook->first = (webhook->first + 1) % WAITING;
		webhook->count--;
		count(&webhook->dropped);
	}
	message = &webhook->waiting[(webhook->first + webhook->count++) % WAITING];
	message->len = len;
	memcpy(message->text, json, len);
	pthread_cond_signal(&webhook->wake);
	pthread_mutex_unlock(&webhook->lock);
}

/* http or https, and a host. */
static int
check_url(const char *url)
{
	CURLU *parts = url && strlen(url) < TAYRA__WEBHOOK_URL_MAX ? curl_url() : NULL;
	char *scheme = NULL;
	int status = TAYRA_E_INVAL;

	if (parts && curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK &&
	    curl_url_get(parts, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
	    (strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0))
		status = TAYRA_OK;
	curl_free(scheme);
	curl_url_cleanup(parts);
	return status;
}

/* libcurl copies the strings. */
static bool
set_up(struct tayra__webhook *webhook, const struct tayra__webhook_options *options)
{
	uint64_t timeout_ns = options->timeout_ns ? options->timeout_ns : TIMEOUT_NS;
	CURL *easy = webhook->easy;

	return !curl_easy_setopt(easy, CURLOPT_URL, options->url) &&
	       !curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https") &&
	       !curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L) &&
	       !curl_easy_setopt(easy, CURLOPT_PROXY, "") &&
	       !curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L) &&
	       !curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L) &&
	       !curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) &&
	       (!options->ca_file || !curl_easy_setopt(easy, CURLOPT_CAINFO, options->ca_file)) &&
	       !curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)(timeout_ns / TAYRA_NS_PER_MS)) &&
	       !curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) &&
	       !curl_easy_setopt(easy, CURLOPT_USERAGENT, "tayra") &&
	       !curl_easy_setopt(easy, CURLOPT_HTTPHEADER, webhook->headers) &&
	       !curl_easy_setopt(easy, CURLOPT_POST, 1L) &&
	       !curl_easy_setopt(easy, CURLOPT_POSTFIELDS, webhook->current.text) &&
	       !curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, receive) &&
	       !curl_easy_setopt(easy, CURLOPT_WRITEDATA, webhook) &&
	       !curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L) &&
	       !curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, look) &&
	       !curl_easy_setopt(easy, CURLOPT_XFERINFODATA, webhook);
}

static void
free_webhook(struct tayra__webhook *webhook)
{
	curl_easy_cleanup(webhook->easy);
	curl_slist_free_all(webhook->headers);
	pthread_cond_destroy(&webhook->wake);
	pthread_mutex_destroy(&webhook->lock);
	tayra__mem_free(webhook);
}

/* Everything but the thread. */
static struct tayra__webhook *
build(const struct tayra__webhook_options *options)
{
	struct tayra__webhook *webhook = tayra__mem_alloc(sizeof(*webhook));

	if (!webhook)
		return NULL;
	pthread_mutex_init(&webhook->lock, NULL);
	pthread_cond_init(&webhook->wake, NULL);
	webhook->easy = curl_easy_init();
	webhook->headers = curl_slist_append(NULL, "Content-Type: application/json");
	if (webhook->easy && webhook->headers && set_up(webhook, options))
		return webhook;
	free_webhook(webhook);
	return NULL;
}

int
tayra__webhook_create(struct tayra__registry *registry,
		      const struct tayra__webhook_options *options, struct tayra__webhook **out)
{
	struct tayra__webhook *webhook;
	int status;

	*out = NULL;
	if (!tayra__watch_name_ok(options->name) || check_url(options->url) < 0 ||
	    options->timeout_ns > TIMEOUT_MAX ||
	    (options->timeout_ns && options->timeout_ns < TAYRA_NS_PER_MS))
		return TAYRA_E_INVAL;
	curl_global_init(CURL_GLOBAL_DEFAULT);
	webhook = build(options);
	if (!webhook)
		return TAYRA_E_NOMEM;
	if (pthread_create(&webhook->thread, NULL, run, webhook) != 0) {
		free_webhook(webhook);
		return TAYRA_E_NOMEM;
	}
	status = tayra__registry_add_table(registry, &shown_table, options->name, webhook);
	if (status < 0) {
		tayra__webhook_destroy(webhook);
		return status;
	}
	*out = webhook;
	return TAYRA_OK;
}

void
tayra__webhook_destroy(struct tayra__webhook *webhook)
{
	if (!webhook)
		return;
	pthread_mutex_lock(&webhook->lock);
	atomic_store_explicit(&webhook->stop, true, memory_order_relaxed);
	pthread_cond_signal(&webhook->wake);
	pthread_mutex_unlock(&webhook->lock);
	pthread_join(webhook->thread, NULL);
	free_webhook(webhook);
}

struct tayra__alert_action
tayra__webhook_action(struct tayra__webhook *webhook)
{
	return (struct tayra__alert_action){ .send = enqueue, .ctx = webhook };
}
