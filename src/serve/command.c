/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/command.h"

#include "serve/connection.h"
#include "serve/fetch.h"
#include "serve/forward.h"
#include "serve/number.h"
#include "serve/posts.h"
#include "serve/state.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define NAME_MAX_LEN 32
#define SLOTS        512 /* of the table by name; a power of two, several times the commands */

enum group { STRING, BITMAP, GENERIC, CONNECTION, SERVER, UNKNOWN };

const char *const tayra__command_groups[TAYRA__COMMAND_GROUPS] = {
	"string", "bitmap", "generic", "connection", "server", "unknown",
};

static const struct {
	enum group group;
	const struct tayra__command *commands;
} tables[] = {
	{ STRING, tayra__string_commands },  { STRING, tayra__counter_commands },
	{ BITMAP, tayra__bit_commands },     { GENERIC, tayra__key_commands },
	{ GENERIC, tayra__expiry_commands }, { CONNECTION, tayra__connection_commands },
	{ SERVER, tayra__server_commands },
};

#define TABLES (sizeof(tables) / sizeof(tables[0]))

const struct tayra__command *
tayra__command_at(size_t n, const char **group)
{
	for (size_t t = 0; t < TABLES; t++)
		for (const struct tayra__command *c = tables[t].commands; c->name; c++)
			if (n-- == 0) {
				*group = tayra__command_groups[tables[t].group];
				return c;
			}
	return NULL;
}

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

/* FNV-1a over the lower-case name. */
static uint32_t
hash_name(const char *name, size_t len)
{
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ (unsigned char)lower(name[i])) * 16777619u;
	return hash ^ hash >> 15;
}

static bool
same_name(const char *name, size_t len, const char *lower_case)
{
	for (size_t i = 0; i < len; i++)
		if (lower(name[i]) != lower_case[i])
			return false;
	return lower_case[len] == '\0';
}

/* Filled before main and only read after: it depends on nothing but the tables above. */
static struct slot {
	const struct tayra__command *command;
	enum group group;
} slots[SLOTS];

__attribute__((constructor)) static void
fill_slots(void)
{
	for (size_t t = 0; t < TABLES; t++)
		for (const struct tayra__command *c = tables[t].commands; c->name; c++) {
			uint32_t at = hash_name(c->name, strlen(c->name));

			while (slots[at % SLOTS].command)
				at++;
			slots[at % SLOTS] = (struct slot){ c, tables[t].group };
		}
}

/* Of a name of any case; without a command when there is none. */
static const struct slot *
find_slot(const char *name, size_t len)
{
	static const struct slot none = { NULL, UNKNOWN };

	if (len == 0 || len > NAME_MAX_LEN)
		return &none;
	for (uint32_t at = hash_name(name, len); slots[at % SLOTS].command; at++)
		if (same_name(name, len, slots[at % SLOTS].command->name))
			return &slots[at % SLOTS];
	return &none;
}

const struct tayra__command *
tayra__command_find(const char *name, size_t len)
{
	return find_slot(name, len)->command;
}

enum tayra__aside
tayra__command_aside(const struct tayra__server *server, const struct tayra__resp_arg *args)
{
	const struct tayra__command *command = tayra__command_find(args[0].bytes, args[0].len);

	if (server->forward)
		return tayra__forward_aside(server->forward, args);
	return command && (command->flags & TAYRA__COMMAND_ASIDE) ? TAYRA__ASIDE_READS
								  : TAYRA__ASIDE_NONE;
}

void
tayra__call_error(const struct tayra__call *call, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	tayra__resp_error(call->out, "%s", text);
	call->server->counters.errors++;
}

void
tayra__call_syntax_error(const struct tayra__call *call)
{
	tayra__call_error(call, "ERR syntax error");
}

void
tayra__call_wrong_arity(const struct tayra__call *call)
{
	tayra__call_error(call, "ERR wrong number of arguments for '%s' command",
			  call->command->name);
}

void
tayra__call_refuse(const struct tayra__call *call, int status)
{
	if (status == TAYRA_E_TOO_LARGE)
		tayra__call_error(call, "ERR key or value is too large for this cache: see "
					"--memory of tayra serve");
	else if (status == TAYRA_E_FULL)
		tayra__call_error(call, "OOM no room can be made for this value");
	else
		tayra__call_error(call, "ERR %s", tayra_status_text(status));
}

void
tayra__call_unknown_subcommand(const struct tayra__call *call)
{
	const struct tayra__resp_arg *arg = &call->args[1];

	tayra__call_error(call, "ERR unknown subcommand '%.*s'. Try %s HELP.",
			  (int)(arg->len < 128 ? arg->len : 128), arg->bytes, call->command->name);
}

enum tayra__resp_version
tayra__call_version(const struct tayra__call *call)
{
	return call->connection->version;
}

struct tayra__key_in
tayra__call_key(const struct tayra__call *call, size_t index)
{
	return (struct tayra__key_in){ call->args[index].bytes, call->args[index].len,
				       call->connection->db };
}

bool
tayra__call_is(const struct tayra__call *call, size_t index, const char *word)
{
	return call->args[index].len == strlen(word) &&
	       strncasecmp(call->args[index].bytes, word, call->args[index].len) == 0;
}

bool
tayra__call_integer(const struct tayra__call *call, size_t index, int64_t *out)
{
	if (tayra__integer_read(call->args[index].bytes, call->args[index].len, out))
		return true;
	tayra__call_error(call, "ERR value is not an integer or out of range");
	return false;
}

/* The beginning of the arguments, quoted, as Redis lists them. */
static void
list_arguments(const struct tayra__call *call, char out[160])
{
	size_t used = 0;

	out[0] = '\0';
	for (size_t i = 1; i < call->count && used < 128; i++) {
		int len = (int)(call->args[i].len < 128 - used ? call->args[i].len : 128 - used);

		used += (size_t)snprintf(out + used, 160 - used, "'%.*s' ", len,
					 call->args[i].bytes);
	}
}

/* It stores something other than by SET KEY VALUE under a key that goes to its origin first.
 * Replies then. */
static bool
bypasses_origin(const struct tayra__call *call)
{
	const struct tayra__command *c = call->command;
	const size_t last = c->last < 0 ? call->count - (size_t)-c->last : (size_t)c->last;

	if (c->first == 0 || (strcmp(c->name, "set") == 0 && call->count == 3) ||
	    (!(c->flags & TAYRA__COMMAND_DENYOOM) && strncmp(c->name, "rename", 6) != 0))
		return false;
	for (size_t i = (size_t)c->first; i <= last && i < call->count; i += (size_t)c->step)
		if (tayra__fetch_writes(call, i)) {
			tayra__call_error(call,
					  "ERR such a key goes to its origin first: by SET KEY "
					  "VALUE alone");
			return true;
		}
	return false;
}

static void
refuse_unknown(const struct tayra__call *call)
{
	const struct tayra__resp_arg *name = &call->args[0];
	int len = (int)(name->len < 128 ? name->len : 128);
	char list[160];

	list_arguments(call, list);
	if (tayra__command_unserved(name->bytes, name->len))
		tayra__call_error(call,
				  "ERR unknown command '%.*s', which tayra does not serve, with "
				  "args beginning with: %s",
				  len, name->bytes, list);
	else
		tayra__call_error(call, "ERR unknown command '%.*s', with args beginning with: %s",
				  len, name->bytes, list);
}

/* What may be back after a restart is not acknowledged as deleted: the reply is taken back. */
static void
run(struct tayra__call *call)
{
	struct tayra__keyspace *keyspace = &call->server->keyspace;
	size_t before = call->out->len;

	call->command->run(call);
	if (keyspace->unsure) {
		keyspace->unsure = false;
		call->out->len = before;
		tayra__call_error(call, "%s", TAYRA__UNSURE_ERROR);
	}
	if (keyspace->posts)
		tayra__posts_send(keyspace->posts, call, before);
}

void
tayra__command_execute(struct tayra__connection *connection, struct tayra__resp_arg *args,
		       size_t count, struct tayra__buffer *out)
{
	const struct slot *slot = find_slot(args[0].bytes, args[0].len);
	struct tayra__call call = {
		.server = connection->server,
		.connection = connection,
		.command = slot->command,
		.args = args,
		.count = count,
		.out = out,
	};
	const struct tayra__command *command = call.command;

	if (!connection->again) {
		call.server->counters.commands++;
		call.server->counters.by_group[slot->group]++;
	}
	call.server->turn_groups |= 1u << slot->group;
	if (command)
		connection->last_command = command->name;
	if (call.server->forward && connection->authenticated && tayra__forward_run(&call))
		return;
	if (!command) {
		refuse_unknown(&call);
		return;
	}
	if (command->arity > 0 ? count != (size_t)command->arity : count < (size_t)-command->arity)
		tayra__call_wrong_arity(&call);
	else if (!connection->authenticated && !(command->flags & TAYRA__COMMAND_NO_AUTH))
		tayra__call_error(&call, "NOAUTH Authentication required.");
	else if (call.server->routes && bypasses_origin(&call))
		return;
	else if ((command->flags & TAYRA__COMMAND_BLIND) || !tayra__fetch_before(&call))
		run(&call);
}
