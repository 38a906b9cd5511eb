/* SPDX-License-Identifier: Apache-2.0 */
#include "tier/remote_greet.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <tayra/base.h>

#include "base/hash.h"
#include "tier/remote_settings.h"

static struct tayra__resp_argument
text_argument(const char *text)
{
	return (struct tayra__resp_argument){ text, strlen(text) };
}

void
tayra__remote_epoch_text(const struct tayra__remote_session *session, uint64_t epoch,
			 char out[TAYRA__REMOTE_EPOCH])
{
	snprintf(out, TAYRA__REMOTE_EPOCH, "%s %016" PRIx64, session->run_id, epoch);
}

bool
tayra__remote_hex_read(const char *text, uint64_t *out)
{
	*out = 0;
	for (unsigned i = 0; i < TAYRA__REMOTE_HEX; i++) {
		char c = text[i];

		if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f'))
			return false;
		*out = *out << 4 | (uint64_t)(c <= '9' ? c - '0' : c - 'a' + 10);
	}
	return true;
}

enum tayra__remote_epoch_state
tayra__remote_epoch_read(const struct tayra__resp_element *said,
			 const struct tayra__remote_session *session, uint64_t *epoch)
{
	size_t len = strlen(session->run_id);

	if (said->type != TAYRA__RESP_BULK || said->len != len + 17 ||
	    memcmp(said->text, session->run_id, len) != 0 || said->text[len] != ' ' ||
	    !tayra__remote_hex_read(said->text + len + 1, epoch))
		return TAYRA__REMOTE_EPOCH_NONE;
	return *epoch == session->epoch ? TAYRA__REMOTE_EPOCH_KEPT : TAYRA__REMOTE_EPOCH_MOVED;
}

/* The line "run_id:.." of what INFO says. */
static bool
find_run_id(const char *text, size_t len, char out[TAYRA__REMOTE_RUN_ID])
{
	static const char name[] = "\nrun_id:";
	const char *at = memmem(text, len, name, sizeof(name) - 1);
	size_t n = 0;

	if (!at)
		return false;
	at += sizeof(name) - 1;
	while (at<text + len && * at> ' ' && *at < 0x7f && n < TAYRA__REMOTE_RUN_ID - 1)
		out[n++] = *at++;
	out[n] = '\0';
	return n > 0;
}

int
tayra__remote_run_id(struct tayra__resp_client *client, uint64_t deadline_ns,
		     char out[TAYRA__REMOTE_RUN_ID])
{
	const struct tayra__resp_argument info[] = { TAYRA__RESP_TEXT("INFO"),
						     TAYRA__RESP_TEXT("server") };
	struct tayra__resp_element said;
	int status = tayra__resp_client_call(client, info, 2, deadline_ns, &said);

	if (status != TAYRA_OK)
		return status;
	if ((said.type != TAYRA__RESP_BULK && said.type != TAYRA__RESP_VERBATIM) ||
	    !find_run_id(said.text, said.len, out))
		return TAYRA_E_INVAL;
	return TAYRA_OK;
}

/* What an opening of the session needs. */
struct greeting {
	struct tayra__resp_client *client;
	const struct tayra__remote_settings *settings;
	struct tayra__remote_session *session;
	uint64_t deadline_ns;
	char *error;
	size_t error_len;
};

static int
refuse(const struct greeting *g, int status, const char *what,
       const struct tayra__resp_element *said)
{
	int len = said && said->type == TAYRA__RESP_ERROR ? (int)strnlen(said->text, said->len) : 0;

	if (g->error && g->error_len)
		snprintf(g->error, g->error_len, "%s: %s%s%.*s", g->settings->url.shown, what,
			 len ? ": " : "", len < 120 ? len : 120, len ? said->text : "");
	return status;
}

static int
ask(const struct greeting *g, const struct tayra__resp_argument *arguments, size_t count,
    struct tayra__resp_element *said)
{
	int status = tayra__resp_client_call(g->client, arguments, count, g->deadline_ns, said);

	return status == TAYRA_OK ? status
				  : refuse(g, status, "the connection broke while greeting", NULL);
}

/* => TAYRA_OK; *ended: nothing of it will be executed any more. */
static int
end_past(const struct greeting *g, const struct tayra__remote_past *past, bool *ended)
{
	struct tayra__resp_argument kill[] = { TAYRA__RESP_TEXT("CLIENT"),
					       TAYRA__RESP_TEXT("KILL"),
					       TAYRA__RESP_TEXT("ID"),
					       { NULL, 0 } };
	struct tayra__resp_element said;
	char id[24];
	int status;

	*ended = true;
	if (!past->wrote || strcmp(past->run_id, g->session->run_id) != 0)
		return TAYRA_OK;
	*ended = false;
	if (past->id == 0)
		return TAYRA_OK;
	snprintf(id, sizeof(id), "%lld", (long long)past->id);
	kill[3] = text_argument(id);
	status = ask(g, kill, 4, &said);
	*ended = status == TAYRA_OK && said.type == TAYRA__RESP_INTEGER;
	return status;
}

/* Of values, tags and the epoch, not of leases.  NOLOOP: not what this connection writes, and it is
 * the one that does all writing of those. */
static int
track(const struct greeting *g)
{
	char values[TAYRA__REMOTE_PREFIX_MAX + sizeof(TAYRA__REMOTE_VALUE_MARK)];
	char tags[sizeof(values)];
	const int len = snprintf(values, sizeof(values), "%s%s", g->settings->prefix,
				 TAYRA__REMOTE_VALUE_MARK);
	const struct tayra__resp_argument on[] = {
		TAYRA__RESP_TEXT("CLIENT"),
		TAYRA__RESP_TEXT("TRACKING"),
		TAYRA__RESP_TEXT("ON"),
		TAYRA__RESP_TEXT("BCAST"),
		TAYRA__RESP_TEXT("NOLOOP"),
		TAYRA__RESP_TEXT("PREFIX"),
		{ values, (size_t)len },
		TAYRA__RESP_TEXT("PREFIX"),
		{ tags, (size_t)len },
		TAYRA__RESP_TEXT("PREFIX"),
		text_argument(g->settings->epoch_key),
	};
	struct tayra__resp_element said;
	int status;

	snprintf(tags, sizeof(tags), "%s%s", g->settings->prefix, TAYRA__REMOTE_TAG_MARK);
	g->session->version = g->client->version;
	g->session->tracked = false;
	if (g->client->version == TAYRA__RESP2)
		return TAYRA_OK;
	status = ask(g, on, sizeof(on) / sizeof(on[0]), &said);
	if (status != TAYRA_OK)
		return status;
	if (said.type == TAYRA__RESP_ERROR)
		return refuse(g, TAYRA_E_INVAL, "refuses CLIENT TRACKING", &said);
	g->session->tracked = true;
	return TAYRA_OK;
}

/* What was loaded is stored in a transaction (remote_offer.h). */
static int
check_watch(const struct greeting *g)
{
	const struct tayra__resp_argument watch[] = { TAYRA__RESP_TEXT("WATCH"),
						      text_argument(g->settings->epoch_key) };
	const struct tayra__resp_argument unwatch[] = { TAYRA__RESP_TEXT("UNWATCH") };
	struct tayra__resp_element said;
	int status = ask(g, watch, 2, &said);

	if (status != TAYRA_OK)
		return status;
	if (said.type == TAYRA__RESP_ERROR)
		return refuse(g, TAYRA_E_INVAL, "refuses WATCH", &said);
	return ask(g, unwatch, 1, &said);
}

static int
begin_epoch(const struct greeting *g)
{
	struct tayra__resp_argument set[] = {
		TAYRA__RESP_TEXT("SET"),
		text_argument(g->settings->epoch_key),
		{ NULL, 0 },
	};
	struct tayra__resp_element said;
	char text[TAYRA__REMOTE_EPOCH];
	uint64_t epoch = tayra__hash_random_seed();
	int status;

	tayra__remote_epoch_text(g->session, epoch, text);
	set[2] = text_argument(text);
	status = ask(g, set, 3, &said);
	if (status != TAYRA_OK)
		return status;
	if (said.type == TAYRA__RESP_ERROR)
		return refuse(g, TAYRA_E_IO, "cannot be written to", &said);
	g->session->epoch = epoch;
	return TAYRA_OK;
}

static int
agree_on_epoch(const struct greeting *g, bool distrust)
{
	const struct tayra__resp_argument get[] = { TAYRA__RESP_TEXT("GET"),
						    text_argument(g->settings->epoch_key) };
	struct tayra__resp_element said;
	uint64_t epoch;
	int status;

	if (distrust)
		return begin_epoch(g);
	status = ask(g, get, 2, &said);
	if (status != TAYRA_OK)
		return status;
	if (said.type == TAYRA__RESP_ERROR && !tayra__resp_is_error(&said, "WRONGTYPE"))
		return refuse(g, TAYRA_E_IO, "cannot be read", &said);
	if (tayra__remote_epoch_read(&said, g->session, &epoch) == TAYRA__REMOTE_EPOCH_NONE)
		return begin_epoch(g);
	g->session->epoch = epoch;
	return TAYRA_OK;
}

int
tayra__remote_greet(struct tayra__resp_client *client,
		    const struct tayra__remote_settings *settings,
		    const struct tayra__remote_past *past, uint64_t deadline_ns,
		    struct tayra__remote_session *session, char *error, size_t error_len)
{
	const struct greeting g = { client, settings, session, deadline_ns, error, error_len };
	bool ended;
	int status = tayra__remote_run_id(client, deadline_ns, session->run_id);

	if (status == TAYRA_E_INVAL)
		return refuse(&g, status,
			      "INFO does not say its run_id, by which restarts are told", NULL);
	if (status != TAYRA_OK)
		return refuse(&g, status, "the connection broke while greeting", NULL);
	status = end_past(&g, past, &ended);
	if (status == TAYRA_OK)
		status = track(&g);
	if (status == TAYRA_OK)
		status = check_watch(&g);
	return status == TAYRA_OK ? agree_on_epoch(&g, !ended) : status;
}
