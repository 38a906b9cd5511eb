/* SPDX-License-Identifier: Apache-2.0
 *
 * cmd_warm.c: `tayra warm`: asks a running server for the keys of a list or a trace, the most
 * wanted first, so that it has loaded them before its clients ask.  One connection, on which some
 * requests are out at a time.
 */
#include "cli/command.h"

#include <tayra/base.h>

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/line.h"
#include "base/option.h"
#include "cli/arguments.h"
#include "cli/interrupt.h"
#include "cli/progress.h"
#include "net/dial.h"
#include "net/resp_client.h"
#include "sim/popular.h"

#define SERVER_DEFAULT  "redis://127.0.0.1:6379"
#define OUT_DEFAULT     8u
#define OUT_MAX         1024u
#define RATE_MAX        1e6
#define PREFIX_MAX      1024u
#define CONNECT_NS      (5 * TAYRA_NS_PER_S)
#define SILENCE_NS      (60 * TAYRA_NS_PER_S) /* with requests out: it is gone */
#define LOOK_NS         (100 * TAYRA_NS_PER_MS)
#define VALUE_BYTES_MAX (512ull << 20) /* as the protocol has it */
#define KEY_MAX         (PREFIX_MAX + 4096u)

enum key { SERVER = 256, RATE, CONCURRENCY, FORMAT, LIMIT, PREFIX };

static const struct argp_option options[] = {
	{ "server", SERVER, "URL", 0,
	  "redis://[user:password@]host[:port][/database] or unix:///path; default "
	  "redis://127.0.0.1:6379",
	  0 },
	{ "rate", RATE, "N", 0, "keys a second at most; default: as fast as the server answers",
	  0 },
	{ "concurrency", CONCURRENCY, "N", 0,
	  "how many keys are asked for at a time, up to 1024; default 8", 0 },
	{ "format", FORMAT, "F", 0,
	  "of the file: list, csv, twitter, or auto (default), by its first bytes", 0 },
	{ "limit", LIMIT, "N", 0, "only the N most wanted keys; default: all", 0 },
	{ "prefix", PREFIX, "TEXT", 0, "stands in front of each key", 0 },
	{ 0 },
};

struct command {
	const char *name, *file, *server, *prefix;
	size_t prefix_len;
	double rate;
	uint64_t out_max, limit;
	enum tayra__popular_format format;
};

struct warm {
	const struct command *command;
	const struct tayra__popular *popular;
	struct tayra__resp_client client;
	struct tayra__progress progress;
	size_t begun, done, found, absent, failed;
	uint64_t next_ns, heard_ns; /* not before; last answer */
	char why[200];              /* the last error */
};

static int
refuse(const struct command *c, const char *option, const char *text, const char *what)
{
	tayra__cli_error(c->name, "--%s '%s' is not %s", option, text, what);
	return EINVAL;
}

static int
parse_number(struct command *c, int key, const char *text)
{
	switch (key) {
	case RATE:
		return tayra__option_double(text, 0.001, RATE_MAX, &c->rate) == TAYRA_OK
			       ? 0
			       : refuse(c, "rate", text, "a number from 0.001 to 1000000");
	case CONCURRENCY:
		return tayra__option_u64(text, 1, OUT_MAX, &c->out_max) == TAYRA_OK
			       ? 0
			       : refuse(c, "concurrency", text, "a number from 1 to 1024");
	default:
		return tayra__option_u64(text, 1, UINT32_MAX, &c->limit) == TAYRA_OK
			       ? 0
			       : refuse(c, "limit", text, "a number of at least 1");
	}
}

static int
parse_format(struct command *c, const char *text)
{
	int format = tayra__cli_choice(c->name, "format", text, tayra__popular_format_names);

	if (format < 0)
		return EINVAL;
	c->format = (enum tayra__popular_format)format;
	return 0;
}

static error_t
parse(int key, char *text, struct argp_state *state)
{
	struct command *c = state->input;

	switch (key) {
	case SERVER: c->server = text; return 0;
	case RATE:
	case CONCURRENCY:
	case LIMIT: return parse_number(c, key, text);
	case FORMAT: return parse_format(c, text);
	case PREFIX:
		c->prefix = text;
		c->prefix_len = strlen(text);
		return c->prefix_len <= PREFIX_MAX
			       ? 0
			       : refuse(c, "prefix", text, "of at most 1024 bytes");
	case ARGP_KEY_ARG:
		if (c->file) {
			tayra__cli_error(c->name, "takes one FILE, and '%s' is a second", text);
			return EINVAL;
		}
		c->file = text;
		return 0;
	case ARGP_KEY_END:
		if (c->file)
			return 0;
		tayra__cli_error(c->name, "needs a FILE with keys ('-' for standard input)");
		return EINVAL;
	default: return ARGP_ERR_UNKNOWN;
	}
}

/* => 0, or an exit code after saying why. */
static int
connect_to(struct warm *w)
{
	const struct command *c = w->command;
	struct tayra__resp_client_options o = { .name = "tayra-warm",
						.bulk_bytes = VALUE_BYTES_MAX,
						.version = TAYRA__RESP2 };
	const char *password = getenv("TAYRA_PASSWORD");
	struct tayra__redis_url url;
	struct tayra__dial_list list;
	char why[300] = "";
	int status = tayra__redis_url_parse(c->server, &url, why, sizeof(why));

	if (status != TAYRA_OK) {
		tayra__cli_error(c->name, "--server: %s", why);
		return TAYRA__EXIT_USAGE;
	}
	if (!url.password[0] && password)
		snprintf(url.password, sizeof(url.password), "%s", password);
	o.url = &url;
	status = tayra__dial_resolve(&url, &list, why, sizeof(why));
	for (size_t i = 0; status == TAYRA_OK && i < list.count; i++) {
		status = tayra__resp_client_open(&w->client, &o, &list.at[i],
						 tayra__clock_real_ns() + CONNECT_NS, why,
						 sizeof(why));
		if (status == TAYRA_OK)
			return 0;
		if (i + 1 < list.count)
			status = TAYRA_OK;
	}
	tayra__cli_error(c->name, "%s", why[0] ? why : tayra_status_text(status));
	return TAYRA__EXIT_FAILURE;
}

static int
send_next(struct warm *w, uint64_t now_ns)
{
	const struct command *c = w->command;
	const struct tayra__popular_key *key = &w->popular->keys[w->begun];
	char bytes[KEY_MAX];
	struct tayra__resp_argument arguments[2] = { TAYRA__RESP_TEXT("GET"),
						     { bytes, c->prefix_len + key->len } };

	if (c->prefix_len)
		memcpy(bytes, c->prefix, c->prefix_len);
	memcpy(bytes + c->prefix_len, key->bytes, key->len);
	if (w->begun == w->done)
		w->heard_ns = now_ns;
	w->begun++;
	/* What was missed is not made up for in a burst. */
	w->next_ns = c->rate > 0 ? now_ns + (uint64_t)(1e9 / c->rate) : 0;
	return tayra__resp_client_send(&w->client, arguments, 2, now_ns + SILENCE_NS);
}

static bool
may_send(const struct warm *w, uint64_t now_ns)
{
	return w->begun < w->popular->count && w->begun - w->done < w->command->out_max &&
	       now_ns >= w->next_ns;
}

static void
count(struct warm *w, const struct tayra__resp_element *reply)
{
	w->done++;
	if (reply->type == TAYRA__RESP_NULL) {
		w->absent++;
	} else if (reply->type != TAYRA__RESP_ERROR) {
		w->found++;
	} else {
		w->failed++;
		snprintf(w->why, sizeof(w->why), "%.*s", (int)reply->len, reply->text);
		tayra__line_flatten(w->why, ' ');
	}
}

/* All answers that are here.  => TAYRA_OK, or as tayra__resp_client_next(). */
static int
receive(struct warm *w, uint64_t now_ns)
{
	struct tayra__resp_element reply;
	int status = tayra__resp_client_fill(&w->client);

	while (status == TAYRA_OK || status == TAYRA_PENDING) {
		status = tayra__resp_client_next(&w->client, NULL, NULL, &reply);
		if (status != TAYRA_OK)
			break;
		w->heard_ns = now_ns;
		count(w, &reply);
	}
	return status == TAYRA_PENDING ? TAYRA_OK : status;
}

static void
wait_some(const struct warm *w, uint64_t now_ns)
{
	struct pollfd fd = { .fd = w->client.fd, .events = POLLIN };
	uint64_t wait_ns = LOOK_NS;
	struct timespec wait;

	if (w->begun < w->popular->count && w->begun - w->done < w->command->out_max &&
	    w->next_ns - now_ns < wait_ns)
		wait_ns = w->next_ns - now_ns;
	wait.tv_sec = 0;
	wait.tv_nsec = (long)wait_ns;
	ppoll(&fd, 1, &wait, NULL);
}

/* => TAYRA_OK, also when interrupted. */
static int
run(struct warm *w)
{
	int status = TAYRA_OK;

	while (status == TAYRA_OK && w->done < w->popular->count && !tayra__interrupted()) {
		uint64_t now_ns = tayra__clock_real_ns();

		while (status == TAYRA_OK && may_send(w, now_ns))
			status = send_next(w, now_ns);
		if (status != TAYRA_OK)
			break;
		tayra__progress_show(&w->progress, "warming", w->done,
				     (double)w->done / (double)w->popular->count);
		wait_some(w, now_ns);
		now_ns = tayra__clock_real_ns();
		status = receive(w, now_ns);
		if (status == TAYRA_OK && w->begun > w->done && now_ns > w->heard_ns + SILENCE_NS)
			status = TAYRA_E_TIMEOUT;
	}
	return status;
}

static int
say(struct warm *w, int status, double seconds)
{
	const struct command *c = w->command;
	int code = w->failed ? TAYRA__EXIT_FAILURE : TAYRA__EXIT_OK;

	tayra__progress_clear(&w->progress);
	printf("%s: %zu of %zu keys in %.1f s: %zu there, %zu not there, %zu failed", c->name,
	       w->done, w->popular->count, seconds, w->found, w->absent, w->failed);
	if (w->failed)
		printf(" (%s)", w->why);
	putchar('\n');
	if (w->popular->count < w->popular->distinct)
		printf("%s: of %zu keys that differ, the %zu most wanted\n", c->name,
		       w->popular->distinct, w->popular->count);
	if (status != TAYRA_OK) {
		tayra__cli_error(c->name, "%s",
				 status == TAYRA_E_TIMEOUT ? "the server has not answered for 60 s"
				 : status == TAYRA_E_IO    ? "the connection broke"
							   : tayra_status_text(status));
		code = TAYRA__EXIT_FAILURE;
	} else if (tayra__interrupted()) {
		code = TAYRA__EXIT_INTERRUPTED;
	}
	return tayra__cli_printed(c->name, code);
}

static int
warm(const struct command *c, const struct tayra__popular *popular)
{
	struct warm w = { .command = c, .popular = popular };
	uint64_t begin_ns = tayra__clock_real_ns();
	int code, status;

	tayra__resp_client_init(&w.client);
	tayra__progress_init(&w.progress);
	code = connect_to(&w);
	if (code)
		return code;
	tayra__progress_start(&w.progress);
	status = run(&w);
	tayra__resp_client_close(&w.client);
	return say(&w, status, (double)(tayra__clock_real_ns() - begin_ns) / 1e9);
}

int
tayra__cmd_warm(int argc, char **argv)
{
	const struct argp argp = {
		.options = options,
		.parser = parse,
		.args_doc = "FILE",
		.doc = "Ask a running server for keys, the most wanted first, so that it has "
		       "loaded them before its clients ask."
		       "\vFILE is a list (a key a line, and behind a tab, if there is one, its "
		       "priority), or a trace of requests as tayra replay reads it (csv, twitter), "
		       "whose keys go by how often they are read; '-' is standard input.  Exit 0: "
		       "every key was answered; 5: some failed, or the server is gone.  To warm up "
		       "as the server starts: warm in tayra-serve(1).",
	};
	struct command c = { .name = argv[0], .server = SERVER_DEFAULT, .out_max = OUT_DEFAULT };
	struct tayra__trace_error error = { "" };
	struct tayra__popular *popular;
	int code = tayra__cli_parse(&argp, argc, argv, &c), status;

	if (code)
		return code;
	tayra__interrupt_install();
	status = tayra__popular_read(c.file, c.format, c.limit, &popular, &error);
	if (status != TAYRA_OK) {
		tayra__cli_error(c.name, "%s", error.text);
		return status == TAYRA_E_NOMEM       ? TAYRA__EXIT_FAILURE
		       : status == TAYRA_E_CANCELLED ? TAYRA__EXIT_INTERRUPTED
						     : TAYRA__EXIT_USAGE;
	}
	code = warm(&c, popular);
	tayra__popular_destroy(popular);
	return code;
}
