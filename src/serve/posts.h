/* SPDX-License-Identifier: Apache-2.0
 *
 * posts.h: changes on their way to a remote tier.  The loop must not wait for a network: a command
 * changes RAM and the file tier at once and posts what it did; when it is over, all its posts go to
 * a pool of threads, and its reply leaves when they have arrived.  What is on its way is not asked
 * for there, and of several changes of a key the latest wins (load/store.h).
 * The thread of the loop alone.
 */
#ifndef TAYRA_SERVE_POSTS_H
#define TAYRA_SERVE_POSTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "net/loop.h"

struct tayra;
struct tayra__call;
struct tayra__server;
struct tayra_executor;
struct tayra_item_meta;
struct tayra_task_queue;

struct tayra__posts {
	struct tayra *handle;
	struct tayra__list list; /* of the command that runs */
	struct tayra_executor *executor;
	struct tayra_task_queue *done;
	struct tayra__watch watch;
	struct tayra__server *server;
};

/* => TAYRA_E_NOMEM, TAYRA_E_IO. */
int tayra__posts_open(struct tayra__posts *posts, struct tayra__server *server);
/* Once the connections are gone and before the handle; waits for what is on its way. */
void tayra__posts_close(struct tayra__posts *posts);

/* Put, or delete with meta NULL, and post it.  => as tayra__store_change(). */
int tayra__posts_change(struct tayra__posts *posts, const void *key, size_t key_len,
			const void *value, size_t len, const struct tayra_item_meta *meta);
/* Clear what begins so, on a thread of the pool.  => TAYRA_E_NOMEM. */
int tayra__posts_clear(struct tayra__posts *posts, const void *prefix, size_t prefix_len);
/* The same of what has that tag. */
int tayra__posts_tag(struct tayra__posts *posts, const void *tag, size_t len);
/* A command is over, and its reply begins at `from` of its output: it leaves later if something was
 * posted. */
void tayra__posts_send(struct tayra__posts *posts, struct tayra__call *call, size_t from);

#endif
