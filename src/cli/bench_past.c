/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/bench_past.h"

#include <tayra/base.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/option.h"
#include "cli/arguments.h"
#include "cli/command.h"

static error_t
take_file(struct tayra__bench_past *past, const char *arg)
{
	if (past->file_count < sizeof(past->files) / sizeof(past->files[0])) {
		past->files[past->file_count++] = arg;
		return 0;
	}
	tayra__cli_error(past->command, "more than 64 files");
	return EINVAL;
}

static error_t
take_option(int key, char *arg, struct argp_state *state)
{
	struct tayra__bench_past *past = state->input;

	switch (key) {
	case TAYRA__PAST_BENCH: past->bench = arg; return 0;
	case TAYRA__PAST_METRIC: past->metric = arg; return 0;
	case TAYRA__PAST_PRICES: past->prices_path = arg; return 0;
	case TAYRA__PAST_JSON: past->json = true; return 0;
	case TAYRA__PAST_HTML: past->html_path = arg; return 0;
	case TAYRA__PAST_SEED:
		if (tayra__option_u64(arg, 0, UINT64_MAX / 2, &past->seed) == TAYRA_OK)
			return 0;
		tayra__cli_error(past->command, "--seed '%s' is not a whole number", arg);
		return EINVAL;
	case ARGP_KEY_ARG: return take_file(past, arg);
	default: return ARGP_ERR_UNKNOWN;
	}
}

/* What a reader gives is for both: rows for the past, notes for the command. */
struct reading {
	struct tayra__past *past;
	char command[64];
};

static bool
keep(void *ctx, const struct tayra__history_row *row)
{
	return tayra__past_keep(((struct reading *)ctx)->past, row);
}

static void
note_reading(void *ctx, const char *text)
{
	tayra__cli_error(((struct reading *)ctx)->command, "passed over: %s", text);
}

/* A device has no end: /dev/zero is one line that never does.  Who types has one. */
static bool
is_endless(FILE *in)
{
	struct stat about;

	return fstat(fileno(in), &about) == 0 &&
	       (S_ISCHR(about.st_mode) || S_ISBLK(about.st_mode)) && !isatty(fileno(in));
}

int
tayra__bench_past_check(const char *command, const char *path)
{
	struct stat about;

	if (!path || stat(path, &about) != 0 || S_ISREG(about.st_mode) || S_ISDIR(about.st_mode))
		return TAYRA__EXIT_OK;
	tayra__cli_error(command, "%s: is no regular file, and a history is kept in one", path);
	return TAYRA__EXIT_USAGE;
}

int
tayra__bench_past_add(struct tayra__past *past, const char *command, const char *path)
{
	struct reading reading = { .past = past };
	const struct tayra__history_reader reader = { keep, note_reading, &reading };
	struct tayra__history_count count;
	bool standard = strcmp(path, "-") == 0;
	FILE *in = standard ? stdin : fopen(path, "re");
	int status;

	snprintf(reading.command, sizeof(reading.command), "%s", command);
	if (!in) {
		tayra__cli_error(command, "%s: %m", path);
		return TAYRA__EXIT_USAGE;
	}
	if (is_endless(in)) {
		tayra__cli_error(command, "%s: is a device, and a history is a file or a pipe",
				 standard ? "stdin" : path);
		if (!standard)
			fclose(in);
		return TAYRA__EXIT_USAGE;
	}
	status = tayra__history_read(in, standard ? "stdin" : path, &reader, &count);
	if (status == TAYRA_E_IO)
		tayra__cli_error(command, "%s: %m", path);
	if (!standard)
		fclose(in);
	if (status == TAYRA_E_NOMEM || past->no_memory) {
		tayra__cli_error(command, "%s", tayra_status_text(TAYRA_E_NOMEM));
		return TAYRA__EXIT_FAILURE;
	}
	return status == TAYRA_OK ? TAYRA__EXIT_OK : TAYRA__EXIT_USAGE;
}

static int
read_files(struct tayra__bench_past *past)
{
	int code = TAYRA__EXIT_OK;

	for (size_t i = 0; i < past->file_count && code == TAYRA__EXIT_OK; i++)
		code = tayra__bench_past_add(&past->past, past->command, past->files[i]);
	if (code == TAYRA__EXIT_OK && !past->past.count) {
		const bool any = !past->bench && !past->metric;

		tayra__cli_error(past->command, "%s in the history%s",
				 any ? "no verdict" : "nothing of that name and metric",
				 past->metric && strcmp(past->metric, "cpu") == 0
					 ? ": only --metric cpu has a price"
					 : "");
		code = TAYRA__EXIT_USAGE;
	}
	return code;
}

int
tayra__bench_past_read(struct tayra__bench_past *past, int argc, char **argv,
		       const struct argp_option *table, const char *doc)
{
	const struct argp argp = {
		.options = table, .parser = take_option, .args_doc = "FILE...", .doc = doc
	};
	const char *metric = past->metric;
	int code;

	*past = (struct tayra__bench_past){ .command = argv[0], .metric = metric, .seed = 1 };
	code = tayra__cli_parse(&argp, argc, argv, past);
	if (code == TAYRA__EXIT_OK && !past->file_count) {
		tayra__cli_error(argv[0],
				 "no file of a history given (--history FILE of run and gate "
				 "writes one)");
		return TAYRA__EXIT_USAGE;
	}
	if (code != TAYRA__EXIT_OK)
		return code;
	if (tayra__past_init(&past->past, past->bench, past->metric) != TAYRA_OK) {
		tayra__cli_error(argv[0], "%s", tayra_status_text(TAYRA_E_NOMEM));
		return TAYRA__EXIT_FAILURE;
	}
	code = read_files(past);
	if (code == TAYRA__EXIT_OK)
		tayra__past_sort(&past->past);
	return code;
}

void
tayra__bench_past_fini(struct tayra__bench_past *past)
{
	tayra__past_fini(&past->past);
}
