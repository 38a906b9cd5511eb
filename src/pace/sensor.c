/* SPDX-License-Identifier: Apache-2.0
 *
 * sensor.c: how busy the whole machine is, from /proc.  It does not know containers: inside a
 * cgroup with a quota it still says what the host does; see sensor_cgroup.c.
 *
 * The lock keeps the reading before this one, so that several struct tayra_pace may share a
 * sensor; each then sees the use since whoever read last.
 */
#include "pace/sensor.h"

#include "base/mem.h"
#include "pace/limit.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TEXT_MAX 4096 /* the lines looked at are among the first */

struct proc {
	int stat_fd, meminfo_fd;
	pthread_mutex_t lock;
	struct tayra__sensor_cpu before;
	double cpu; /* the last share, NaN before there are two readings */
	struct tayra__psi psi;
};

struct text {
	const char *at, *end;
};

static bool
skip_word(struct text *text, const char *word)
{
	size_t len = strlen(word);

	if ((size_t)(text->end - text->at) < len || memcmp(text->at, word, len) != 0)
		return false;
	text->at += len;
	return true;
}

static void
skip_spaces(struct text *text)
{
	while (text->at < text->end && (*text->at == ' ' || *text->at == '\t'))
		text->at++;
}

static bool
next_line(struct text *text)
{
	const char *newline = memchr(text->at, '\n', (size_t)(text->end - text->at));

	text->at = newline ? newline + 1 : text->end;
	return text->at < text->end;
}

/* A decimal number after spaces that ends at a space, a newline or the end. */
static bool
read_number(struct text *text, uint64_t *out)
{
	uint64_t value = 0;
	const char *start;

	skip_spaces(text);
	for (start = text->at; text->at < text->end && *text->at >= '0' && *text->at <= '9';
	     text->at++)
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(*text->at - '0'), &value))
			return false;
	*out = value;
	return text->at > start && (text->at == text->end || *text->at == ' ' || *text->at == '\n');
}

static bool
at_line_end(struct text *text)
{
	skip_spaces(text);
	return text->at == text->end || *text->at == '\n';
}

/* user nice system idle iowait irq softirq steal; guest time is in user already. */
#define CPU_FIELDS 8
#define CPU_IDLE   3
#define CPU_IOWAIT 4

static int
parse_cpu_line(struct text text, struct tayra__sensor_cpu *out)
{
	struct tayra__sensor_cpu cpu = { 0, 0 };
	int fields = 0;

	for (; fields < CPU_FIELDS && !at_line_end(&text); fields++) {
		uint64_t ticks;

		if (!read_number(&text, &ticks) ||
		    __builtin_add_overflow(cpu.total, ticks, &cpu.total))
			return TAYRA_E_CORRUPT;
		if (fields != CPU_IDLE && fields != CPU_IOWAIT)
			cpu.busy += ticks; /* <= total */
	}
	if (fields <= CPU_IDLE)
		return TAYRA_E_CORRUPT;
	*out = cpu;
	return TAYRA_OK;
}

int
tayra__sensor_parse_stat(const char *bytes, size_t len, struct tayra__sensor_cpu *out)
{
	struct text text = { bytes, bytes + len };

	if (len == 0)
		return TAYRA_E_CORRUPT;
	do {
		if (skip_word(&text, "cpu "))
			return parse_cpu_line(text, out);
	} while (next_line(&text));
	return TAYRA_E_CORRUPT;
}

int
tayra__sensor_parse_meminfo(const char *bytes, size_t len, double *out)
{
	struct text text = { bytes, bytes + len };
	uint64_t total = 0, available = 0;
	bool have_total = false, have_available = false;

	if (len == 0)
		return TAYRA_E_CORRUPT;
	do {
		if (skip_word(&text, "MemTotal:"))
			have_total = read_number(&text, &total);
		else if (skip_word(&text, "MemAvailable:"))
			have_available = read_number(&text, &available);
	} while (next_line(&text));
	if (!have_total || !have_available || total == 0 || available > total)
		return TAYRA_E_CORRUPT;
	*out = 1 - (double)available / (double)total;
	return TAYRA_OK;
}

int
tayra__sensor_parse_total(const char *bytes, size_t len, uint64_t *out)
{
	struct text text = { bytes, bytes + len };

	if (len == 0)
		return TAYRA_E_CORRUPT;
	do {
		if (skip_word(&text, "MemTotal:"))
			return read_number(&text, out) ? TAYRA_OK : TAYRA_E_CORRUPT;
	} while (next_line(&text));
	return TAYRA_E_CORRUPT;
}

/* The share of this reading; the clock ticks at 100 Hz, so readings close together repeat it. */
static double
cpu_share(struct proc *proc, struct tayra__sensor_cpu now)
{
	const struct tayra__sensor_cpu before = proc->before;

	if (now.total == before.total)
		return proc->cpu;
	/* Counts may go back: what says nothing now is what the next is compared with.  More busy
	 * than all together: only the time that waited for I/O went back. */
	if (before.total && now.total > before.total && now.busy >= before.busy)
		proc->cpu = fmin(
			(double)(now.busy - before.busy) / (double)(now.total - before.total), 1);
	proc->before = now;
	return proc->cpu;
}

void
tayra__sensor_stalls(struct tayra__psi *psi, uint64_t now_ns, struct tayra_pressure *out)
{
	double shares[TAYRA__PSI_KINDS];

	tayra__psi_read(psi, now_ns, shares);
	if (!isnan(shares[TAYRA__PSI_CPU]))
		out->cpu_stall = shares[TAYRA__PSI_CPU];
	if (!isnan(shares[TAYRA__PSI_MEMORY]))
		out->memory_stall = shares[TAYRA__PSI_MEMORY];
	if (!isnan(shares[TAYRA__PSI_IO]))
		out->io_stall = shares[TAYRA__PSI_IO];
}

static int
proc_read(void *ctx, uint64_t now_ns, struct tayra_pressure *out)
{
	struct proc *proc = ctx;
	struct tayra__sensor_cpu cpu;
	char text[TEXT_MAX];
	double memory;

	if (tayra__sensor_parse_stat(text, tayra__psi_file_start(proc->stat_fd, text, sizeof(text)),
				     &cpu) < 0)
		return TAYRA_E_IO;
	if (tayra__sensor_parse_meminfo(
		    text, tayra__psi_file_start(proc->meminfo_fd, text, sizeof(text)), &memory) < 0)
		return TAYRA_E_IO;
	*out = tayra__limit_no_pressure();
	pthread_mutex_lock(&proc->lock);
	out->cpu = cpu_share(proc, cpu); /* /proc/stat counts its own time */
	tayra__sensor_stalls(&proc->psi, now_ns, out);
	pthread_mutex_unlock(&proc->lock);
	out->memory = memory;
	return TAYRA_OK;
}

static void
proc_free(struct proc *proc)
{
	if (proc->stat_fd >= 0)
		close(proc->stat_fd);
	if (proc->meminfo_fd >= 0)
		close(proc->meminfo_fd);
	tayra__psi_close(&proc->psi);
	tayra__mem_free(proc);
}

static int
open_below(const char *folder, const char *name, int flags)
{
	char path[PATH_MAX];
	int len = snprintf(path, sizeof(path), "%s/%s", folder, name);

	return len > 0 && (size_t)len < sizeof(path) ? open(path, flags | O_CLOEXEC) : -1;
}

static void
open_stalls(struct proc *proc, const char *folder)
{
	static const char *const names[TAYRA__PSI_KINDS] = { "cpu", "memory", "io" };
	int pressure = open_below(folder, "pressure", O_PATH | O_DIRECTORY);

	tayra__psi_open(&proc->psi, pressure, names, NULL);
	if (pressure >= 0)
		close(pressure);
}

int
tayra__sensor_machine(const char *folder, struct tayra_sensor *out)
{
	struct proc *proc = tayra__mem_alloc(sizeof(*proc));
	struct tayra_pressure first;

	*out = (struct tayra_sensor){ 0 };
	if (!proc)
		return TAYRA_E_NOMEM;
	proc->stat_fd = open_below(folder, "stat", O_RDONLY);
	proc->meminfo_fd = open_below(folder, "meminfo", O_RDONLY);
	open_stalls(proc, folder);
	proc->cpu = (double)NAN;
	pthread_mutex_init(&proc->lock, NULL);
	if (proc->stat_fd < 0 || proc->meminfo_fd < 0 || proc_read(proc, 0, &first) < 0) {
		pthread_mutex_destroy(&proc->lock);
		proc_free(proc);
		return TAYRA_E_IO;
	}
	*out = (struct tayra_sensor){ proc_read, proc };
	return TAYRA_OK;
}

int
tayra_sensor_proc_create(struct tayra_sensor *out)
{
	return tayra__sensor_machine("/proc", out);
}

void
tayra_sensor_proc_destroy(struct tayra_sensor *sensor)
{
	struct proc *proc = sensor->ctx;

	if (!proc)
		return;
	pthread_mutex_destroy(&proc->lock);
	proc_free(proc);
	*sensor = (struct tayra_sensor){ 0 };
}
