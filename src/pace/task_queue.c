/* SPDX-License-Identifier: Apache-2.0
 *
 * task_queue.c: a list under a lock, and an eventfd that is readable while the list is not empty.
 */
#include "pace/executor.h"

#include <errno.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/mem.h"

struct tayra_task_queue {
	pthread_mutex_t lock;
	struct tayra__list ended;
	int fd;
};

int
tayra_task_queue_create(struct tayra_task_queue **out)
{
	struct tayra_task_queue *queue;

	if (!out)
		return TAYRA_E_INVAL;
	*out = NULL;
	queue = tayra__mem_alloc(sizeof(*queue));
	if (!queue)
		return TAYRA_E_NOMEM;
	queue->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (queue->fd < 0) {
		tayra__mem_free(queue);
		return TAYRA_E_IO;
	}
	pthread_mutex_init(&queue->lock, NULL);
	tayra__list_init(&queue->ended);
	*out = queue;
	return TAYRA_OK;
}

void
tayra_task_queue_destroy(struct tayra_task_queue *queue)
{
	if (!queue)
		return;
	close(queue->fd);
	pthread_mutex_destroy(&queue->lock);
	tayra__mem_free(queue);
}

int
tayra_task_queue_fd(struct tayra_task_queue *queue)
{
	return queue->fd;
}

/* An eventfd that counts 0 or 1 never blocks and never fails but for a signal. */
static void
raise_flag(struct tayra_task_queue *queue)
{
	const uint64_t one = 1;

	while (write(queue->fd, &one, sizeof(one)) < 0 && errno == EINTR)
		continue;
}

static void
lower_flag(struct tayra_task_queue *queue)
{
	uint64_t count;

	while (read(queue->fd, &count, sizeof(count)) < 0 && errno == EINTR)
		continue;
}

void
tayra__task_queue_push(struct tayra_task_queue *queue, struct tayra__task *task)
{
	pthread_mutex_lock(&queue->lock);
	if (tayra__list_empty(&queue->ended))
		raise_flag(queue);
	tayra__list_push_back(&queue->ended, &task->link);
	pthread_mutex_unlock(&queue->lock);
}

size_t
tayra_task_queue_drain(struct tayra_task_queue *queue, struct tayra_task **out, size_t max)
{
	struct tayra__list *node;
	size_t n = 0;

	pthread_mutex_lock(&queue->lock);
	while (n < max && (node = tayra__list_pop_front(&queue->ended)))
		out[n++] = tayra__task_handle(TAYRA__LIST_ENTRY(node, struct tayra__task, link));
	if (n > 0 && tayra__list_empty(&queue->ended))
		lower_flag(queue);
	pthread_mutex_unlock(&queue->lock);
	return n;
}
