/* SPDX-License-Identifier: Apache-2.0 */
#include "base/list.h"
#include "base/rng.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

struct item {
	int value;
	struct tayra__list node;
};

static int
value_of(struct tayra__list *node)
{
	return node ? TAYRA__LIST_ENTRY(node, struct item, node)->value : -1;
}

static void
a_list_is_a_queue_and_a_stack_at_both_ends(void **state)
{
	struct tayra__list head;
	struct item items[4] = { { .value = 0 }, { .value = 1 }, { .value = 2 }, { .value = 3 } };

	tayra__list_init(&head);
	assert_true(tayra__list_empty(&head));
	assert_int_equal(value_of(tayra__list_pop_front(&head)), -1);
	assert_int_equal(value_of(tayra__list_pop_back(&head)), -1);
	tayra__list_push_back(&head, &items[1].node);
	tayra__list_push_back(&head, &items[2].node);
	tayra__list_push_front(&head, &items[0].node);
	tayra__list_push_back(&head, &items[3].node);
	assert_false(tayra__list_empty(&head));
	assert_int_equal(value_of(tayra__list_pop_front(&head)), 0);
	assert_int_equal(value_of(tayra__list_pop_back(&head)), 3);
	assert_int_equal(value_of(tayra__list_pop_front(&head)), 1);
	assert_int_equal(value_of(tayra__list_pop_back(&head)), 2);
	assert_true(tayra__list_empty(&head));
}

static void
removing_twice_is_removing_once(void **state)
{
	struct tayra__list head;
	struct item items[2] = { { .value = 0 }, { .value = 1 } };

	tayra__list_init(&head);
	tayra__list_push_back(&head, &items[0].node);
	tayra__list_push_back(&head, &items[1].node);
	tayra__list_remove(&items[0].node);
	tayra__list_remove(&items[0].node);
	assert_int_equal(value_of(tayra__list_pop_front(&head)), 1);
	tayra__list_remove(&items[1].node); /* popping removed it */
	assert_true(tayra__list_empty(&head));
}

/* Random pushes and removals against an array that is moved by hand. */
static void
a_list_agrees_with_an_array(void **state)
{
	struct tayra__list head;
	struct item items[32];
	int order[32], count = 0;
	struct tayra__rng rng;

	tayra__rng_init(&rng, 3);
	tayra__list_init(&head);
	for (int i = 0; i < 32; i++) {
		items[i].value = i;
		tayra__list_init(&items[i].node);
	}
	for (int step = 0; step < 20000; step++) {
		int picked = (int)tayra__rng_below(&rng, 32), at = 0;

		while (at < count && order[at] != picked)
			at++;
		if (at < count) {
			tayra__list_remove(&items[picked].node);
			memmove(order + at, order + at + 1,
				sizeof(*order) * (size_t)(--count - at));
		} else if (step & 1) {
			tayra__list_push_back(&head, &items[picked].node);
			order[count++] = picked;
		} else {
			tayra__list_push_front(&head, &items[picked].node);
			memmove(order + 1, order, sizeof(*order) * (size_t)count++);
			order[0] = picked;
		}
		at = 0;
		for (struct tayra__list *n = head.next; n != &head; n = n->next)
			assert_int_equal(value_of(n), order[at++]);
		assert_int_equal(at, count);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_list_is_a_queue_and_a_stack_at_both_ends),
		cmocka_unit_test(removing_twice_is_removing_once),
		cmocka_unit_test(a_list_agrees_with_an_array),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
