/* SPDX-License-Identifier: Apache-2.0 */
#include "pace/line.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#define MS TAYRA_NS_PER_MS

static struct tayra__line_entry
of_tenant(uint64_t tenant)
{
	return (struct tayra__line_entry){
		.cls = TAYRA_NORMAL, .tenant = tenant, .cost = 1, .target_ns = 5 * MS
	};
}

/* Push n of that tenant. */
static void
push(struct tayra__line *line, struct tayra__line_entry *entries, size_t n, uint64_t tenant)
{
	for (size_t i = 0; i < n; i++) {
		entries[i] = of_tenant(tenant);
		tayra__line_push(line, &entries[i], 0);
	}
}

static struct tayra__line_entry *
serve(struct tayra__line *line)
{
	struct tayra__line_entry *entry = tayra__line_first(line);

	if (entry) {
		tayra__line_charge(line, entry);
		tayra__line_remove(line, entry);
	}
	return entry;
}

static void
tenants_take_turns_however_many_each_has(void **state)
{
	static struct tayra__line_entry greedy[100], modest[3], unnamed[3];
	static struct tayra__line line;
	uint64_t order[9];

	tayra__line_init(&line, 100 * MS);
	push(&line, greedy, 100, 7);
	push(&line, modest, 3, 8);
	push(&line, unnamed, 3, 0);
	for (int i = 0; i < 9; i++)
		order[i] = serve(&line)->tenant;
	for (int i = 0; i < 9; i += 3)
		assert_int_equal(order[i] + order[i + 1] + order[i + 2], 15);
	assert_int_equal(serve(&line)->tenant, 7);
	assert_int_equal(line.count, 96);
}

static void
sixty_three_tenants_are_kept_apart_and_more_share(void **state)
{
	static struct tayra__line_entry entries[100];
	static struct tayra__line line;
	int shared = 0;

	tayra__line_init(&line, 100 * MS);
	for (uint64_t tenant = 1; tenant <= 100; tenant++)
		push(&line, &entries[tenant - 1], 1, tenant);
	for (int i = 1; i < TAYRA__LINE_FLOWS; i++)
		shared += line.flows[i].count > 1;
	for (int i = 0; i < 63; i++)
		for (int j = 0; j < i; j++)
			assert_int_not_equal(entries[i].flow, entries[j].flow);
	assert_true(shared > 15);
	assert_int_equal(line.flows[0].count, 0);
	for (int i = 0; i < 100; i++)
		assert_non_null(serve(&line));
	assert_null(serve(&line));
	assert_int_equal(line.busy, 0);
}

static void
who_asks_one_at_a_time_gets_no_more_than_who_queues(void **state)
{
	static struct tayra__line_entry queued[100], single;
	static struct tayra__line line;
	int served = 0;

	tayra__line_init(&line, 100 * MS);
	push(&line, queued, 100, 1);
	push(&line, &single, 1, 2);
	for (int i = 0; i < 40; i++)
		if (serve(&line) == &single) {
			served++;
			push(&line, &single, 1, 2);
		}
	assert_in_range(served, 19, 21);
}

static void
a_tenant_pays_what_its_requests_cost(void **state)
{
	static struct tayra__line_entry heavy[50], light[50];
	static struct tayra__line line;
	int served = 0;

	tayra__line_init(&line, 100 * MS);
	push(&line, heavy, 50, 1);
	push(&line, light, 50, 2);
	for (int i = 0; i < 50; i++)
		heavy[i].cost = 4;
	for (int i = 0; i < 50; i++)
		served += serve(&line)->cost == 4;
	assert_in_range(served, 9, 11); /* 4 x 10 slots, as 1 x 40 */
}

static void
the_oldest_is_known_across_tenants(void **state)
{
	static struct tayra__line_entry a, b, c;
	static struct tayra__line line;

	tayra__line_init(&line, 100 * MS);
	push(&line, &a, 1, 1);
	push(&line, &b, 1, 2);
	push(&line, &c, 1, 1);
	assert_ptr_equal(tayra__line_oldest(&line), &a);
	tayra__line_remove(&line, &a);
	assert_ptr_equal(tayra__line_oldest(&line), &b);
}

static void
only_who_has_more_is_displaced(void **state)
{
	static struct tayra__line_entry many[3], few[2];
	static struct tayra__line line;

	tayra__line_init(&line, 100 * MS);
	push(&line, many, 3, 1);
	push(&line, few, 1, 2);
	assert_ptr_equal(tayra__line_to_displace(&line, 2), &many[0]);
	assert_ptr_equal(tayra__line_to_displace(&line, 3), &many[0]);
	assert_null(tayra__line_to_displace(&line, 1));
	push(&line, &few[1], 1, 2);
	assert_null(tayra__line_to_displace(&line, 2));
}

/* With a gate that admits nobody. */
static void
close_gate(struct tayra__line *line)
{
	tayra__line_init(line, 100 * MS);
	line->gate.admit = line->gate.part = 0;
	line->gate.edge = 0;
}

static void
the_gate_is_only_for_who_would_wait_behind_his_own_late_ones(void **state)
{
	static struct tayra__line_entry old;
	static struct tayra__line line;
	const struct tayra__line_entry same = of_tenant(1), other = of_tenant(2);

	close_gate(&line);
	assert_false(tayra__line_gated(&line, &same, 0)); /* nobody waits */
	push(&line, &old, 1, 1);
	assert_false(tayra__line_gated(&line, &same, 5 * MS / 4)); /* not late */
	assert_true(tayra__line_gated(&line, &same, 5 * MS / 4 + 1));
	assert_false(tayra__line_gated(&line, &other, 5 * MS / 4 + 1));
}

/* The oldest is never over its target, since who is older is given up before. */
static void
who_waits_until_it_is_too_late_makes_an_overload(void **state)
{
	static struct tayra__line_entry late, fresh;
	static struct tayra__line line;

	for (int given_up = 0; given_up < 2; given_up++) {
		tayra__line_init(&line, 100 * MS);
		tayra__line_judge(&line, 0);
		late = fresh = of_tenant(1);
		late.deadline_ns = 20 * MS;
		tayra__line_push(&line, &late, 0);
		tayra__line_judge(&line, 4 * MS);
		if (given_up)
			assert_true(tayra__line_too_late(&line, &late, 4 * MS, 17 * MS));
		assert_int_equal(late.shed, given_up ? TAYRA_SHED_HOPELESS : 0);
		tayra__line_remove(&line, &late);
		tayra__line_push(&line, &fresh, 98 * MS);
		tayra__line_judge(&line, 100 * MS);
		assert_int_equal(line.overloaded, given_up);
		tayra__line_judge(&line, 101 * MS);
		tayra__line_remove(&line, &fresh);
		tayra__line_judge(&line, 200 * MS);
		assert_false(line.overloaded);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tenants_take_turns_however_many_each_has),
		cmocka_unit_test(sixty_three_tenants_are_kept_apart_and_more_share),
		cmocka_unit_test(who_asks_one_at_a_time_gets_no_more_than_who_queues),
		cmocka_unit_test(a_tenant_pays_what_its_requests_cost),
		cmocka_unit_test(the_oldest_is_known_across_tenants),
		cmocka_unit_test(only_who_has_more_is_displaced),
		cmocka_unit_test(the_gate_is_only_for_who_would_wait_behind_his_own_late_ones),
		cmocka_unit_test(who_waits_until_it_is_too_late_makes_an_overload),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
