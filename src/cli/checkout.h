/* SPDX-License-Identifier: Apache-2.0
 *
 * checkout.h: a revision of the git repository around us, checked out in a folder of its own.
 */
#ifndef TAYRA_CLI_CHECKOUT_H
#define TAYRA_CLI_CHECKOUT_H

#include <limits.h>
#include <stddef.h>

struct tayra__checkout {
	char folder[PATH_MAX]; /* "": there is none */
};

/*
 * Check `ref` out into a new folder under $TMPDIR or /tmp, as a worktree of git (it shares the
 * repository's objects, and what is not committed is not in it).
 * => TAYRA_OK; TAYRA_E_INVAL: git said no; TAYRA_E_NOT_FOUND: there is no git; TAYRA_E_IO.  why:
 * one line.
 */
int tayra__checkout_open(const char *ref, struct tayra__checkout *out, char *why, size_t why_size);
/* Remove it, and git's record of it. */
void tayra__checkout_close(struct tayra__checkout *checkout);

#endif
