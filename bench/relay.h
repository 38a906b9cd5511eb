/* SPDX-License-Identifier: Apache-2.0
 *
 * relay.h: a socket in front of a server's, whose bytes arrive later in either direction: a network
 * on one machine.  One thread.
 */
#ifndef TAYRA_BENCH_RELAY_H
#define TAYRA_BENCH_RELAY_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/un.h>

#define RELAY_PAIRS 32

struct relay_pipe {
	int from, to;
	bool ended; /* no more comes */
	struct {
		uint64_t due_ns;
		uint32_t len;
	} chunks[64];
	uint32_t first, count;
	uint32_t head, tail; /* of bytes[], a ring */
	char bytes[1 << 20];
};

struct relay {
	struct sockaddr_un server, here;
	uint64_t delay_ns; /* each way */
	int listening;
	pthread_t thread;
	_Atomic bool stop;
	uint32_t pairs;
	struct relay_pipe *pipes[RELAY_PAIRS][2];
};

/* => whether it listens at `here`. */
bool relay_open(struct relay *relay, const char *here, const char *server, uint64_t delay_ns);
void relay_close(struct relay *relay);

#endif
