/* SPDX-License-Identifier: Apache-2.0 */
#include "pace/window.h"

#include <string.h>

/*
 * A thread's own shard, most of the time.  Stacks of threads lie megabytes apart, so the stack
 * pointer tells threads from one another without thread-local storage; where it does not
 * (coroutines), two threads share a shard and only lose speed.
 */
static struct tayra__window_shard *
shard(struct tayra__window *window)
{
	uint64_t stack = (uint64_t)(uintptr_t)__builtin_frame_address(0) >> 20;

	return &window->shards[(stack * 0x9e3779b97f4a7c15ull) >> 62];
}
_Static_assert(TAYRA__WINDOW_SHARDS == 4, "shard() takes two bits");

/* Statistics order nothing: relaxed everywhere, partner of the relaxed loads in sum(). */
#define add_one(counter) atomic_fetch_add_explicit(counter, 1, memory_order_relaxed)
#define read(counter)    atomic_load_explicit(counter, memory_order_relaxed)

static unsigned
bin_of(uint64_t ns)
{
	unsigned top;

	if (ns < 1ull << TAYRA__WINDOW_LOW_BIT)
		return 0;
	if (ns >= 1ull << TAYRA__WINDOW_HIGH_BIT)
		return TAYRA__WINDOW_BINS - 1;
	top = 63 - (unsigned)__builtin_clzll(ns);
	return 1 + ((top - TAYRA__WINDOW_LOW_BIT) << TAYRA__WINDOW_SUB_BITS) +
	       (unsigned)((ns >> (top - TAYRA__WINDOW_SUB_BITS)) &
			  ((1u << TAYRA__WINDOW_SUB_BITS) - 1));
}

/* The middle of a bin. */
static uint64_t
bin_middle_ns(unsigned bin)
{
	unsigned top, part;

	if (bin == 0)
		return 1ull << (TAYRA__WINDOW_LOW_BIT - 1);
	if (bin == TAYRA__WINDOW_BINS - 1)
		return 1ull << TAYRA__WINDOW_HIGH_BIT;
	top = TAYRA__WINDOW_LOW_BIT + ((bin - 1) >> TAYRA__WINDOW_SUB_BITS);
	part = (bin - 1) & ((1u << TAYRA__WINDOW_SUB_BITS) - 1);
	return (1ull << top) + ((2ull * part + 1) << (top - TAYRA__WINDOW_SUB_BITS - 1));
}

void
tayra__window_admit(struct tayra__window *window, enum tayra_class cls)
{
	add_one(&shard(window)->admitted[cls - 1]);
}

void
tayra__window_answer(struct tayra__window *window, enum tayra_outcome outcome, uint64_t latency_ns)
{
	struct tayra__window_shard *mine = shard(window);

	add_one(&mine->outcomes[outcome]);
	if (outcome == TAYRA_OUTCOME_OK)
		add_one(&mine->bins[bin_of(latency_ns)]);
}

void
tayra__window_quiet(struct tayra__window *window, enum tayra_outcome outcome)
{
	add_one(&shard(window)->quiet[outcome]);
}

/* This window's bins into `fresh`; => how many there are. */
static uint64_t
difference(struct tayra__window *window)
{
	uint64_t total = 0;

	for (unsigned bin = 0; bin < TAYRA__WINDOW_BINS; bin++) {
		uint32_t sum = 0;

		for (unsigned i = 0; i < TAYRA__WINDOW_SHARDS; i++)
			sum += read(&window->shards[i].bins[bin]);
		window->fresh[bin] = sum - window->bins[bin]; /* right across a wrap too */
		window->bins[bin] = sum;
		total += window->fresh[bin];
	}
	return total;
}

static uint64_t
p90_ns(struct tayra__window *window)
{
	uint64_t total = difference(window), rank = total - total / 10, seen = 0;

	if (total == 0)
		return 0;
	for (unsigned bin = 0; bin < TAYRA__WINDOW_BINS; bin++) {
		seen += window->fresh[bin];
		if (seen >= rank)
			return bin_middle_ns(bin);
	}
	return bin_middle_ns(TAYRA__WINDOW_BINS - 1);
}

static void
sum(const struct tayra__window *window, uint64_t outcomes[TAYRA_OUTCOMES])
{
	memset(outcomes, 0, TAYRA_OUTCOMES * sizeof(*outcomes));
	for (unsigned i = 0; i < TAYRA__WINDOW_SHARDS; i++)
		for (unsigned o = 0; o < TAYRA_OUTCOMES; o++)
			outcomes[o] += read(&window->shards[i].outcomes[o]);
}

void
tayra__window_close(struct tayra__window *window, uint64_t now_ns, struct tayra__limit_window *out)
{
	uint64_t sums[TAYRA_OUTCOMES], fresh[TAYRA_OUTCOMES];

	sum(window, sums);
	for (unsigned o = 0; o < TAYRA_OUTCOMES; o++)
		fresh[o] = sums[o] - window->outcomes[o];
	memcpy(window->outcomes, sums, sizeof(sums));
	window->opened_ns = now_ns;
	out->errors = (uint32_t)(fresh[TAYRA_OUTCOME_TIMEOUT] + fresh[TAYRA_OUTCOME_OVERLOAD] +
				 fresh[TAYRA_OUTCOME_ERROR]);
	out->answers = (uint32_t)fresh[TAYRA_OUTCOME_OK] + out->errors;
	out->p90_ns = p90_ns(window);
	out->reached = atomic_exchange_explicit(&window->reached, false, memory_order_relaxed);
}

void
tayra__window_sums(const struct tayra__window *window, uint64_t admitted[TAYRA_CLASSES],
		   uint64_t outcomes[TAYRA_OUTCOMES])
{
	sum(window, outcomes);
	memset(admitted, 0, TAYRA_CLASSES * sizeof(*admitted));
	for (unsigned i = 0; i < TAYRA__WINDOW_SHARDS; i++) {
		for (unsigned o = 0; o < TAYRA_OUTCOMES; o++)
			outcomes[o] += read(&window->shards[i].quiet[o]);
		for (unsigned c = 0; c < TAYRA_CLASSES; c++)
			admitted[c] += read(&window->shards[i].admitted[c]);
	}
}
