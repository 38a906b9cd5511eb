/* SPDX-License-Identifier: Apache-2.0
 *
 * redis_server.h: a redis-server of our own, on a socket in a given directory and nowhere else,
 * that writes nothing to disk and goes with the thread that started it.
 */
#ifndef TAYRA_SHOWCASE_REDIS_SERVER_H
#define TAYRA_SHOWCASE_REDIS_SERVER_H

#include <stddef.h>
#include <sys/types.h>

struct tayra__redis_server {
	pid_t pid; /* 0: not running */
	char socket[160], url[200];
};

/* Why there can be none, in a few words; NULL: redis-server is in PATH. */
const char *tayra__redis_server_missing(void);
/* => TAYRA_OK: it answers.  TAYRA_E_IO with one line in `error`, and nothing to stop. */
int tayra__redis_server_start(struct tayra__redis_server *server, const char *dir, char *error,
			      size_t error_len);
/* And remove what it left; nothing to do for one that does not run. */
void tayra__redis_server_stop(struct tayra__redis_server *server);

#endif
