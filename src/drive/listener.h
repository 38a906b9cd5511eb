/* SPDX-License-Identifier: Apache-2.0
 *
 * listener.h: which processes of this machine listen on a port, and what processor time they used.
 */
#ifndef TAYRA_DRIVE_LISTENER_H
#define TAYRA_DRIVE_LISTENER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define TAYRA__LISTENER_PIDS_MAX 64

/*
 * The processes that hold a TCP socket listening on that port, from proc's net/tcp, net/tcp6 and
 * the descriptors of processes (those that may be looked at).
 * => proc: "/proc".  How many there are in pids; 0: none that can be seen.
 */
size_t tayra__listener_find(const char *proc, uint16_t port, pid_t pids[TAYRA__LISTENER_PIDS_MAX]);
/* The port of a URL on this machine: "http://127.0.0.1:80/x", localhost, [::1]; a scheme's own
 * where it names none.  0: it is elsewhere, or no TCP. */
uint16_t tayra__listener_local_port(const char *url);
/* Processor time of these processes so far, to the nanosecond; one that is gone counts nothing. */
uint64_t tayra__listener_cpu_ns(const pid_t *pids, size_t n);

#endif
