/* SPDX-License-Identifier: Apache-2.0 */
#include "pace/queue.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#define MS TAYRA_NS_PER_MS

/* A queue holds list heads that point into it: it must not move after this. */
#define QUEUE(name, max)                                                                           \
	struct tayra__queue name;                                                                  \
	tayra__queue_init(&name, &(struct tayra__queue_rule){ max, 0, 100 * MS, 0.6, 0.02 })

/* => whether it is queued; nobody else may have to go for it. */
static bool
push(struct tayra__queue *queue, struct tayra__line_entry *entry, uint64_t now_ns)
{
	struct tayra__list displaced;
	bool queued;

	tayra__list_init(&displaced);
	queued = tayra__queue_push(queue, entry, now_ns, &displaced);
	assert_true(tayra__list_empty(&displaced));
	return queued;
}

/* The same for every class. */
static const struct tayra__needs *
needs(uint64_t ns)
{
	static struct tayra__needs all;

	for (int c = 0; c < TAYRA_CLASSES; c++)
		all.ns[c] = ns;
	return &all;
}

static struct tayra__line_entry
entry_of(enum tayra_class cls, uint64_t deadline_ns)
{
	return (struct tayra__line_entry){ .cls = cls, .deadline_ns = deadline_ns, .cost = 1 };
}

static void
classes_are_served_by_share(void **state)
{
	const int shares[TAYRA_CLASSES] = { 180, 64, 32, 16, 8 };
	static struct tayra__line_entry entries[TAYRA_CLASSES][200];
	int served[TAYRA_CLASSES] = { 0 };

	QUEUE(queue, 200);
	for (int c = 0; c < TAYRA_CLASSES; c++)
		for (int i = 0; i < 200; i++) {
			entries[c][i] = entry_of((enum tayra_class)(c + 1), 0);
			assert_true(push(&queue, &entries[c][i], 0));
		}
	for (int i = 0; i < 300; i++)
		served[tayra__queue_pop(&queue)->cls - 1]++;
	for (int c = 0; c < TAYRA_CLASSES; c++)
		assert_in_range(served[c], shares[c] - 2, shares[c] + 2);
}

/* Who waits for two seconds, or half of its time, is served at the rate of the class above. */
static void
who_has_waited_long_counts_double(void **state)
{
	static struct tayra__line_entry old[100], fresh[100];
	struct tayra__list shed;
	int first_old = 0;

	QUEUE(queue, 100);
	queue.target_ns = 100000 * MS; /* no overload */
	tayra__list_init(&shed);
	for (int i = 0; i < 100; i++) {
		old[i] = entry_of(TAYRA_BACKGROUND, i % 2 ? 3000 * MS : 0);
		fresh[i] = entry_of(TAYRA_LOW, 0);
		push(&queue, &old[i], 0);
	}
	for (int i = 0; i < 100; i++)
		push(&queue, &fresh[i], 2000 * MS);
	for (int i = 0; i < 30; i++)
		first_old += tayra__queue_take(&queue, 1, 2000 * MS, needs(0), &shed)->cls ==
			     TAYRA_BACKGROUND;
	assert_in_range(first_old, 14, 16); /* else 10 */
}

static void
an_idle_class_saves_up_nothing(void **state)
{
	static struct tayra__line_entry busy[100], late[100];
	int first_late = 0;

	QUEUE(queue, 100);
	for (int i = 0; i < 100; i++) {
		busy[i] = entry_of(TAYRA_BACKGROUND, 0);
		late[i] = entry_of(TAYRA_LOW, 0);
		push(&queue, &busy[i], 0);
	}
	for (int i = 0; i < 60; i++)
		tayra__queue_pop(&queue);
	for (int i = 0; i < 100; i++)
		push(&queue, &late[i], 0);
	for (int i = 0; i < 30; i++)
		first_late += tayra__queue_pop(&queue)->cls == TAYRA_LOW;
	assert_in_range(first_late, 19, 21); /* two to one from the start, not all thirty */
}

static void
a_class_is_first_come_first_served(void **state)
{
	struct tayra__line_entry a = entry_of(TAYRA_LOW, 0), b = a;

	QUEUE(queue, 10);
	push(&queue, &a, 0);
	push(&queue, &b, 1);
	assert_ptr_equal(tayra__queue_pop(&queue), &a);
	assert_ptr_equal(tayra__queue_pop(&queue), &b);
	assert_null(tayra__queue_pop(&queue));
}

static void
a_full_class_takes_no_more_but_another_does(void **state)
{
	struct tayra__line_entry a = entry_of(TAYRA_LOW, 0), b = a, c = entry_of(TAYRA_HIGH, 0);

	QUEUE(queue, 1);
	assert_true(push(&queue, &a, 0));
	assert_false(push(&queue, &b, 0));
	assert_true(push(&queue, &c, 0));
	assert_int_equal(queue.count, 2);
}

static void
in_a_full_class_a_newcomer_takes_the_place_of_who_has_more(void **state)
{
	struct tayra__line_entry greedy[2] = { entry_of(TAYRA_LOW, 0), entry_of(TAYRA_LOW, 0) };
	struct tayra__line_entry other = entry_of(TAYRA_LOW, 0), third = other;
	struct tayra__list shed;

	QUEUE(queue, 2);
	tayra__list_init(&shed);
	greedy[0].tenant = greedy[1].tenant = 1;
	other.tenant = third.tenant = 2;
	assert_true(push(&queue, &greedy[0], 0));
	assert_true(push(&queue, &greedy[1], 1));
	assert_true(tayra__queue_push(&queue, &other, 2, &shed));
	assert_ptr_equal(tayra__list_pop_front(&shed), &greedy[0].node);
	assert_int_equal(greedy[0].shed, TAYRA_SHED_FULL);
	assert_false(push(&queue, &third, 3)); /* one each */
	assert_int_equal(third.shed, TAYRA_SHED_FULL);
	assert_int_equal(queue.count, 2);
}

/* Let one old entry stand through an interval, looking at it every 10 ms. */
static void
overload(struct tayra__queue *queue, struct tayra__line_entry *old, uint64_t from_ns,
	 uint64_t until_ns)
{
	struct tayra__list shed;

	tayra__list_init(&shed);
	assert_true(push(queue, old, from_ns));
	for (uint64_t now = from_ns; now < until_ns; now += 10 * MS)
		tayra__queue_prune(queue, now, needs(0), &shed);
	assert_true(tayra__list_empty(&shed));
}

static void
an_overloaded_class_serves_the_newest_and_sheds_the_old(void **state)
{
	struct tayra__line_entry old = entry_of(TAYRA_LOW, 10000 * MS), a = old, b = old;
	struct tayra__list shed;

	QUEUE(queue, 10);
	tayra__list_init(&shed);
	/* Its target is a tenth of 10 s, so give it one by hand. */
	overload(&queue, &old, 0, 100 * MS);
	old.target_ns = 60 * MS;
	push(&queue, &a, 100 * MS);
	push(&queue, &b, 101 * MS);
	/* The first interval saw it young; the second sees it over its target throughout. */
	for (uint64_t now = 101 * MS; now < 200 * MS; now += 10 * MS)
		tayra__queue_prune(&queue, now, needs(0), &shed);
	assert_false(queue.lines[TAYRA_LOW - 1].overloaded);
	assert_true(tayra__list_empty(&shed));
	tayra__queue_prune(&queue, 201 * MS, needs(0), &shed);
	assert_true(queue.lines[TAYRA_LOW - 1].overloaded);
	assert_ptr_equal(tayra__list_pop_front(&shed), &old.node);
	assert_int_equal(old.shed, TAYRA_SHED_CODEL);
	assert_ptr_equal(tayra__queue_take(&queue, 1, 202 * MS, needs(0), &shed), &b);
}

static void
a_class_with_short_waits_is_never_overloaded(void **state)
{
	struct tayra__line_entry entry = entry_of(TAYRA_LOW, 0);
	struct tayra__list shed;

	QUEUE(queue, 10);
	tayra__list_init(&shed);
	for (uint64_t now = 0; now < 1000 * MS; now += 10 * MS) {
		assert_true(push(&queue, &entry, now));
		assert_ptr_equal(tayra__queue_take(&queue, 1, now + 4 * MS, needs(0), &shed),
				 &entry);
		assert_false(queue.lines[TAYRA_LOW - 1].overloaded);
	}
}

static void
overload_ends_when_the_oldest_is_young_again(void **state)
{
	struct tayra__line_entry old = entry_of(TAYRA_LOW, 0), fresh = old;
	struct tayra__list shed;

	QUEUE(queue, 10);
	tayra__list_init(&shed);
	push(&queue, &old, 0);
	for (uint64_t now = 10 * MS; now <= 210 * MS; now += 10 * MS)
		tayra__queue_prune(&queue, now, needs(0), &shed);
	assert_ptr_equal(tayra__list_pop_front(&shed), &old.node);
	push(&queue, &fresh, 215 * MS);
	assert_true(queue.lines[TAYRA_LOW - 1].overloaded);
	tayra__queue_take(&queue, 1, 216 * MS, needs(0), &shed);
	tayra__queue_prune(&queue, 320 * MS, needs(0), &shed);
	assert_false(queue.lines[TAYRA_LOW - 1].overloaded);
}

/* What one state for all classes would get wrong: the short wait of the high class resets it. */
static void
a_busy_high_class_does_not_hide_an_overloaded_low_one(void **state)
{
	struct tayra__line_entry low = entry_of(TAYRA_BACKGROUND, 0);
	struct tayra__line_entry high = entry_of(TAYRA_CRITICAL, 0);
	struct tayra__list shed;

	QUEUE(queue, 10);
	tayra__list_init(&shed);
	push(&queue, &low, 0);
	for (uint64_t now = 0; now <= 210 * MS; now += MS) {
		push(&queue, &high, now);
		assert_ptr_equal(tayra__queue_take(&queue, 1, now, needs(0), &shed), &high);
		queue.share.ahead = 0; /* not the other's turn */
		tayra__queue_prune(&queue, now, needs(0), &shed);
	}
	assert_true(queue.lines[TAYRA_BACKGROUND - 1].overloaded);
	assert_false(queue.lines[TAYRA_CRITICAL - 1].overloaded);
	assert_int_equal(low.shed, TAYRA_SHED_CODEL);
}

static void
an_overloaded_class_bears_a_wait_of_twice_the_target(void **state)
{
	struct tayra__line_entry entry = entry_of(TAYRA_LOW, 0);
	struct tayra__list shed;

	QUEUE(queue, 10);
	tayra__list_init(&shed);
	queue.lines[TAYRA_LOW - 1].overloaded = true;
	queue.lines[TAYRA_LOW - 1].interval_end_ns = 1000 * MS;
	push(&queue, &entry, 100 * MS);
	tayra__queue_prune(&queue, 110 * MS, needs(0), &shed);
	assert_true(tayra__list_empty(&shed));
	tayra__queue_prune(&queue, 110 * MS + 1, needs(0), &shed);
	assert_ptr_equal(tayra__list_pop_front(&shed), &entry.node);
	assert_int_equal(entry.shed, TAYRA_SHED_CODEL);
}

static void
the_target_is_five_ms_or_a_tenth_of_the_time_left(void **state)
{
	struct tayra__line_entry none = entry_of(TAYRA_LOW, 0);
	struct tayra__line_entry soon = entry_of(TAYRA_LOW, 30 * MS);
	struct tayra__line_entry later = entry_of(TAYRA_LOW, 510 * MS);

	QUEUE(queue, 10);
	push(&queue, &none, 10 * MS);
	push(&queue, &soon, 10 * MS);
	push(&queue, &later, 10 * MS);
	assert_int_equal(none.target_ns, 5 * MS);
	assert_int_equal(soon.target_ns, 5 * MS);
	assert_int_equal(later.target_ns, 50 * MS);
	tayra__queue_remove(&queue, &later);
	queue.target_ns = 7 * MS;
	push(&queue, &later, 10 * MS);
	assert_int_equal(later.target_ns, 7 * MS);
}

static void
a_deadline_that_can_just_be_met_is_served(void **state)
{
	struct tayra__line_entry met = entry_of(TAYRA_LOW, 100);
	struct tayra__line_entry missed = entry_of(TAYRA_LOW, 99);
	struct tayra__line_entry passed = entry_of(TAYRA_LOW, 50);
	struct tayra__list shed;

	QUEUE(queue, 10);
	tayra__list_init(&shed);
	push(&queue, &passed, 0);
	push(&queue, &missed, 0);
	push(&queue, &met, 0);
	assert_ptr_equal(tayra__queue_take(&queue, 1, 60, needs(40), &shed), &met);
	assert_ptr_equal(tayra__list_pop_front(&shed), &passed.node);
	assert_int_equal(passed.shed, TAYRA_SHED_EXPIRED);
	assert_ptr_equal(tayra__list_pop_front(&shed), &missed.node);
	assert_int_equal(missed.shed, TAYRA_SHED_HOPELESS);
}

static void
what_one_class_takes_makes_no_other_hopeless(void **state)
{
	const struct tayra__needs slow_low = { .ns = { [TAYRA_LOW - 1] = 90 } };
	struct tayra__line_entry slow = entry_of(TAYRA_LOW, 100);
	struct tayra__line_entry quick = entry_of(TAYRA_HIGH, 100);
	struct tayra__list shed;

	QUEUE(queue, 10);
	tayra__list_init(&shed);
	push(&queue, &slow, 0);
	push(&queue, &quick, 0);
	tayra__queue_sweep(&queue, 60, &slow_low, &shed);
	assert_ptr_equal(tayra__list_pop_front(&shed), &slow.node);
	assert_true(tayra__list_empty(&shed));
	assert_ptr_equal(tayra__queue_take(&queue, 1, 60, &slow_low, &shed), &quick);
}

static void
a_sweep_finds_what_is_hopeless_in_the_middle(void **state)
{
	struct tayra__line_entry first = entry_of(TAYRA_LOW, 0);
	struct tayra__line_entry middle = entry_of(TAYRA_LOW, 100);
	struct tayra__line_entry last = entry_of(TAYRA_LOW, 500);
	struct tayra__list shed;

	QUEUE(queue, 10);
	tayra__list_init(&shed);
	push(&queue, &first, 0);
	push(&queue, &middle, 0);
	push(&queue, &last, 0);
	assert_int_equal(tayra__queue_next_ns(&queue, needs(10)), 91);
	tayra__queue_sweep(&queue, 90, needs(10), &shed);
	assert_int_equal(queue.count, 3);
	tayra__queue_sweep(&queue, 91, needs(10), &shed);
	assert_int_equal(queue.count, 2);
	assert_ptr_equal(tayra__list_pop_front(&shed), &middle.node);
	assert_int_equal(tayra__queue_next_ns(&queue, needs(10)), 491);
	tayra__queue_remove(&queue, &first);
	tayra__queue_remove(&queue, &last);
	assert_int_equal(tayra__queue_next_ns(&queue, needs(10)), UINT64_MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(classes_are_served_by_share),
		cmocka_unit_test(who_has_waited_long_counts_double),
		cmocka_unit_test(an_idle_class_saves_up_nothing),
		cmocka_unit_test(a_class_is_first_come_first_served),
		cmocka_unit_test(a_full_class_takes_no_more_but_another_does),
		cmocka_unit_test(in_a_full_class_a_newcomer_takes_the_place_of_who_has_more),
		cmocka_unit_test(an_overloaded_class_serves_the_newest_and_sheds_the_old),
		cmocka_unit_test(a_class_with_short_waits_is_never_overloaded),
		cmocka_unit_test(overload_ends_when_the_oldest_is_young_again),
		cmocka_unit_test(a_busy_high_class_does_not_hide_an_overloaded_low_one),
		cmocka_unit_test(an_overloaded_class_bears_a_wait_of_twice_the_target),
		cmocka_unit_test(the_target_is_five_ms_or_a_tenth_of_the_time_left),
		cmocka_unit_test(a_deadline_that_can_just_be_met_is_served),
		cmocka_unit_test(what_one_class_takes_makes_no_other_hopeless),
		cmocka_unit_test(a_sweep_finds_what_is_hopeless_in_the_middle),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
