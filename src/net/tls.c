/* SPDX-License-Identifier: Apache-2.0
 *
 * The socket is reached through a BIO of our own, for OpenSSL's writes without MSG_NOSIGNAL and a
 * server that has gone would end the program.
 */
#include "net/tls.h"

#include <tayra/base.h>

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

struct tayra__tls_context {
	SSL_CTX *ctx;
	BIO_METHOD *socket;
	bool by_name; /* the host is no address */
	bool insecure;
	char host[256];
};

/* A session is OpenSSL's own. */
static SSL *
ssl_of(struct tayra__tls *tls)
{
	return (SSL *)(void *)tls;
}

/* The socket as a BIO. */

static int
fd_of(BIO *bio)
{
	return (int)(intptr_t)BIO_get_data(bio);
}

static int
socket_write(BIO *bio, const char *bytes, int len)
{
	ssize_t n = send(fd_of(bio), bytes, (size_t)len, MSG_NOSIGNAL);

	BIO_clear_retry_flags(bio);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		BIO_set_retry_write(bio);
	return (int)n;
}

static int
socket_read(BIO *bio, char *bytes, int len)
{
	ssize_t n = recv(fd_of(bio), bytes, (size_t)len, 0);

	BIO_clear_retry_flags(bio);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		BIO_set_retry_read(bio);
	return (int)n;
}

static long
socket_control(BIO *bio, int command, long number, void *pointer)
{
	return command == BIO_CTRL_FLUSH ? 1 : 0;
}

static BIO_METHOD *
make_socket_method(void)
{
	BIO_METHOD *method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket");

	if (method && BIO_meth_set_write(method, socket_write) == 1 &&
	    BIO_meth_set_read(method, socket_read) == 1 &&
	    BIO_meth_set_ctrl(method, socket_control) == 1)
		return method;
	BIO_meth_free(method);
	return NULL;
}

/* The last of OpenSSL's complaints, as part of a line.  Forgets all of them. */
static void
explain(char *why, size_t size, const char *without)
{
	unsigned long code = ERR_peek_last_error();
	const char *reason = code ? ERR_reason_error_string(code) : NULL;

	if (code && ERR_GET_REASON(code) == SSL_R_WRONG_VERSION_NUMBER)
		reason = "what answers there speaks no TLS, or none as new as 1.2";
	snprintf(why, size, "TLS: %s", reason ? reason : without);
	ERR_clear_error();
}

static bool
is_address(const char *host)
{
	unsigned char address[sizeof(struct in6_addr)];

	return inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;
}

static bool
trust(struct tayra__tls_context *context, const struct tayra__tls_options *options)
{
	if (options->insecure)
		return true;
	SSL_CTX_set_verify(context->ctx, SSL_VERIFY_PEER, NULL);
	if (options->cacert)
		return SSL_CTX_load_verify_file(context->ctx, options->cacert) == 1;
	return SSL_CTX_set_default_verify_paths(context->ctx) == 1;
}

int
tayra__tls_context_create(const struct tayra__tls_options *options, struct tayra__tls_context **out,
			  char *why, size_t why_size)
{
	struct tayra__tls_context *context = OPENSSL_zalloc(sizeof(*context));

	*out = NULL;
	if (context) {
		context->ctx = SSL_CTX_new(TLS_client_method());
		context->socket = make_socket_method();
	}
	if (!context || !context->ctx || !context->socket) {
		snprintf(why, why_size, "no memory");
		tayra__tls_context_destroy(context);
		return TAYRA_E_NOMEM;
	}
	snprintf(context->host, sizeof(context->host), "%s", options->host);
	context->by_name = !is_address(options->host);
	context->insecure = options->insecure;
	SSL_CTX_set_min_proto_version(context->ctx, TLS1_2_VERSION);
	SSL_CTX_set_mode(context->ctx,
			 SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	if (!trust(context, options)) {
		explain(why, why_size, "no certificates");
		if (options->cacert)
			snprintf(why, why_size, "%.160s: no certificates in PEM can be read there",
				 options->cacert);
		tayra__tls_context_destroy(context);
		return TAYRA_E_INVAL;
	}
	*out = context;
	return TAYRA_OK;
}

void
tayra__tls_context_destroy(struct tayra__tls_context *context)
{
	if (!context)
		return;
	SSL_CTX_free(context->ctx);
	BIO_meth_free(context->socket);
	OPENSSL_free(context);
}

/* Whom to expect, and whom to ask for. */
static bool
name_peer(SSL *ssl, const struct tayra__tls_context *context)
{
	if (context->by_name && SSL_set_tlsext_host_name(ssl, context->host) != 1)
		return false;
	if (context->insecure)
		return true;
	if (context->by_name)
		return SSL_set1_host(ssl, context->host) == 1;
	return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), context->host) == 1;
}

struct tayra__tls *
tayra__tls_create(struct tayra__tls_context *context, int fd)
{
	SSL *ssl = SSL_new(context->ctx);
	BIO *bio = ssl ? BIO_new(context->socket) : NULL;

	if (!bio || !name_peer(ssl, context)) {
		BIO_free(bio);
		SSL_free(ssl);
		ERR_clear_error();
		return NULL;
	}
	BIO_set_data(bio, (void *)(intptr_t)fd);
	BIO_set_init(bio, 1);
	SSL_set_bio(ssl, bio, bio);
	SSL_set_connect_state(ssl);
	return (struct tayra__tls *)(void *)ssl;
}

void
tayra__tls_destroy(struct tayra__tls *tls)
{
	if (!tls)
		return;
	if (SSL_is_init_finished(ssl_of(tls)))
		SSL_shutdown(ssl_of(tls));
	ERR_clear_error();
	SSL_free(ssl_of(tls));
}

/* Why a call failed for good; sets errno. */
static void
fail(SSL *ssl, int error, int number, char *why, size_t size)
{
	long verified = SSL_get_verify_result(ssl);

	errno = EPROTO;
	if (error == SSL_ERROR_SYSCALL && number) {
		ERR_clear_error();
		errno = number;
	} else if (error == SSL_ERROR_SYSCALL) {
		snprintf(why, size, "TLS: the connection ended without a goodbye");
		ERR_clear_error();
	} else if (verified != X509_V_OK && !SSL_is_init_finished(ssl)) {
		snprintf(why, size, "TLS: the certificate is not trusted: %s",
			 X509_verify_cert_error_string(verified));
		ERR_clear_error();
	} else {
		explain(why, size, "the connection broke");
	}
}

enum tayra__tls_step
tayra__tls_shake(struct tayra__tls *tls, char *why, size_t why_size)
{
	SSL *ssl = ssl_of(tls);
	char text[128];
	int result, number;

	errno = 0;
	result = SSL_do_handshake(ssl);
	number = errno;
	if (result == 1)
		return TAYRA__TLS_DONE;
	switch (SSL_get_error(ssl, result)) {
	case SSL_ERROR_WANT_READ: return TAYRA__TLS_WANTS_READ;
	case SSL_ERROR_WANT_WRITE: return TAYRA__TLS_WANTS_WRITE;
	default: break;
	}
	fail(ssl, SSL_get_error(ssl, result), number, why, why_size);
	if (errno != EPROTO)
		snprintf(why, why_size, "TLS: %s", strerror_r(errno, text, sizeof(text)));
	return TAYRA__TLS_FAILED;
}

/* The result of a read or write: how many bytes, or -1 with errno. */
static ssize_t
conclude(SSL *ssl, int result, size_t done, char *why, size_t size)
{
	int number = errno, error;

	if (result == 1)
		return (ssize_t)done;
	error = SSL_get_error(ssl, result);
	switch (error) {
	case SSL_ERROR_ZERO_RETURN: return 0;
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE: errno = EAGAIN; return -1;
	default: fail(ssl, error, number, why, size); return -1;
	}
}

ssize_t
tayra__tls_send(struct tayra__tls *tls, const void *bytes, size_t len, char *why, size_t why_size)
{
	size_t done = 0;
	int result;

	errno = 0;
	result = SSL_write_ex(ssl_of(tls), bytes, len, &done);
	return conclude(ssl_of(tls), result, done, why, why_size);
}

ssize_t
tayra__tls_recv(struct tayra__tls *tls, void *bytes, size_t len, char *why, size_t why_size)
{
	size_t done = 0;
	int result;

	errno = 0;
	result = SSL_read_ex(ssl_of(tls), bytes, len, &done);
	return conclude(ssl_of(tls), result, done, why, why_size);
}
