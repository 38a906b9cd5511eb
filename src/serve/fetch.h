/* SPDX-License-Identifier: Apache-2.0
 *
 * fetch.h: values that come from below RAM: an origin that a route names, or a tier of the handle;
 * and those that go there.
 * A fetch asks for one key or several side by side, and ends when all have come: then it replies,
 * or what was put off is executed.  The thread of the loop alone; origins load on their own.
 */
#ifndef TAYRA_SERVE_FETCH_H
#define TAYRA_SERVE_FETCH_H

#include <stdbool.h>
#include <stddef.h>

struct tayra__call;
struct tayra__route;
struct tayra__server;
struct tayra_request;

/* Keys of one request that may have to be loaded; fewer with an --output-limit under 4 MiB. */
#define TAYRA__FETCH_KEYS_MAX 16384

/* Make the queue on which answers come, watched by the loop.  => TAYRA_E_NOMEM, TAYRA_E_IO. */
int tayra__fetch_open(struct tayra__server *server);
/* Once the connections and then the handle are gone; also when open failed or was not called. */
void tayra__fetch_close(struct tayra__server *server);

/* How a key of that route is loaded; NULL: it is not. */
void tayra__fetch_describe(const struct tayra__route *route, struct tayra_request *request);
/* A key that is not in RAM may be elsewhere. */
bool tayra__fetch_possible(const struct tayra__call *call, size_t index);
/* Reply, now or later, with the value of a key that RAM has not, or null. */
void tayra__fetch_value(struct tayra__call *call, size_t index);
/* A SET of such a key is brought to its origin first. */
bool tayra__fetch_writes(const struct tayra__call *call, size_t index);
/* Bring it, and reply, now or later, whether the origin has it. */
void tayra__fetch_write(struct tayra__call *call, size_t index, size_t value_index);
/* Reply, now or later, with an array of the values of all arguments from `first`, or with the
 * error that one of them met. */
void tayra__fetch_values(struct tayra__call *call, size_t first);
/*
 * Bring up what tiers have of the keys of a command that is about to be executed.  Not for values
 * that routes name: those are loaded when they are read.
 * => true: put off, and executed again when they are here, or it has replied that it cannot be.
 */
bool tayra__fetch_before(struct tayra__call *call);

#endif
