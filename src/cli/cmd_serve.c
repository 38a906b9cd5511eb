/* SPDX-License-Identifier: Apache-2.0
 *
 * cmd_serve.c: `tayra serve`: the Redis-protocol server in the foreground, until SIGTERM or Ctrl-C.
 */
#include "cli/command.h"

#include <tayra/base.h>
#include <tayra/cache.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/option.h"
#include "cli/arguments.h"
#include "serve/server.h"

#define PASSWORD_MAX  512 /* bytes */
#define CLIENTS_MAX   1000000
#define ADMIN_DEFAULT "127.0.0.1:9121"

/* Past the characters: there are no short options. */
enum key { LISTEN = 256, MEMORY, POLICY, PASSWORD, PASSWORD_FILE, CLIENTS, IDLE, OUTPUT, ADMIN };

static const struct argp_option options[] = {
	{ "listen", LISTEN, "ADDRESS:PORT", 0,
	  "default 127.0.0.1:6379; port 0 takes a free one; an address that other machines can "
	  "reach needs a password",
	  0 },
	{ "memory", MEMORY, "BYTES", 0,
	  "of cache and connections together (default 256M, at least 8M); an eighth is for "
	  "connections",
	  0 },
	{ "admin", ADMIN, "ADDRESS:PORT|off", 0,
	  "status page, /metrics (OpenMetrics), /metrics.json and /healthz over HTTP, on the "
	  "loopback alone; default 127.0.0.1:9121 if that is free",
	  0 },
	{ "policy", POLICY, "s3fifo|lru|tayra", 0, "what goes when memory is full; default s3fifo",
	  0 },
	{ "requirepass", PASSWORD, "PASSWORD", 0,
	  "clients must AUTH; others on this machine can read it here, so better the environment "
	  "variable TAYRA_PASSWORD, or:",
	  0 },
	{ "password-file", PASSWORD_FILE, "FILE", 0, "the password is the first line of a file",
	  0 },
	{ "maxclients", CLIENTS, "N", 0, "connections at once; default 10000", 0 },
	{ "timeout", IDLE, "DURATION", 0,
	  "close connections that say nothing for so long (5m); default: never", 0 },
	{ "output-limit", OUTPUT, "BYTES", 0,
	  "close a connection that leaves so much of its replies unread; default: what all may "
	  "use",
	  0 },
	{ 0 },
};

struct command {
	const char *name;
	struct tayra__server_options server;
	char password[PASSWORD_MAX + 2];
	bool password_given;
};

static int
set_password(struct command *command, const char *text, size_t len)
{
	if (len == 0 || len > PASSWORD_MAX) {
		tayra__cli_error(command->name, "the password is %s",
				 len ? "longer than 512 bytes" : "empty");
		return EINVAL;
	}
	memcpy(command->password, text, len);
	command->server.password = command->password;
	command->server.password_len = len;
	command->password_given = true;
	return 0;
}

static int
read_password_file(struct command *command, const char *path)
{
	char line[PASSWORD_MAX + 3];
	FILE *file = fopen(path, "re");
	int code = EINVAL;

	if (!file) {
		tayra__cli_error(command->name, "%s: %m", path);
		return EINVAL;
	}
	if (!fgets(line, sizeof(line), file))
		tayra__cli_error(command->name, "%s: %s", path,
				 ferror(file) ? "cannot be read" : "is empty");
	else
		code = set_password(command, line, strcspn(line, "\r\n"));
	fclose(file);
	explicit_bzero(line, sizeof(line));
	return code;
}

static int
read_bytes(const struct command *command, const char *option, const char *text, uint64_t *out)
{
	if (tayra__option_bytes(text, out) == TAYRA_OK && *out > 0)
		return 0;
	tayra__cli_error(command->name, "%s '%s' is no size (64M, 1.5GiB)", option, text);
	return EINVAL;
}

static int
read_policy(struct command *command, const char *text)
{
	static const char *const names[] = { "s3fifo", "lru", "tayra", NULL };
	int choice = tayra__cli_choice(command->name, "--policy", text, names);

	if (choice < 0)
		return EINVAL;
	command->server.policy = (enum tayra_policy)choice; /* named in its order */
	return 0;
}

static int
read_clients(struct command *command, const char *text)
{
	uint64_t clients;

	if (tayra__option_u64(text, 1, CLIENTS_MAX, &clients) != TAYRA_OK) {
		tayra__cli_error(command->name, "--maxclients '%s' is not a number from 1 to %d",
				 text, CLIENTS_MAX);
		return EINVAL;
	}
	command->server.clients_max = (uint32_t)clients;
	return 0;
}

static int
read_idle(struct command *command, const char *text)
{
	uint64_t idle_ns;

	if (tayra__option_duration_ns(text, &idle_ns) != TAYRA_OK || idle_ns < TAYRA_NS_PER_S) {
		tayra__cli_error(command->name,
				 "--timeout '%s' is no duration of at least 1s (30s, 5m)", text);
		return EINVAL;
	}
	command->server.idle_timeout_ms = idle_ns / TAYRA_NS_PER_MS;
	return 0;
}

static int
read_admin(struct command *command, const char *text)
{
	command->server.admin = strcmp(text, "off") == 0 ? NULL : text;
	command->server.admin_if_free = false;
	return 0;
}

/* The environment's password counts when the command line gives none. */
static int
finish_parsing(struct command *command)
{
	const char *text = getenv("TAYRA_PASSWORD");

	return text && !command->password_given ? set_password(command, text, strlen(text)) : 0;
}

static error_t
parse(int key, char *text, struct argp_state *state)
{
	struct command *command = state->input;

	switch (key) {
	case LISTEN: command->server.listen = text; return 0;
	case MEMORY: return read_bytes(command, "--memory", text, &command->server.memory_bytes);
	case POLICY: return read_policy(command, text);
	case PASSWORD: return set_password(command, text, strlen(text));
	case PASSWORD_FILE: return read_password_file(command, text);
	case CLIENTS: return read_clients(command, text);
	case ADMIN: return read_admin(command, text);
	case IDLE: return read_idle(command, text);
	case OUTPUT:
		return read_bytes(command, "--output-limit", text,
				  &command->server.output_max_bytes);
	case ARGP_KEY_ARG:
		tayra__cli_error(command->name, "takes no argument '%s' (see %s --help)", text,
				 command->name);
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
serve(const struct command *command)
{
	struct tayra__server *server;
	char text[512];
	int status = tayra__server_create(&command->server, text, sizeof(text), &server);

	if (status != TAYRA_OK) {
		tayra__cli_error(command->name, "%s", text);
		return status == TAYRA_E_NOMEM ? TAYRA__EXIT_FAILURE : TAYRA__EXIT_USAGE;
	}
	handle_signals(server);
	tayra__server_describe(server, text, sizeof(text));
	printf("%s: %s\n", command->name, text);
	fflush(stdout);
	status = tayra__server_run(server);
	if (status != TAYRA_OK)
		tayra__cli_error(command->name, "waiting for connections failed: %m");
	handle_signals(NULL);
	tayra__server_destroy(server);
	return status == TAYRA_OK ? TAYRA__EXIT_OK : TAYRA__EXIT_FAILURE;
}

int
tayra__cmd_serve(int argc, char **argv)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse,
		.doc = "Serve the cache to clients of the Redis protocol, until SIGTERM or Ctrl-C."
		       "\vKeys and values live in memory alone, and go when it is full: this is a "
		       "cache.  Commands: COMMAND LIST of any client, or tayra-serve(1).",
	};
	struct command command = { .name = argv[0],
				   .server = { .admin = ADMIN_DEFAULT, .admin_if_free = true } };
	int code = tayra__cli_parse(&argp, argc, argv, &command);

	if (code == 0)
		code = serve(&command);
	explicit_bzero(command.password, sizeof(command.password));
	return code;
}
