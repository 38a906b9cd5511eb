/* SPDX-License-Identifier: Apache-2.0
 *
 * redis.c: a Redis or Valkey server as an origin: one connection a worker, one command a load.  A
 * connection that the server ended while it was idle is noticed before anything is sent on it; one
 * whose load cannot wait any longer is closed, for its answer would come to the next.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "load/origin.h"
#include "net/dial.h"
#include "net/redis_url.h"
#include "net/resp_client.h"
#include "origin/reach.h"
#include "origin/settings.h"
#include "origin/tagging.h"
#include "origin/words.h"
#include "origin/worker.h"

#define CONNECT_NS (2 * TAYRA_NS_PER_S)
/* Between looks whether somebody still waits. */
#define LOOK_NS  (20 * TAYRA_NS_PER_MS)
#define KEEP     65536
#define NAME     "tayra-origin"
#define KEY_ROOM ((size_t)1 << 30)

struct seat {
	struct tayra__resp_client client;
	struct tayra__buffer words; /* of the command under way */
};

struct redis {
	struct tayra_origin origin; /* first: the caller's pointer */
	struct tayra__workers *workers;
	struct tayra__pattern keys;
	struct tayra__words words, writes; /* writes.count 0: it does not */
	struct tayra__redis_url url;
	uint64_t max_bytes;
	struct tayra__reach reach;
	uint32_t count;
	struct seat seats[];
};

/* NULL is nobody's, in opening. */
static int
over(const struct tayra_load *load)
{
	return load ? tayra__load_over(load) : TAYRA_OK;
}

/* Of the real clock: the load's may be another. */
static uint64_t
until_ns(const struct tayra_load *load, uint64_t most_ns)
{
	uint64_t now = tayra__clock_real_ns(), from, to;

	if (load) {
		from = tayra__load_now_ns(load);
		to = tayra_load_deadline_ns(load);
		if (to <= from)
			return now;
		if (to - from < most_ns)
			most_ns = to - from;
	}
	return now + most_ns;
}

/* Each address that the name stands for, until one answers.  => as tayra__resp_client_open(). */
static int
dial(struct redis *r, struct seat *seat, const struct tayra_load *load,
     const struct tayra__complaint *why)
{
	const struct tayra__resp_client_options options = {
		.url = &r->url, .name = NAME, .bulk_bytes = r->max_bytes, .version = TAYRA__RESP2
	};
	struct tayra__dial_list list;
	int status = tayra__dial_resolve(&r->url, &list, why->text, why->len);

	for (size_t i = 0; i < list.count && status != TAYRA_E_NOMEM; i++) {
		status = tayra__resp_client_open(&seat->client, &options, &list.at[i],
						 until_ns(load, CONNECT_NS), why->text, why->len);
		if (status == TAYRA_OK || over(load) != TAYRA_OK)
			break;
	}
	return status;
}

/* Is the idle connection still there? */
static bool
is_up(struct tayra__resp_client *client)
{
	if (client->fd >= 0 && (tayra__resp_client_is_ahead(client) ||
				tayra__resp_client_fill(client) != TAYRA_PENDING))
		tayra__resp_client_close(client); /* ended, or says what nobody asked */
	return client->fd >= 0;
}

/* => TAYRA_OK with a connection.  TAYRA_E_INVAL: the server does not want us.  Else what the load
 *    shall end with; *wait_ns: not before. */
static int
reach(struct redis *r, struct seat *seat, const struct tayra_load *load, uint64_t *wait_ns,
      const struct tayra__complaint *why)
{
	enum tayra__reach_try try;
	int status;

	*wait_ns = 0;
	if (is_up(&seat->client))
		return TAYRA_OK;
	try = tayra__reach_begin(&r->reach, tayra__clock_real_ns(), wait_ns);
	if (try == TAYRA__REACH_NO)
		return TAYRA_E_ORIGIN;
	status = dial(r, seat, load, why);
	*wait_ns = tayra__reach_end(&r->reach, try, tayra__clock_real_ns(),
				    status == TAYRA_OK || status == TAYRA_E_INVAL
					    ? TAYRA__REACH_CAME
				    : over(load) != TAYRA_OK ? TAYRA__REACH_GAVE_UP
							     : TAYRA__REACH_FAILED);
	if (status == TAYRA_OK || status == TAYRA_E_INVAL || status == TAYRA_E_NOMEM)
		return status;
	return over(load) != TAYRA_OK ? over(load) : TAYRA_E_ORIGIN;
}

/* Of an error reply, what is the server's alone: its first word, or more where it is known to be.
 * What follows may quote the key. */
static size_t
own_words(const struct tayra__resp_element *said)
{
	static const char *const known[] = { "ERR unknown command", "ERR wrong number of arguments",
					     "ERR syntax error", "ERR value is not an integer" };
	const char *blank = memchr(said->text, ' ', said->len);
	const size_t len = blank ? (size_t)(blank - said->text) : said->len;

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (said->len >= strlen(known[i]) &&
		    memcmp(said->text, known[i], strlen(known[i])) == 0)
			return strlen(known[i]);
	return len < 32 ? len : 32;
}

static int
status_of(const struct tayra__resp_element *said, const struct tayra__complaint *why)
{
	static const char *const busy[] = { "LOADING",     "BUSY",       "TRYAGAIN",
					    "CLUSTERDOWN", "MASTERDOWN", "OOM" };

	tayra__complain(why, "the server answers %.*s", (int)own_words(said), said->text);
	for (size_t i = 0; i < sizeof(busy) / sizeof(busy[0]); i++)
		if (tayra__resp_is_error(said, busy[i]))
			return TAYRA_E_OVERLOAD;
	return TAYRA_E_ORIGIN;
}

static void
answer(struct redis *r, struct tayra_load *load, const struct tayra__resp_element *said)
{
	char trouble[TAYRA__TROUBLE_TEXT] = "", number[24];
	const struct tayra__complaint why = { trouble, sizeof(trouble) };
	int status = TAYRA_E_ORIGIN;

	if (said->type == TAYRA__RESP_SIMPLE || said->type == TAYRA__RESP_BULK) {
		tayra_load_done(load, said->text, said->len, NULL);
		return;
	}
	if (said->type == TAYRA__RESP_INTEGER) {
		snprintf(number, sizeof(number), "%lld", (long long)said->integer);
		tayra_load_done(load, number, strlen(number), NULL);
		return;
	}
	if (said->type == TAYRA__RESP_NULL)
		status = TAYRA_E_NOT_FOUND;
	else if (said->type == TAYRA__RESP_ERROR)
		status = status_of(said, &why);
	else
		tayra__complain(&why, "the answer is a list and no value");
	tayra__trouble_note(&r->origin.trouble, status, trouble);
	tayra_load_fail(load, status, 0);
}

/* A write's.  An error that says nothing of the kind may have left half of a script behind. */
static void
answer_write(struct redis *r, struct tayra_load *load, const struct tayra__resp_element *said)
{
	static const char *const refusals[] = { "WRONGTYPE", "NOPERM", "NOAUTH", "READONLY" };
	char trouble[TAYRA__TROUBLE_TEXT] = "";
	const struct tayra__complaint why = { trouble, sizeof(trouble) };
	int status = TAYRA_OK;

	if (said->type == TAYRA__RESP_NULL)
		status = TAYRA_E_NOT_FOUND; /* SET .. XX of one that is not there, say */
	else if (said->type == TAYRA__RESP_ERROR)
		status = status_of(said, &why);
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
		if (status == TAYRA_E_ORIGIN && tayra__resp_is_error(said, refusals[i]))
			status = TAYRA_E_INVAL;
	tayra__trouble_note(&r->origin.trouble, status, trouble);
	if (status == TAYRA_OK)
		tayra__load_written(load);
	else
		tayra_load_fail(load, status, 0);
}

/* The answer, unless the load is over before.  => as tayra__resp_client_receive(). */
static int
receive(struct seat *seat, const struct tayra_load *load, struct tayra__resp_element *said)
{
	struct tayra__resp_client *client = &seat->client;
	int status = TAYRA_PENDING;

	while (status == TAYRA_PENDING) {
		status = tayra__resp_client_next(client, NULL, NULL, said);
		if (status != TAYRA_PENDING)
			return status;
		status = tayra__syscalls_wait(client->syscalls, client->fd, POLLIN,
					      until_ns(load, LOOK_NS));
		if (status == TAYRA_OK)
			status = tayra__resp_client_fill(client);
		if (status == TAYRA_OK || (status == TAYRA_E_TIMEOUT && over(load) == TAYRA_OK))
			status = TAYRA_PENDING;
	}
	return status;
}

/* => TAYRA_OK: *said is the answer.  Else the connection is closed. */
static int
ask(struct redis *r, struct seat *seat, struct tayra_load *load, const struct tayra__part *parts,
    struct tayra__resp_element *said, const struct tayra__complaint *why)
{
	struct tayra__part filled[TAYRA__WORDS_MAX];
	struct tayra__resp_argument words[TAYRA__WORDS_MAX + 1];
	const bool writes = tayra__load_writes(load);
	const struct tayra__words *to_say = writes ? &r->writes : &r->words;
	size_t count = to_say->count, len;
	int status = tayra__words_fill(to_say, parts, &seat->words, filled);

	if (status != TAYRA_OK)
		return status;
	for (size_t i = 0; i < count; i++)
		words[i] = (struct tayra__resp_argument){ filled[i].bytes, filled[i].len };
	if (writes) { /* behind the others, from where it is */
		words[count].bytes = tayra__load_value(load, &len);
		words[count++].len = len;
	}
	status = tayra__resp_client_send(&seat->client, words, count, until_ns(load, UINT32_MAX));
	if (status == TAYRA_OK)
		status = receive(seat, load, said);
	if (status == TAYRA_OK)
		return TAYRA_OK;
	if (status == TAYRA_E_CORRUPT && seat->client.reply.too_large) {
		status = TAYRA_E_TOO_LARGE;
	} else if (status != TAYRA_E_NOMEM && over(load) != TAYRA_OK) {
		status = over(load);
	} else if (status != TAYRA_E_NOMEM) {
		tayra__complain(why, "%s: %s", r->url.shown,
				status == TAYRA_E_CORRUPT ? "what answers is no Redis"
							  : "the connection broke");
		status = TAYRA_E_ORIGIN;
	}
	tayra__resp_client_close(&seat->client);
	return status;
}

static void
work(void *arg, uint32_t worker, struct tayra_load *load)
{
	struct redis *r = arg;
	struct seat *seat = &r->seats[worker];
	struct tayra__part parts[TAYRA__PATTERN_PARTS];
	struct tayra__resp_element said;
	char trouble[TAYRA__TROUBLE_TEXT] = "";
	const struct tayra__complaint why = { trouble, sizeof(trouble) };
	uint64_t wait_ns = 0;
	size_t key_len;
	const void *key = tayra_load_key(load, &key_len);
	int status;

	if (!tayra__pattern_match(&r->keys, key, key_len, parts)) {
		tayra_load_fail(load, TAYRA_E_INVAL, 0);
		return;
	}
	status = reach(r, seat, load, &wait_ns, &why);
	if (status == TAYRA_E_INVAL) /* not the key's fault */
		status = TAYRA_E_ORIGIN;
	if (status == TAYRA_OK)
		status = ask(r, seat, load, parts, &said, &why);
	if (status == TAYRA_OK) {
		(tayra__load_writes(load) ? answer_write : answer)(r, load, &said);
	} else {
		tayra__trouble_note(&r->origin.trouble, status, trouble);
		tayra_load_fail(load, status, wait_ns);
	}
	tayra__buffer_reset(&seat->words, KEEP);
}

static void
load(struct tayra_origin *origin, struct tayra_load *l)
{
	tayra__workers_push(((struct redis *)origin)->workers, l);
}

static void
close_redis(struct tayra_origin *origin)
{
	struct redis *r = (struct redis *)origin;

	if (r->workers)
		tayra__workers_destroy(r->workers);
	for (uint32_t i = 0; i < r->count; i++) {
		tayra__resp_client_close(&r->seats[i].client);
		tayra__buffer_fini(&r->seats[i].words);
	}
	tayra__reach_fini(&r->reach);
	tayra__trouble_fini(&r->origin.trouble);
	explicit_bzero(&r->url, sizeof(r->url));
	tayra__mem_free(r);
}

static struct redis *
create(const struct tayra__origin_settings *settings)
{
	struct redis *r = tayra__mem_alloc(sizeof(*r) + settings->threads * sizeof(r->seats[0]));

	if (!r)
		return NULL;
	r->origin = (struct tayra_origin){ "redis", load, close_redis, settings->pace };
	tayra__trouble_init(&r->origin.trouble);
	tayra__reach_init(&r->reach, tayra__clock_real_ns());
	r->keys = settings->keys;
	r->max_bytes = settings->shape.max_bytes;
	r->count = settings->threads;
	for (uint32_t i = 0; i < r->count; i++) {
		tayra__resp_client_init(&r->seats[i].client);
		tayra__buffer_init(&r->seats[i].words, KEY_ROOM);
	}
	return r;
}

static const struct tayra__words_kind command_kind = { "command", TAYRA__WORDS_MAX, true };

static int
set_up(struct redis *r, const struct tayra__origin_settings *settings, const char *url,
       const char *command, const struct tayra__complaint *why)
{
	uint64_t wait_ns;
	int status = tayra__redis_url_parse(url, &r->url, why->text, why->len);

	if (status == TAYRA_OK)
		status = tayra__words_parse(command, &r->keys, &command_kind, &r->words, why);
	if (status == TAYRA_OK && settings->write) {
		char text[200] = "";
		const struct tayra__complaint wrong = { text, sizeof(text) };

		status = tayra__words_parse(settings->write, &r->keys, &command_kind, &r->writes,
					    &wrong);
		if (status == TAYRA_E_INVAL)
			tayra__complain(why, "write: %s", text);
		r->origin.write = load;
	}
	/* A server that is not there may come; one that refuses us will not change its mind. */
	if (status == TAYRA_OK)
		status = reach(r, &r->seats[0], NULL, &wait_ns, why);
	if (status == TAYRA_E_INVAL || status == TAYRA_E_NOMEM)
		return status;
	return tayra__workers_create(settings->threads, work, r, &r->workers);
}

int
tayra_origin_redis(const struct tayra_origin_options *given, const char *url, const char *command,
		   char *error, size_t error_len, struct tayra_origin **out)
{
	const struct tayra__complaint why = { error, error_len };
	struct tayra__origin_settings settings;
	struct redis *r;
	int status;

	tayra__complain(&why, "%s", "");
	if (!out)
		return TAYRA_E_INVAL;
	*out = NULL;
	if (!url || !command) {
		tayra__complain(&why, "the URL or the command is missing");
		return TAYRA_E_INVAL;
	}
	status = tayra__origin_settings(given, &settings, &why);
	if (status == TAYRA_OK &&
	    (settings.shape.shape != TAYRA_SHAPE_RAW || settings.statements)) {
		tayra__complain(&why, "options: a shape, a batch and a version are of SQL");
		status = TAYRA_E_INVAL;
	}
	if (status != TAYRA_OK)
		return status;
	r = create(&settings);
	if (!r)
		return TAYRA_E_NOMEM;
	status = set_up(r, &settings, url, command, &why);
	if (status != TAYRA_OK) {
		close_redis(&r->origin);
		return status;
	}
	return tayra__tagging_attach(&r->origin, &settings, &why, out);
}
