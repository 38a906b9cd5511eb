/* SPDX-License-Identifier: Apache-2.0 */
#include "net/tls.h"

#include <tayra/base.h>

#include <errno.h>
#include <stdio.h>

int
tayra__tls_context_create(const struct tayra__tls_options *options, struct tayra__tls_context **out,
			  char *why, size_t why_size)
{
	*out = NULL;
	snprintf(why, why_size, "this tayra was built without TLS");
	return TAYRA_E_UNSUPPORTED;
}

void
tayra__tls_context_destroy(struct tayra__tls_context *context)
{
}

struct tayra__tls *
tayra__tls_create(struct tayra__tls_context *context, int fd)
{
	return NULL;
}

void
tayra__tls_destroy(struct tayra__tls *tls)
{
}

enum tayra__tls_step
tayra__tls_shake(struct tayra__tls *tls, char *why, size_t why_size)
{
	return TAYRA__TLS_FAILED;
}

ssize_t
tayra__tls_send(struct tayra__tls *tls, const void *bytes, size_t len, char *why, size_t why_size)
{
	errno = ENOSYS;
	return -1;
}

ssize_t
tayra__tls_recv(struct tayra__tls *tls, void *bytes, size_t len, char *why, size_t why_size)
{
	errno = ENOSYS;
	return -1;
}
