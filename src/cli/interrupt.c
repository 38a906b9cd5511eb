/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/interrupt.h"

#include <signal.h>
#include <stdatomic.h>
#include <string.h>

/* A signal handler has nowhere else to write. */
static _Atomic bool interrupted;

static void
handler(int signal_number)
{
	atomic_store_explicit(&interrupted, true, memory_order_relaxed);
}

void
tayra__interrupt_install(void)
{
	struct sigaction action;

	memset(&action, 0, sizeof(action));
	action.sa_handler = handler;
	action.sa_flags = SA_RESETHAND;
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	/* A pipe nobody reads any more is a write that fails: the report is still written. */
	signal(SIGPIPE, SIG_IGN);
}

bool
tayra__interrupted(void)
{
	return atomic_load_explicit(&interrupted, memory_order_relaxed);
}

const _Atomic bool *
tayra__interrupt_flag(void)
{
	return &interrupted;
}
