/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/posts.h"

#include <string.h>

#include <tayra/pace.h>
#include <tayra/tayra.h>

#include "base/mem.h"
#include "load/store.h"
#include "serve/command.h"
#include "serve/pending.h"
#include "serve/state.h"

#define THREADS         4
#define BATCHES_A_ROUND 64

enum kind { PUT, DELETE, CLEAR, TAG };

struct post {
	struct tayra__list node;
	enum kind kind;
	struct tayra_item_meta meta;
	uint64_t number;
	size_t key_len, len;
	char bytes[]; /* the key, then the value */
};

/* What one command has posted. */
struct batch {
	struct tayra__pending pending; /* first */
	struct tayra_task task;
	struct tayra *handle;
	struct tayra__list list;
};

static int
deliver(struct tayra *handle, const struct post *post)
{
	if (post->kind == CLEAR)
		return tayra__store_clear(handle, post->key_len ? post->bytes : NULL,
					  post->key_len);
	if (post->kind == TAG)
		return tayra_delete_tag(handle, post->bytes, post->key_len);
	return tayra__store_deliver(handle, post->bytes, post->key_len, post->bytes + post->key_len,
				    post->len, post->kind == PUT ? &post->meta : NULL,
				    post->number);
}

/* Deliver and free all.  => TAYRA_E_IO: something could not be forgotten there. */
static int
deliver_all(struct tayra *handle, struct tayra__list *list)
{
	struct tayra__list *node;
	int worst = TAYRA_OK;

	while ((node = tayra__list_pop_front(list))) {
		struct post *post = TAYRA__LIST_ENTRY(node, struct post, node);
		int status = deliver(handle, post);

		/* A put that was not told is owed, and nobody is told anything old by us. */
		if (post->kind != PUT && status != TAYRA_OK && status != TAYRA_E_NOT_FOUND)
			worst = TAYRA_E_IO;
		tayra__mem_free(post);
	}
	return worst;
}

/* On a thread of the pool. */
static int
run(void *arg)
{
	struct batch *batch = arg;

	return deliver_all(batch->handle, &batch->list);
}

static void
finish(struct batch *batch)
{
	/* One that never ran: the pool is closing. */
	if (batch->task.status != TAYRA_OK && !tayra__list_empty(&batch->list))
		batch->task.status = deliver_all(batch->handle, &batch->list);
	if (batch->task.status != TAYRA_OK && batch->pending.connection) {
		tayra__buffer_reset(&batch->pending.reply, 0);
		tayra__resp_error(&batch->pending.reply, "%s", TAYRA__UNSURE_ERROR);
		batch->pending.server->counters.errors++;
	}
	tayra__pending_done(&batch->pending);
}

static size_t
finish_some(struct tayra__posts *posts)
{
	struct tayra_task *done[BATCHES_A_ROUND];
	size_t n = tayra_task_queue_drain(posts->done, done, BATCHES_A_ROUND);

	for (size_t i = 0; i < n; i++)
		finish(done[i]->arg);
	return n;
}

static void
on_done(struct tayra__watch *watch, uint32_t events)
{
	struct tayra__posts *posts = (struct tayra__posts *)(void *)((char *)watch -
								     offsetof(struct tayra__posts,
									      watch));

	(void)events;
	tayra__server_update_now(posts->server);
	finish_some(posts); /* what is left keeps it readable */
}

int
tayra__posts_open(struct tayra__posts *posts, struct tayra__server *server)
{
	struct tayra_executor_options options = TAYRA_EXECUTOR_OPTIONS_INIT;
	int status;

	options.threads = THREADS;
	options.queue_max = server->clients_max;
	posts->server = server;
	posts->handle = server->handle;
	tayra__list_init(&posts->list);
	status = tayra_task_queue_create(&posts->done);
	if (status == TAYRA_OK)
		status = tayra_executor_create(&options, &posts->executor);
	if (status != TAYRA_OK)
		return status;
	posts->watch.fd = tayra_task_queue_fd(posts->done);
	posts->watch.ready = on_done;
	return tayra__loop_add(server->loop, &posts->watch, TAYRA__LOOP_READ);
}

void
tayra__posts_close(struct tayra__posts *posts)
{
	if (posts->executor)
		tayra_executor_destroy(posts->executor);
	if (!posts->done)
		return;
	while (finish_some(posts) > 0)
		continue;
	tayra_task_queue_destroy(posts->done);
}

static struct post *
create(struct tayra__posts *posts, const void *key, size_t key_len, const void *value, size_t len)
{
	struct post *post = tayra__mem_alloc(sizeof(*post) + key_len + len);

	if (!post)
		return NULL;
	tayra__list_init(&post->node);
	post->key_len = key_len;
	post->len = len;
	if (key_len)
		memcpy(post->bytes, key, key_len);
	if (len)
		memcpy(post->bytes + key_len, value, len);
	tayra__list_push_back(&posts->list, &post->node);
	return post;
}

int
tayra__posts_change(struct tayra__posts *posts, const void *key, size_t key_len, const void *value,
		    size_t len, const struct tayra_item_meta *meta)
{
	uint64_t number;
	int status = tayra__store_change(posts->handle, key, key_len, value, len, meta, &number);
	bool put = meta && status == TAYRA_OK;
	struct post *post;

	if (status == TAYRA_E_INVAL || status == TAYRA_E_FORKED)
		return status;
	post = create(posts, key, key_len, value, put ? len : 0);
	if (!post) { /* better slow than never */
		tayra__store_deliver(posts->handle, key, key_len, value, len, put ? meta : NULL,
				     number);
		return status;
	}
	post->kind = put ? PUT : DELETE;
	post->number = number;
	if (put)
		post->meta = *meta;
	return status;
}

static int
post_text(struct tayra__posts *posts, enum kind kind, const void *text, size_t len)
{
	struct post *post = create(posts, text, len, NULL, 0);

	if (!post)
		return TAYRA_E_NOMEM;
	post->kind = kind;
	return TAYRA_OK;
}

int
tayra__posts_clear(struct tayra__posts *posts, const void *prefix, size_t prefix_len)
{
	return post_text(posts, CLEAR, prefix, prefix_len);
}

int
tayra__posts_tag(struct tayra__posts *posts, const void *tag, size_t len)
{
	return post_text(posts, TAG, tag, len);
}

static void
hand_over(struct tayra__list *from, struct tayra__list *to, uint64_t *bytes)
{
	struct tayra__list *node;

	tayra__list_init(to);
	while ((node = tayra__list_pop_front(from))) {
		const struct post *post = TAYRA__LIST_ENTRY(node, struct post, node);

		*bytes += sizeof(*post) + post->key_len + post->len;
		tayra__list_push_back(to, node);
	}
}

void
tayra__posts_send(struct tayra__posts *posts, struct tayra__call *call, size_t from)
{
	struct batch *batch;

	if (tayra__list_empty(&posts->list))
		return;
	batch = (struct batch *)(void *)tayra__pending_create(call, sizeof(*batch));
	if (!batch) {
		deliver_all(posts->handle, &posts->list);
		return;
	}
	batch->handle = posts->handle;
	hand_over(&posts->list, &batch->list, &batch->pending.bytes);
	tayra__buffer_append(&batch->pending.reply, tayra__buffer_front(call->out) + from,
			     call->out->len - from);
	call->out->len = from;
	batch->task = (struct tayra_task){
		.fn = run,
		.arg = batch,
		.cls = TAYRA_NORMAL,
		.queue = posts->done,
	};
	tayra__call_suspend(call, &batch->pending, TAYRA__ASIDE_NONE);
	if (tayra_submit(posts->executor, &batch->task) != TAYRA_OK) {
		batch->task.status = deliver_all(posts->handle, &batch->list);
		finish(batch);
	}
}
