/* SPDX-License-Identifier: Apache-2.0
 *
 * server_commands.c: about the server and its commands.
 */
#include "serve/command.h"

#include "base/clock.h"
#include "serve/config.h"
#include "serve/glob.h"
#include "serve/info.h"
#include "serve/state.h"

#include <stdio.h>
#include <string.h>

static void
run_info(struct tayra__call *call)
{
	struct tayra__buffer *scratch = &call->server->scratch;

	if (call->count == 1)
		tayra__info_write(call->server, "default", strlen("default"), scratch);
	for (size_t i = 1; i < call->count; i++)
		tayra__info_write(call->server, call->args[i].bytes, call->args[i].len, scratch);
	call->out->failed |= scratch->failed;
	tayra__resp_verbatim(call->out, tayra__call_version(call), tayra__buffer_front(scratch),
			     scratch->len);
	tayra__buffer_reset(scratch, TAYRA__SERVER_INPUT);
}

static void
run_time(struct tayra__call *call)
{
	uint64_t wall_ms = tayra__clock_wall_ms(call->server->clock);
	char text[24];

	tayra__resp_array(call->out, 2);
	snprintf(text, sizeof(text), "%llu", (unsigned long long)(wall_ms / 1000));
	tayra__resp_text(call->out, text);
	snprintf(text, sizeof(text), "%llu", (unsigned long long)(wall_ms % 1000 * 1000));
	tayra__resp_text(call->out, text);
}

static void
run_memory(struct tayra__call *call)
{
	struct tayra__keyspace *keyspace = &call->server->keyspace;
	struct tayra_value value;

	if (!tayra__call_is(call, 1, "usage") || call->count < 3) {
		tayra__call_unknown_subcommand(call);
		return;
	}
	const struct tayra__key_in key = tayra__call_key(call, 2);

	if (tayra__keyspace_get(keyspace, &key, &value) != TAYRA_OK) {
		tayra__resp_null(call->out, tayra__call_version(call));
		return;
	}
	tayra__resp_integer(call->out, (int64_t)value.meta.charge);
	tayra_cache_unpin(keyspace->cache, &value);
}

/* There are no functions here, so flushing them is done. */
static void
run_function(struct tayra__call *call)
{
	if (tayra__call_is(call, 1, "flush"))
		tayra__resp_simple(call->out, "OK");
	else
		tayra__call_unknown_subcommand(call);
}

static const struct flag {
	uint32_t flag;
	const char *name;
} flags[TAYRA__COMMAND_FLAGS] = {
	{ TAYRA__COMMAND_WRITE, "write" },     { TAYRA__COMMAND_READONLY, "readonly" },
	{ TAYRA__COMMAND_FAST, "fast" },       { TAYRA__COMMAND_ADMIN, "admin" },
	{ TAYRA__COMMAND_NO_AUTH, "no_auth" }, { TAYRA__COMMAND_DENYOOM, "denyoom" },
};

static void
write_command(struct tayra__call *call, const struct tayra__command *command, const char *group)
{
	struct tayra__buffer *out = call->out;
	uint64_t count = 0;
	char category[32];

	for (size_t i = 0; i < TAYRA__COMMAND_FLAGS; i++)
		count += (command->flags & flags[i].flag) != 0;
	tayra__resp_array(out, 10);
	tayra__resp_text(out, command->name);
	tayra__resp_integer(out, command->arity);
	tayra__resp_set(out, tayra__call_version(call), count);
	for (size_t i = 0; i < TAYRA__COMMAND_FLAGS; i++)
		if (command->flags & flags[i].flag)
			tayra__resp_simple(out, flags[i].name);
	tayra__resp_integer(out, command->first);
	tayra__resp_integer(out, command->last);
	tayra__resp_integer(out, command->step);
	tayra__resp_set(out, tayra__call_version(call), 1);
	snprintf(category, sizeof(category), "@%s", group);
	tayra__resp_simple(out, category);
	for (int i = 0; i < 3; i++) /* tips, key specifications, subcommands */
		tayra__resp_array(out, 0);
}

static void
write_docs(struct tayra__call *call, const struct tayra__command *command, const char *group)
{
	struct tayra__buffer *out = call->out;

	tayra__resp_text(out, command->name);
	tayra__resp_map(out, tayra__call_version(call), 3);
	tayra__resp_text(out, "summary");
	tayra__resp_text(out, command->summary);
	tayra__resp_text(out, "since");
	tayra__resp_text(out, command->since);
	tayra__resp_text(out, "group");
	tayra__resp_text(out, group);
}

static void
write_name(struct tayra__call *call, const struct tayra__command *command, const char *group)
{
	(void)group;
	tayra__resp_text(call->out, command->name);
}

typedef void (*write_fn)(struct tayra__call *call, const struct tayra__command *command,
			 const char *group);

static uint64_t
count_commands(void)
{
	const char *group;
	uint64_t count = 0;

	while (tayra__command_at(count, &group))
		count++;
	return count;
}

/* Whether it was asked for, in args[from..]; all are when nothing is named. */
static bool
asked_for(const struct tayra__call *call, size_t from, const struct tayra__command *command)
{
	for (size_t i = from; i < call->count; i++)
		if (tayra__command_find(call->args[i].bytes, call->args[i].len) == command)
			return true;
	return call->count <= from;
}

/* Those asked for; `write` is called for each. */
static uint64_t
each_command(struct tayra__call *call, size_t from, write_fn write)
{
	const struct tayra__command *command;
	uint64_t count = 0;
	const char *group;

	for (size_t n = 0; (command = tayra__command_at(n, &group)); n++) {
		if (!asked_for(call, from, command))
			continue;
		count++;
		if (write)
			write(call, command, group);
	}
	return count;
}

/* In the order asked for, null for what does not exist. */
static void
command_info(struct tayra__call *call)
{
	const struct tayra__command *command;
	const char *group;

	tayra__resp_array(call->out, call->count - 2);
	for (size_t i = 2; i < call->count; i++) {
		const struct tayra__command *wanted = tayra__command_find(call->args[i].bytes,
									  call->args[i].len);

		for (size_t n = 0; (command = tayra__command_at(n, &group)); n++)
			if (command == wanted)
				write_command(call, command, group);
		if (!wanted)
			tayra__resp_null_array(call->out, tayra__call_version(call));
	}
}

static void
run_command(struct tayra__call *call)
{
	if (call->count == 1 || (call->count == 2 && tayra__call_is(call, 1, "info"))) {
		tayra__resp_array(call->out, count_commands());
		each_command(call, call->count, write_command);
	} else if (tayra__call_is(call, 1, "info")) {
		command_info(call);
	} else if (tayra__call_is(call, 1, "count") && call->count == 2) {
		tayra__resp_integer(call->out, (int64_t)count_commands());
	} else if (tayra__call_is(call, 1, "list") && call->count == 2) {
		tayra__resp_array(call->out, count_commands());
		each_command(call, call->count, write_name);
	} else if (tayra__call_is(call, 1, "docs")) {
		tayra__resp_map(call->out, tayra__call_version(call), each_command(call, 2, NULL));
		each_command(call, 2, write_docs);
	} else {
		tayra__call_unknown_subcommand(call);
	}
}

static bool
config_asked_for(const struct tayra__call *call, const char *name)
{
	for (size_t i = 2; i < call->count; i++)
		if (tayra__glob_match(call->args[i].bytes, call->args[i].len, name, strlen(name)))
			return true;
	return false;
}

static void
config_get(struct tayra__call *call)
{
	char text[TAYRA__CONFIG_TEXT], room[TAYRA__CONFIG_NAME];
	uint64_t count = 0;
	const char *name;

	for (size_t n = 0; (name = tayra__config_name(call->server, n, room)); n++)
		count += config_asked_for(call, name);
	tayra__resp_map(call->out, tayra__call_version(call), count);
	for (size_t n = 0; (name = tayra__config_name(call->server, n, room)); n++) {
		if (!config_asked_for(call, name))
			continue;
		tayra__resp_text(call->out, name);
		tayra__resp_bulk(call->out, text, tayra__config_read(call->server, n, text));
	}
}

static void
config_set(struct tayra__call *call)
{
	for (size_t i = 2; i < call->count; i += 2) {
		const struct tayra__resp_arg *name = &call->args[i];
		const char *why = tayra__config_set(call->server, name, name + 1);

		if (!why)
			continue;
		tayra__call_error(
			call, "ERR CONFIG SET failed (possibly related to argument '%.*s') - %s",
			(int)(name->len < 64 ? name->len : 64), name->bytes, why);
		return;
	}
	tayra__resp_simple(call->out, "OK");
}

static void
run_config(struct tayra__call *call)
{
	if (tayra__call_is(call, 1, "get") && call->count > 2) {
		config_get(call);
	} else if (tayra__call_is(call, 1, "set") && call->count > 3 && call->count % 2 == 0) {
		config_set(call);
	} else if (tayra__call_is(call, 1, "resetstat") && call->count == 2) {
		memset(&call->server->counters, 0, sizeof(call->server->counters));
		tayra__resp_simple(call->out, "OK");
	} else {
		tayra__call_unknown_subcommand(call);
	}
}

#define ADMIN TAYRA__COMMAND_ADMIN

const struct tayra__command tayra__server_commands[] = {
	{ "command", -1, 0, 0, 0, 0, run_command, "2.8.13", "Get details about the commands" },
	{ "config", -2, ADMIN, 0, 0, 0, run_config, "2.0.0", "Read and set parameters" },
	{ "function", -2, ADMIN, 0, 0, 0, run_function, "7.0.0",
	  "FLUSH alone, since there are no functions" },
	{ "info", -1, 0, 0, 0, 0, run_info, "1.0.0",
	  "Get information and statistics about the server" },
	{ "memory", -2, TAYRA__COMMAND_READONLY, 2, 2, 1, run_memory, "4.0.0",
	  "USAGE: bytes that a key and its value occupy" },
	{ "time", 1, TAYRA__COMMAND_FAST, 0, 0, 0, run_time, "2.6.0",
	  "Return the current server time" },
	{ 0 },
};
