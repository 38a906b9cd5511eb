/* SPDX-License-Identifier: Apache-2.0 */
#include "tier/remote_offer.h"

#include <string.h>

#include "base/clock.h"
#include "tier/remote_line.h"
#include "tier/remote_record.h"
#include "tier/remote_settings.h"

/* Both sides count whole milliseconds. */
#define MARGIN_MS 3u

enum verdict { TAKE, LEAVE, UNKNOWN };

static uint64_t
now_ns(void)
{
	return tayra__clock_mono_ns(tayra_clock_real());
}

/* How long ago the bytes there were true, at least. */
static uint64_t
age_there_ms(const struct tayra__remote_head *head, int64_t left_ms)
{
	/* Somebody has let it live longer: not known. */
	if (left_ms < 0 || (uint64_t)left_ms > head->kept_ms)
		return 0;
	return head->age_ms < UINT64_MAX - head->kept_ms
		       ? head->kept_ms - (uint64_t)left_ms + head->age_ms
		       : 0;
}

/* Between what is there and a value that began to load that long ago. */
static enum verdict
judge(const struct tayra__remote_settings *settings, const struct tayra__remote_session *session,
      const struct tayra__remote_offer *offer, const struct tayra__remote_answer *found,
      const struct tayra__remote_answer *left)
{
	uint64_t age_ms = (now_ns() - offer->began_ns) / TAYRA_NS_PER_MS + MARGIN_MS;
	struct tayra__remote_head head;

	if (found->type == TAYRA__RESP_BULK && left->type == TAYRA__RESP_INTEGER &&
	    tayra__remote_record_head(found->text, found->len, offer->key, offer->key_len, &head) ==
		    TAYRA_OK) {
		/* Of whatever epoch: its writer may not have heard of the latest yet.  What we
		 * were told to put or remove is in order with our loads already. */
		if (head.writer == settings->writer)
			return TAKE;
		return age_there_ms(&head, left->integer) > age_ms ? TAKE : LEAVE;
	}
	/* A removal may be forgotten by now.  Who is told of changes knows without it. */
	return age_ms < settings->removed_ms || session->tracked ? TAKE : UNKNOWN;
}

/* Nobody has emptied the server, with all words of what was removed, or begun anew, since we heard
 * of it. */
static bool
is_epoch(const struct tayra__remote_answer *said, const struct tayra__remote_session *session)
{
	char text[TAYRA__REMOTE_EPOCH];

	tayra__remote_epoch_text(session, session->epoch, text);
	return said->type == TAYRA__RESP_BULK && said->len == strlen(text) &&
	       memcmp(said->text, text, said->len) == 0;
}

/* => TAYRA_OK with what it is, or TAYRA_E_IO. */
static int
look(struct tayra__remote_line *line, const struct tayra__remote_settings *settings,
     const struct tayra__remote_session *session, const struct tayra__remote_offer *offer,
     enum verdict *verdict)
{
	const struct tayra__resp_argument name = offer->set[1];
	const struct tayra__resp_argument unwatch[] = { TAYRA__RESP_TEXT("UNWATCH") };
	const struct tayra__resp_argument epoch = { settings->epoch_key,
						    strlen(settings->epoch_key) };
	const struct tayra__resp_argument watch[] = { TAYRA__RESP_TEXT("WATCH"), name, epoch };
	const struct tayra__resp_argument get[] = { TAYRA__RESP_TEXT("GET"), epoch };
	const struct tayra__resp_argument head[] = { TAYRA__RESP_TEXT("GETRANGE"), name,
						     TAYRA__RESP_TEXT("0"),
						     TAYRA__RESP_TEXT("47") };
	const struct tayra__resp_argument left[] = { TAYRA__RESP_TEXT("PTTL"), name };
	/* What an offer watched that was not made is forgotten first. */
	const struct tayra__remote_command commands[] = {
		{ unwatch, 1 }, { watch, 3 }, { get, 2 }, { head, 4 }, { left, 2 },
	};
	struct tayra__remote_answer answers[5] = { 0 };
	int status = tayra__remote_line_change(line, commands, 5, name.bytes, name.len,
					       offer->deadline_ns, answers);

	_Static_assert(TAYRA__REMOTE_RECORD_HEAD == 48, "bytes 0 to 47");
	if (status != TAYRA_OK)
		return status;
	*verdict = answers[1].type == TAYRA__RESP_SIMPLE && is_epoch(&answers[2], session)
			   ? judge(settings, session, offer, &answers[3], &answers[4])
			   : UNKNOWN; /* it may not watch; what was removed may be forgotten */
	return TAYRA_OK;
}

static int
store(struct tayra__remote_line *line, const struct tayra__remote_offer *offer)
{
	const struct tayra__resp_argument multi[] = { TAYRA__RESP_TEXT("MULTI") };
	const struct tayra__resp_argument exec[] = { TAYRA__RESP_TEXT("EXEC") };
	const struct tayra__remote_command commands[] = {
		{ multi, 1 },
		{ offer->set, offer->set_count },
		{ exec, 1 },
	};
	struct tayra__remote_answer answers[3] = { 0 };
	int status = tayra__remote_line_change(line, commands, 3, offer->set[1].bytes,
					       offer->set[1].len, offer->deadline_ns, answers);

	if (status != TAYRA_OK)
		return status;
	if (answers[2].type == TAYRA__RESP_NULL) /* touched since it was looked at */
		return TAYRA_E_NOT_FOUND;
	return answers[2].type == TAYRA__RESP_ARRAY ? TAYRA_OK : TAYRA_E_FULL;
}

int
tayra__remote_offer_make(struct tayra__remote_line *line,
			 const struct tayra__remote_settings *settings,
			 const struct tayra__remote_session *session,
			 const struct tayra__remote_offer *offer)
{
	enum verdict verdict = UNKNOWN;
	int status;

	/* What was removed before may be forgotten: another server, another epoch. */
	if (offer->began_ns <= session->since_ns + MARGIN_MS * TAYRA_NS_PER_MS)
		return TAYRA_E_NOT_FOUND;
	if (!tayra__remote_line_watch(line, offer->deadline_ns)) {
		tayra__remote_line_owe(line, offer->set[1].bytes, offer->set[1].len);
		return TAYRA_E_IO;
	}
	status = look(line, settings, session, offer, &verdict);
	if (status == TAYRA_OK && verdict == TAKE)
		status = store(line, offer);
	else if (status == TAYRA_OK)
		status = verdict == LEAVE ? TAYRA_E_NOT_FOUND : TAYRA_E_FULL;
	tayra__remote_line_watch_done(line);
	return status;
}
