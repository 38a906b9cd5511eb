/* SPDX-License-Identifier: Apache-2.0
 *
 * command.h: any program as a target: run as a whole process, without a shell, and measured.
 */
#ifndef TAYRA_DRIVE_COMMAND_H
#define TAYRA_DRIVE_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TAYRA__COMMAND_TEXT_MAX  4096 /* bytes of a command line */
#define TAYRA__COMMAND_WORDS_MAX 256

/* A command line in words.  Points into itself: do not copy. */
struct tayra__command {
	char text[TAYRA__COMMAND_TEXT_MAX + 1];
	char *argv[TAYRA__COMMAND_WORDS_MAX + 1]; /* ended by NULL */
};

/*
 * Split as a shell would, but expand nothing: blanks separate; 'as it is'; "with \" and \\"; \x is
 * x.
 * => TAYRA_E_INVAL: no words, too many or too long, a quote that is not closed; why has one line.
 */
int tayra__command_parse(const char *line, struct tayra__command *out, char *why, size_t why_size);

struct tayra__command_limits {
	const char *folder;       /* to run in; NULL: ours */
	uint64_t timeout_ns;      /* then it is killed; 0: none */
	const _Atomic bool *stop; /* seen within 20 ms; may be NULL */
	bool output;              /* keep the last line of its stdout */
};

struct tayra__command_run {
	uint64_t wall_ns;       /* from before it was started until it ended */
	uint64_t cpu_ns;        /* user and system, of it and of every process it left to us */
	uint64_t rss_max_bytes; /* of the largest single process */
	int exit_code;          /* -1: ended by `signal` */
	int signal;
	bool timed_out, stopped;
	char complaint[200]; /* the last line it wrote to stderr, printable; "" if none */
	char output[200];    /* the same of stdout, if asked for */
};

/*
 * Run it once and wait.  Its stdin is empty, its stdout goes nowhere but to `output`, its PATH is
 * ours.
 * => It is the leader of a process group of its own.  When it ends, what is left of the group is
 *    killed and counted; a process that made a session of its own escapes both.
 * => Makes this process the reaper of its orphaned descendants, for good.
 * => TAYRA_OK: it ran, however it ended.  TAYRA_E_NOT_FOUND: no such program or folder.
 *    TAYRA_E_INVAL: it may not be executed.  TAYRA_E_IO: the system refused; errno says why.
 */
int tayra__command_run(const struct tayra__command *command,
		       const struct tayra__command_limits *limits, struct tayra__command_run *out);

/* "exited with 3: no such table", "was killed by signal 9", "took longer than its limit"; "" when
 * it ended well.  Returns text. */
const char *tayra__command_ending(const struct tayra__command_run *run, char text[300]);

#endif
