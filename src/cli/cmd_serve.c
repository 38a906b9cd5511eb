/* SPDX-License-Identifier: Apache-2.0
 *
 * cmd_serve.c: `tayra serve`: the Redis-protocol server in the foreground, until SIGTERM or Ctrl-C.
 */
#include "cli/command.h"

#include <tayra/base.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tayra/tayra.h>

#include "base/mem.h"
#include "cli/arguments.h"
#include "config/yaml.h"
#include "serve/route.h"
#include "serve/settings.h"
#include "sim/popular.h"

#define KNOBS_MAX    32
#define NAME_MAX_LEN 32

/* Past the characters: the knobs of the server, in their order. */
enum key { CHECK = 256, TIER, FEED_SQL, KNOB };

/* Options as argp wants them; the rows are tayra__server_knobs. */
struct options {
	struct argp_option rows[KNOBS_MAX + 5];
	char names[KNOBS_MAX][NAME_MAX_LEN];
	char docs[KNOBS_MAX][400];
};

struct command {
	const char *name;
	struct tayra__settings settings;
	const char *file;
	bool check, feed_sql;
	const char *feed_origin; /* whose SQL; NULL: there is one */
};

/* "password-file" of "password_file". */
static void
option_name(const struct tayra__knob *knob, char out[NAME_MAX_LEN])
{
	snprintf(out, NAME_MAX_LEN, "%s", knob->name);
	for (char *at = out; *at; at++)
		if (*at == '_')
			*at = '-';
}

static void
fill_options(struct options *o)
{
	static const struct argp_option own[] = {
		{ "config", 'c', "FILE", 0,
		  "read FILE (YAML): these options by their names, with '_' for '-', and what is "
		  "loaded from where; options here win",
		  0 },
		{ "check", CHECK, NULL, 0,
		  "say what would be served, and end: 0, or 2 when it cannot be", 0 },
		{ "feed-sql", FEED_SQL, "ORIGIN", OPTION_ARG_OPTIONAL,
		  "write the SQL that makes the tables of routes tell what changes, and end; "
		  "ORIGIN: of which, where several have such",
		  0 },
		{ "tier", TIER, "TIER", 0,
		  "what memory lets go is kept there; file:DIRECTORY[,limit=BYTES] is --file-tier "
		  "and --file-tier-limit in one, remote:redis://HOST[:PORT] is --remote-tier; "
		  "twice: both",
		  0 },
	};
	size_t rows = 0;

	o->rows[rows++] = own[0];
	o->rows[rows++] = own[1];
	o->rows[rows++] = own[2];
	o->rows[rows++] = own[3];
	for (size_t i = 0; tayra__server_knobs[i].name && i < KNOBS_MAX; i++) {
		const struct tayra__knob *knob = &tayra__server_knobs[i];

		if (knob->type == TAYRA__KNOB_OTHER)
			continue;
		option_name(knob, o->names[i]);
		snprintf(o->docs[i], sizeof(o->docs[i]), "%s; default: %s", knob->sentence,
			 knob->fallback);
		o->rows[rows++] = (struct argp_option){ o->names[i], KNOB + (int)i, knob->argument,
							0,           o->docs[i],    0 };
	}
}

static int
set_knob(struct command *command, size_t number, const char *text)
{
	const struct tayra__knob *knob = &tayra__server_knobs[number];
	char why[300] = "out of memory", name[NAME_MAX_LEN];

	if (tayra__settings_set(&command->settings, knob, text, why, sizeof(why)) == TAYRA_OK)
		return 0;
	option_name(knob, name);
	tayra__cli_error(command->name, "--%s %s", name, why);
	return EINVAL;
}

static bool
was_given(const struct command *command, const char *name)
{
	return command->settings.given &
	       1ull << (tayra__knob_find(tayra__server_knobs, name) - tayra__server_knobs);
}

static int
set_from(struct command *command, const char *name, const char *text)
{
	return set_knob(command,
			(size_t)(tayra__knob_find(tayra__server_knobs, name) - tayra__server_knobs),
			text);
}

/* "file:/var/cache/tayra,limit=1G" */
static int
set_tier(struct command *command, char *text)
{
	static const char limit[] = ",limit=";
	char *comma = NULL;
	int code = 0;

	if (strncmp(text, "remote:", 7) == 0 && !was_given(command, "remote_tier"))
		return set_from(command, "remote_tier", text + 7);
	if (strncmp(text, "remote:", 7) == 0) {
		tayra__cli_error(command->name, "--tier: there is a remote tier already");
		return EINVAL;
	}
	if (strncmp(text, "file:", 5) != 0 || text[5] == '\0') {
		tayra__cli_error(command->name,
				 "--tier '%s' is no tier: file:DIRECTORY, "
				 "file:DIRECTORY,limit=1G or remote:redis://HOST",
				 text);
		return EINVAL;
	}
	if (was_given(command, "file_tier")) {
		tayra__cli_error(command->name, "--tier %s: there is a file tier already", text);
		return EINVAL;
	}
	for (char *at = strstr(text, limit); at; at = strstr(at + 1, limit))
		comma = at;
	if (comma) {
		*comma = '\0';
		code = set_from(command, "file_tier_limit", comma + sizeof(limit) - 1);
	}
	return code ? code : set_from(command, "file_tier", text + 5);
}

/* The environment counts where the command line says nothing. */
static int
finish_parsing(struct command *command)
{
	const char *password = getenv("TAYRA_PASSWORD"), *forward = getenv("TAYRA_FORWARD");
	int code = 0;

	if (password && !was_given(command, "requirepass") && !was_given(command, "password_file"))
		code = set_from(command, "requirepass", password);
	if (code == 0 && forward && *forward && !was_given(command, "forward"))
		code = set_from(command, "forward", forward);
	return code;
}

static error_t
parse(int key, char *text, struct argp_state *state)
{
	struct command *command = state->input;

	if (key >= KNOB && key < KNOB + KNOBS_MAX)
		return set_knob(command, (size_t)(key - KNOB), text);
	switch (key) {
	case 'c': command->file = text; return 0;
	case CHECK: command->check = true; return 0;
	case FEED_SQL:
		command->feed_sql = true;
		command->feed_origin = text;
		return 0;
	case TIER: return set_tier(command, text);
	case ARGP_KEY_ARG:
		tayra__cli_error(command->name,
				 "takes no argument '%s': a configuration is given with -c", text);
		return EINVAL;
	case ARGP_KEY_END: return finish_parsing(command);
	default: return ARGP_ERR_UNKNOWN;
	}
}

/* A signal handler has nowhere else to look. */
static struct tayra__server *serving;

static void
on_signal(int number)
{
	tayra__server_stop(serving);
}

/* Set or, with NULL, take back what SIGINT and SIGTERM do.  A second one kills. */
static void
handle_signals(struct tayra__server *server)
{
	struct sigaction action;

	memset(&action, 0, sizeof(action));
	action.sa_handler = server ? on_signal : SIG_DFL;
	action.sa_flags = (int)SA_RESETHAND;
	if (server)
		serving = server;
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

static int
fail(const struct command *command, int status, const char *text)
{
	tayra__cli_error(command->name, "%s", text);
	return status == TAYRA_E_NOMEM ? TAYRA__EXIT_FAILURE : TAYRA__EXIT_USAGE;
}

static void
announce(const struct command *command, const struct tayra__server *server)
{
	char text[512];

	tayra__server_describe(server, text, sizeof(text));
	printf("%s: %s%s\n", command->name, command->check ? "checked, not " : "", text);
	tayra__settings_describe(&command->settings, stdout);
	fflush(stdout);
}

static int
run(const struct command *command, struct tayra__server *server)
{
	int status;

	handle_signals(server);
	announce(command, server);
	status = tayra__server_run(server);
	if (status != TAYRA_OK)
		tayra__cli_error(command->name, "waiting for connections failed: %m");
	handle_signals(NULL);
	return status == TAYRA_OK ? TAYRA__EXIT_OK : TAYRA__EXIT_FAILURE;
}

static void
say_trouble(void *arg, const char *origin, const char *text, uint64_t left_out)
{
	const struct command *command = arg;

	if (left_out > 0)
		tayra__cli_error(command->name, "origin '%s': %s (and %llu more)", origin, text,
				 (unsigned long long)left_out);
	else
		tayra__cli_error(command->name, "origin '%s': %s", origin, text);
}

/* Not refused: what is loaded is right, only not from where its route says. */
static void
warn_of_hidden_routes(const struct command *command)
{
	const struct tayra__settings *settings = &command->settings;

	for (size_t i = 0; i < settings->server.route_count; i++) {
		size_t before = tayra__routes_hiding(settings->server.routes, i);
		char text[512];

		if (before == i)
			continue;
		tayra__document_complain(
			&settings->document, tayra__yaml_find(settings->routes[i].at, "keys"), text,
			sizeof(text),
			"route '%.64s' is never reached: '%.64s' before it matches all of its keys",
			settings->server.routes[i].keys, settings->server.routes[before].keys);
		tayra__cli_error(command->name, "%s", text);
	}
}

/* => TAYRA_OK: *out is what the server shall load as it starts; NULL: nothing. */
static int
read_warm(const struct command *command, struct tayra__popular **popular,
	  struct tayra_warm_key **out, char *error, size_t error_len)
{
	const char *path = command->settings.warm;
	struct tayra__trace_error why = { "" };
	struct tayra_warm_key *keys;
	int status;

	if (!path)
		return TAYRA_OK;
	status = tayra__popular_read(path, TAYRA__POPULAR_AUTO, 0, popular, &why);
	if (status != TAYRA_OK) {
		snprintf(error, error_len, "warm: %s", why.text);
		return status;
	}
	keys = tayra__mem_array((*popular)->count, sizeof(*keys));
	for (size_t i = 0; keys && i < (*popular)->count; i++)
		keys[i] = (struct tayra_warm_key){ (*popular)->keys[i].bytes,
						   (*popular)->keys[i].len,
						   (*popular)->keys[i].weight };
	*out = keys;
	snprintf(error, error_len, "warm: %s", tayra_status_text(TAYRA_E_NOMEM));
	return keys ? TAYRA_OK : TAYRA_E_NOMEM;
}

/* As tayra__server_create(), with what is to be warmed up. */
static int
create_server(struct command *command, char *error, size_t error_len, struct tayra__server **out)
{
	struct tayra__server_options *options = &command->settings.server;
	struct tayra__popular *popular = NULL;
	struct tayra_warm_key *keys = NULL;
	int status = read_warm(command, &popular, &keys, error, error_len);

	options->warm_keys = keys;
	options->warm_count = popular ? popular->count : 0;
	if (status == TAYRA_OK)
		status = tayra__server_create(options, error, error_len, out);
	tayra__mem_free(keys);
	tayra__popular_destroy(popular);
	return status;
}

/* It needs no database: there may not be anything in it yet. */
static int
write_feed_sql(struct command *command, char *error, size_t error_len)
{
	const struct tayra__reader r = { &command->settings.document, &command->settings, error,
					 error_len };
	int status = tayra__feeding_sql(&r, command->feed_origin, stdout);

	if (status == TAYRA_OK && !fflush(stdout) && !ferror(stdout))
		return TAYRA__EXIT_OK;
	if (status == TAYRA_OK || status == TAYRA_E_IO)
		snprintf(error, error_len, "standard output cannot be written to: %m");
	return fail(command, status == TAYRA_E_INVAL ? status : TAYRA_E_IO, error);
}

static int
serve(struct command *command)
{
	struct tayra__settings *settings = &command->settings;
	struct tayra__server *server;
	char text[1024], note[1024] = "";
	int status = TAYRA_OK, code = TAYRA__EXIT_OK;

	if (command->feed_sql && !command->file)
		return fail(command, TAYRA_E_INVAL, "--feed-sql is about a configuration: -c FILE");
	if (command->file)
		status = tayra__settings_load(settings, command->file, text, sizeof(text));
	if (status == TAYRA_OK && command->feed_sql)
		return write_feed_sql(command, text, sizeof(text));
	if (status == TAYRA_OK)
		status = tayra__settings_open(settings, text, sizeof(text), note, sizeof(note));
	if (status != TAYRA_OK)
		return fail(command, status, text);
	for (char *rest = note, *line; (line = strsep(&rest, "\n"));)
		if (*line)
			tayra__cli_error(command->name, "%s", line);
	settings->server.check = command->check;
	settings->server.trouble = say_trouble;
	settings->server.trouble_arg = command;
	status = create_server(command, text, sizeof(text), &server);
	if (status != TAYRA_OK)
		return fail(command, status, text);
	warn_of_hidden_routes(command);
	if (command->check)
		announce(command, server);
	else
		code = run(command, server);
	tayra__server_destroy(server);
	return code;
}

int
tayra__cmd_serve(int argc, char **argv)
{
	struct options options = { 0 };
	const struct argp argp = {
		.options = options.rows,
		.parser = parse,
		.doc = "Serve the cache to clients of the Redis protocol, until SIGTERM or Ctrl-C."
		       "\vKeys and values live in memory, and go when it is full: this is a "
		       "cache.  With a configuration, keys are loaded from databases and HTTP "
		       "servers when they are asked for.  Commands: COMMAND LIST of any client, or "
		       "tayra-serve(1).",
	};
	struct command command = { .name = argv[0] };
	int code;

	fill_options(&options);
	tayra__settings_init(&command.settings);
	code = tayra__cli_parse(&argp, argc, argv, &command);
	if (code == 0)
		code = serve(&command);
	tayra__settings_fini(&command.settings);
	return code;
}
