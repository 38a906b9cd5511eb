/* SPDX-License-Identifier: Apache-2.0 */
#include "watch/exec.h"

#include <tayra/base.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "watch/alert.h"

#define WAITING  16
#define RUN_NS   (10 * TAYRA_NS_PER_S)
#define EVERY_NS TAYRA_NS_PER_S

extern char **environ;

struct message {
	size_t len;
	char text[TAYRA__ALERT_JSON_MAX];
};

struct tayra__exec {
	const char *const *argv;
	uint64_t run_ns, every_ns;
	pid_t child; /* 0: none runs */
	bool killed;
	uint64_t started_ns, next_ns;
	struct message waiting[WAITING]; /* a ring */
	unsigned first, count;
	_Atomic uint64_t started, failed, killings, dropped; /* relaxed: figures of their own */
};

struct shown {
	uint64_t started, failed, killed, dropped;
};

#define ROW(member, text)                                                                          \
	{                                                                                          \
		.name = "tayra_alert_exec_" #member, .sentence = text,                             \
		.type = TAYRA__WATCH_COUNTER, .field = TAYRA__WATCH_U64,                           \
		.offset = offsetof(struct shown, member)                                           \
	}

static const struct tayra__watch_row shown_rows[] = {
	ROW(started, "Programs started to tell of an alert"),
	ROW(failed, "Programs that could not be started or did not end with status 0"),
	ROW(killed, "Programs killed because they ran too long"),
	ROW(dropped, "Alerts no program was told of because too many waited"),
};

static void
show(void *ctx, void *snapshot)
{
	struct tayra__exec *exec = ctx;
	struct shown shown = {
		atomic_load_explicit(&exec->started, memory_order_relaxed),
		atomic_load_explicit(&exec->failed, memory_order_relaxed),
		atomic_load_explicit(&exec->killings, memory_order_relaxed),
		atomic_load_explicit(&exec->dropped, memory_order_relaxed),
	};

	memcpy(snapshot, &shown, sizeof(shown));
}

static const struct tayra__watch_table shown_table = {
	.rows = shown_rows,
	.row_count = sizeof(shown_rows) / sizeof(shown_rows[0]),
	.instance_label = "exec",
	.snapshot_bytes = sizeof(struct shown),
	.read = show,
};

int
tayra__exec_create(struct tayra__registry *registry, const struct tayra__exec_options *options,
		   struct tayra__exec **out)
{
	struct tayra__exec *exec;
	int status;

	*out = NULL;
	if (!options->argv || !options->argv[0] || !strchr(options->argv[0], '/') ||
	    !tayra__watch_name_ok(options->name))
		return TAYRA_E_INVAL;
	exec = tayra__mem_alloc(sizeof(*exec));
	if (!exec)
		return TAYRA_E_NOMEM;
	exec->argv = options->argv;
	exec->run_ns = options->run_ns ? options->run_ns : RUN_NS;
	exec->every_ns = options->every_ns ? options->every_ns : EVERY_NS;
	status = tayra__registry_add_table(registry, &shown_table, options->name, exec);
	if (status < 0) {
		tayra__mem_free(exec);
		return status;
	}
	*out = exec;
	return TAYRA_OK;
}

static void
count(_Atomic uint64_t *counter)
{
	atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

/* Has it ended?  Its group goes first, while its number cannot yet be somebody else's. */
static bool
reap(struct tayra__exec *exec, int flags)
{
	siginfo_t info = { 0 };
	int status = 0;

	while (waitid(P_PID, (id_t)exec->child, &info, WEXITED | WNOWAIT | flags) < 0) {
		if (errno == EINTR)
			continue;
		exec->child = 0; /* somebody else in the process reaped it */
		return true;
	}
	if (info.si_pid == 0)
		return false;
	kill(-exec->child, SIGKILL);
	while (waitpid(exec->child, &status, 0) < 0 && errno == EINTR)
		;
	exec->child = 0;
	if (!exec->killed && !(WIFEXITED(status) && WEXITSTATUS(status) == 0))
		count(&exec->failed);
	return true;
}

void
tayra__exec_destroy(struct tayra__exec *exec)
{
	if (!exec)
		return;
	if (exec->child) {
		kill(-exec->child, SIGKILL);
		reap(exec, 0);
	}
	tayra__mem_free(exec);
}

/* Every signal back to its default, none blocked, a group of its own. */
static void
set_attributes(posix_spawnattr_t *attributes)
{
	sigset_t all, none;

	sigfillset(&all);
	sigemptyset(&none);
	posix_spawnattr_setsigdefault(attributes, &all);
	posix_spawnattr_setsigmask(attributes, &none);
	posix_spawnattr_setpgroup(attributes, 0);
	posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK |
						     POSIX_SPAWN_SETPGROUP);
}

static pid_t
spawn(const char *const *argv, int input)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	pid_t child = 0;

	if (posix_spawn_file_actions_init(&files) != 0)
		return 0;
	if (posix_spawnattr_init(&attributes) != 0) {
		posix_spawn_file_actions_destroy(&files);
		return 0;
	}
	set_attributes(&attributes);
	if (posix_spawn_file_actions_adddup2(&files, input, STDIN_FILENO) != 0 ||
	    posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0) !=
		    0 ||
	    posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1) != 0 ||
	    posix_spawn(&child, argv[0], &files, &attributes, (char *const *)(void *)argv,
			environ) != 0)
		child = 0;
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&files);
	return child;
}

/* The message is in the pipe before anybody can read, and so before anybody can refuse to: no
 * blocking, no SIGPIPE. */
static pid_t
start(const char *const *argv, const struct message *message)
{
	int ends[2];
	pid_t child = 0;

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
		return 0;
	if (write(ends[1], message->text, message->len) == (ssize_t)message->len &&
	    fcntl(ends[0], F_SETFL, 0) == 0)
		child = spawn(argv, ends[0]);
	close(ends[0]);
	close(ends[1]);
	return child;
}

static void
tick(void *ctx, uint64_t now_ns)
{
	struct tayra__exec *exec = ctx;

	if (exec->child && !reap(exec, WNOHANG) && !exec->killed &&
	    now_ns - exec->started_ns >= exec->run_ns) {
		kill(-exec->child, SIGKILL);
		exec->killed = true;
		count(&exec->killings);
	}
	if (exec->child || exec->count == 0 || now_ns < exec->next_ns)
		return;
	exec->killed = false;
	exec->started_ns = now_ns;
	exec->next_ns = now_ns + exec->every_ns;
	exec->child = start(exec->argv, &exec->waiting[exec->first]);
	exec->first = (exec->first + 1) % WAITING;
	exec->count--;
	count(exec->child ? &exec->started : &exec->failed);
}

static void
send(void *ctx, const char *json, size_t len, uint64_t now_ns)
{
	struct tayra__exec *exec = ctx;
	struct message *message;

	if (len > sizeof(message->text)) {
		count(&exec->dropped);
		return;
	}
	if (exec->count == WAITING) {
		/* The newest says how things are. */
		exec->first = (exec->first + 1) % WAITING;
		exec->count--;
		count(&exec->dropped);
	}
	message = &exec->waiting[(exec->first + exec->count++) % WAITING];
	message->len = len;
	memcpy(message->text, json, len);
	tick(exec, now_ns);
}

struct tayra__alert_action
tayra__exec_action(struct tayra__exec *exec)
{
	return (struct tayra__alert_action){ .send = send, .tick = tick, .ctx = exec };
}
