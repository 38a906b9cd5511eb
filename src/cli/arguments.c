/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/arguments.h"

#include <tayra/base.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/line.h"
#include "base/option.h"
#include "cli/command.h"

#define OPTIONS_MAX 64

void
tayra__cli_error(const char *command, const char *format, ...)
{
	char what[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	/* What came from outside may hold anything. */
	tayra__line_flatten(what, '?');
	/* Where both go to one file, this must not land in the middle of a line. */
	fflush(stdout);
	fprintf(stderr, "%s: %s\n", command, what);
}

int
tayra__cli_printed(const char *command, int code)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return code;
	tayra__cli_error(command, "standard output: cannot be written");
	return TAYRA__EXIT_USAGE;
}

static const struct argp_option *
find_option(const struct argp_option *options, const char *word)
{
	size_t len = strcspn(word, "=");

	for (; options->name; options++)
		if (strncmp(options->name, word + 2, len - 2) == 0)
			return options;
	return NULL;
}

static const struct argp_option *
find_letter(const struct argp_option *options, char letter)
{
	for (; options->name; options++)
		if (options->key == letter)
			return options;
	return NULL;
}

static void
report_unknown(const struct argp *argp, const char *command, const char *word)
{
	const char *names[OPTIONS_MAX + 2] = { "help" };
	const char *near;
	size_t count = 1;
	char name[64];

	for (const struct argp_option *o = argp->options; o->name && count < OPTIONS_MAX; o++)
		names[count++] = o->name;
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(word, "="), word);
	near = strncmp(name, "--", 2) == 0 ? tayra__option_nearest(name + 2, names) : NULL;
	if (near)
		tayra__cli_error(command, "unknown option '%s' (did you mean '--%s'?)", name, near);
	else
		tayra__cli_error(command, "unknown option '%s' (see %s --help)", word, command);
}

/* "-cFILE", "-c FILE": whether the word is one of those; one that lacks its value is reported. */
static bool
take_letter(const struct argp *argp, int argc, char **argv, int *at, bool *reported)
{
	const char *word = argv[*at];
	const struct argp_option *option = find_letter(argp->options, word[1]);

	*reported = false;
	if (!option || (word[2] && !option->arg))
		return false;
	if (!option->arg || word[2] || ++*at < argc)
		return true;
	tayra__cli_error(argv[0], "option '-%c' needs a value: %s (it is --%s)", word[1],
			 option->arg, option->name);
	*reported = true;
	return true;
}

/* argp keeps what it stumbled over to itself: walk the words as it did and find the one. */
static void
report(const struct argp *argp, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		const char *word = argv[i];
		bool named = strncmp(word, "--", 2) == 0 && word[2], reported;
		const struct argp_option *option = named ? find_option(argp->options, word) : NULL;

		if (word[0] != '-' || !word[1])
			continue;
		if (word[1] != '-' && take_letter(argp, argc, argv, &i, &reported)) {
			if (reported)
				return;
		} else if (!option) {
			report_unknown(argp, argv[0], word);
			return;
		} else if (!option->arg && strchr(word, '=')) {
			tayra__cli_error(argv[0], "option '--%s' takes no value", option->name);
			return;
		} else if (option->arg && !strchr(word, '=') && ++i == argc) {
			tayra__cli_error(argv[0], "option '--%s' needs a value: %s", option->name,
					 option->arg);
			return;
		}
	}
	tayra__cli_error(argv[0], "cannot understand the options (see %s --help)", argv[0]);
}

/* Wraps the parser so that we know whether an error was reported by it. */
struct parse {
	const struct argp *argp;
	void *input;
	bool reported;
};

static error_t
forward(int key, char *arg, struct argp_state *state)
{
	struct parse *parse = state->input;
	error_t status;

	state->input = parse->input;
	status = parse->argp->parser(key, arg, state);
	state->input = parse;
	if (status && status != ARGP_ERR_UNKNOWN)
		parse->reported = true;
	return status;
}

/* ARGP_NO_ERRS silences --help as well, so that it is looked for here. */
static bool
help_wanted(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-?") == 0 ||
		    strcmp(argv[i], "-h") == 0)
			return true;
	return false;
}

int
tayra__cli_parse(const struct argp *argp, int argc, char **argv, void *input)
{
	struct parse parse = { argp, input, false };
	struct argp wrapped = *argp;

	if (help_wanted(argc, argv)) {
		argp_help(argp, stdout, ARGP_HELP_STD_HELP & ~ARGP_HELP_EXIT_OK, argv[0]);
		exit(tayra__cli_printed(argv[0], TAYRA__EXIT_OK));
	}
	wrapped.parser = forward;
	if (argp_parse(&wrapped, argc, argv, ARGP_NO_ERRS | ARGP_NO_EXIT, NULL, &parse) == 0)
		return 0;
	if (!parse.reported)
		report(argp, argc, argv);
	return TAYRA__EXIT_USAGE;
}

bool
tayra__cli_same_file(const char *output, const char *input)
{
	struct stat out, in;

	if (stat(output, &out) || !S_ISREG(out.st_mode))
		return false;
	if (strcmp(input, "-") == 0 ? fstat(STDIN_FILENO, &in) : stat(input, &in))
		return false;
	return in.st_ino == out.st_ino && in.st_dev == out.st_dev;
}

int
tayra__cli_choice(const char *command, const char *option, const char *text,
		  const char *const *names)
{
	const char *near = tayra__option_nearest(text, names);
	char list[256] = "";

	for (int i = 0; names[i]; i++) {
		size_t used = strlen(list);

		if (strcmp(names[i], text) == 0)
			return i;
		snprintf(list + used, sizeof(list) - used, "%s%s", i ? " " : "", names[i]);
	}
	if (near)
		tayra__cli_error(command,
				 "%s '%s' does not exist (did you mean '%s'?); there are: %s",
				 option, text, near, list);
	else
		tayra__cli_error(command, "%s '%s' does not exist; there are: %s", option, text,
				 list);
	return -1;
}
