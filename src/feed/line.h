/* SPDX-License-Identifier: Apache-2.0
 *
 * line.h: a connection to a server that tells of changes, kept up by a thread: it is asked from
 * time to time whether it is still there; when it is lost the feed is, and it is made again, at
 * once and then after longer and longer pauses.
 */
#ifndef TAYRA_FEED_LINE_H
#define TAYRA_FEED_LINE_H

#include "feed/thread.h"
#include "load/feed.h"
#include "origin/complaint.h"
#include "origin/reach.h"

struct tayra__feed_line {
	struct tayra_feed feed; /* first: the caller's pointer */
	struct tayra__feed_thread thread;
	struct tayra__reach reach;
	bool up;
	uint64_t interval_ns; /* between two questions, which is how long an answer may take */
	bool asked;           /* one is out */
	uint64_t again_ns; /* take() is to be called again within it; 0: when something arrives */
	/* Connect, and say tayra_feed_sound() as soon as every change will be told.  => TAYRA_OK;
	 * else it is not connected, and why->text says why. */
	int (*hear)(struct tayra__feed_line *line, const struct tayra__complaint *why);
	/* Tell what has arrived; the answer to a question ends `asked`.  => false: the connection
	 * is gone, and *why says how. */
	bool (*take)(struct tayra__feed_line *line, const struct tayra__complaint *why);
	/* Ask, to be answered by until_ns.  => false: it could not be sent. */
	bool (*ask)(struct tayra__feed_line *line, uint64_t until_ns);
	/* Readable when something arrives; `name` is for complaints: "PostgreSQL". */
	int (*fd)(const struct tayra__feed_line *line);
	const char *(*name)(const struct tayra__feed_line *line);
	void (*hang_up)(struct tayra__feed_line *line); /* also when it is not connected */
};

/* The functions, feed.close and interval_ns are set.  => as tayra_feed_open(). */
int tayra__feed_line_init(struct tayra__feed_line *line, struct tayra *t,
			  const struct tayra_feed_options *options);
/* Connect for the first time, and start the thread.  => TAYRA_OK also when the server cannot be
 * reached: it may come, and *why says so.  TAYRA_E_INVAL: it refuses us.  TAYRA_E_NOMEM. */
int tayra__feed_line_start(struct tayra__feed_line *line, const struct tayra__complaint *why);
/* All that init made, and what start did. */
void tayra__feed_line_fini(struct tayra__feed_line *line);

#endif
