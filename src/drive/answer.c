/* SPDX-License-Identifier: Apache-2.0 */
#include "drive/answer.h"

#include "drive/errand.h"
#include "drive/wire.h"

#include <stdio.h>
#include <string.h>

#define CARRY_SLACK (128u << 10) /* a read and a header line */
#define CARRY_KEEP  (16u << 10)  /* memory that a connection may keep between answers */
#define FAILS_FROM  400

static const struct tayra__resp_reply_limits limits = {
	.bulk_bytes = TAYRA__WIRE_REPLY_MAX,
	.line_bytes = 64u << 10,
	.elements = 1u << 20,
};

void
tayra__answer_init(struct tayra__answer *answer, const struct tayra__errand *errand)
{
	memset(answer, 0, sizeof(*answer));
	answer->redis = errand->redis;
	if (answer->redis)
		tayra__buffer_init(&answer->resp.carry, TAYRA__WIRE_REPLY_MAX + CARRY_SLACK);
}

void
tayra__answer_fini(struct tayra__answer *answer)
{
	if (answer->redis)
		tayra__buffer_fini(&answer->resp.carry);
}

void
tayra__answer_begin(struct tayra__answer *answer, bool head)
{
	if (!answer->redis) {
		tayra__http_response_begin(&answer->http, head);
		return;
	}
	tayra__resp_reply_init(&answer->resp.reply);
	tayra__buffer_reset(&answer->resp.carry, CARRY_KEEP);
	answer->resp.failed = false;
}

static enum tayra__answer_state
judge_http(const struct tayra__answer *answer, enum tayra__http_response_state state)
{
	switch (state) {
	case TAYRA__HTTP_MORE: return TAYRA__ANSWER_MORE;
	case TAYRA__HTTP_WRONG: return TAYRA__ANSWER_WRONG;
	case TAYRA__HTTP_DONE: break;
	}
	return answer->http.status < FAILS_FROM ? TAYRA__ANSWER_GOOD : TAYRA__ANSWER_BAD;
}

static void
note_error(struct tayra__answer *answer, const struct tayra__resp_element *element)
{
	size_t len = element->len;

	if (len >= sizeof(answer->resp.error))
		len = sizeof(answer->resp.error) - 1;
	for (size_t i = 0; i < len; i++) {
		char c = element->text[i];

		answer->resp.error[i] = c >= ' ' && c < 0x7f ? c : '?';
	}
	answer->resp.error[len] = '\0';
	answer->resp.failed = true;
}

/* Elements up to the end of the reply or of the bytes; *used belong to complete ones. */
static enum tayra__answer_state
read_elements(struct tayra__answer *answer, const char *bytes, size_t len, size_t *used)
{
	struct tayra__resp_element element;
	bool push = false;
	size_t n;

	for (*used = 0;; *used += n) {
		switch (tayra__resp_reply_next(&answer->resp.reply, bytes + *used, len - *used,
					       &limits, &element, &n)) {
		case TAYRA__RESP_REPLY_MORE: return TAYRA__ANSWER_MORE;
		case TAYRA__RESP_REPLY_WRONG: return TAYRA__ANSWER_WRONG;
		case TAYRA__RESP_REPLY_ELEMENT: break;
		}
		if (element.depth == 0 && element.type == TAYRA__RESP_PUSH)
			push = true;
		if (element.depth == 0 && !push &&
		    (element.type == TAYRA__RESP_ERROR || element.type == TAYRA__RESP_BULK_ERROR))
			note_error(answer, &element);
		if (!element.last)
			continue;
		if (!push)
			break;
		push = false;
	}
	*used += n;
	return answer->resp.failed ? TAYRA__ANSWER_BAD : TAYRA__ANSWER_GOOD;
}

/* Whole replies are read where they are; of one in pieces the rest is put together in `carry`. */
static enum tayra__answer_state
feed_redis(struct tayra__answer *answer, const char *bytes, size_t len, size_t *used)
{
	struct tayra__buffer *carry = &answer->resp.carry;
	bool carried = carry->len > 0;
	enum tayra__answer_state state;
	size_t n;

	if (carried) {
		tayra__buffer_append(carry, bytes, len);
		state = read_elements(answer, tayra__buffer_front(carry), carry->len, &n);
		tayra__buffer_consume(carry, n);
	} else {
		state = read_elements(answer, bytes, len, &n);
		if (state == TAYRA__ANSWER_MORE)
			tayra__buffer_append(carry, bytes + n, len - n);
	}
	if (carry->failed) {
		answer->resp.reply.error = "a reply too large";
		state = TAYRA__ANSWER_WRONG;
	}
	/* What is left in the carry behind a complete reply came with this piece. */
	*used = state == TAYRA__ANSWER_MORE ? len : carried ? len - carry->len : n;
	return state;
}

enum tayra__answer_state
tayra__answer_feed(struct tayra__answer *answer, const char *bytes, size_t len, size_t *used)
{
	if (answer->redis)
		return feed_redis(answer, bytes, len, used);
	return judge_http(answer, tayra__http_response_feed(&answer->http, bytes, len, used));
}

enum tayra__answer_state
tayra__answer_end(struct tayra__answer *answer)
{
	if (!answer->redis)
		return judge_http(answer, tayra__http_response_end(&answer->http));
	answer->resp.reply.error = "the connection ended without a whole answer";
	return TAYRA__ANSWER_WRONG;
}

bool
tayra__answer_keeps(const struct tayra__answer *answer)
{
	return answer->redis || answer->http.keep;
}

void
tayra__answer_explain(const struct tayra__answer *answer, enum tayra__answer_state state, char *why,
		      size_t size)
{
	const char *wrong = answer->redis ? answer->resp.reply.error : answer->http.error;

	if (state == TAYRA__ANSWER_WRONG)
		snprintf(why, size, "%s", wrong);
	else if (answer->redis)
		snprintf(why, size, "%s", answer->resp.error);
	else
		snprintf(why, size, "status %u", answer->http.status);
}
