/* SPDX-License-Identifier: Apache-2.0
 *
 * psi.h: pressure stall information: for which share of time tasks stood still for want of
 * processor, memory or I/O (the kernel's accounting/psi.rst), of the machine or of a control group.
 *
 * TRIGGERS.  The kernel is asked to say when memory or I/O stall for longer than a share of two
 * seconds (poll, POLLPRI); until it does, files are read every two seconds only.  A window of two
 * seconds, as only multiples of that are free to who has no CAP_SYS_RESOURCE, and the terminating
 * zero is part of what is written, as without it the kernel overwrites the last digit.  Where that
 * is refused (an older kernel, no permission, psi=0), files are read at each reading instead; where
 * they cannot be read, nothing is known.  Nothing is written to what is not a file of the kernel's.
 *
 * Not thread-safe.
 */
#ifndef TAYRA_PACE_PSI_H
#define TAYRA_PACE_PSI_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum tayra__psi_kind {
	TAYRA__PSI_CPU,    /* some */
	TAYRA__PSI_MEMORY, /* some */
	TAYRA__PSI_IO,     /* full: nobody could go on */
};
#define TAYRA__PSI_KINDS 3

struct tayra__psi_line {
	double avg10;      /* share, 0 to 1 */
	uint64_t total_us; /* stalled, ever */
};

/* The line that begins with `word` ("some", "full").  => TAYRA_OK; TAYRA_E_CORRUPT with *out
 * untouched.  The text is not terminated. */
int tayra__psi_parse(const char *text, size_t len, const char *word, struct tayra__psi_line *out);

/* What triggers need of the world, for tests; as the calls of those names. */
struct tayra__psi_calls {
	int (*open)(int folder, const char *name, int flags);
	ssize_t (*write)(int fd, const void *bytes, size_t len);
	int (*poll)(struct pollfd *fds, nfds_t count, int timeout_ms);
	bool (*is_kernels)(int fd);
};

struct tayra__psi_source {
	int fd;            /* -1: not known */
	bool triggers;     /* the kernel says when it is over its share */
	uint64_t hot_ns;   /* until then it is read each time */
	uint64_t at_ns;    /* of the last reading; 0: none */
	uint64_t total_us; /* then */
	double share;      /* since the one before */
};

struct tayra__psi {
	const struct tayra__psi_calls *calls;
	struct tayra__psi_source sources[TAYRA__PSI_KINDS];
};

/* Up to `max` bytes from the beginning of an open file.  => their number, 0: could not be read. */
size_t tayra__psi_file_start(int fd, char *text, size_t max);
/* Of the files of those names in a folder (a descriptor).  calls NULL: the real ones. */
void tayra__psi_open(struct tayra__psi *psi, int folder, const char *const names[TAYRA__PSI_KINDS],
		     const struct tayra__psi_calls *calls);
void tayra__psi_close(struct tayra__psi *psi);
/* Shares of the time since the last reading, or of the last ten seconds at the first; NaN where not
 * known. */
void tayra__psi_read(struct tayra__psi *psi, uint64_t now_ns, double shares[TAYRA__PSI_KINDS]);

#endif
