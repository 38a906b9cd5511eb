/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/bench_files.h"

#include "cli/arguments.h"
#include "cli/command.h"

int
tayra__bench_files_check(const char *command, const char *path)
{
	FILE *out = path ? fopen(path, "ae") : NULL;

	if (out)
		fclose(out);
	else if (path)
		tayra__cli_error(command, "%s: %m", path);
	return !path || out ? TAYRA__EXIT_OK : TAYRA__EXIT_USAGE;
}

static int
write_one(const struct tayra__bench_files *files, const void *ctx, enum tayra__form form)
{
	const char *path = form == TAYRA__FORM_MD ? files->md_path : files->html_path;
	FILE *out = path ? fopen(path, form == TAYRA__FORM_MD ? "ae" : "we") : NULL;
	bool failed;

	if (!path)
		return TAYRA__EXIT_OK;
	if (!out) {
		tayra__cli_error(files->command, "%s: %m", path);
		return TAYRA__EXIT_USAGE;
	}
	files->write(ctx, form, out);
	failed = ferror(out) != 0;
	if (fclose(out) == 0 && !failed)
		return TAYRA__EXIT_OK;
	tayra__cli_error(files->command, "%s: cannot be written", path);
	return TAYRA__EXIT_USAGE;
}

int
tayra__bench_files_write(const struct tayra__bench_files *files, const void *ctx)
{
	int code = write_one(files, ctx, TAYRA__FORM_MD);

	return code == TAYRA__EXIT_OK ? write_one(files, ctx, TAYRA__FORM_HTML) : code;
}
