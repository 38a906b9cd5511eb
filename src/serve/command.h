/* SPDX-License-Identifier: Apache-2.0
 *
 * command.h: the commands, as rows of tables, one table a group and file.
 */
#ifndef TAYRA_SERVE_COMMAND_H
#define TAYRA_SERVE_COMMAND_H

#include "net/buffer.h"
#include "net/resp_request.h"
#include "net/resp_writer.h"
#include "serve/keyspace.h"
#include "serve/pending.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tayra__connection;
struct tayra__server;
struct tayra__command;

/* One execution: everything is borrowed for its time. */
struct tayra__call {
	struct tayra__server *server;
	struct tayra__connection *connection;
	const struct tayra__command *command;
	struct tayra__resp_arg *args; /* args[0] is the name */
	size_t count;
	struct tayra__buffer *out; /* exactly one reply is written, or comes later: pending.h */
};

#define TAYRA__COMMAND_WRITE    1u
#define TAYRA__COMMAND_READONLY 2u
#define TAYRA__COMMAND_FAST     4u
#define TAYRA__COMMAND_ADMIN    8u
#define TAYRA__COMMAND_NO_AUTH  16u  /* also for those who have not authenticated */
#define TAYRA__COMMAND_DENYOOM  32u  /* may need memory */
#define TAYRA__COMMAND_FLAGS    6    /* that COMMAND INFO names */
#define TAYRA__COMMAND_ASIDE    64u  /* changes nothing, and may run before others have replied */
#define TAYRA__COMMAND_BLIND    128u /* looks for its keys itself where it has to know of them */

struct tayra__command {
	const char *name; /* lower case */
	int arity;        /* arguments with the name; -n: at least n */
	uint32_t flags;
	int first, last, step; /* which arguments are keys; last < 0 counts from the end */
	void (*run)(struct tayra__call *call);
	const char *since, *summary;
};

/* The tables end with a row without a name. */
extern const struct tayra__command tayra__string_commands[];
extern const struct tayra__command tayra__counter_commands[];
extern const struct tayra__command tayra__bit_commands[];
extern const struct tayra__command tayra__key_commands[];
extern const struct tayra__command tayra__expiry_commands[];
extern const struct tayra__command tayra__connection_commands[];
extern const struct tayra__command tayra__server_commands[];

/* What commands are counted by: the groups of the tables, and "unknown". */
#define TAYRA__COMMAND_GROUPS 6
extern const char *const tayra__command_groups[TAYRA__COMMAND_GROUPS];

/* The name of any case, NULL when there is no such command. */
const struct tayra__command *tayra__command_find(const char *name, size_t len);
/* The n-th of all commands and its group, NULL after the last. */
const struct tayra__command *tayra__command_at(size_t n, const char **group);
/* With which others a request may be executed side by side. */
enum tayra__aside tayra__command_aside(const struct tayra__server *server,
				       const struct tayra__resp_arg *args);
/* Redis has it and we do not. */
bool tayra__command_unserved(const char *name, size_t len);

void tayra__command_execute(struct tayra__connection *connection, struct tayra__resp_arg *args,
			    size_t count, struct tayra__buffer *out);

/* For the files of commands: */

enum tayra__resp_version tayra__call_version(const struct tayra__call *call);
struct tayra__key_in tayra__call_key(const struct tayra__call *call, size_t index);
/* The argument is this word, in any case. */
bool tayra__call_is(const struct tayra__call *call, size_t index, const char *word);
/* The argument as an integer; or replies that it is none and returns false. */
bool tayra__call_integer(const struct tayra__call *call, size_t index, int64_t *out);
/* Reply an error that begins with its code, as "ERR syntax error". */
__attribute__((format(printf, 2, 3))) void tayra__call_error(const struct tayra__call *call,
							     const char *format, ...);
void tayra__call_syntax_error(const struct tayra__call *call);
#define TAYRA__UNSURE_ERROR                                                                        \
	"IOERR done, but a tier cannot be made sure to have forgotten what was there: do it again"
/* The reply to a status of the keyspace that is neither OK nor NOT_FOUND. */
void tayra__call_refuse(const struct tayra__call *call, int status);
/* "unknown subcommand"; args[1] is named. */
void tayra__call_unknown_subcommand(const struct tayra__call *call);
void tayra__call_wrong_arity(const struct tayra__call *call);

#endif
