/* SPDX-License-Identifier: Apache-2.0
 *
 * learning.h: what a server learns of its keys (tayra/strategy.h) and what can be turned at run
 * time: each habit's switch, policy tayra's, and one that bypasses them all.  The loop's thread.
 *
 * A server that was not told to learn sets no memory aside for it, learns nothing, and pays one
 * test of a bool a hit.
 */
#ifndef TAYRA_SERVE_LEARNING_H
#define TAYRA_SERVE_LEARNING_H

#include <tayra/tayra.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tayra__call;
struct tayra__server;
struct tayra__server_options;

struct tayra__learning {
	bool possible; /* memory was set aside for it */
	bool bypassed;
	bool watches;  /* hits are told to the handle: to be learned of, or to begin a refresh */
	bool by_route; /* a hit is given its route: some begin refreshes at moments of their own */
	uint64_t bytes;
	struct tayra_strategy strategy; /* as told */
	enum tayra_learning policy;     /* of policy tayra, as told */
};

/*
 * What the options say; learning->bytes of the server's memory are to be kept free.
 * => TAYRA_E_INVAL, and error has one line.
 */
int tayra__learning_settle(struct tayra__learning *learning,
			   const struct tayra__server_options *options, uint64_t memory_bytes,
			   char *error, size_t error_len);
/* Put it in force, once the handle is there and after each change.  => as tayra_strategy_set(). */
int tayra__learning_apply(struct tayra__server *server);

/* Once the handle's strategy has changed. */
void tayra__learning_watch(struct tayra__server *server);

/* What is taken of learning->bytes. */
uint64_t tayra__learning_bytes(const struct tayra__server *server);

/* The n-th switch or number that CONFIG knows; NULL after the last. */
const char *tayra__learning_name(size_t n);
/* Its value; returns the length. */
size_t tayra__learning_read(const struct tayra__server *server, size_t n, char *out, size_t size);
/* => NULL, or why not. */
const char *tayra__learning_set(struct tayra__server *server, size_t n, const char *text,
				size_t len);

/* A hit, or a miss of what is not loaded, of an argument that RAM alone was asked for; only while
 * learning.watches. */
void tayra__learning_hit(const struct tayra__call *call, size_t index,
			 const struct tayra_item_meta *meta);
void tayra__learning_miss(const struct tayra__call *call, size_t index);

#endif
