/* SPDX-License-Identifier: Apache-2.0
 *
 * tls_server.h: a server of HTTP over TLS for tests, with a certificate made for it, and the ways
 * in which one can disappoint.
 */
#ifndef TAYRA_TESTS_DRIVE_TLS_SERVER_H
#define TAYRA_TESTS_DRIVE_TLS_SERVER_H

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum tls_manner {
	TLS_GOOD,
	TLS_PLAIN,  /* answers in the clear */
	TLS_CLOSES, /* before shaking hands */
	TLS_STALLS, /* never shakes hands */
	TLS_CUTS,   /* the answer in half, without a goodbye */
	TLS_LEAVES, /* after each answer, politely */
	TLS_SMALL,  /* sends in records of a few bytes */
};

struct tls_server {
	enum tls_manner manner;
	const char *names; /* of the certificate: "DNS:localhost,IP:127.0.0.1" */
	size_t body;       /* bytes of an answer's body */
	int listener;
	char url[64], pem[64];
	SSL_CTX *ctx;
	pthread_t thread;
	_Atomic unsigned guests;
	_Atomic unsigned answers, handshakes;
};

struct tls_guest {
	struct tls_server *server;
	int fd;
};

static X509 *
tls_make_certificate(EVP_PKEY *key, const char *names)
{
	X509 *cert = X509_new();
	X509_NAME *name = X509_get_subject_name(cert);
	X509_EXTENSION *also;

	X509_set_version(cert, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
	X509_gmtime_adj(X509_getm_notBefore(cert), -3600);
	X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
	X509_set_pubkey(cert, key);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"test", -1, -1,
				   0);
	X509_set_issuer_name(cert, name);
	also = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, names);
	X509_add_ext(cert, also, -1);
	X509_EXTENSION_free(also);
	X509_sign(cert, key, EVP_sha256());
	return cert;
}

static void
tls_converse(struct tls_server *server, SSL *ssl)
{
	char request[4096], head[128];
	char *body = calloc(1, server->body + 1);
	int n;

	memset(body, 'x', server->body);
	snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n",
		 server->body);
	while ((n = SSL_read(ssl, request, sizeof(request))) > 0) {
		size_t at = 0;

		SSL_write(ssl, head, (int)strlen(head));
		if (server->manner == TLS_CUTS) {
			SSL_write(ssl, body, (int)(server->body / 2));
			break;
		}
		while (at < server->body) {
			size_t piece = server->manner == TLS_SMALL ? 7 : server->body - at;

			if (piece > server->body - at)
				piece = server->body - at;
			if (SSL_write(ssl, body + at, (int)piece) <= 0)
				break;
			at += piece;
		}
		atomic_fetch_add(&server->answers, 1);
		if (server->manner == TLS_LEAVES) {
			SSL_shutdown(ssl);
			break;
		}
	}
	free(body);
}

static void *
tls_receive(void *arg)
{
	struct tls_guest guest = *(struct tls_guest *)arg;
	struct tls_server *server = guest.server;
	SSL *ssl;

	free(arg);
	if (server->manner == TLS_PLAIN && write(guest.fd, "HTTP/1.1 400 no\r\n\r\n", 19) < 0)
		(void)0; /* it has left */
	if (server->manner == TLS_STALLS) {
		char byte[512];

		while (read(guest.fd, byte, sizeof(byte)) > 0)
			continue;
	}
	if (server->manner != TLS_PLAIN && server->manner != TLS_CLOSES &&
	    server->manner != TLS_STALLS) {
		ssl = SSL_new(server->ctx);
		SSL_set_fd(ssl, guest.fd);
		if (SSL_accept(ssl) == 1) {
			atomic_fetch_add(&server->handshakes, 1);
			tls_converse(server, ssl);
		}
		SSL_free(ssl);
	}
	close(guest.fd);
	atomic_fetch_sub(&server->guests, 1);
	return NULL;
}

static void *
tls_listen(void *arg)
{
	struct tls_server *server = arg;
	int fd;

	while ((fd = accept(server->listener, NULL, NULL)) >= 0) {
		struct tls_guest *guest = malloc(sizeof(*guest));
		pthread_t thread;
		int one = 1;

		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		*guest = (struct tls_guest){ server, fd };
		atomic_fetch_add(&server->guests, 1);
		if (pthread_create(&thread, NULL, tls_receive, guest) == 0)
			pthread_detach(thread);
	}
	return NULL;
}

static inline void
tls_start(struct tls_server *server)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = tls_make_certificate(key, server->names);
	int pem;
	FILE *out;

	signal(SIGPIPE, SIG_IGN); /* of this server; its client must not need that */
	server->ctx = SSL_CTX_new(TLS_server_method());
	SSL_CTX_use_certificate(server->ctx, cert);
	SSL_CTX_use_PrivateKey(server->ctx, key);
	snprintf(server->pem, sizeof(server->pem), "/tmp/tayra-tls-XXXXXX");
	pem = mkstemp(server->pem);
	out = fdopen(pem, "w");
	PEM_write_X509(out, cert);
	fclose(out);
	X509_free(cert);
	EVP_PKEY_free(key);
	server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(server->listener, (struct sockaddr *)&at, len) != 0 ||
	    listen(server->listener, 64) != 0)
		abort();
	getsockname(server->listener, (struct sockaddr *)&at, &len);
	snprintf(server->url, sizeof(server->url), "https://127.0.0.1:%u/", ntohs(at.sin_port));
	if (pthread_create(&server->thread, NULL, tls_listen, server) != 0)
		abort();
}

/* Its guests have left. */
static inline void
tls_stop(struct tls_server *server)
{
	shutdown(server->listener, SHUT_RDWR);
	pthread_join(server->thread, NULL);
	close(server->listener);
	while (atomic_load(&server->guests) > 0) /* those who receive them see it */
		usleep(1000);
	SSL_CTX_free(server->ctx);
	unlink(server->pem);
}

#endif
