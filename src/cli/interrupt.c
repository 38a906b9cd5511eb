/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/interrupt.h"

#include <signal.h>
#include <string.h>

/* A signal handler has nowhere else to write. */
static volatile sig_atomic_t interrupted;

static void
handler(int signal_number)
{
	interrupted = 1;
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
}

bool
tayra__interrupted(void)
{
	return interrupted;
}
