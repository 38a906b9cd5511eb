/* SPDX-License-Identifier: Apache-2.0 */
#include "net/resp_client.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <tayra/base.h>

#include "net/dial.h"

#define LINE_BYTES   4096
#define ELEMENTS     (1u << 20) /* a push names every key that changed in a turn of the server */
#define READ_BYTES   16384
#define FILL_BYTES   65536
#define KEEP_BYTES   65536
#define DIRECT_BYTES 16384 /* larger arguments are sent from where they are */
#define SAID_BYTES   160   /* of what the server says, in a message */

void
tayra__resp_client_init(struct tayra__resp_client *client)
{
	memset(client, 0, sizeof(*client));
	client->fd = -1;
	client->version = TAYRA__RESP2;
}

void
tayra__resp_client_close(struct tayra__resp_client *client)
{
	/* With a reset, so that nothing of it is sent again later: a write that its caller has
	 * given up must not arrive after newer ones of another connection. */
	const struct linger at_once = { .l_onoff = 1 };

	if (client->fd < 0)
		return;
	setsockopt(client->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	close(client->fd);
	tayra__buffer_fini(&client->in);
	tayra__buffer_fini(&client->out);
	tayra__resp_client_init(client);
}

/* Sending. */

static int
send_all(struct tayra__resp_client *client, const char *bytes, size_t len, int flags,
	 uint64_t deadline_ns)
{
	const struct tayra__syscalls *syscalls = client->syscalls;

	while (len > 0) {
		ssize_t n = syscalls->send(syscalls->ctx, client->fd, bytes, len,
					   flags | MSG_NOSIGNAL);
		int status = TAYRA_OK;

		if (n < 0 && errno == EAGAIN)
			status = tayra__syscalls_wait(syscalls, client->fd, POLLOUT, deadline_ns);
		else if (n < 0 && errno != EINTR)
			status = TAYRA_E_IO;
		if (status != TAYRA_OK)
			return status;
		if (n > 0) {
			bytes += n;
			len -= (size_t)n;
		}
	}
	return TAYRA_OK;
}

static int
flush(struct tayra__resp_client *client, int flags, uint64_t deadline_ns)
{
	struct tayra__buffer *out = &client->out;
	int status = out->failed ? TAYRA_E_NOMEM
				 : send_all(client, tayra__buffer_front(out), out->len, flags,
					    deadline_ns);

	tayra__buffer_reset(out, KEEP_BYTES);
	return status;
}

int
tayra__resp_client_send(struct tayra__resp_client *client,
			const struct tayra__resp_argument *arguments, size_t count,
			uint64_t deadline_ns)
{
	struct tayra__buffer *out = &client->out;
	char header[32];
	int status = TAYRA_OK;

	tayra__resp_array(out, count);
	for (size_t i = 0; i < count && status == TAYRA_OK; i++) {
		const struct tayra__resp_argument *a = &arguments[i];

		if (a->len < DIRECT_BYTES) {
			tayra__resp_bulk(out, a->bytes, a->len);
			if (out->len > KEEP_BYTES)
				status = flush(client, MSG_MORE, deadline_ns);
			continue;
		}
		snprintf(header, sizeof(header), "$%zu\r\n", a->len);
		tayra__buffer_append(out, header, strlen(header));
		status = flush(client, MSG_MORE, deadline_ns);
		if (status == TAYRA_OK)
			status = send_all(client, a->bytes, a->len, MSG_MORE, deadline_ns);
		tayra__buffer_append(out, "\r\n", 2);
	}
	return status == TAYRA_OK ? flush(client, 0, deadline_ns) : status;
}

/* Receiving. */

/* What the last reply pointed into is not needed any more. */
static void
let_go(struct tayra__resp_client *client)
{
	if (client->used == 0)
		return;
	tayra__buffer_consume(&client->in, client->used);
	client->used = 0;
	if (client->in.len == 0)
		tayra__buffer_reset(&client->in, KEEP_BYTES);
}

int
tayra__resp_client_fill(struct tayra__resp_client *client)
{
	size_t got = 0;

	let_go(client);
	while (got < FILL_BYTES) {
		char *room = tayra__buffer_reserve(&client->in, READ_BYTES);
		ssize_t n;

		if (!room)
			return TAYRA_E_NOMEM;
		n = client->syscalls->recv(client->syscalls->ctx, client->fd, room, READ_BYTES);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			break;
		if (n == 0)
			errno = 0;
		if (n <= 0)
			return TAYRA_E_IO;
		tayra__buffer_grow(&client->in, (size_t)n);
		got += (size_t)n;
		if (n < READ_BYTES)
			break;
	}
	return got ? TAYRA_OK : TAYRA_PENDING;
}

bool
tayra__resp_client_is_ahead(const struct tayra__resp_client *client)
{
	return client->in.len > client->used;
}

/* => whether the element is the first of the reply that is waited for. */
static bool
deliver(struct tayra__resp_client *client, const struct tayra__resp_element *element,
	tayra__resp_each_fn each, void *ctx)
{
	if (element->depth == 0 && element->type == TAYRA__RESP_PUSH)
		client->pushing = true;
	if (client->pushing) {
		if (client->push)
			client->push(client->ctx, element);
		client->pushing = !element->last;
		return false;
	}
	if (element->depth == 0)
		return true;
	if (each)
		each(ctx, element);
	return false;
}

/* Nothing we ask is answered with attributes. */
static int
next_element(struct tayra__resp_client *client, struct tayra__resp_element *out)
{
	size_t used;

	switch (tayra__resp_reply_next(&client->reply, tayra__buffer_front(&client->in),
				       client->in.len, &client->limits, out, &used)) {
	case TAYRA__RESP_REPLY_MORE: return TAYRA_PENDING;
	case TAYRA__RESP_REPLY_WRONG: return TAYRA_E_CORRUPT;
	case TAYRA__RESP_REPLY_ELEMENT: break;
	}
	client->used = used;
	if (out->type == TAYRA__RESP_BULK_ERROR)
		out->type = TAYRA__RESP_ERROR;
	return out->type == TAYRA__RESP_ATTRIBUTE ? TAYRA_E_CORRUPT : TAYRA_OK;
}

int
tayra__resp_client_next(struct tayra__resp_client *client, tayra__resp_each_fn each, void *ctx,
			struct tayra__resp_element *out)
{
	for (;;) {
		bool first;
		int status;

		let_go(client);
		status = next_element(client, out);
		if (status != TAYRA_OK)
			return status;
		first = deliver(client, out, each, ctx);
		if (first && !out->last) {
			client->top = *out;
			client->open = true;
		} else if (first) {
			return TAYRA_OK;
		} else if (client->open && out->last) {
			client->open = false;
			*out = client->top;
			return TAYRA_OK;
		}
	}
}

int
tayra__resp_client_receive(struct tayra__resp_client *client, uint64_t deadline_ns,
			   tayra__resp_each_fn each, void *ctx, struct tayra__resp_element *out)
{
	for (;;) {
		int status = tayra__resp_client_next(client, each, ctx, out);

		if (status == TAYRA_PENDING)
			status = tayra__syscalls_wait(client->syscalls, client->fd, POLLIN,
						      deadline_ns);
		else
			return status;
		if (status == TAYRA_OK)
			status = tayra__resp_client_fill(client);
		if (status < 0)
			return status;
	}
}

int
tayra__resp_client_call(struct tayra__resp_client *client,
			const struct tayra__resp_argument *arguments, size_t count,
			uint64_t deadline_ns, struct tayra__resp_element *out)
{
	int status = tayra__resp_client_send(client, arguments, count, deadline_ns);

	return status == TAYRA_OK ? tayra__resp_client_receive(client, deadline_ns, NULL, NULL, out)
				  : status;
}

bool
tayra__resp_is_error(const struct tayra__resp_element *element, const char *word)
{
	size_t len = strlen(word);

	return element->type == TAYRA__RESP_ERROR && element->len >= len &&
	       memcmp(element->text, word, len) == 0 &&
	       (element->len == len || element->text[len] == ' ');
}

/* Opening. */

/* An opening under way. */
struct greeting {
	struct tayra__resp_client *client;
	const struct tayra__resp_client_options *options;
	uint64_t deadline_ns;
	char *error;
	size_t error_len;
};

static int __attribute__((format(printf, 3, 4)))
refuse(const struct greeting *g, int status, const char *format, ...)
{
	char what[SAID_BYTES + 128];
	va_list args;

	if (!g->error || !g->error_len)
		return status;
	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	snprintf(g->error, g->error_len, "%s: %s", g->options->url->shown, what);
	return status;
}

/* No connection, or one that broke: errno is still that of the call. */
static int
refuse_io(const struct greeting *g, int status, const char *doing)
{
	if (status == TAYRA_E_TIMEOUT)
		return refuse(g, status, "no answer in time while %s", doing);
	if (status == TAYRA_E_CORRUPT)
		return refuse(g, status, "what answers does not speak the Redis protocol");
	if (status == TAYRA_E_IO && errno == 0)
		return refuse(g, status, "the server closed the connection while %s", doing);
	if (status == TAYRA_E_IO)
		return refuse(g, status, "%m while %s", doing);
	return refuse(g, status, "out of memory while %s", doing);
}

/* What the server says, fit for a line.  Servers quote what they did not understand: if the
 * password is in it, the first word has to do. */
static int
refuse_said(const struct greeting *g, const struct tayra__resp_element *said, const char *doing)
{
	const char *password = g->options->url->password;
	char text[SAID_BYTES];
	size_t len = said->len < sizeof(text) - 1 ? said->len : sizeof(text) - 1;

	const char *blank = memchr(said->text, ' ', len);

	if (password[0] && memmem(said->text, said->len, password, strlen(password)))
		len = blank && !memmem(said->text, (size_t)(blank - said->text), password,
				       strlen(password))
			      ? (size_t)(blank - said->text)
			      : 0;
	memcpy(text, said->text, len);
	text[len] = '\0';
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
			text[i] = ' ';
	return refuse(g, TAYRA_E_INVAL, "refuses %s: %s", doing, text);
}

/* A command whose answer is an error or does not matter.  => TAYRA_OK with *said. */
static int
ask(const struct greeting *g, const struct tayra__resp_argument *arguments, size_t count,
    const char *doing, tayra__resp_each_fn each, void *ctx, struct tayra__resp_element *said)
{
	int status = tayra__resp_client_send(g->client, arguments, count, g->deadline_ns);

	if (status == TAYRA_OK)
		status = tayra__resp_client_receive(g->client, g->deadline_ns, each, ctx, said);
	return status == TAYRA_OK ? status : refuse_io(g, status, doing);
}

static struct tayra__resp_argument
text_argument(const char *text)
{
	return (struct tayra__resp_argument){ text, strlen(text) };
}

static int
authenticate(const struct greeting *g)
{
	const struct tayra__redis_url *url = g->options->url;
	struct tayra__resp_argument a[3] = { TAYRA__RESP_TEXT("AUTH") };
	struct tayra__resp_element said;
	size_t n = 1;
	int status;

	if (!url->password[0])
		return TAYRA_OK;
	if (url->user[0])
		a[n++] = text_argument(url->user);
	a[n++] = text_argument(url->password);
	status = ask(g, a, n, "authenticating", NULL, NULL, &said);
	if (status != TAYRA_OK)
		return status;
	return said.type == TAYRA__RESP_ERROR ? refuse_said(g, &said, "user and password")
					      : TAYRA_OK;
}

/* HELLO's map: what comes behind "id" is the connection's number. */
struct hello {
	bool is_id;
	int64_t id;
};

static void
read_hello(void *ctx, const struct tayra__resp_element *e)
{
	struct hello *hello = ctx;

	if (e->depth != 1)
		return;
	if (hello->is_id && e->type == TAYRA__RESP_INTEGER)
		hello->id = e->integer;
	hello->is_id = e->type == TAYRA__RESP_BULK && e->len == 2 && memcmp(e->text, "id", 2) == 0;
}

/* Before Redis 6 there is no HELLO; others may have it and refuse 3. */
static int
choose_version(const struct greeting *g)
{
	const struct tayra__resp_argument hello3[] = { TAYRA__RESP_TEXT("HELLO"),
						       TAYRA__RESP_TEXT("3") };
	struct tayra__resp_element said;
	struct hello hello = { 0 };
	int status;

	if (g->options->version == TAYRA__RESP2)
		return TAYRA_OK;
	status = ask(g, hello3, 2, "asking for RESP3", read_hello, &hello, &said);
	if (status != TAYRA_OK)
		return status;
	if (tayra__resp_is_error(&said, "NOAUTH"))
		return refuse(g, TAYRA_E_INVAL,
			      "the server wants a password, and the URL has none");
	if (said.type == TAYRA__RESP_ERROR && !tayra__resp_is_error(&said, "NOPROTO") &&
	    !tayra__resp_is_error(&said, "ERR"))
		return refuse_said(g, &said, "RESP3");
	g->client->version = said.type == TAYRA__RESP_MAP ? TAYRA__RESP3 : TAYRA__RESP2;
	g->client->id = hello.id;
	return TAYRA_OK;
}

static int
introduce(const struct greeting *g)
{
	struct tayra__resp_argument set[] = { TAYRA__RESP_TEXT("CLIENT"),
					      TAYRA__RESP_TEXT("SETNAME"),
					      text_argument(g->options->name) };
	const struct tayra__resp_argument id[] = { TAYRA__RESP_TEXT("CLIENT"),
						   TAYRA__RESP_TEXT("ID") };
	struct tayra__resp_element said;
	int status = ask(g, set, 3, "giving a name", NULL, NULL, &said);

	/* Also the first command of all if HELLO was not asked. */
	if (status == TAYRA_OK && tayra__resp_is_error(&said, "NOAUTH"))
		return refuse(g, TAYRA_E_INVAL,
			      "the server wants a password, and the URL has none");
	if (status != TAYRA_OK || g->client->id != 0)
		return status;
	status = ask(g, id, 2, "asking for a number", NULL, NULL, &said);
	if (status == TAYRA_OK && said.type == TAYRA__RESP_INTEGER)
		g->client->id = said.integer;
	return status;
}

static int
select_database(const struct greeting *g)
{
	struct tayra__resp_argument a[] = { TAYRA__RESP_TEXT("SELECT"), { NULL, 0 } };
	struct tayra__resp_element said;
	char number[16];
	int status;

	if (g->options->url->db == 0)
		return TAYRA_OK;
	snprintf(number, sizeof(number), "%u", (unsigned)g->options->url->db);
	a[1] = text_argument(number);
	status = ask(g, a, 2, "selecting the database", NULL, NULL, &said);
	if (status != TAYRA_OK)
		return status;
	return said.type == TAYRA__RESP_ERROR ? refuse_said(g, &said, "the database") : TAYRA_OK;
}

int
tayra__resp_client_open(struct tayra__resp_client *client,
			const struct tayra__resp_client_options *options,
			const struct tayra__dial_address *address, uint64_t deadline_ns,
			char *error, size_t error_len)
{
	const struct greeting g = { client, options, deadline_ns, error, error_len };
	uint64_t in_max = options->bulk_bytes + LINE_BYTES + FILL_BYTES + 2 * READ_BYTES;
	int status;

	tayra__resp_client_init(client);
	client->syscalls = options->syscalls ? options->syscalls : tayra__syscalls_real();
	client->push = options->push;
	client->ctx = options->ctx;
	client->limits = (struct tayra__resp_reply_limits){
		.bulk_bytes = options->bulk_bytes,
		.line_bytes = LINE_BYTES,
		.elements = ELEMENTS,
	};
	tayra__resp_reply_init(&client->reply);
	tayra__buffer_init(&client->in, in_max);
	tayra__buffer_init(&client->out, 2 * KEEP_BYTES);
	status = tayra__dial(client->syscalls, address, deadline_ns, &client->fd);
	if (status != TAYRA_OK)
		return refuse_io(&g, status, "connecting");
	status = authenticate(&g);
	if (status == TAYRA_OK)
		status = choose_version(&g);
	if (status == TAYRA_OK)
		status = introduce(&g);
	if (status == TAYRA_OK)
		status = select_database(&g);
	if (status != TAYRA_OK)
		tayra__resp_client_close(client);
	return status;
}
