/* SPDX-License-Identifier: Apache-2.0
 *
 * redis_url.h: where a Redis or Valkey is: redis://[user[:password]@]host[:port][/db], or
 * unix://[user[:password]@]/path.  User and password are percent-decoded; redis://:secret@host is
 * the default user with a password; IPv6 addresses stand in brackets.  No name is looked up.
 */
#ifndef TAYRA_NET_REDIS_URL_H
#define TAYRA_NET_REDIS_URL_H

#include <stddef.h>
#include <stdint.h>

#define TAYRA__REDIS_URL_HOST   256 /* bytes with the terminating 0, as the others */
#define TAYRA__REDIS_URL_PATH   108 /* what a socket's address can hold */
#define TAYRA__REDIS_URL_SECRET 512
#define TAYRA__REDIS_URL_SHOWN  320

struct tayra__redis_url {
	char host[TAYRA__REDIS_URL_HOST]; /* "" for a unix socket */
	char path[TAYRA__REDIS_URL_PATH]; /* "" for a host */
	uint16_t port;
	uint32_t db;
	char user[TAYRA__REDIS_URL_SECRET]; /* "": the default one */
	char password[TAYRA__REDIS_URL_SECRET];
	char shown[TAYRA__REDIS_URL_SHOWN]; /* for messages: neither user nor password */
};

/*
 * => TAYRA_OK; TAYRA_E_INVAL: `error`, if not NULL, gets one line saying what, which quotes nothing
 *    that could be part of a password.
 */
int tayra__redis_url_parse(const char *text, struct tayra__redis_url *out, char *error,
			   size_t error_len);

#endif
