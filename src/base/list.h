/* SPDX-License-Identifier: Apache-2.0
 *
 * list.h: an intrusive, circular, doubly linked list.  The head is a node; an empty list points at
 * itself.  Not thread-safe.
 */
#ifndef TAYRA_BASE_LIST_H
#define TAYRA_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct tayra__list {
	struct tayra__list *next, *prev;
};

/* The struct that holds a node. */
#define TAYRA__LIST_ENTRY(node, type, member)                                                      \
	((type *)(void *)((char *)(node)-offsetof(type, member)))

static inline void
tayra__list_init(struct tayra__list *head)
{
	head->next = head->prev = head;
}

static inline bool
tayra__list_empty(const struct tayra__list *head)
{
	return head->next == head;
}

static inline void
tayra__list_insert_between(struct tayra__list *node, struct tayra__list *prev,
			   struct tayra__list *next)
{
	node->prev = prev;
	node->next = next;
	prev->next = node;
	next->prev = node;
}

static inline void
tayra__list_push_back(struct tayra__list *head, struct tayra__list *node)
{
	tayra__list_insert_between(node, head->prev, head);
}

static inline void
tayra__list_push_front(struct tayra__list *head, struct tayra__list *node)
{
	tayra__list_insert_between(node, head, head->next);
}

/* Take out; the node points at itself, so taking it out again does nothing. */
static inline void
tayra__list_remove(struct tayra__list *node)
{
	node->prev->next = node->next;
	node->next->prev = node->prev;
	node->next = node->prev = node;
}

/* The first or last node taken out, NULL when empty. */
static inline struct tayra__list *
tayra__list_pop_front(struct tayra__list *head)
{
	struct tayra__list *node = head->next;

	if (node == head)
		return NULL;
	tayra__list_remove(node);
	return node;
}

static inline struct tayra__list *
tayra__list_pop_back(struct tayra__list *head)
{
	struct tayra__list *node = head->prev;

	if (node == head)
		return NULL;
	tayra__list_remove(node);
	return node;
}

#endif
