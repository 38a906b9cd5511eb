/* SPDX-License-Identifier: Apache-2.0
 *
 * connection_commands.c: what a client says about itself and its connection.
 */
#include "serve/command.h"

#include "serve/connection.h"
#include "serve/number.h"
#include "serve/state.h"

#include <stdio.h>
#include <string.h>

#define DEFAULT_USER "default"
#define LINE_MAX_LEN 512

static void
run_ping(struct tayra__call *call)
{
	if (call->count > 2)
		tayra__call_wrong_arity(call);
	else if (call->count == 2)
		tayra__resp_bulk(call->out, call->args[1].bytes, call->args[1].len);
	else
		tayra__resp_simple(call->out, "PONG");
}

static void
run_echo(struct tayra__call *call)
{
	tayra__resp_bulk(call->out, call->args[1].bytes, call->args[1].len);
}

/* Replies when the user or the password is wrong. */
static bool
authenticate(struct tayra__call *call, const struct tayra__resp_arg *user,
	     const struct tayra__resp_arg *password)
{
	bool known = !user || (user->len == strlen(DEFAULT_USER) &&
			       memcmp(user->bytes, DEFAULT_USER, user->len) == 0);
	bool open = !call->server->protected;

	if (known &&
	    (open || tayra__server_check_password(call->server, password->bytes, password->len))) {
		call->connection->authenticated = true;
		return true;
	}
	tayra__call_error(call, "WRONGPASS invalid username-password pair or user is disabled.");
	return false;
}

static void
run_auth(struct tayra__call *call)
{
	const struct tayra__resp_arg *user = call->count == 3 ? &call->args[1] : NULL;

	if (call->count > 3)
		tayra__call_syntax_error(call);
	else if (!user && !call->server->protected)
		tayra__call_error(call,
				  "ERR AUTH <password> called without any password configured for "
				  "the default user. Are you sure your configuration is correct?");
	else if (authenticate(call, user, &call->args[call->count - 1]))
		tayra__resp_simple(call->out, "OK");
}

/* Printable and without blanks: it stands in a line of CLIENT LIST. */
static bool
set_label(char out[TAYRA__CONNECTION_NAME_MAX], const struct tayra__resp_arg *label)
{
	if (label->len >= TAYRA__CONNECTION_NAME_MAX)
		return false;
	for (size_t i = 0; i < label->len; i++)
		if (label->bytes[i] < '!' || label->bytes[i] > '~')
			return false;
	memcpy(out, label->bytes, label->len);
	out[label->len] = '\0';
	return true;
}

/* Replies when the name will not do. */
static bool
set_name(struct tayra__call *call, const struct tayra__resp_arg *name)
{
	if (set_label(call->connection->name, name))
		return true;
	tayra__call_error(call, "ERR Client names cannot contain spaces, newlines or special "
				"characters, and have at most 63 bytes.");
	return false;
}

static void
reply_hello(struct tayra__call *call)
{
	struct tayra__buffer *out = call->out;

	tayra__resp_map(out, tayra__call_version(call), 7);
	tayra__resp_text(out, "server");
	tayra__resp_text(out, "redis");
	tayra__resp_text(out, "version");
	tayra__resp_text(out, TAYRA__SERVER_COMPATIBLE);
	tayra__resp_text(out, "proto");
	tayra__resp_integer(out, tayra__call_version(call));
	tayra__resp_text(out, "id");
	tayra__resp_integer(out, (int64_t)call->connection->id);
	tayra__resp_text(out, "mode");
	tayra__resp_text(out, "standalone");
	tayra__resp_text(out, "role");
	tayra__resp_text(out, "master");
	tayra__resp_text(out, "modules");
	tayra__resp_array(out, 0);
}

/* AUTH and SETNAME of a HELLO.  Replies when something is wrong. */
static bool
hello_options(struct tayra__call *call)
{
	const struct tayra__resp_arg *user = NULL, *name = NULL;

	for (size_t i = 2; i < call->count; i++) {
		if (tayra__call_is(call, i, "auth") && i + 2 < call->count) {
			user = &call->args[i + 1];
			i += 2;
		} else if (tayra__call_is(call, i, "setname") && i + 1 < call->count) {
			name = &call->args[++i];
		} else {
			tayra__call_error(call, "ERR Syntax error in HELLO option '%.*s'",
					  (int)(call->args[i].len < 64 ? call->args[i].len : 64),
					  call->args[i].bytes);
			return false;
		}
	}
	if (user && !authenticate(call, user, user + 1))
		return false;
	if (!call->connection->authenticated) {
		tayra__call_error(call,
				  "NOAUTH HELLO must be called with the client already "
				  "authenticated, otherwise the HELLO <proto> AUTH <user> <pass> "
				  "option can be used to authenticate the client and select the "
				  "RESP protocol version at the same time");
		return false;
	}
	return !name || set_name(call, name);
}

static void
run_hello(struct tayra__call *call)
{
	int64_t version = call->connection->version;

	if (call->count > 1 &&
	    !tayra__integer_read(call->args[1].bytes, call->args[1].len, &version)) {
		tayra__call_error(call, "ERR Protocol version is not an integer or out of range");
	} else if (version != TAYRA__RESP2 && version != TAYRA__RESP3) {
		tayra__call_error(call, "NOPROTO unsupported protocol version");
	} else if (hello_options(call)) {
		call->connection->version = (enum tayra__resp_version)version;
		reply_hello(call);
	}
}

static void
run_select(struct tayra__call *call)
{
	int64_t db;

	if (!tayra__call_integer(call, 1, &db))
		return;
	if (db < 0 || db >= TAYRA__DATABASES) {
		tayra__call_error(call, "ERR DB index is out of range");
		return;
	}
	call->connection->db = (unsigned)db;
	tayra__resp_simple(call->out, "OK");
}

static void
run_quit(struct tayra__call *call)
{
	tayra__resp_simple(call->out, "OK");
	call->connection->closing = true;
}

static void
run_reset(struct tayra__call *call)
{
	tayra__connection_reset(call->connection);
	tayra__resp_simple(call->out, "RESET");
}

static size_t
describe(const struct tayra__connection *c, char out[LINE_MAX_LEN])
{
	uint64_t now_ns = tayra__loop_now_ns(c->server->loop);
	char peer[TAYRA__ADDRESS_TEXT];

	tayra__address_text(&c->peer, peer);
	return (size_t)snprintf(
		out, LINE_MAX_LEN,
		"id=%llu addr=%s laddr=%s fd=%d name=%s age=%llu idle=%llu "
		"flags=N db=%u sub=0 psub=0 ssub=0 multi=-1 qbuf=%zu obl=%zu "
		"cmd=%s user=default resp=%d lib-name=%s lib-ver=%s\n",
		(unsigned long long)c->id, peer, c->server->address_text, c->watch.fd, c->name,
		(unsigned long long)((now_ns - c->created_ns) / TAYRA_NS_PER_S),
		(unsigned long long)((now_ns - c->active_ns) / TAYRA_NS_PER_S), c->db, c->in.len,
		c->out.len, c->last_command, (int)c->version, c->lib_name, c->lib_version);
}

static void
client_info(struct tayra__call *call)
{
	char line[LINE_MAX_LEN];
	size_t len = describe(call->connection, line);

	tayra__resp_verbatim(call->out, tayra__call_version(call), line, len);
}

static void
client_list(struct tayra__call *call)
{
	struct tayra__buffer *scratch = &call->server->scratch;
	struct tayra__list *head = &call->server->connections;

	for (struct tayra__list *at = head->next; at != head; at = at->next) {
		char line[LINE_MAX_LEN];
		size_t len = describe(TAYRA__LIST_ENTRY(at, struct tayra__connection, node), line);

		tayra__buffer_append(scratch, line, len);
	}
	call->out->failed |= scratch->failed;
	tayra__resp_verbatim(call->out, tayra__call_version(call), tayra__buffer_front(scratch),
			     scratch->len);
	tayra__buffer_reset(scratch, TAYRA__SERVER_INPUT);
}

static void
client_id(struct tayra__call *call)
{
	tayra__resp_integer(call->out, (int64_t)call->connection->id);
}

static void
client_getname(struct tayra__call *call)
{
	if (call->connection->name[0])
		tayra__resp_text(call->out, call->connection->name);
	else
		tayra__resp_null(call->out, tayra__call_version(call));
}

static void
client_setname(struct tayra__call *call)
{
	if (set_name(call, &call->args[2]))
		tayra__resp_simple(call->out, "OK");
}

static void
client_setinfo(struct tayra__call *call)
{
	bool name = tayra__call_is(call, 2, "lib-name"),
	     version = tayra__call_is(call, 2, "lib-ver");
	char *out = name ? call->connection->lib_name : call->connection->lib_version;

	if (!name && !version)
		tayra__call_error(call, "ERR Unrecognized option '%.*s'",
				  (int)(call->args[2].len < 64 ? call->args[2].len : 64),
				  call->args[2].bytes);
	else if (!set_label(out, &call->args[3]))
		tayra__call_error(call,
				  "ERR %s cannot contain spaces, newlines or special "
				  "characters.",
				  name ? "lib-name" : "lib-ver");
	else
		tayra__resp_simple(call->out, "OK");
}

/* No client is ever closed to make room for values, so there is nothing to exempt it from. */
static void
client_no_evict(struct tayra__call *call)
{
	if (tayra__call_is(call, 2, "on") || tayra__call_is(call, 2, "off"))
		tayra__resp_simple(call->out, "OK");
	else
		tayra__call_syntax_error(call);
}

static const struct subcommand {
	const char *name;
	size_t count; /* arguments in all */
	void (*run)(struct tayra__call *call);
} client_subcommands[] = {
	{ "getname", 2, client_getname },   { "id", 2, client_id },
	{ "info", 2, client_info },         { "list", 2, client_list },
	{ "no-evict", 3, client_no_evict }, { "setinfo", 4, client_setinfo },
	{ "setname", 3, client_setname },
};

static void
run_client(struct tayra__call *call)
{
	for (size_t i = 0; i < sizeof(client_subcommands) / sizeof(client_subcommands[0]); i++) {
		const struct subcommand *sub = &client_subcommands[i];

		if (!tayra__call_is(call, 1, sub->name))
			continue;
		if (call->count == sub->count)
			sub->run(call);
		else
			tayra__call_error(call,
					  "ERR wrong number of arguments for 'client|%s' command",
					  sub->name);
		return;
	}
	tayra__call_unknown_subcommand(call);
}

#define FAST    TAYRA__COMMAND_FAST
#define NO_AUTH TAYRA__COMMAND_NO_AUTH

const struct tayra__command tayra__connection_commands[] = {
	{ "auth", -2, FAST | NO_AUTH, 0, 0, 0, run_auth, "1.0.0", "Authenticate to the server" },
	{ "client", -2, TAYRA__COMMAND_ADMIN, 0, 0, 0, run_client, "2.4.0",
	  "Commands about client connections" },
	{ "echo", 2, FAST, 0, 0, 0, run_echo, "1.0.0", "Echo the given string" },
	{ "hello", -1, FAST | NO_AUTH, 0, 0, 0, run_hello, "6.0.0", "Handshake with the server" },
	{ "ping", -1, FAST, 0, 0, 0, run_ping, "1.0.0", "Ping the server" },
	{ "quit", -1, FAST | NO_AUTH, 0, 0, 0, run_quit, "1.0.0", "Close the connection" },
	{ "reset", 1, FAST | NO_AUTH, 0, 0, 0, run_reset, "6.2.0", "Reset the connection" },
	{ "select", 2, FAST, 0, 0, 0, run_select, "1.0.0",
	  "Change the selected database for the current connection" },
	{ 0 },
};
