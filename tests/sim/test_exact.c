/* SPDX-License-Identifier: Apache-2.0 */
#include "rows.h"

#include "sim/exact.h"
#include "sim/replay.h"

/* One mark a request, '+' for a hit and '.' for a miss, as worked out by hand. */
static void
expect_letters(const char *policy, uint64_t capacity, const char *letters, const char *marks)
{
	struct tayra__requests *requests = rows_of_letters(letters);
	uint32_t *next_use = tayra__requests_next_use(requests);
	const struct tayra__exact_policy *p = tayra__exact_find(policy);
	struct tayra__exact *exact;
	char got[256] = "";

	assert_non_null(p);
	assert_int_equal(p->create(&(struct tayra__exact_options){ .capacity = capacity,
								   .keys = requests->keys,
								   .next_use = next_use },
				   &exact),
			 TAYRA_OK);
	for (uint32_t row = 0; row < requests->count; row++) {
		uint32_t id = requests->id[row];
		bool hit = p->resident(exact, id);

		got[row] = hit ? '+' : '.';
		if (hit)
			p->hit(exact, id, row);
		else
			p->miss(exact, id, row);
	}
	assert_string_equal(got, marks);
	p->destroy(exact);
	tayra__mem_free(next_use);
	tayra__requests_destroy(requests);
}

static void
fifo_evicts_in_order_of_arrival(void **state)
{
	/* a b c fill it; the hit on a does not save it: d evicts a, a evicts b, b evicts c. */
	expect_letters("fifo", 3, "abcadabc", "...+....");
}

static void
lru_evicts_what_was_used_longest_ago(void **state)
{
	/* The hit on a saves it: d evicts b; a still hits; b evicts c; c evicts d. */
	expect_letters("lru", 3, "abcadabc", "...+.+..");
}

static void
belady_evicts_what_is_used_furthest_ahead(void **state)
{
	/* At d the next uses are a 5, b 6, c 7: c goes.  At the last c, only c is missing. */
	expect_letters("belady", 3, "abcadabc", "...+.++.");
	/* Always inserts: b, never used again, takes the place of a. */
	expect_letters("belady", 1, "aba", "...");
}

static void
belady_with_bypass_leaves_out_what_comes_too_late(void **state)
{
	expect_letters("belady-bypass", 1, "aba", "..+");
	/* d comes never again and is left out; a b c stay. */
	expect_letters("belady-bypass", 3, "abcadabc", "...+.+++");
}

/*
 * S3-FIFO at capacity 20: small 2, main 18, ghosts 18.  "abcdefghijklmnopqrst" fills 20 places, all
 * in small, which may grow past its share while there is room.
 */
#define FILL       "abcdefghijklmnopqrst"
#define FILL_MARKS "...................."

static void
s3fifo_sends_what_is_unused_to_the_ghosts_and_takes_it_back_into_main(void **state)
{
	/* u evicts a, the oldest in small, to the ghosts; a comes back: a miss, into main, evicting
	 * b.  Then x y z evict c d e: a, in main, stays although it is older than they are. */
	expect_letters("s3fifo", 20,
		       FILL "ua"
			    "xyz"
			    "a"
			    "b",
		       FILL_MARKS ".."
				  "..."
				  "+"
				  ".");
}

static void
s3fifo_promotes_at_two_hits_and_not_at_one(void **state)
{
	/* a hit once: goes to the ghosts first. */
	expect_letters("s3fifo", 20,
		       FILL "a"
			    "u"
			    "a",
		       FILL_MARKS "+"
				  "."
				  ".");
	/* a hit twice: moves to main, b is evicted. */
	expect_letters("s3fifo", 20,
		       FILL "aa"
			    "u"
			    "a"
			    "b",
		       FILL_MARKS "++"
				  "."
				  "+"
				  ".");
}

static void
s3fifo_caches_nothing_when_small_has_no_room_for_one_object(void **state)
{
	/* At 19 small is 1, and an object of the size of small is refused. */
	expect_letters("s3fifo", 19, "aaaa", "....");
	expect_letters("s3fifo", 20, "aaaa", ".+++");
}

static void
s3fifo_forgets_ghosts_past_nine_tenths(void **state)
{
	/* 18 ghosts: 19 evictions after a's forget a.  The second fill of 20 evicts the first. */
	expect_letters("s3fifo", 20,
		       FILL "0123456789ABCDEFGHI"
			    "a"
			    "b",
		       FILL_MARKS "..................."
				  "."
				  ".");
	/* b, back from the ghosts (it was not yet forgotten), is in main and survives 20 more. */
	expect_letters("s3fifo", 20,
		       FILL "0123456789ABCDEFGH"
			    "b"
			    "JKLMNOPQRSTUVWXYZ<>"
			    "b",
		       FILL_MARKS ".................."
				  "."
				  "..................."
				  "+");
	/* a was forgotten after 19 evictions: it enters small, and 20 more push it out. */
	expect_letters("s3fifo", 20,
		       FILL "0123456789ABCDEFGHI"
			    "a"
			    "JKLMNOPQRSTUVWXYZ<>!"
			    "a",
		       FILL_MARKS "..................."
				  "."
				  "...................."
				  ".");
}

/* used and residents recounted from resident(), after every request. */
static void
audit(const struct tayra__exact *exact)
{
	uint64_t used = 0;
	uint32_t residents = 0;

	for (uint32_t id = 0; id < exact->options.keys; id++) {
		if (!exact->policy->resident(exact, id))
			continue;
		used += tayra__exact_size(exact, id);
		residents++;
	}
	assert_int_equal(exact->used, used);
	assert_int_equal(exact->residents, residents);
	assert_true(used <= exact->options.capacity);
	assert_true(exact->residents_peak >= residents);
}

static void
audit_policy(const struct tayra__exact_policy *policy, const struct tayra__requests *requests,
	     const uint32_t *next_use, const uint64_t *size)
{
	struct tayra__exact *exact;
	struct tayra__rng rng;

	tayra__rng_init(&rng, 3);
	assert_int_equal(policy->create(&(struct tayra__exact_options){ .capacity = 500,
									.keys = requests->keys,
									.size = size,
									.next_use = next_use },
					&exact),
			 TAYRA_OK);
	for (uint32_t row = 0; row < requests->count; row++) {
		uint32_t id = requests->id[row];
		bool resident = policy->resident(exact, id);

		if (resident && tayra__rng_below(&rng, 10) == 0)
			policy->remove(exact, id);
		else if (resident)
			policy->hit(exact, id, row);
		else
			policy->miss(exact, id, row);
		audit(exact);
	}
	policy->destroy(exact);
}

static void
what_is_resident_is_exactly_what_is_counted(void **state)
{
	struct tayra__requests *requests = rows_random(1, 6000, 1200, ROWS_PLAIN);
	uint32_t *next_use = tayra__requests_next_use(requests);

	for (size_t i = 0; tayra__exact_policies[i]; i++) {
		audit_policy(tayra__exact_policies[i], requests, next_use, NULL);
		audit_policy(tayra__exact_policies[i], requests, next_use, requests->size_bytes);
	}
	tayra__mem_free(next_use);
	tayra__requests_destroy(requests);
}

static uint64_t
misses(const struct tayra__requests *requests, const char *policy, uint64_t capacity,
       const uint32_t *next_use)
{
	struct tayra__replay_result result;

	assert_int_equal(
		tayra__replay_run(requests,
				  &(struct tayra__replay_options){ .policy = policy,
								   .sizes = TAYRA__SIZES_UNIT,
								   .capacity = capacity,
								   .next_use = next_use },
				  &result),
		TAYRA_OK);
	return result.misses;
}

/* Which subset is resident, tried all ways: the fewest misses any policy can have. */
static unsigned
fewest_misses(const struct tayra__requests *requests, unsigned capacity)
{
	unsigned sets = 1u << requests->keys, best = UINT32_MAX;
	unsigned *cost = malloc(sets * sizeof(*cost)), *next = malloc(sets * sizeof(*next));

	memset(cost, 0xff, sets * sizeof(*cost));
	cost[0] = 0;
	for (uint32_t row = 0; row < requests->count; row++) {
		unsigned bit = 1u << requests->id[row];

		memset(next, 0xff, sets * sizeof(*next));
		for (unsigned set = 0; set < sets; set++) {
			unsigned whole = set | bit, now = cost[set] + !(set & bit);

			if (cost[set] == UINT32_MAX)
				continue;
			/* Any part of what is at hand may stay, as long as it fits. */
			for (unsigned keep = whole;; keep = (keep - 1) & whole) {
				if ((unsigned)__builtin_popcount(keep) <= capacity &&
				    now < next[keep])
					next[keep] = now;
				if (keep == 0)
					break;
			}
		}
		memcpy(cost, next, sets * sizeof(*cost));
	}
	for (unsigned set = 0; set < sets; set++)
		best = cost[set] < best ? cost[set] : best;
	free(cost);
	free(next);
	return best;
}

static void
belady_with_bypass_is_the_best_there_is(void **state)
{
	struct tayra__rng rng;

	tayra__rng_init(&rng, 11);
	for (unsigned round = 0; round < 40; round++) {
		char letters[31] = "";
		struct tayra__requests *requests;
		uint32_t *next_use;

		for (unsigned i = 0; i < 30; i++)
			letters[i] = (char)('a' + tayra__rng_below(&rng, 6));
		requests = rows_of_letters(letters);
		next_use = tayra__requests_next_use(requests);
		for (unsigned capacity = 1; capacity <= 4; capacity++)
			assert_int_equal(misses(requests, "belady-bypass", capacity, next_use),
					 fewest_misses(requests, capacity));
		tayra__mem_free(next_use);
		tayra__requests_destroy(requests);
	}
}

static void
no_policy_goes_below_belady_with_bypass(void **state)
{
	for (uint64_t seed = 1; seed <= 5; seed++) {
		struct tayra__requests *requests = rows_random(seed, 20000, 3000, ROWS_PLAIN);
		uint32_t *next_use = tayra__requests_next_use(requests);

		for (uint64_t capacity = 3; capacity < 3000; capacity *= 3) {
			uint64_t floor = misses(requests, "belady-bypass", capacity, next_use);

			assert_true(floor >= requests->keys);
			for (size_t i = 0; tayra__exact_policies[i]; i++)
				assert_true(misses(requests, tayra__exact_policies[i]->name,
						   capacity, next_use) >= floor);
		}
		tayra__mem_free(next_use);
		tayra__requests_destroy(requests);
	}
}

static void
metadata_counts_residents_and_ghosts_at_their_fullest(void **state)
{
	struct tayra__exact exact = { .policy = &tayra__exact_s3fifo };

	assert_true(tayra__exact_metadata_bytes(&exact, 16) == 0);
	exact.residents_peak = 10;
	exact.ghosts_peak = 5;
	/* A link of 8 and a state of 2 bytes each, and 16 to be found by. */
	assert_true(tayra__exact_metadata_bytes(&exact, 16) == 26 * 1.5);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fifo_evicts_in_order_of_arrival),
		cmocka_unit_test(lru_evicts_what_was_used_longest_ago),
		cmocka_unit_test(belady_evicts_what_is_used_furthest_ahead),
		cmocka_unit_test(belady_with_bypass_leaves_out_what_comes_too_late),
		cmocka_unit_test(
			s3fifo_sends_what_is_unused_to_the_ghosts_and_takes_it_back_into_main),
		cmocka_unit_test(s3fifo_promotes_at_two_hits_and_not_at_one),
		cmocka_unit_test(s3fifo_caches_nothing_when_small_has_no_room_for_one_object),
		cmocka_unit_test(s3fifo_forgets_ghosts_past_nine_tenths),
		cmocka_unit_test(what_is_resident_is_exactly_what_is_counted),
		cmocka_unit_test(belady_with_bypass_is_the_best_there_is),
		cmocka_unit_test(no_policy_goes_below_belady_with_bypass),
		cmocka_unit_test(metadata_counts_residents_and_ghosts_at_their_fullest),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
