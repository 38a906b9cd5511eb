/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/checkout.h"

#include <tayra/base.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "drive/command.h"

/* Run git with these words.  A word is passed as it is: nothing in it is special. */
static int
run_git(char *const *words, char *why, size_t why_size)
{
	static const struct tayra__command_limits limits = { 0 };
	char git[] = "git";
	struct tayra__command command = { .argv = { git } };
	struct tayra__command_run run;
	char ending[300];
	int status;

	for (size_t i = 0; words[i]; i++)
		command.argv[i + 1] = words[i];
	status = tayra__command_run(&command, &limits, &run);
	if (status != TAYRA_OK) {
		snprintf(why, why_size, "git cannot be run: %m");
		return status;
	}
	if (run.exit_code == 0)
		return TAYRA_OK;
	snprintf(why, why_size, "%s",
		 run.complaint[0] ? run.complaint : tayra__command_ending(&run, ending));
	return TAYRA_E_INVAL;
}

int
tayra__checkout_open(const char *ref, struct tayra__checkout *out, char *why, size_t why_size)
{
	const char *temporary = getenv("TMPDIR");
	char add[] = "worktree", verb[] = "add", detach[] = "--detach", quiet[] = "--quiet",
	     force[] = "--force", revision[300];
	char *words[] = { add, verb, detach, quiet, force, out->folder, revision, NULL };
	int status;

	out->folder[0] = '\0';
	/* Peeled, and so never taken for an option or a path. */
	if ((size_t)snprintf(revision, sizeof(revision), "%s^{commit}", ref) >= sizeof(revision) ||
	    ref[0] == '-') {
		snprintf(why, why_size, "is no revision");
		return TAYRA_E_INVAL;
	}
	if ((size_t)snprintf(out->folder, sizeof(out->folder), "%s/tayra-bench-XXXXXX",
			     temporary && *temporary ? temporary : "/tmp") >= sizeof(out->folder) ||
	    !mkdtemp(out->folder)) {
		snprintf(why, why_size, "no folder under %.200s: %m",
			 temporary && *temporary ? temporary : "/tmp");
		out->folder[0] = '\0';
		return TAYRA_E_IO;
	}
	status = run_git(words, why, why_size);
	if (status != TAYRA_OK) {
		rmdir(out->folder);
		out->folder[0] = '\0';
	}
	return status;
}

void
tayra__checkout_close(struct tayra__checkout *checkout)
{
	char worktree[] = "worktree", verb[] = "remove", force[] = "--force";
	char *words[] = { worktree, verb, force, force, checkout->folder, NULL };
	char why[300];

	if (checkout->folder[0] && run_git(words, why, sizeof(why)) != TAYRA_OK)
		fprintf(stderr, "tayra: %s is left behind: %s\n", checkout->folder, why);
	checkout->folder[0] = '\0';
}
