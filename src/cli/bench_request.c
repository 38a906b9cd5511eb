/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/bench_request.h"

#include <tayra/base.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "cli/arguments.h"
#include "cli/command.h"
#include "drive/command.h"

static error_t
take_header(struct tayra__bench_request *request, const char *command, const char *arg)
{
	if (request->headers == TAYRA__BENCH_HEADERS_MAX) {
		tayra__cli_error(command, "--header: more than %d", TAYRA__BENCH_HEADERS_MAX);
		return EINVAL;
	}
	request->header[request->headers++] = arg;
	return 0;
}

static error_t
read_body(struct tayra__bench_request *request, const char *command, const char *path)
{
	static char *body; /* stays */
	FILE *in = fopen(path, "re");
	struct stat st;
	size_t got;

	if (!in || fstat(fileno(in), &st) != 0) {
		tayra__cli_error(command, "--body: %s: %m", path);
		if (in)
			fclose(in);
		return EINVAL;
	}
	if (!S_ISREG(st.st_mode) || st.st_size > (off_t)TAYRA__WIRE_REQUEST_MAX / 2) {
		tayra__cli_error(command, "--body: %s: is no file of up to %u MiB", path,
				 TAYRA__WIRE_REQUEST_MAX / 2 >> 20);
		fclose(in);
		return EINVAL;
	}
	tayra__mem_free(body);
	body = tayra__mem_alloc((size_t)st.st_size + 1);
	got = body ? fread(body, 1, (size_t)st.st_size, in) : 0;
	fclose(in);
	if (!body || got != (size_t)st.st_size) {
		tayra__cli_error(command, "--body: %s: cannot be read", path);
		return EINVAL;
	}
	request->body = body;
	request->body_len = got;
	return 0;
}

static error_t
take_body(struct tayra__bench_request *request, const char *command, const char *arg)
{
	if (arg[0] == '@')
		return read_body(request, command, arg + 1);
	request->body = arg;
	request->body_len = strlen(arg);
	return 0;
}

static error_t
take_command(struct tayra__bench_request *request, const char *command, const char *arg)
{
	static struct tayra__command words; /* stays */
	char why[100];

	if (tayra__command_parse(arg, &words, why, sizeof(why)) < 0) {
		tayra__cli_error(command, "--command '%.200s': %s", arg, why);
		return EINVAL;
	}
	request->word_count = 0;
	for (size_t i = 0; words.argv[i]; i++) {
		if (i == TAYRA__BENCH_WORDS_MAX) {
			tayra__cli_error(command, "--command: more than %d words",
					 TAYRA__BENCH_WORDS_MAX);
			return EINVAL;
		}
		request->words[request->word_count++] = words.argv[i];
	}
	return 0;
}

static error_t
take_scenario(struct tayra__bench_request *request, const char *command, const char *arg)
{
	char error[400];

	if (tayra__scenario_file_read(&request->scenario, arg, error, sizeof(error)) == TAYRA_OK)
		return 0;
	tayra__cli_error(command, "--scenario: %s", error);
	return EINVAL;
}

static error_t
take_order(struct tayra__bench_request *request, const char *command, const char *arg)
{
	if (tayra__scenario_file_order(&request->scenario, arg) == TAYRA_OK)
		return 0;
	tayra__cli_error(command, "--data-order '%s' is not " TAYRA__SCENARIO_ORDERS, arg);
	return EINVAL;
}

int
tayra__bench_request_ready(struct tayra__bench_request *request, const char *command)
{
	struct tayra__scenario_file *file = &request->scenario;
	char error[400];

	if (file->scenario.kinds && (request->method || request->body || request->word_count)) {
		tayra__cli_error(command, "a scenario says itself what is asked: no --method, "
					  "--body or --command besides");
		return TAYRA__EXIT_USAGE;
	}
	if (!file->data && file->scenario.order != TAYRA__SCENARIO_RANDOM) {
		tayra__cli_error(command, "an order of rows, and no --data");
		return TAYRA__EXIT_USAGE;
	}
	if (tayra__scenario_file_ready(file, error, sizeof(error)) == TAYRA_OK)
		return TAYRA__EXIT_OK;
	tayra__cli_error(command, "%s", error);
	return TAYRA__EXIT_USAGE;
}

error_t
tayra__bench_request_take(struct tayra__bench_request *request, const char *command, int key,
			  char *arg)
{
	switch (key) {
	case TAYRA__BENCH_METHOD: request->method = arg; return 0;
	case TAYRA__BENCH_HEADER: return take_header(request, command, arg);
	case TAYRA__BENCH_BODY: return take_body(request, command, arg);
	case TAYRA__BENCH_COMMAND: return take_command(request, command, arg);
	case TAYRA__BENCH_SCENARIO: return take_scenario(request, command, arg);
	case TAYRA__BENCH_DATA: request->scenario.data = arg; return 0;
	case TAYRA__BENCH_DATA_ORDER: return take_order(request, command, arg);
	case TAYRA__BENCH_CACERT: request->cacert = arg; return 0;
	case TAYRA__BENCH_INSECURE: request->insecure = true; return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

bool
tayra__bench_request_given(const struct tayra__bench_request *request)
{
	return request->method || request->headers || request->body || request->word_count ||
	       request->cacert || request->insecure || request->scenario.scenario.kinds ||
	       request->scenario.data;
}

void
tayra__bench_request_fill(const struct tayra__bench_request *request,
			  struct tayra__wire_options *out)
{
	out->method = request->method;
	out->headers = request->header;
	out->header_count = request->headers;
	out->body = request->body;
	out->body_len = request->body_len;
	out->words = (const char *const *)request->words;
	out->word_count = request->word_count;
	out->cacert = request->cacert;
	out->insecure = request->insecure;
	out->scenario = request->scenario.scenario.kinds ? &request->scenario.scenario : NULL;
}
