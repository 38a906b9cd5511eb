/* SPDX-License-Identifier: Apache-2.0 */
#include "drive/command.h"

#include <tayra/base.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

/* Where in the line the words are being taken from, and where they go: the text is rewritten in
 * place, for a word is never longer than what it was written as. */
struct split {
	const char *from;
	char *to;
	const char *problem;
};

static void
take_quoted(struct split *s)
{
	char quote = *s->from++;

	while (*s->from && *s->from != quote) {
		if (quote == '"' && *s->from == '\\' && (s->from[1] == '"' || s->from[1] == '\\'))
			s->from++;
		*s->to++ = *s->from++;
	}
	if (*s->from)
		s->from++;
	else
		s->problem = quote == '"' ? "a \" is not closed" : "a ' is not closed";
}

static bool
blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void
take_word(struct split *s)
{
	while (*s->from && !blank(*s->from) && !s->problem) {
		if (*s->from == '\'' || *s->from == '"') {
			take_quoted(s);
			continue;
		}
		if (*s->from == '\\' && !*++s->from) {
			s->problem = "a \\ stands at the end";
			return;
		}
		*s->to++ = *s->from++;
	}
}

int
tayra__command_parse(const char *line, struct tayra__command *out, char *why, size_t why_size)
{
	struct split s = { line, out->text, NULL };
	size_t words = 0;

	if (strlen(line) > TAYRA__COMMAND_TEXT_MAX)
		s.problem = "it is longer than 4096 bytes";
	while (!s.problem) {
		while (blank(*s.from))
			s.from++;
		if (!*s.from)
			break;
		if (words == TAYRA__COMMAND_WORDS_MAX) {
			s.problem = "it has more than 256 words";
			break;
		}
		out->argv[words++] = s.to;
		take_word(&s);
		if (*s.from)
			s.from++;
		*s.to++ = '\0';
	}
	out->argv[words] = NULL;
	if (!s.problem && (words == 0 || !out->argv[0][0]))
		s.problem = "it names no program";
	if (!s.problem)
		return TAYRA_OK;
	snprintf(why, why_size, "%s", s.problem);
	return TAYRA_E_INVAL;
}

/* What a process writes to one of its ends: of that, the last line is kept. */
struct voice {
	int fd; /* -1: no more comes */
	char *line;
	size_t room, length;
	bool line_over; /* the line has ended: what follows replaces it */
};

/* A process that runs, and what it says. */
struct child {
	pid_t pid;
	int pidfd;
	struct voice output, errors;
};

static void
hear(struct voice *voice, const char *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)bytes[i];

		if (c == '\n' || c == '\r') {
			voice->line_over = true;
			continue;
		}
		if (voice->line_over)
			voice->length = 0;
		voice->line_over = false;
		if (voice->length < voice->room - 1)
			voice->line[voice->length++] = (char)(c < 0x20 || c == 0x7f ? '?' : c);
		voice->line[voice->length] = '\0';
	}
}

static void
stop_listening(struct voice *voice)
{
	if (voice->fd >= 0)
		close(voice->fd);
	voice->fd = -1;
}

/* At most `rounds` reads, so that a program that never stops talking is not listened to forever. */
static void
listen_to(struct voice *voice, unsigned rounds)
{
	char bytes[4096];

	while (voice->fd >= 0 && rounds--) {
		ssize_t got = read(voice->fd, bytes, sizeof(bytes));

		if (got > 0)
			hear(voice, bytes, (size_t)got);
		else if (got == 0 || (errno != EAGAIN && errno != EINTR))
			stop_listening(voice);
		else
			return;
	}
}

/* A pipe into a line of room bytes; the end to be written to is returned, or -1. */
static int
open_voice(struct voice *voice, char *line, size_t room)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	*voice = (struct voice){ .fd = ends[0], .line = line, .room = room };
	return ends[1];
}

/* output: -1: it goes nowhere. */
static int
plan_files(posix_spawn_file_actions_t *files, const char *folder, int output, int errors)
{
	int error = 0;

	if (folder)
		error = posix_spawn_file_actions_addchdir_np(files, folder);
	if (!error)
		error = posix_spawn_file_actions_addopen(files, 0, "/dev/null", O_RDONLY, 0);
	if (!error && output < 0)
		error = posix_spawn_file_actions_addopen(files, 1, "/dev/null", O_WRONLY, 0);
	else if (!error)
		error = posix_spawn_file_actions_adddup2(files, output, 1);
	if (!error)
		error = posix_spawn_file_actions_adddup2(files, errors, 2);
	return error;
}

/* A group of its own, and signals as a program expects to find them. */
static int
plan_process(posix_spawnattr_t *attributes)
{
	sigset_t none, all;

	sigemptyset(&none);
	sigfillset(&all);
	posix_spawnattr_setpgroup(attributes, 0);
	posix_spawnattr_setsigmask(attributes, &none);
	posix_spawnattr_setsigdefault(attributes, &all);
	return posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
							    POSIX_SPAWN_SETSIGDEF);
}

/* => 0 or an errno. */
static int
spawn(const struct tayra__command *command, const char *folder, int output, int errors, pid_t *pid)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	int error = posix_spawn_file_actions_init(&files);

	if (error)
		return error;
	error = posix_spawnattr_init(&attributes);
	if (!error) {
		error = plan_files(&files, folder, output, errors);
		if (!error)
			error = plan_process(&attributes);
		if (!error)
			error = posix_spawnp(pid, command->argv[0], &files, &attributes,
					     command->argv, environ);
		posix_spawnattr_destroy(&attributes);
	}
	posix_spawn_file_actions_destroy(&files);
	return error;
}

/* => 0 or an errno.  The ends that the child writes to are closed again. */
static int
start_heard(const struct tayra__command *command, const struct tayra__command_limits *limits,
	    struct child *child, struct tayra__command_run *out)
{
	int errors = open_voice(&child->errors, out->complaint, sizeof(out->complaint));
	int output = -1, error;

	if (errors < 0)
		return errno;
	if (limits->output)
		output = open_voice(&child->output, out->output, sizeof(out->output));
	if (limits->output && output < 0)
		error = errno;
	else
		error = spawn(command, limits->folder, output, errors, &child->pid);
	close(errors);
	if (output >= 0)
		close(output);
	return error;
}

static int
start(const struct tayra__command *command, const struct tayra__command_limits *limits,
      struct child *child, struct tayra__command_run *out)
{
	int error;

	*child = (struct child){ .output.fd = -1, .errors.fd = -1, .pidfd = -1 };
	error = start_heard(command, limits, child, out);
	if (!error) {
		child->pidfd = (int)syscall(SYS_pidfd_open, child->pid, 0);
		if (child->pidfd >= 0)
			return TAYRA_OK;
		error = errno;
		kill(-child->pid, SIGKILL);
		waitpid(child->pid, NULL, 0);
	}
	stop_listening(&child->output);
	stop_listening(&child->errors);
	errno = error;
	if (error == ENOENT || error == ENOTDIR)
		return TAYRA_E_NOT_FOUND;
	return error == EACCES || error == ENOEXEC ? TAYRA_E_INVAL : TAYRA_E_IO;
}

static bool
told_to_stop(const struct tayra__command_limits *limits)
{
	return limits->stop && atomic_load_explicit(limits->stop, memory_order_relaxed);
}

/* Until it has ended (not yet reaped), its time is over, or a stop comes.  Returns when that was.
 */
static uint64_t
await(struct child *child, const struct tayra__command_limits *limits, uint64_t start_ns,
      struct tayra__command_run *out)
{
	uint64_t end_ns = limits->timeout_ns ? start_ns + limits->timeout_ns : UINT64_MAX;

	for (;;) {
		struct pollfd fds[] = { { .fd = child->pidfd, .events = POLLIN },
					{ .fd = child->errors.fd, .events = POLLIN },
					{ .fd = child->output.fd, .events = POLLIN } };
		uint64_t now = tayra__clock_real_ns();
		struct timespec nap = { .tv_nsec = 0 };

		out->stopped = told_to_stop(limits);
		out->timed_out = !out->stopped && now >= end_ns;
		if (out->stopped || out->timed_out)
			return now;
		nap.tv_nsec = (long)(tayra__clock_nap_end_ns(now, end_ns) - now);
		if (ppoll(fds, 3, &nap, NULL) <= 0)
			continue;
		if (fds[0].revents)
			return tayra__clock_real_ns();
		listen_to(&child->errors, 16);
		listen_to(&child->output, 16);
	}
}

static void
count(struct tayra__command_run *out, const struct rusage *use)
{
	uint64_t rss = (uint64_t)use->ru_maxrss * 1024;

	out->cpu_ns += tayra__clock_usage_cpu_ns(use);
	if (rss > out->rss_max_bytes)
		out->rss_max_bytes = rss;
}

/* The leader is not reaped before its group is killed: until then nobody else can be that group. */
static int
reap(struct child *child, struct tayra__command_run *out)
{
	struct rusage use;
	int how = 0;
	pid_t got;

	kill(-child->pid, SIGKILL);
	while ((got = wait4(child->pid, &how, 0, &use)) < 0 && errno == EINTR)
		continue;
	if (got < 0)
		return TAYRA_E_IO;
	count(out, &use);
	out->signal = WIFSIGNALED(how) ? WTERMSIG(how) : 0;
	out->exit_code = WIFEXITED(how) ? WEXITSTATUS(how) : -1;
	while ((got = wait4(-child->pid, NULL, 0, &use)) > 0 || (got < 0 && errno == EINTR))
		if (got > 0)
			count(out, &use);
	return TAYRA_OK;
}

int
tayra__command_run(const struct tayra__command *command, const struct tayra__command_limits *limits,
		   struct tayra__command_run *out)
{
	struct child child;
	uint64_t start_ns;
	int status;

	*out = (struct tayra__command_run){ .exit_code = -1 };
	/* Without it, what its children leave behind would go to init and never be counted. */
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
		return TAYRA_E_IO;
	start_ns = tayra__clock_real_ns();
	status = start(command, limits, &child, out);
	if (status != TAYRA_OK)
		return status;
	out->wall_ns = await(&child, limits, start_ns, out) - start_ns;
	status = reap(&child, out);
	listen_to(&child.errors, 64);
	listen_to(&child.output, 64);
	stop_listening(&child.errors);
	stop_listening(&child.output);
	close(child.pidfd);
	return status;
}

const char *
tayra__command_ending(const struct tayra__command_run *run, char text[300])
{
	text[0] = '\0';
	if (run->stopped)
		snprintf(text, 300, "was stopped");
	else if (run->timed_out)
		snprintf(text, 300, "took longer than its limit of time");
	else if (run->signal)
		snprintf(text, 300, "was killed by signal %d", run->signal);
	else if (run->exit_code)
		snprintf(text, 300, "exited with %d", run->exit_code);
	if (text[0] && run->complaint[0]) {
		size_t used = strlen(text);

		snprintf(text + used, 300 - used, ": %s", run->complaint);
	}
	return text;
}
