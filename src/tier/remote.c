/* SPDX-License-Identifier: Apache-2.0
 *
 * remote.c: the calls.  Reads go over the pool, changes over the line.  Neither lock is held while
 * the other is taken.
 */
#include "tier/remote.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/mem.h"
#include "tier/remote_lease.h"
#include "tier/remote_line.h"
#include "tier/remote_news.h"
#include "tier/remote_offer.h"
#include "tier/remote_pool.h"
#include "tier/remote_record.h"
#include "tier/remote_settings.h"
#include "tier/remote_tag.h"
#include "tier/remote_words.h"

#define FAILURES_MAX 3u
#define PAUSE_MIN_NS (100 * TAYRA_NS_PER_MS)
#define PAUSE_MAX_NS (5 * TAYRA_NS_PER_S)
#define PX_MAX_MS    (1ull << 42) /* 139 years: servers refuse what overflows */
#define PX_GRACE_MS  2000u        /* see store() */

/* Reading has stepped out after a timeout or several failures, for longer each time. */
struct breaker {
	uint32_t failures; /* in a row */
	uint64_t until_ns; /* out until then */
	uint64_t pause_ns; /* 0: in */
};

struct remote_tier {
	struct tayra__tier tier;
	struct tayra__remote_settings settings;
	struct tayra__remote_news news;
	struct tayra__remote_line line;
	struct tayra__remote_pool pool;
	pid_t process;
	_Atomic uint64_t leases; /* asked for */
	pthread_mutex_t lock;
	struct breaker reading;         /* lock */
	struct tayra__tier_stats stats; /* lock */
};

static struct remote_tier *
remote_of(struct tayra__tier *tier)
{
	return (struct remote_tier *)tier;
}

static uint64_t
now_ns(void)
{
	return tayra__clock_mono_ns(tayra_clock_real());
}

/* The key as the server has it, under a mark as long as that of values; NULL: no memory. */
static char *
name_under(const char *under, const struct remote_tier *remote, const void *key, size_t key_len,
	   size_t *name_len)
{
	size_t prefix = strlen(remote->settings.prefix), mark = strlen(TAYRA__REMOTE_VALUE_MARK);
	char *name = tayra__mem_alloc(prefix + mark + key_len);

	*name_len = prefix + mark + key_len;
	if (!name)
		return NULL;
	memcpy(name, remote->settings.prefix, prefix);
	memcpy(name + prefix, under, mark);
	if (key_len > 0)
		memcpy(name + prefix + mark, key, key_len);
	return name;
}

static char *
name_of(const struct remote_tier *remote, const void *key, size_t key_len, size_t *name_len)
{
	return name_under(TAYRA__REMOTE_VALUE_MARK, remote, key, key_len, name_len);
}

/* Reading. */

/* With the lock.  After the pause the next get tries, so that it is out no longer. */
static bool
pauses(const struct breaker *breaker)
{
	return breaker->pause_ns && now_ns() < breaker->until_ns;
}

static bool
is_out(struct remote_tier *remote)
{
	bool out;

	pthread_mutex_lock(&remote->lock);
	out = pauses(&remote->reading);
	pthread_mutex_unlock(&remote->lock);
	return out;
}

static void
note_read(struct remote_tier *remote, int status, size_t bytes)
{
	struct breaker *b = &remote->reading;
	bool failed = status == TAYRA_E_IO || status == TAYRA_E_TIMEOUT;
	uint64_t longer = b->pause_ns ? b->pause_ns * 2 : PAUSE_MIN_NS;

	b->failures = failed ? b->failures + 1 : 0;
	if (!failed) {
		b->pause_ns = 0;
	} else if (status == TAYRA_E_TIMEOUT || b->failures >= FAILURES_MAX || b->pause_ns) {
		b->pause_ns = longer < PAUSE_MAX_NS ? longer : PAUSE_MAX_NS;
		b->until_ns = now_ns() + b->pause_ns;
	}
	remote->stats.io_errors += failed;
	remote->stats.corrupt += status == TAYRA_E_CORRUPT;
	remote->stats.read_bytes += bytes;
}

struct look {
	const void *key;
	size_t key_len;
	const char *name;
	size_t name_len;
	struct tayra__remote_session session;
	uint64_t deadline_ns;
	struct tayra__tier_value *out;
	size_t bytes;
	/* NULL: only to read. */
	struct tayra__tier_lease *lease;
	char *lease_name; /* as long as name */
	uint64_t token;
};

/* Ask for what lies there, and before that for the lease, all in one go: when the lease is given,
 * whoever had it before has stored its value by the time it is looked for. */
static int
exchange(struct tayra__remote_reader *reader, struct look *look,
	 const struct tayra__resp_argument *ask, size_t count, struct tayra__resp_element *said)
{
	const struct tayra__remote_lease_place place = { &reader->client, look->lease_name,
							 look->name_len, look->deadline_ns };
	int status = TAYRA_OK;

	if (look->lease)
		status = tayra__remote_lease_ask(&place, look->lease->ns, look->token);
	if (status == TAYRA_OK)
		status = tayra__resp_client_send(&reader->client, ask, count, look->deadline_ns);
	if (status == TAYRA_OK && look->lease)
		status = tayra__remote_lease_hear(&place, look->token, look->lease);
	if (status == TAYRA_OK)
		status = tayra__resp_client_receive(&reader->client, look->deadline_ns, NULL, NULL,
						    said);
	return status;
}

/* The connection on which to say something of that session.  => TAYRA_OK, TAYRA_E_NOMEM,
 * TAYRA_E_TIMEOUT, TAYRA_E_IO. */
static int
connect_reader(struct remote_tier *remote, struct tayra__remote_reader *reader,
	       const struct tayra__remote_session *session, uint64_t deadline_ns)
{
	int status = tayra__remote_reader_connect(reader, &remote->settings, session, deadline_ns);

	if (status == TAYRA_E_CORRUPT)
		tayra__remote_line_doubt(&remote->line, session->number);
	return status == TAYRA_OK || status == TAYRA_E_NOMEM || status == TAYRA_E_TIMEOUT
		       ? status
		       : TAYRA_E_IO;
}

/* GETRANGE: however large what lies there is, no more than a value of ours comes. */
static int
read_once(struct remote_tier *remote, struct tayra__remote_reader *reader, struct look *look)
{
	struct tayra__resp_argument ask[] = { TAYRA__RESP_TEXT("GETRANGE"),
					      { look->name, look->name_len },
					      TAYRA__RESP_TEXT("0"),
					      { NULL, 0 } };
	struct tayra__resp_element said;
	char last[24];
	int status = connect_reader(remote, reader, &look->session, look->deadline_ns);

	if (status != TAYRA_OK)
		return status;
	snprintf(last, sizeof(last), "%llu",
		 (unsigned long long)remote->settings.value_bytes + TAYRA__REMOTE_RECORD_HEADER);
	ask[3] = (struct tayra__resp_argument){ last, strlen(last) };
	status = exchange(reader, look, ask, 4, &said);
	if (status != TAYRA_OK) {
		tayra__resp_client_close(&reader->client);
		return status == TAYRA_E_CORRUPT ? TAYRA_E_IO : status;
	}
	reader->used = true;
	if (tayra__resp_is_error(&said, "WRONGTYPE"))
		return TAYRA_E_CORRUPT;
	if (said.type != TAYRA__RESP_BULK)
		return TAYRA_E_IO;
	if (said.len == 0)
		return TAYRA_E_NOT_FOUND;
	look->bytes = said.len;
	return tayra__remote_record_read(said.text, said.len, look->session.epoch, look->key,
					 look->key_len, look->out);
}

/* A server may close connections that are idle: then once more on a new one. */
static int
read_value(struct remote_tier *remote, struct look *look)
{
	struct tayra__remote_reader *reader = tayra__remote_pool_take(&remote->pool,
								      look->deadline_ns);
	bool again;
	int status;

	if (!reader)
		return TAYRA_E_TIMEOUT;
	again = reader->client.fd >= 0 && reader->used;
	status = read_once(remote, reader, look);
	if (status == TAYRA_E_IO && again && reader->client.fd < 0)
		status = read_once(remote, reader, look);
	tayra__remote_pool_give(&remote->pool, reader);
	return status;
}

/* The session in which it was read is still the one that counts. */
static bool
still_counts(struct remote_tier *remote, const struct tayra__remote_session *session)
{
	struct tayra__remote_session now;

	return tayra__remote_line_session(&remote->line, &now) && now.number == session->number &&
	       now.epoch == session->epoch;
}

/* => as get of the tier, and TAYRA_E_CORRUPT, TAYRA_E_TIMEOUT. */
static int
look_up(struct remote_tier *remote, struct look *look, uint64_t wall_ms)
{
	int status = read_value(remote, look);

	if (status == TAYRA_OK &&
	    (look->out->meta.expire_ms <= wall_ms || look->out->meta.born_ms > wall_ms))
		status = TAYRA_E_NOT_FOUND;
	if (status == TAYRA_OK && !still_counts(remote, &look->session))
		status = TAYRA_E_NOT_FOUND;
	if (status != TAYRA_OK)
		tayra__tier_value_free(look->out);
	return status;
}

/* Names what a lease of the key is called.  => false: no memory. */
static bool
prepare_lease(struct remote_tier *remote, struct look *look)
{
	size_t len;

	if (!look->lease)
		return true;
	look->lease_name = name_under(TAYRA__REMOTE_LEASE_MARK, remote, look->key, look->key_len,
				      &len);
	look->token = tayra__hash_mix64(
			      remote->settings.writer +
			      atomic_fetch_add_explicit(&remote->leases, 1, memory_order_relaxed)) |
		      1;
	return look->lease_name != NULL;
}

static int
get_or_lease(struct tayra__tier *tier, const void *key, size_t key_len, uint64_t wall_ms,
	     struct tayra__tier_lease *lease, struct tayra__tier_value *out)
{
	struct remote_tier *remote = remote_of(tier);
	struct look look = {
		.key = key,
		.key_len = key_len,
		.deadline_ns = now_ns() + remote->settings.timeout_ns,
		.out = out,
		.lease = lease,
	};
	bool asked = false;
	char *name = NULL;
	int status = TAYRA_E_IO;

	*out = (struct tayra__tier_value){ 0 };
	if (key_len > TAYRA__REMOTE_KEY_MAX) {
		status = TAYRA_E_NOT_FOUND;
	} else if (tayra__remote_line_session(&remote->line, &look.session) && !is_out(remote)) {
		name = name_of(remote, key, key_len, &look.name_len);
		look.name = name;
		asked = name && prepare_lease(remote, &look);
		status = asked ? look_up(remote, &look, wall_ms) : TAYRA_E_NOMEM;
		tayra__mem_free(look.lease_name);
		tayra__mem_free(name);
	}
	pthread_mutex_lock(&remote->lock);
	if (asked && status != TAYRA_E_NOMEM)
		note_read(remote, status, look.bytes);
	remote->stats.hits += status == TAYRA_OK;
	remote->stats.misses += status != TAYRA_OK;
	pthread_mutex_unlock(&remote->lock);
	if (status == TAYRA_E_CORRUPT)
		return TAYRA_E_NOT_FOUND;
	return status == TAYRA_E_TIMEOUT ? TAYRA_E_IO : status;
}

static int
remote_get(struct tayra__tier *tier, const void *key, size_t key_len, uint64_t wall_ms,
	   struct tayra__tier_value *out)
{
	return get_or_lease(tier, key, key_len, wall_ms, NULL, out);
}

static int
remote_lease(struct tayra__tier *tier, const void *key, size_t key_len, uint64_t wall_ms,
	     struct tayra__tier_lease *lease, struct tayra__tier_value *out)
{
	lease->token = 0;
	lease->held = false;
	return get_or_lease(tier, key, key_len, wall_ms, lease, out);
}

/* Should it fail, they run out.  ns 0: give them back. */
static void
settle(struct remote_tier *remote, const struct tayra__remote_leased *leases, size_t count,
       uint64_t ns)
{
	const uint64_t deadline_ns = now_ns() + remote->settings.timeout_ns;
	struct tayra__remote_session session;
	struct tayra__remote_reader *reader;
	int status;

	if (!tayra__remote_line_session(&remote->line, &session) || is_out(remote))
		return;
	reader = tayra__remote_pool_take(&remote->pool, deadline_ns);
	if (!reader)
		return;
	status = connect_reader(remote, reader, &session, deadline_ns);
	if (status == TAYRA_OK) {
		status = tayra__remote_lease_settle(&reader->client, leases, count, ns,
						    deadline_ns);
		if (status != TAYRA_OK)
			tayra__resp_client_close(&reader->client);
	}
	tayra__remote_pool_give(&remote->pool, reader);
}

static void
settle_under_names(struct tayra__tier *tier, const struct tayra__tier_leased *leases, size_t count,
		   uint64_t ns)
{
	struct remote_tier *remote = remote_of(tier);
	struct tayra__remote_leased ours[TAYRA__TIER_LEASES];
	char *names[TAYRA__TIER_LEASES];
	size_t n = 0;

	for (size_t i = 0; i < count; i++) {
		names[n] = name_under(TAYRA__REMOTE_LEASE_MARK, remote, leases[i].key,
				      leases[i].key_len, &ours[n].name.len);
		if (!names[n])
			continue; /* it runs out */
		ours[n].name.bytes = names[n];
		ours[n++].token = leases[i].token;
	}
	if (n > 0)
		settle(remote, ours, n, ns);
	while (n > 0)
		tayra__mem_free(names[--n]);
}

static void
remote_release(struct tayra__tier *tier, const struct tayra__tier_leased *leases, size_t count)
{
	settle_under_names(tier, leases, count, 0);
}

static void
remote_renew(struct tayra__tier *tier, const struct tayra__tier_leased *leases, size_t count,
	     uint64_t ns)
{
	settle_under_names(tier, leases, count, ns);
}

/* Changing. */

static struct tayra__resp_argument
number_argument(char text[24], uint64_t number)
{
	int len = snprintf(text, 24, "%llu", (unsigned long long)number);

	return (struct tayra__resp_argument){ text, (size_t)len };
}

/* => TAYRA_OK, TAYRA_E_NOT_FOUND, TAYRA_E_IO: owed. */
static int
delete_plainly(struct remote_tier *remote, const char *name, size_t name_len, uint64_t deadline_ns)
{
	const struct tayra__resp_argument del[] = { TAYRA__RESP_TEXT("DEL"), { name, name_len } };
	const struct tayra__remote_command command = { del, 2 };
	struct tayra__remote_answer said = { 0 };
	int status = tayra__remote_line_change(&remote->line, &command, 1, name, name_len,
					       deadline_ns, &said);

	if (status != TAYRA_OK)
		return status;
	if (said.type != TAYRA__RESP_INTEGER) {
		tayra__remote_line_owe(&remote->line, name, name_len);
		return TAYRA_E_IO;
	}
	return said.integer ? TAYRA_OK : TAYRA_E_NOT_FOUND;
}

/*
 * Leaves word of it in its place, for those who are loading; where there is no room for that it is
 * deleted all the same.  => TAYRA_OK, TAYRA_E_NOT_FOUND, TAYRA_E_IO: owed.
 */
static int
delete_name(struct remote_tier *remote, const char *name, size_t name_len, uint64_t writer,
	    uint64_t deadline_ns)
{
	const struct tayra__resp_argument measure[] = { TAYRA__RESP_TEXT("STRLEN"),
							{ name, name_len } };
	struct tayra__remote_words word;
	const struct tayra__remote_command commands[] = { { measure, 2 }, { word.arguments, 5 } };
	struct tayra__remote_answer said[2] = { 0 };
	struct tayra__remote_session session;
	int status;

	tayra__remote_line_session(&remote->line, &session);
	tayra__remote_words_removed(&word, &remote->settings, session.epoch, writer, name,
				    name_len);
	status = tayra__remote_line_change(&remote->line, commands, 2, name, name_len, deadline_ns,
					   said);
	if (status != TAYRA_OK)
		return status;
	if (said[1].type == TAYRA__RESP_ERROR)
		return delete_plainly(remote, name, name_len, deadline_ns);
	if (said[0].type == TAYRA__RESP_INTEGER &&
	    (said[0].integer == 0 || said[0].integer == TAYRA__REMOTE_RECORD_HEAD))
		return TAYRA_E_NOT_FOUND;
	return TAYRA_OK;
}

enum origin { WAS_PUT, WAS_LOADED };

/* A value on its way. */
struct change {
	const void *key, *value;
	size_t key_len, value_len;
	const struct tayra__tier_meta *meta;
	uint64_t wall_ms;
	enum origin origin;
	/* Filled in: */
	char *name;
	size_t name_len;
	uint64_t now_ns, deadline_ns;
	struct tayra__remote_session session;
};

/* How old the bytes are.  Of what was put it does not count: whoever puts says what is true now. */
static uint64_t
age_ms_of(const struct change *c)
{
	return c->origin == WAS_LOADED ? c->wall_ms - c->meta->born_ms : 0;
}

/* => TAYRA_OK; TAYRA_E_FULL: not taken, and what was there is there still; TAYRA_E_NOT_FOUND, of an
 *    offer; TAYRA_E_IO: owed. */
static int
send_record(struct remote_tier *remote, const struct change *c, const void *record, size_t size,
	    uint64_t px_ms)
{
	char px[24];
	struct tayra__resp_argument set[] = {
		TAYRA__RESP_TEXT("SET"), { c->name, c->name_len },   { record, size },
		TAYRA__RESP_TEXT("PX"),  number_argument(px, px_ms),
	};
	const struct tayra__remote_command command = { set, 5 };
	const uint64_t ago_ms = age_ms_of(c);
	const struct tayra__remote_offer offer = {
		.key = c->key,
		.key_len = c->key_len,
		.set = set,
		.set_count = 5,
		.began_ns = ago_ms < c->now_ns / TAYRA_NS_PER_MS
				    ? c->now_ns - ago_ms * TAYRA_NS_PER_MS
				    : 0,
		.deadline_ns = c->deadline_ns,
	};
	struct tayra__remote_answer said = { 0 };
	int status;

	if (c->origin == WAS_LOADED)
		return tayra__remote_offer_make(&remote->line, &remote->settings, &c->session,
						&offer);
	status = tayra__remote_line_change(&remote->line, &command, 1, c->name, c->name_len,
					   c->deadline_ns, &said);
	return status == TAYRA_OK && said.type == TAYRA__RESP_ERROR ? TAYRA_E_FULL : status;
}

/*
 * The server keeps everything for a while only: what is left of it says how old it is.  A little
 * longer than anybody takes it, for when it goes everybody is told, as of a change, and who is
 * loading the key anew at that moment would load in vain.
 */
static int
store(struct remote_tier *remote, const struct change *c)
{
	uint64_t left_ms = c->meta->expire_ms > c->wall_ms ? c->meta->expire_ms - c->wall_ms : 0;
	uint64_t kept_ms = left_ms < PX_MAX_MS ? left_ms + PX_GRACE_MS : PX_MAX_MS;
	uint64_t ago_ms = age_ms_of(c);
	const struct tayra__remote_head head = {
		.epoch = c->session.epoch,
		.writer = c->origin == WAS_PUT ? remote->settings.writer : 0,
		.kept_ms = kept_ms < PX_MAX_MS ? kept_ms : PX_MAX_MS,
		.age_ms = ago_ms ? ago_ms - 1 : 0, /* both were rounded down */
	};
	size_t size;
	void *record;
	int status;

	if (!left_ms)
		return TAYRA_E_FULL; /* it has run out */
	record = tayra__remote_record_make(&head, c->key, c->key_len, c->value, c->value_len,
					   c->meta, &size);
	if (!record)
		return TAYRA_E_NOMEM;
	status = send_record(remote, c, record, size, head.kept_ms);
	tayra__mem_free(record);
	return status;
}

/* => as put or offer of the tier.  What is not stored is deleted, or owed. */
static int
store_or_delete(struct remote_tier *remote, struct change *c)
{
	int status = TAYRA_E_TOO_LARGE;

	c->now_ns = now_ns();
	c->deadline_ns = c->now_ns + remote->settings.timeout_ns;
	if (c->value_len <= remote->settings.value_bytes) {
		if (!tayra__remote_line_session(&remote->line, &c->session)) {
			tayra__remote_line_owe(&remote->line, c->name, c->name_len);
			return TAYRA_E_IO;
		}
		status = store(remote, c);
	}
	if (status == TAYRA_OK || status == TAYRA_E_NOT_FOUND || status == TAYRA_E_IO)
		return status;
	delete_name(remote, c->name, c->name_len, 0, c->deadline_ns);
	return status == TAYRA_E_FULL ? TAYRA_E_IO : status;
}

static int
take_value(struct tayra__tier *tier, struct change *c)
{
	struct remote_tier *remote = remote_of(tier);
	int status = TAYRA_E_TOO_LARGE;

	if (c->key_len <= TAYRA__REMOTE_KEY_MAX) {
		c->name = name_of(remote, c->key, c->key_len, &c->name_len);
		status = c->name ? store_or_delete(remote, c) : TAYRA_E_NOMEM;
		if (!c->name) /* not even its name can be remembered */
			tayra__remote_line_disbelieve(&remote->line, 0);
		tayra__mem_free(c->name);
	}
	pthread_mutex_lock(&remote->lock);
	remote->stats.puts++;
	remote->stats.refused += status != TAYRA_OK;
	if (status == TAYRA_OK)
		remote->stats.written_bytes += TAYRA__REMOTE_RECORD_HEADER + c->value_len;
	pthread_mutex_unlock(&remote->lock);
	return status;
}

static int
remote_put(struct tayra__tier *tier, const void *key, size_t key_len, const void *value,
	   size_t value_len, const struct tayra__tier_meta *meta, uint64_t wall_ms)
{
	struct change change = { key, value, key_len, value_len, meta, wall_ms, WAS_PUT };

	return take_value(tier, &change);
}

static int
remote_offer(struct tayra__tier *tier, const void *key, size_t key_len, const void *value,
	     size_t value_len, const struct tayra__tier_meta *meta, uint64_t wall_ms)
{
	struct change change = { key, value, key_len, value_len, meta, wall_ms, WAS_LOADED };

	if (meta->born_ms > wall_ms) /* who knows when that load began */
		return TAYRA_E_NOT_FOUND;
	return take_value(tier, &change);
}

static int
remote_remove(struct tayra__tier *tier, const void *key, size_t key_len, uint64_t wall_ms)
{
	struct remote_tier *remote = remote_of(tier);
	size_t name_len;
	char *name = NULL;
	int status = TAYRA_E_NOT_FOUND;

	if (key_len <= TAYRA__REMOTE_KEY_MAX) {
		name = name_of(remote, key, key_len, &name_len);
		status = name ? delete_name(remote, name, name_len, remote->settings.writer,
					    now_ns() + remote->settings.timeout_ns)
			      : tayra__remote_line_disbelieve(&remote->line, 0);
		tayra__mem_free(name);
	}
	pthread_mutex_lock(&remote->lock);
	remote->stats.deletes++;
	pthread_mutex_unlock(&remote->lock);
	return status;
}

/* A new epoch forgets all, whatever the prefix, and for everybody who shares the server. */
static int
remote_clear(struct tayra__tier *tier, const void *prefix, size_t prefix_len, uint64_t wall_ms)
{
	struct remote_tier *remote = remote_of(tier);

	return tayra__remote_line_disbelieve(&remote->line, now_ns() + remote->settings.timeout_ns);
}

static int
remote_tell_tag(struct tayra__tier *tier, uint64_t hash)
{
	struct remote_tier *remote = remote_of(tier);

	return tayra__remote_tag_tell(&remote->line, &remote->settings, hash,
				      now_ns() + remote->settings.timeout_ns);
}

/* All that has to be tried again is tried by the line's thread. */
static uint64_t
remote_tick(struct tayra__tier *tier, uint64_t wall_ms)
{
	return wall_ms + 1000;
}

static void
remote_stats(struct tayra__tier *tier, struct tayra__tier_stats *out)
{
	struct remote_tier *remote = remote_of(tier);
	struct tayra__remote_session session;
	bool up = tayra__remote_line_session(&remote->line, &session);
	uint64_t errors;

	pthread_mutex_lock(&remote->line.lock);
	errors = remote->line.errors;
	pthread_mutex_unlock(&remote->line.lock);
	pthread_mutex_lock(&remote->lock);
	*out = remote->stats;
	out->out = !up || pauses(&remote->reading);
	out->io_errors += errors;
	pthread_mutex_unlock(&remote->lock);
}

static int
remote_close(struct tayra__tier *tier)
{
	struct remote_tier *remote = remote_of(tier);
	bool forked = remote->process != getpid();
	bool owing = tayra__remote_line_fini(&remote->line, forked);

	tayra__remote_pool_fini(&remote->pool, forked);
	if (!forked) {
		tayra__remote_news_fini(&remote->news);
		pthread_mutex_destroy(&remote->lock);
		tayra__tier_fini(tier);
	}
	tayra__mem_free(remote);
	return owing ? TAYRA_E_IO : TAYRA_OK;
}

static const struct tayra__tier_ops remote_ops = {
	.get = remote_get,
	.lease = remote_lease,
	.release = remote_release,
	.renew = remote_renew,
	.put = remote_put,
	.offer = remote_offer,
	.remove = remote_remove,
	.clear = remote_clear,
	.tell_tag = remote_tell_tag,
	.tick = remote_tick,
	.stats = remote_stats,
	.close = remote_close,
};

/* Opening. */

int
tayra__remote_open(const struct tayra__remote_options *options, char *error, size_t error_len,
		   struct tayra__tier **out)
{
	struct remote_tier *remote = tayra__mem_alloc(sizeof(*remote));
	int status;

	*out = NULL;
	if (error && error_len)
		error[0] = '\0';
	if (!remote)
		return TAYRA_E_NOMEM;
	status = tayra__remote_settings_read(&remote->settings, options, error, error_len);
	if (status != TAYRA_OK) {
		tayra__mem_free(remote);
		return status;
	}
	tayra__tier_init(&remote->tier, "remote", &remote_ops);
	pthread_mutex_init(&remote->lock, NULL);
	tayra__remote_pool_init(&remote->pool, &remote->settings);
	remote->process = getpid();
	status = tayra__remote_news_init(&remote->news, &remote->tier);
	if (status != TAYRA_OK)
		goto no_news;
	status = tayra__remote_line_init(&remote->line, &remote->settings, &remote->news, error,
					 error_len);
	if (status != TAYRA_OK)
		goto no_line;
	*out = &remote->tier;
	return TAYRA_OK;
no_line:
	tayra__remote_news_fini(&remote->news);
no_news:
	tayra__remote_pool_fini(&remote->pool, false);
	pthread_mutex_destroy(&remote->lock);
	tayra__tier_fini(&remote->tier);
	tayra__mem_free(remote);
	return status;
}

uint64_t
tayra__remote_bound_ns(const struct tayra__tier *tier)
{
	const struct remote_tier *remote = (const struct remote_tier *)tier;

	return remote->settings.heartbeat_ns + remote->settings.silence_ns;
}
