/* SPDX-License-Identifier: Apache-2.0
 *
 * The whole client against a server that says the input, in pieces as long as its first byte says,
 * and then closes: opening and what comes after end, in step or with a status, and every element
 * told lies in memory that is there.
 */
#include "net/resp_client.h"

#include <tayra/base.h>

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "net/dial.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct says {
	const uint8_t *bytes;
	size_t left, step;
};

static unsigned sink; /* so that reading is not optimised away */

static void
must(bool holds)
{
	if (!holds)
		abort();
}

static int
no_connect(void *ctx, int fd, const struct sockaddr *to, socklen_t len)
{
	return 0;
}

static int
any_socket(void *ctx, int family)
{
	return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

static ssize_t
swallow(void *ctx, int fd, const void *bytes, size_t len, int flags)
{
	return (ssize_t)len;
}

static ssize_t
say(void *ctx, int fd, void *bytes, size_t len)
{
	struct says *s = ctx;
	size_t n = s->step < len ? s->step : len;

	n = n < s->left ? n : s->left;
	if (n > 0)
		memcpy(bytes, s->bytes, n);
	s->bytes += n;
	s->left -= n;
	return (ssize_t)n;
}

static int
always(void *ctx, struct pollfd *fds, nfds_t count, int timeout_ms)
{
	return 1;
}

static void
look_at(void *ctx, const struct tayra__resp_element *e)
{
	for (size_t i = 0; e->text && i < e->len; i++)
		sink += (unsigned char)e->text[i];
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct says says = { data + 1, size ? size - 1 : 0, size ? data[0] + 1u : 1 };
	const struct tayra__syscalls syscalls = { any_socket, no_connect, swallow,
						  say,        always,     &says };
	struct tayra__redis_url url;
	struct tayra__resp_client client;
	struct tayra__dial_address nowhere = { .to.ss_family = AF_UNIX };
	struct tayra__resp_element e;
	char error[300] = "";
	int status;
	struct tayra__resp_client_options options = {
		.url = &url,
		.name = "fuzz",
		.bulk_bytes = 4096,
		.syscalls = &syscalls,
		.push = look_at,
	};

	must(tayra__redis_url_parse("redis://u:hunter2@h/3", &url, NULL, 0) == TAYRA_OK);
	status = tayra__resp_client_open(&client, &options, &nowhere, UINT64_MAX, error,
					 sizeof(error));
	must(status == TAYRA_OK || (error[0] && client.fd == -1));
	must(!strstr(error, "hunter2") && !strpbrk(error, "\r\n"));
	while (status == TAYRA_OK) {
		status = tayra__resp_client_receive(&client, UINT64_MAX, look_at, NULL, &e);
		if (status == TAYRA_OK)
			look_at(NULL, &e);
	}
	tayra__resp_client_close(&client);
	return 0;
}
