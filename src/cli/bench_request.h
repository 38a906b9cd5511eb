/* SPDX-License-Identifier: Apache-2.0
 *
 * bench_request.h: the options that say what a server is asked, for every subcommand that asks one.
 */
#ifndef TAYRA_CLI_BENCH_REQUEST_H
#define TAYRA_CLI_BENCH_REQUEST_H

#include <argp.h>
#include <stdbool.h>
#include <stddef.h>

#include "cli/scenario_file.h"
#include "drive/wire.h"

#define TAYRA__BENCH_HEADERS_MAX 32
#define TAYRA__BENCH_WORDS_MAX   64

struct tayra__bench_request {
	const char *method, *body, *cacert;
	const char *header[TAYRA__BENCH_HEADERS_MAX];
	size_t headers, body_len;
	char *words[TAYRA__BENCH_WORDS_MAX]; /* of a Redis command */
	size_t word_count;
	bool insecure;
	struct tayra__scenario_file scenario;
};

enum tayra__bench_request_key {
	TAYRA__BENCH_METHOD = 512,
	TAYRA__BENCH_HEADER,
	TAYRA__BENCH_BODY,
	TAYRA__BENCH_COMMAND,
	TAYRA__BENCH_SCENARIO,
	TAYRA__BENCH_DATA,
	TAYRA__BENCH_DATA_ORDER,
	TAYRA__BENCH_CACERT,
	TAYRA__BENCH_INSECURE,
};

/* Rows of an argp table. */
#define TAYRA__BENCH_REQUEST_OPTIONS                                                               \
	{                                                                                          \
		"method",                                                                          \
		TAYRA__BENCH_METHOD,                                                               \
		"NAME",                                                                            \
		0,                                                                                 \
		"of HTTP (default GET, or POST with a body)",                                      \
		0                                                                                  \
	},                                                                                         \
		{ "header",                                                                        \
		  TAYRA__BENCH_HEADER,                                                             \
		  "'NAME: VALUE'",                                                                 \
		  0,                                                                               \
		  "of HTTP, one more; up to 32 times",                                             \
		  0 },                                                                             \
		{ "body",                                                                          \
		  TAYRA__BENCH_BODY,                                                               \
		  "TEXT|@FILE",                                                                    \
		  0,                                                                               \
		  "of HTTP: what is sent with each request",                                       \
		  0 },                                                                             \
		{ "command",                                                                       \
		  TAYRA__BENCH_COMMAND,                                                            \
		  "'WORDS'",                                                                       \
		  0,                                                                               \
		  "of Redis: asked instead of GET of the key in the URL, as 'HGET user:1 name'",   \
		  0 },                                                                             \
		{ "scenario",                                                                      \
		  TAYRA__BENCH_SCENARIO,                                                           \
		  "FILE",                                                                          \
		  0,                                                                               \
		  "requests of several kinds instead: a YAML file with scenario:, a list of "      \
		  "name, "                                                                         \
		  "weight, path or command, method, headers, body and think, where {column} is a " \
		  "value of --data",                                                               \
		  0 },                                                                             \
		{ "data",                                                                          \
		  TAYRA__BENCH_DATA,                                                               \
		  "FILE",                                                                          \
		  0,                                                                               \
		  "of a scenario: a CSV file, its first line names the columns; each request "     \
		  "takes a row",                                                                   \
		  0 },                                                                             \
		{ "data-order",                                                                    \
		  TAYRA__BENCH_DATA_ORDER,                                                         \
		  "ORDER",                                                                         \
		  0,                                                                               \
		  "which row: random (default), sequence, or zipf:EXPONENT, the first most often", \
		  0 },                                                                             \
		{ "cacert",                                                                        \
		  TAYRA__BENCH_CACERT,                                                             \
		  "FILE",                                                                          \
		  0,                                                                               \
		  "with TLS: who may have signed the certificate, PEM (default: whom the system "  \
		  "trusts)",                                                                       \
		  0 },                                                                             \
	{                                                                                          \
		"insecure", TAYRA__BENCH_INSECURE, NULL, 0, "with TLS: any certificate will do", 0 \
	}

/*
 * Take one of them.  What `arg` points into must stay; a file is read at once, and once for each
 * process.  => 0; ARGP_ERR_UNKNOWN: another option; EINVAL after saying why as "COMMAND: ...".
 */
error_t tayra__bench_request_take(struct tayra__bench_request *request, const char *command,
				  int key, char *arg);
/* All are taken: read the data of a scenario.  => 0, or an exit code after saying why. */
int tayra__bench_request_ready(struct tayra__bench_request *request, const char *command);
/* Was any given? */
bool tayra__bench_request_given(const struct tayra__bench_request *request);
/* Put them into what a wire is opened with, which then points into `request`. */
void tayra__bench_request_fill(const struct tayra__bench_request *request,
			       struct tayra__wire_options *out);

#endif
