/* SPDX-License-Identifier: Apache-2.0 */
#include "tier/remote_line.h"

#include <assert.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hash.h"
#include "net/dial.h"
#include "tier/remote_news.h"
#include "tier/remote_settings.h"
#include "tier/remote_tag.h"
#include "tier/remote_words.h"

#define PAUSE_MIN_NS (100 * TAYRA_NS_PER_MS)
#define PAUSE_MAX_NS (5 * TAYRA_NS_PER_S)
#define INFO_BYTES   65536u

struct tayra__remote_call {
	const void *key;
	size_t key_len;
	bool done;
	int status;
	struct tayra__remote_answer *answers;
	size_t answered, count;
};

static uint64_t
now_ns(void)
{
	return tayra__clock_mono_ns(tayra_clock_real());
}

static void
wake(struct tayra__remote_line *line)
{
	const uint64_t one = 1;
	ssize_t n = write(line->wake, &one, sizeof(one));

	(void)n; /* when it is full it is awake */
}

/* For something to change.  => false: the deadline has passed. */
static bool
wait_for_change(struct tayra__remote_line *line, uint64_t deadline_ns)
{
	struct timespec ts = {
		.tv_sec = (time_t)(deadline_ns / TAYRA_NS_PER_S),
		.tv_nsec = (long)(deadline_ns % TAYRA_NS_PER_S),
	};

	return pthread_cond_timedwait(&line->changed, &line->lock, &ts) == 0;
}

/* With the lock: what is on its way. */

static bool
has_room(const struct tayra__remote_line *line, size_t commands)
{
	return line->sent_end - line->sent_first + commands <= TAYRA__REMOTE_SENT_MAX;
}

static bool
is_answered(const struct tayra__remote_line *line)
{
	return line->sent_end == line->sent_first;
}

static struct tayra__remote_sent *
sent_at(struct tayra__remote_line *line, uint32_t i)
{
	return &line->sent[i % TAYRA__REMOTE_SENT_MAX];
}

/* Commands are going to be sent: nobody else sends until end_sending(). */
static void
begin_sending(struct tayra__remote_line *line, enum tayra__remote_sent_kind kind,
	      struct tayra__remote_call *call, size_t commands)
{
	const struct tayra__remote_sent sent = { kind, call, now_ns() };

	assert(!line->sending && has_room(line, commands));
	while (commands-- > 0)
		*sent_at(line, line->sent_end++) = sent;
	line->sending = true;
}

static void
end_sending(struct tayra__remote_line *line, int status)
{
	line->sending = false;
	if (status != TAYRA_OK)
		line->broken = true;
	if (line->broken || line->state != TAYRA__REMOTE_UP)
		wake(line);
	pthread_cond_broadcast(&line->changed);
}

static void
stall(struct tayra__remote_line *line)
{
	if (line->state != TAYRA__REMOTE_UP)
		return;
	line->state = TAYRA__REMOTE_STALLED;
	wake(line);
	pthread_cond_broadcast(&line->changed);
}

static void
owe(struct tayra__remote_line *line, const void *key, size_t key_len)
{
	tayra__remote_owed_add(&line->owed, key, key_len);
	stall(line);
}

/* Callers. */

bool
tayra__remote_line_session(struct tayra__remote_line *line, struct tayra__remote_session *out)
{
	bool up;

	pthread_mutex_lock(&line->lock);
	up = line->state == TAYRA__REMOTE_UP && !line->broken;
	*out = line->session;
	pthread_mutex_unlock(&line->lock);
	return up;
}

void
tayra__remote_line_owe(struct tayra__remote_line *line, const void *key, size_t key_len)
{
	pthread_mutex_lock(&line->lock);
	owe(line, key, key_len);
	pthread_mutex_unlock(&line->lock);
}

void
tayra__remote_line_doubt(struct tayra__remote_line *line, uint64_t number)
{
	pthread_mutex_lock(&line->lock);
	if (line->session.number == number && line->state != TAYRA__REMOTE_DOWN) {
		line->broken = true;
		wake(line);
	}
	pthread_mutex_unlock(&line->lock);
}

int
tayra__remote_line_disbelieve(struct tayra__remote_line *line, uint64_t deadline_ns)
{
	uint64_t before;
	bool up;

	pthread_mutex_lock(&line->lock);
	before = line->session.epoch;
	up = line->state != TAYRA__REMOTE_DOWN;
	tayra__remote_owed_lose(&line->owed);
	stall(line);
	while (up && (line->state != TAYRA__REMOTE_UP || line->session.epoch == before))
		up = wait_for_change(line, deadline_ns) && line->state != TAYRA__REMOTE_DOWN;
	pthread_mutex_unlock(&line->lock);
	return up ? TAYRA_OK : TAYRA_E_IO;
}

/* => whether the caller may send. */
static bool
wait_for_turn(struct tayra__remote_line *line, size_t commands, uint64_t deadline_ns)
{
	while (line->state == TAYRA__REMOTE_UP && !line->broken &&
	       (line->sending || !has_room(line, commands)))
		if (!wait_for_change(line, deadline_ns))
			return false;
	return line->state == TAYRA__REMOTE_UP && !line->broken;
}

/* The answer will come to nobody. */
static void
give_up(struct tayra__remote_line *line, struct tayra__remote_call *call)
{
	for (uint32_t i = line->sent_first; i != line->sent_end; i++)
		if (sent_at(line, i)->call == call)
			sent_at(line, i)->call = NULL;
	line->errors++;
	owe(line, call->key, call->key_len);
	call->status = TAYRA_E_IO;
}

static int
send_all(struct tayra__remote_line *line, const struct tayra__remote_command *commands,
	 size_t count, uint64_t deadline_ns)
{
	int status = TAYRA_OK;

	for (size_t i = 0; i < count && status == TAYRA_OK; i++)
		status = tayra__resp_client_send(&line->client, commands[i].arguments,
						 commands[i].count, deadline_ns);
	return status;
}

int
tayra__remote_line_change(struct tayra__remote_line *line,
			  const struct tayra__remote_command *commands, size_t count,
			  const void *key, size_t key_len, uint64_t deadline_ns,
			  struct tayra__remote_answer *answers)
{
	struct tayra__remote_call call = {
		.key = key,
		.key_len = key_len,
		.answers = answers,
		.count = count,
	};
	int status;

	assert(count > 0 && count <= TAYRA__REMOTE_COMMANDS_MAX);
	pthread_mutex_lock(&line->lock);
	if (!wait_for_turn(line, count, deadline_ns)) {
		owe(line, key, key_len);
		pthread_mutex_unlock(&line->lock);
		return TAYRA_E_IO;
	}
	begin_sending(line, TAYRA__REMOTE_SENT_CALL, &call, count);
	pthread_mutex_unlock(&line->lock);
	status = send_all(line, commands, count, deadline_ns);
	pthread_mutex_lock(&line->lock);
	end_sending(line, status);
	while (!call.done && wait_for_change(line, deadline_ns))
		;
	if (!call.done)
		give_up(line, &call);
	pthread_mutex_unlock(&line->lock);
	return call.status;
}

bool
tayra__remote_line_watch(struct tayra__remote_line *line, uint64_t deadline_ns)
{
	bool mine;

	pthread_mutex_lock(&line->lock);
	while (line->state == TAYRA__REMOTE_UP && !line->broken && line->offering)
		if (!wait_for_change(line, deadline_ns))
			break;
	mine = line->state == TAYRA__REMOTE_UP && !line->offering;
	line->offering |= mine;
	pthread_mutex_unlock(&line->lock);
	return mine;
}

void
tayra__remote_line_watch_done(struct tayra__remote_line *line)
{
	pthread_mutex_lock(&line->lock);
	line->offering = false;
	pthread_cond_broadcast(&line->changed);
	pthread_mutex_unlock(&line->lock);
}

/* The thread: what the server says. */

/* The epoch may be another: nothing is believed until it has been looked at. */
static void
recheck(struct tayra__remote_line *line)
{
	line->recheck = true;
	line->beat_ns = 0;
	pthread_mutex_lock(&line->lock);
	stall(line);
	pthread_mutex_unlock(&line->lock);
}

static void
hear_key(struct tayra__remote_line *line, const char *key, size_t len)
{
	const struct tayra__remote_settings *s = line->settings;
	size_t front = strlen(s->prefix) + strlen(TAYRA__REMOTE_VALUE_MARK);
	uint64_t hash;

	if (len == strlen(s->epoch_key) && memcmp(key, s->epoch_key, len) == 0)
		recheck(line);
	else if (tayra__remote_is_under(s, TAYRA__REMOTE_VALUE_MARK, key, len))
		tayra__remote_news_add(line->news, key + front, len - front);
	else if (tayra__remote_tag_read(s, key, len, &hash))
		tayra__remote_news_add_tag(line->news, hash);
}

/* The push of Redis: "invalidate" and an array of keys, or null for all. */
static void
hear_push(void *ctx, const struct tayra__resp_element *e)
{
	struct tayra__remote_line *line = ctx;

	if (e->depth == 0) {
		line->invalidating = false;
	} else if (e->depth == 1 && e->type == TAYRA__RESP_BULK) {
		line->invalidating = e->len == 10 && memcmp(e->text, "invalidate", 10) == 0;
	} else if (e->depth == 1 && line->invalidating && e->type == TAYRA__RESP_NULL) {
		tayra__remote_news_everything(line->news);
		recheck(line);
	} else if (e->depth == 2 && line->invalidating && e->type == TAYRA__RESP_BULK) {
		hear_key(line, e->text, e->len);
	}
}

static void
answer(struct tayra__remote_call *call, const struct tayra__resp_element *said)
{
	struct tayra__remote_answer *to;

	if (!call)
		return;
	to = &call->answers[call->answered++];
	*to = (struct tayra__remote_answer){ .type = said->type };
	if (said->type == TAYRA__RESP_INTEGER)
		to->integer = said->integer;
	if (said->type == TAYRA__RESP_BULK) {
		to->len = said->len < sizeof(to->text) ? said->len : sizeof(to->text);
		memcpy(to->text, said->text, to->len);
	}
	call->done = call->answered == call->count;
}

/* What is known of removals begins anew. */
static void
begin_with(struct tayra__remote_line *line, uint64_t epoch)
{
	line->session.epoch = epoch;
	line->session.since_ns = now_ns();
}

static void
hear_epoch(struct tayra__remote_line *line, const struct tayra__resp_element *said)
{
	uint64_t epoch;

	if (said->type == TAYRA__RESP_ERROR && !tayra__resp_is_error(said, "WRONGTYPE")) {
		line->broken = true;
		return;
	}
	line->recheck = false;
	switch (tayra__remote_epoch_read(said, &line->session, &epoch)) {
	case TAYRA__REMOTE_EPOCH_KEPT: return;
	case TAYRA__REMOTE_EPOCH_MOVED: begin_with(line, epoch); break;
	case TAYRA__REMOTE_EPOCH_NONE:
		tayra__remote_owed_lose(&line->owed);
		stall(line);
		break;
	}
	tayra__remote_news_everything(line->news);
}

/* With the lock. */
static void
hear(struct tayra__remote_line *line, const struct tayra__resp_element *said)
{
	struct tayra__remote_sent *sent;

	if (is_answered(line)) {
		line->broken = true; /* an answer to nothing */
		return;
	}
	sent = sent_at(line, line->sent_first++);
	switch (sent->kind) {
	case TAYRA__REMOTE_SENT_CALL: answer(sent->call, said); break;
	case TAYRA__REMOTE_SENT_BEAT: hear_epoch(line, said); break;
	case TAYRA__REMOTE_SENT_DEBT: line->broken |= said->type != TAYRA__RESP_INTEGER; break;
	case TAYRA__REMOTE_SENT_MARK: line->unmarked |= said->type == TAYRA__RESP_ERROR; break;
	case TAYRA__REMOTE_SENT_EPOCH:
		if (said->type == TAYRA__RESP_SIMPLE) {
			begin_with(line, line->next_epoch);
		} else {
			tayra__remote_owed_lose(&line->owed);
			line->broken = true;
		}
		break;
	}
	pthread_cond_broadcast(&line->changed);
}

/* All that has arrived.  => status < 0: the connection is no good any more. */
static int
listen_to(struct tayra__remote_line *line)
{
	struct tayra__resp_element said;
	int status;

	do {
		while ((status = tayra__resp_client_next(&line->client, NULL, NULL, &said)) ==
		       TAYRA_OK) {
			pthread_mutex_lock(&line->lock);
			hear(line, &said);
			pthread_mutex_unlock(&line->lock);
		}
		if (status == TAYRA_PENDING)
			status = tayra__resp_client_fill(&line->client);
	} while (status == TAYRA_OK);
	return status;
}

/* The thread: what it says to the server. */

struct saying {
	enum tayra__remote_sent_kind kind;
	struct tayra__remote_words words;
};

static void
say_beat(struct tayra__remote_line *line, struct saying *out)
{
	line->beat_ns = now_ns() + line->settings->heartbeat_ns;
	out->kind = TAYRA__REMOTE_SENT_BEAT;
	tayra__remote_words_beat(&out->words, line->settings);
}

static void
say_epoch(struct tayra__remote_line *line, struct saying *out)
{
	/* What is owed from now on is owed under the new one. */
	tayra__remote_owed_init(&line->owed);
	line->next_epoch = tayra__hash_random_seed();
	out->kind = TAYRA__REMOTE_SENT_EPOCH;
	tayra__remote_words_epoch(&out->words, line->settings, &line->session, line->next_epoch);
}

/* That the next key of `paying` was removed.  => false: all are told, or no room. */
static bool
say_mark(struct tayra__remote_line *line, struct saying *out)
{
	struct tayra__remote_owed_key key;

	if (line->deleting || !has_room(line, 1) ||
	    !tayra__remote_owed_next(&line->paying, &line->paying_at, &key))
		return false;
	out->kind = TAYRA__REMOTE_SENT_MARK;
	tayra__remote_words_removed(&out->words, line->settings, line->session.epoch, 0, key.bytes,
				    key.len);
	return true;
}

/* => false: all of `paying` is deleted. */
static bool
say_delete(struct tayra__remote_line *line, struct saying *out)
{
	out->kind = TAYRA__REMOTE_SENT_DEBT;
	return tayra__remote_words_delete(&out->words, &line->paying, &line->paying_at);
}

/* All is answered.  => false: nothing is owed. */
static bool
say_debt(struct tayra__remote_line *line, struct saying *out)
{
	for (;;) {
		if (say_mark(line, out))
			return true;
		if (line->unmarked) {
			line->unmarked = false;
			line->deleting = true;
			line->paying_at = 0;
		}
		if (line->deleting && say_delete(line, out))
			return true;
		line->deleting = false;
		tayra__remote_owed_fini(&line->paying);
		line->paying_at = 0;
		if (!tayra__remote_owed_any(&line->owed))
			return false;
		line->paying = line->owed;
		tayra__remote_owed_init(&line->owed);
	}
}

/* What to say now, with the lock.  => false: nothing. */
static bool
choose(struct tayra__remote_line *line, struct saying *out)
{
	if (line->sending || line->broken)
		return false;
	if (now_ns() >= line->beat_ns && has_room(line, 1)) {
		say_beat(line, out);
		return true;
	}
	if (line->state != TAYRA__REMOTE_UP && !line->recheck && say_mark(line, out))
		return true;
	if (line->state == TAYRA__REMOTE_UP || line->recheck || !is_answered(line))
		return false;
	if (line->owed.lost) {
		say_epoch(line, out);
		return true;
	}
	if (say_debt(line, out))
		return true;
	line->state = TAYRA__REMOTE_UP;
	line->pause_ns = PAUSE_MIN_NS;
	pthread_cond_broadcast(&line->changed);
	return false;
}

static void
speak(struct tayra__remote_line *line)
{
	struct saying saying;
	int status;

	pthread_mutex_lock(&line->lock);
	while (choose(line, &saying)) {
		begin_sending(line, saying.kind, NULL, 1);
		pthread_mutex_unlock(&line->lock);
		status = tayra__resp_client_send(&line->client, saying.words.arguments,
						 saying.words.count,
						 now_ns() + line->settings->silence_ns);
		pthread_mutex_lock(&line->lock);
		end_sending(line, status);
	}
	pthread_mutex_unlock(&line->lock);
}

/* The thread: connecting, and what is left behind when a connection goes. */

static int
greet_at(struct tayra__remote_line *line, const struct tayra__dial_address *address,
	 struct tayra__remote_session *session, char *error, size_t error_len)
{
	const struct tayra__remote_settings *s = line->settings;
	const uint64_t deadline_ns = now_ns() + s->greet_ns;
	const struct tayra__resp_client_options options = {
		.url = &s->url,
		.name = "tayra",
		.bulk_bytes = INFO_BYTES + TAYRA__REMOTE_PREFIX_MAX + 2 * TAYRA__REMOTE_KEY_MAX,
		.version = TAYRA__RESP3,
		.syscalls = s->syscalls,
		.push = hear_push,
		.ctx = line,
	};
	int status = tayra__resp_client_open(&line->client, &options, address, deadline_ns, error,
					     error_len);

	if (status != TAYRA_OK)
		return status;
	session->address = *address;
	line->recheck = line->invalidating = false;
	status = tayra__remote_greet(&line->client, s, &line->past, deadline_ns, session, error,
				     error_len);
	if (status != TAYRA_OK)
		tayra__resp_client_close(&line->client);
	return status;
}

static int
connect_once(struct tayra__remote_line *line, char *error, size_t error_len)
{
	struct tayra__remote_session session = { 0 };
	struct tayra__dial_list list;
	int status = tayra__dial_resolve(&line->settings->url, &list, error, error_len);

	for (size_t i = 0; i < list.count; i++) {
		status = greet_at(line, &list.at[i], &session, error, error_len);
		if (status == TAYRA_OK)
			break;
	}
	pthread_mutex_lock(&line->lock);
	if (status == TAYRA_OK) {
		session.number = line->session.number + 1;
		session.since_ns = now_ns();
		line->session = session;
		line->state = TAYRA__REMOTE_STALLED;
		line->broken = false;
		line->beat_ns = line->recheck ? 0 : now_ns() + line->settings->heartbeat_ns;
		line->past = (struct tayra__remote_past){ 0 };
	}
	pthread_mutex_unlock(&line->lock);
	if (status != TAYRA_OK)
		return status;
	/* What was loaded while nobody told us may have been changed.  Told before the line is UP;
	 * who is told may wait for callers, but none of them waits for us before that. */
	if (session.tracked)
		tayra__remote_news_everything(line->news);
	tayra__remote_news_settle(line->news);
	return TAYRA_OK;
}

/* With the lock: none of what is on its way will be answered. */
static void
abandon(struct tayra__remote_line *line)
{
	line->past = (struct tayra__remote_past){ .id = line->client.id };
	memcpy(line->past.run_id, line->session.run_id, sizeof(line->past.run_id));
	for (; line->sent_first != line->sent_end; line->sent_first++) {
		struct tayra__remote_sent *sent = sent_at(line, line->sent_first);

		line->past.wrote |= sent->kind != TAYRA__REMOTE_SENT_BEAT;
		if (sent->kind == TAYRA__REMOTE_SENT_EPOCH)
			tayra__remote_owed_lose(&line->owed);
		if (!sent->call)
			continue;
		owe(line, sent->call->key, sent->call->key_len);
		sent->call->done = true;
		sent->call->status = TAYRA_E_IO;
	}
	tayra__remote_owed_join(&line->owed, &line->paying);
	line->paying_at = 0;
	line->unmarked = line->deleting = false;
}

static void
fall(struct tayra__remote_line *line)
{
	bool tracked;

	pthread_mutex_lock(&line->lock);
	line->broken = true;
	line->state = TAYRA__REMOTE_DOWN;
	pthread_cond_broadcast(&line->changed);
	while (line->sending)
		pthread_cond_wait(&line->changed, &line->lock);
	line->session.number++;
	line->errors++;
	tracked = line->session.tracked;
	abandon(line);
	pthread_cond_broadcast(&line->changed);
	pthread_mutex_unlock(&line->lock);
	tayra__resp_client_close(&line->client);
	if (tracked)
		tayra__remote_news_everything(line->news);
}

/* => whether the connection has to go; else *rest_ns is how long nothing has to be done unless
 * something comes. */
static bool
is_lost(struct tayra__remote_line *line, uint64_t *rest_ns)
{
	uint64_t now = now_ns(), until, silent_ns = UINT64_MAX;
	bool lost;

	pthread_mutex_lock(&line->lock);
	/* A caller is sending: then the beat has to wait. */
	until = line->sending && line->beat_ns <= now ? now + line->settings->timeout_ns
						      : line->beat_ns;
	if (!is_answered(line))
		silent_ns = sent_at(line, line->sent_first)->at_ns + line->settings->silence_ns;
	lost = line->broken || silent_ns <= now;
	pthread_mutex_unlock(&line->lock);
	until = until < silent_ns ? until : silent_ns;
	*rest_ns = until > now ? until - now : 0;
	return lost;
}

static void
rest(struct tayra__remote_line *line, int fd, uint64_t ns)
{
	struct pollfd fds[2] = { { line->wake, POLLIN, 0 }, { fd, POLLIN, 0 } };
	uint64_t ms = (ns + TAYRA_NS_PER_MS - 1) / TAYRA_NS_PER_MS, count;

	if (poll(fds, fd >= 0 ? 2 : 1, ms < INT_MAX ? (int)ms : INT_MAX) > 0 && fds[0].revents) {
		ssize_t n = read(line->wake, &count, sizeof(count));

		(void)n;
	}
}

static bool
is_stopped(struct tayra__remote_line *line)
{
	bool stop;

	pthread_mutex_lock(&line->lock);
	stop = line->stop;
	pthread_mutex_unlock(&line->lock);
	return stop;
}

static void
pause_longer(struct tayra__remote_line *line)
{
	rest(line, -1, line->pause_ns);
	line->pause_ns = line->pause_ns * 2 < PAUSE_MAX_NS ? line->pause_ns * 2 : PAUSE_MAX_NS;
}

/* One round of an open connection.  => whether it goes on. */
static bool
turn(struct tayra__remote_line *line)
{
	uint64_t rest_ns;

	speak(line);
	if (is_lost(line, &rest_ns))
		return false;
	rest(line, line->client.fd, rest_ns);
	return listen_to(line) >= 0;
}

static void *
run(void *arg)
{
	struct tayra__remote_line *line = arg;

	while (!is_stopped(line)) {
		if (line->client.fd < 0) {
			if (connect_once(line, NULL, 0) != TAYRA_OK)
				pause_longer(line);
		} else if (!turn(line)) {
			fall(line);
			pause_longer(line);
		}
	}
	return NULL;
}

/* => whether something was owed. */
static bool
dispose(struct tayra__remote_line *line)
{
	bool owing = tayra__remote_owed_any(&line->owed) || tayra__remote_owed_any(&line->paying);

	tayra__resp_client_close(&line->client);
	tayra__remote_owed_fini(&line->owed);
	tayra__remote_owed_fini(&line->paying);
	if (line->wake >= 0)
		close(line->wake);
	return owing;
}

int
tayra__remote_line_init(struct tayra__remote_line *line,
			const struct tayra__remote_settings *settings,
			struct tayra__remote_news *news, char *error, size_t error_len)
{
	pthread_condattr_t attr;
	int status;

	*line = (struct tayra__remote_line){
		.settings = settings,
		.news = news,
		.wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
		.pause_ns = PAUSE_MIN_NS,
	};
	tayra__resp_client_init(&line->client);
	pthread_mutex_init(&line->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&line->changed, &attr);
	pthread_condattr_destroy(&attr);
	status = line->wake < 0 ? TAYRA_E_NOMEM : connect_once(line, error, error_len);
	if (status == TAYRA_OK)
		speak(line); /* nothing is owed: it is UP */
	if (status != TAYRA_E_INVAL && status != TAYRA_E_NOMEM &&
	    pthread_create(&line->thread, NULL, run, line) == 0)
		return TAYRA_OK;
	dispose(line);
	pthread_cond_destroy(&line->changed);
	pthread_mutex_destroy(&line->lock);
	return status < 0 ? status : TAYRA_E_NOMEM;
}

bool
tayra__remote_line_fini(struct tayra__remote_line *line, bool forked)
{
	bool owing;

	if (forked) /* whoever holds the lock or waits is not here */
		return dispose(line);
	pthread_mutex_lock(&line->lock);
	line->stop = true;
	wake(line);
	pthread_mutex_unlock(&line->lock);
	pthread_join(line->thread, NULL);
	owing = dispose(line);
	pthread_cond_destroy(&line->changed);
	pthread_mutex_destroy(&line->lock);
	return owing;
}
