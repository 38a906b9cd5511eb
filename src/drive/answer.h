/* SPDX-License-Identifier: Apache-2.0
 *
 * answer.h: one answer of a server as it arrives in pieces, of HTTP or Redis: is it complete, does
 * it say that the request failed, may another follow?  Not thread-safe.
 */
#ifndef TAYRA_DRIVE_ANSWER_H
#define TAYRA_DRIVE_ANSWER_H

#include "drive/http_response.h"
#include "net/buffer.h"
#include "net/resp_reply.h"

struct tayra__errand;

enum tayra__answer_state {
	TAYRA__ANSWER_MORE,
	TAYRA__ANSWER_GOOD,
	TAYRA__ANSWER_BAD,   /* complete, and says that the request failed */
	TAYRA__ANSWER_WRONG, /* the stream cannot be followed any more */
};

struct tayra__answer {
	bool redis;
	union {
		struct tayra__http_response http;
		struct {
			struct tayra__resp_reply reply;
			struct tayra__buffer carry; /* an element that came in pieces */
			bool failed;
			char error[96]; /* what the server said */
		} resp;
	};
};

void tayra__answer_init(struct tayra__answer *answer, const struct tayra__errand *errand);
void tayra__answer_fini(struct tayra__answer *answer);
/* Before each answer; head: it has no body. */
void tayra__answer_begin(struct tayra__answer *answer, bool head);
/* Take bytes as they came; *used of them belong to this answer, all with MORE. */
enum tayra__answer_state tayra__answer_feed(struct tayra__answer *answer, const char *bytes,
					    size_t len, size_t *used);
/* The connection ended: GOOD or BAD when that is how this answer ends, otherwise WRONG. */
enum tayra__answer_state tayra__answer_end(struct tayra__answer *answer);
/* After GOOD or BAD: the connection may be used again. */
bool tayra__answer_keeps(const struct tayra__answer *answer);
/* After BAD or WRONG: one line on why. */
void tayra__answer_explain(const struct tayra__answer *answer, enum tayra__answer_state state,
			   char *why, size_t size);

#endif
