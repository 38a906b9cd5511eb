/* SPDX-License-Identifier: Apache-2.0
 *
 * command_arm.h: a command as the arm of a session: in a slice it is run as often as fits, once at
 * least, and the slice yields the median over the runs.
 */
#ifndef TAYRA_DRIVE_COMMAND_ARM_H
#define TAYRA_DRIVE_COMMAND_ARM_H

#include "drive/command.h"
#include "prove/session.h"

struct tayra__command_arm {
	struct tayra__command command;
	struct tayra__command_limits limits;
	const char *limit; /* what limits.timeout_ns is, for `why`; NULL: its limit of time */
	bool may_fail;     /* an exit code other than 0 is no failure */
	uint64_t runs;
	char why[400]; /* why it failed, in one line; "": it did not */
};

/*
 * Of tayra__arm; ctx is a struct tayra__command_arm.
 * => TAYRA__MEAN_MS: wall time; TAYRA__CPU_MS_PER_REQUEST: user and system, of the tree;
 *    TAYRA__RSS_MIB: memory of its largest process, never below that of ours (the kernel's account
 *    begins at the fork); TAYRA__OUTPUT and TAYRA__SCORE, if limits.output: the number that is the
 *    last word of its stdout, and at least 0.
 * => TAYRA_PENDING: it failed and `why` says how, or it was stopped.
 */
int tayra__command_arm_run(void *ctx, const struct tayra__slice *slice, struct tayra__measure *out);

#endif
