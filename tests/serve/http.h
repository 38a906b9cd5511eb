/* SPDX-License-Identifier: Apache-2.0
 *
 * http.h: ask a server of this machine for a page, for tests.
 */
#ifndef TAYRA_TESTS_SERVE_HTTP_H
#define TAYRA_TESTS_SERVE_HTTP_H

#include "client.h"

/* Returns the status, 0 when there is no answer; the body goes to `body`. */
static inline int
http_get(uint16_t port, const char *path, char *body, size_t size)
{
	const struct running to = { .port = port };
	int fd = client_connect(&to), status = 0;
	char *text = calloc(1, size), *end;
	size_t used = 0;
	ssize_t n;

	snprintf(text, size, "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
		 path);
	client_send(fd, text, strlen(text));
	while (used < size - 1 && (n = recv(fd, text + used, size - 1 - used, 0)) > 0)
		used += (size_t)n;
	close(fd);
	text[used] = '\0';
	end = strstr(text, "\r\n\r\n");
	if (end)
		status = (int)strtol(text + strlen("HTTP/1.1 "), NULL, 10);
	snprintf(body, size, "%s", end ? end + 4 : "");
	free(text);
	return status;
}

#endif
