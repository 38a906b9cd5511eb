/* SPDX-License-Identifier: Apache-2.0 */
#include "base/heap.h"
#include "base/mem.h"
#include "base/rng.h"

#include <tayra/base.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define NODES 300

/* The node that must come out next: smallest key, then the one pushed first. */
static int
least(const struct tayra__heap_node *nodes)
{
	int best = -1;

	for (int i = 0; i < NODES; i++) {
		if (!nodes[i].place)
			continue;
		if (best < 0 || nodes[i].key < nodes[best].key ||
		    (nodes[i].key == nodes[best].key && nodes[i].sequence < nodes[best].sequence))
			best = i;
	}
	return best;
}

static void
a_heap_agrees_with_a_search_through_all(void **state)
{
	static struct tayra__heap_node nodes[NODES];
	struct tayra__heap heap;
	struct tayra__rng rng;

	tayra__rng_init(&rng, 5);
	tayra__heap_init(&heap);
	for (int step = 0; step < 20000; step++) {
		struct tayra__heap_node *node = &nodes[tayra__rng_below(&rng, NODES)];
		uint64_t action = tayra__rng_below(&rng, 8);

		if (action == 0) {
			int want = least(nodes);
			struct tayra__heap_node *top = tayra__heap_pop(&heap);

			assert_ptr_equal(top, want < 0 ? NULL : &nodes[want]);
			assert_true(!top || top->place == 0);
		} else if (node->place) {
			if (action > 4)
				tayra__heap_remove(&heap, node);
		} else {
			node->key = tayra__rng_below(&rng, 50); /* many equal ones */
			assert_int_equal(tayra__heap_push(&heap, node), TAYRA_OK);
		}
	}
	for (int want; (want = least(nodes)) >= 0;)
		assert_ptr_equal(tayra__heap_pop(&heap), &nodes[want]);
	assert_null(tayra__heap_pop(&heap));
	tayra__heap_fini(&heap);
}

static void
equal_keys_come_out_in_the_order_they_went_in(void **state)
{
	struct tayra__heap_node nodes[100] = { 0 };
	struct tayra__heap heap;

	tayra__heap_init(&heap);
	for (int i = 0; i < 100; i++)
		assert_int_equal(tayra__heap_push(&heap, &nodes[i]), TAYRA_OK);
	for (int i = 0; i < 100; i++)
		assert_ptr_equal(tayra__heap_pop(&heap), &nodes[i]);
	tayra__heap_fini(&heap);
}

static void
removing_what_is_not_in_does_nothing(void **state)
{
	struct tayra__heap_node in = { .key = 1 }, out = { .key = 2 };
	struct tayra__heap heap;

	tayra__heap_init(&heap);
	tayra__heap_push(&heap, &in);
	tayra__heap_remove(&heap, &out);
	tayra__heap_remove(&heap, &in);
	tayra__heap_remove(&heap, &in);
	assert_null(tayra__heap_peek(&heap));
	tayra__heap_fini(&heap);
}

static void
a_push_without_memory_leaves_the_heap_as_it_was(void **state)
{
	struct tayra__heap_node nodes[17] = { 0 };
	struct tayra__heap heap;

	tayra__heap_init(&heap);
	for (int i = 0; i < 16; i++) {
		nodes[i].key = (uint64_t)i;
		tayra__heap_push(&heap, &nodes[i]);
	}
	tayra__mem_fail_after(1);
	assert_int_equal(tayra__heap_push(&heap, &nodes[16]), TAYRA_E_NOMEM);
	tayra__mem_fail_after(0);
	assert_int_equal(nodes[16].place, 0);
	for (int i = 0; i < 16; i++)
		assert_ptr_equal(tayra__heap_pop(&heap), &nodes[i]);
	assert_null(tayra__heap_pop(&heap));
	tayra__heap_fini(&heap);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_heap_agrees_with_a_search_through_all),
		cmocka_unit_test(equal_keys_come_out_in_the_order_they_went_in),
		cmocka_unit_test(removing_what_is_not_in_does_nothing),
		cmocka_unit_test(a_push_without_memory_leaves_the_heap_as_it_was),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
