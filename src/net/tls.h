/* SPDX-License-Identifier: Apache-2.0
 *
 * tls.h: TLS on a socket that does not block, client side, by OpenSSL: what a context allows, and
 * one session a connection.  Nothing waits: each call says what the socket must be ready for before
 * it is made again.  A context may be shared by threads, a session not.
 */
#ifndef TAYRA_NET_TLS_H
#define TAYRA_NET_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct tayra__tls_context;
struct tayra__tls;

struct tayra__tls_options {
	const char *host;   /* whom the certificate must name; also sent as SNI unless an address */
	const char *cacert; /* PEM of who may have signed it; NULL: whom the system trusts */
	bool insecure;      /* any certificate will do */
};

/*
 * => TAYRA_OK; TAYRA_E_INVAL: cacert cannot be read, TAYRA_E_NOMEM, TAYRA_E_UNSUPPORTED: built
 *    without OpenSSL; `why` gets one line.
 */
int tayra__tls_context_create(const struct tayra__tls_options *options,
			      struct tayra__tls_context **out, char *why, size_t why_size);
void tayra__tls_context_destroy(struct tayra__tls_context *context);

/* A session over a connected socket, which stays the caller's.  NULL: no memory. */
struct tayra__tls *tayra__tls_create(struct tayra__tls_context *context, int fd);
/* Says goodbye if that is possible at once. */
void tayra__tls_destroy(struct tayra__tls *tls);

enum tayra__tls_step {
	TAYRA__TLS_DONE,
	TAYRA__TLS_WANTS_READ,
	TAYRA__TLS_WANTS_WRITE,
	TAYRA__TLS_FAILED, /* `why` has one line: "certificate has expired" */
};
enum tayra__tls_step tayra__tls_shake(struct tayra__tls *tls, char *why, size_t why_size);

/* As send() and recv() with MSG_NOSIGNAL: the number of bytes, 0 from recv at the end of the
 * stream, or -1 with errno: EAGAIN; EPROTO, and `why` has one line; or the socket's error.  What a
 * record holds comes out as a whole where len is 16 KiB or more, so that nothing is left that the
 * socket does not tell of. */
ssize_t tayra__tls_send(struct tayra__tls *tls, const void *bytes, size_t len, char *why,
			size_t why_size);
ssize_t tayra__tls_recv(struct tayra__tls *tls, void *bytes, size_t len, char *why,
			size_t why_size);

#endif
