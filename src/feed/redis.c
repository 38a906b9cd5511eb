/* SPDX-License-Identifier: Apache-2.0
 *
 * redis.c: a connection that is told of changes by CLIENT TRACKING with BCAST: the server remembers
 * nothing of who read what, and tells of every key with the prefix.  It is sound from the moment
 * the server said OK to that.  A connection that dies silently is noticed by the heartbeat, a PING.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "feed/line.h"
#include "feed/settings.h"
#include "load/doubt.h"
#include "net/dial.h"
#include "net/resp_client.h"

#define CONNECT_NS          (2 * TAYRA_NS_PER_S)
#define DEFAULT_INTERVAL_NS TAYRA_NS_PER_S

struct redis {
	struct tayra__feed_line line; /* first: the caller's pointer */
	struct tayra__resp_client client;
	struct tayra__redis_url url;
	bool invalidates; /* inside a push of that kind */
};

/* ["invalidate", [key, ..]], or null instead of the keys: everything, by FLUSHALL. */
static void
take_push(void *ctx, const struct tayra__resp_element *e)
{
	struct redis *r = ctx;

	if (e->depth == 0)
		r->invalidates = false;
	else if (e->depth == 1 && e->type == TAYRA__RESP_BULK)
		r->invalidates = e->len == 10 && memcmp(e->text, "invalidate", 10) == 0;
	else if (r->invalidates && e->type == TAYRA__RESP_NULL)
		tayra_feed_changed_prefix(&r->line.feed, NULL, 0);
	else if (r->invalidates && e->type == TAYRA__RESP_BULK)
		tayra_feed_changed(&r->line.feed, e->text, e->len);
}

static int
dial(struct redis *r, uint64_t until_ns, const struct tayra__complaint *why)
{
	const struct tayra__resp_client_options options = { .url = &r->url,
							    .name = "tayra-feed",
							    .bulk_bytes = 1u << 20,
							    .push = take_push,
							    .ctx = r };
	struct tayra__dial_list list;
	int status = tayra__dial_resolve(&r->url, &list, why->text, why->len);

	for (size_t i = 0; i < list.count; i++) {
		status = tayra__resp_client_open(&r->client, &options, &list.at[i], until_ns,
						 why->text, why->len);
		if (status == TAYRA_OK || status == TAYRA_E_NOMEM ||
		    tayra__feed_thread_stops(&r->line.thread))
			break;
	}
	return status;
}

static void
write_words(const struct redis *r, struct tayra__resp_argument *on)
{
	const struct tayra_feed *feed = &r->line.feed;

	*on++ = TAYRA__RESP_TEXT("CLIENT");
	*on++ = TAYRA__RESP_TEXT("TRACKING");
	*on++ = TAYRA__RESP_TEXT("ON");
	*on++ = TAYRA__RESP_TEXT("BCAST");
	for (size_t i = 0; i < feed->cover_count; i++) {
		const struct tayra__doubt *cover = feed->covers[i];

		*on++ = TAYRA__RESP_TEXT("PREFIX");
		*on++ = (struct tayra__resp_argument){ cover->prefix + feed->front_len,
						       cover->prefix_len - feed->front_len };
	}
}

static int
track(struct redis *r, uint64_t until_ns, const struct tayra__complaint *why)
{
	const size_t count = r->line.feed.cover_count;
	struct tayra__resp_argument *on;
	struct tayra__resp_element said;
	int status;

	if (r->client.version == TAYRA__RESP2) {
		tayra__complain(why, "%s: it knows no RESP3, and cannot tell of changes",
				r->url.shown);
		return TAYRA_E_INVAL;
	}
	on = tayra__mem_array(4 + 2 * count, sizeof(*on));
	if (!on)
		return TAYRA_E_NOMEM;
	write_words(r, on);
	status = tayra__resp_client_call(&r->client, on, 4 + 2 * count, until_ns, &said);
	tayra__mem_free(on);
	if (status != TAYRA_OK) {
		tayra__complain(why, "%s: no answer to CLIENT TRACKING", r->url.shown);
	} else if (said.type == TAYRA__RESP_ERROR) {
		tayra__complain(why, "%s: refuses CLIENT TRACKING: %.*s", r->url.shown,
				(int)said.len, said.text);
		status = TAYRA_E_INVAL;
	}
	return status;
}

static int
hear(struct tayra__feed_line *line, const struct tayra__complaint *why)
{
	struct redis *r = (struct redis *)line;
	uint64_t until_ns = tayra__clock_real_ns() + CONNECT_NS;
	int status = dial(r, until_ns, why);

	if (status == TAYRA_OK)
		status = track(r, until_ns, why);
	if (status == TAYRA_OK)
		tayra_feed_sound(&r->line.feed);
	else
		tayra__resp_client_close(&r->client);
	return status;
}

static bool
take(struct tayra__feed_line *line, const struct tayra__complaint *why)
{
	struct redis *r = (struct redis *)line;
	struct tayra__resp_element said;
	int status;

	do {
		while ((status = tayra__resp_client_next(&r->client, NULL, NULL, &said)) ==
		       TAYRA_OK)
			line->asked = false;
		if (status == TAYRA_PENDING)
			status = tayra__resp_client_fill(&r->client);
	} while (status == TAYRA_OK && !tayra__feed_thread_stops(&r->line.thread));
	if (status == TAYRA_OK || status == TAYRA_PENDING)
		return true;
	tayra__complain(why, "%s: the connection ended", r->url.shown);
	return false;
}

static bool
ask(struct tayra__feed_line *line, uint64_t until_ns)
{
	static const struct tayra__resp_argument ping[] = { TAYRA__RESP_TEXT("PING") };

	return tayra__resp_client_send(&((struct redis *)line)->client, ping, 1, until_ns) ==
	       TAYRA_OK;
}

static int
fd_of(const struct tayra__feed_line *line)
{
	return ((const struct redis *)line)->client.fd;
}

static const char *
name_of(const struct tayra__feed_line *line)
{
	return ((const struct redis *)line)->url.shown;
}

static void
hang_up(struct tayra__feed_line *line)
{
	tayra__resp_client_close(&((struct redis *)line)->client);
}

static void
close_redis(struct tayra_feed *feed)
{
	struct redis *r = (struct redis *)feed;

	tayra__feed_line_fini(&r->line);
	tayra__mem_free(r);
}

int
tayra_feed_redis(struct tayra *t, const struct tayra_feed_options *options, const char *url,
		 char *error, size_t error_len, struct tayra_feed **out)
{
	const struct tayra__complaint why = { error, error_len };
	struct redis *r;
	int status;

	tayra__complain(&why, "%s", "");
	if (!out)
		return TAYRA_E_INVAL;
	*out = NULL;
	if (!url) {
		tayra__complain(&why, "feed: the URL is missing");
		return TAYRA_E_INVAL;
	}
	r = tayra__mem_alloc(sizeof(*r));
	if (!r)
		return TAYRA_E_NOMEM;
	r->line = (struct tayra__feed_line){ .hear = hear,
					     .take = take,
					     .ask = ask,
					     .fd = fd_of,
					     .name = name_of,
					     .hang_up = hang_up };
	r->line.feed.close = close_redis;
	tayra__resp_client_init(&r->client);
	status = tayra__feed_interval(options, DEFAULT_INTERVAL_NS, &r->line.interval_ns, &why);
	if (status == TAYRA_OK)
		status = tayra__redis_url_parse(url, &r->url, error, error_len);
	if (status == TAYRA_OK)
		status = tayra__feed_line_init(&r->line, t, options);
	if (status != TAYRA_OK) {
		tayra__mem_free(r);
		return status;
	}
	status = tayra__feed_line_start(&r->line, &why);
	if (status != TAYRA_OK) {
		close_redis(&r->line.feed);
		return status;
	}
	*out = &r->line.feed;
	return TAYRA_OK;
}
