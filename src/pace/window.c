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
_Static_assert(TAYRA__WINDOW_GROUPS <= 32, "a bit each");

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

static void
add_latency(struct tayra__window_shard *mine, enum tayra__window_kind kind, uint64_t latency_ns)
{
	const unsigned bin = bin_of(latency_ns), group = bin / TAYRA__WINDOW_GROUP;

	if (!(read(&mine->groups[kind]) >> group & 1))
		atomic_fetch_or_explicit(&mine->groups[kind], 1u << group, memory_order_relaxed);
	add_one(&mine->bins[kind][group][bin % TAYRA__WINDOW_GROUP]);
}

void
tayra__window_admit(struct tayra__window *window, enum tayra_class cls)
{
	add_one(&shard(window)->admitted[cls - 1]);
}

void
tayra__window_answer(struct tayra__window *window, enum tayra_outcome outcome, uint64_t latency_ns,
		     uint32_t epoch)
{
	struct tayra__window_shard *mine = shard(window);
	enum tayra__window_kind kind = epoch == tayra__window_epoch(window) ? TAYRA__WINDOW_OWN
									    : TAYRA__WINDOW_OLD;

	if (kind == TAYRA__WINDOW_OLD)
		add_one(&mine->old);
	if (outcome == TAYRA_OUTCOME_OK) {
		add_latency(mine, kind, latency_ns);
		return;
	}
	add_one(&mine->outcomes[outcome]);
	atomic_fetch_add_explicit(&mine->other_ns, latency_ns, memory_order_relaxed);
	if (outcome == TAYRA_OUTCOME_CANCELLED)
		add_latency(mine, TAYRA__WINDOW_CUT, latency_ns);
}

void
tayra__window_weigh(struct tayra__window *window, uint32_t more, uint64_t latency_ns,
		    uint32_t epoch)
{
	struct tayra__window_shard *mine = shard(window);

	if (epoch != tayra__window_epoch(window))
		atomic_fetch_add_explicit(&mine->old, more, memory_order_relaxed);
	atomic_fetch_add_explicit(&mine->other_ns, latency_ns * more, memory_order_relaxed);
}

void
tayra__window_quiet(struct tayra__window *window, enum tayra_outcome outcome)
{
	add_one(&shard(window)->quiet[outcome]);
}

/* The groups that have something, of one kind.  One that is begun right now is seen by the next
 * close. */
static uint32_t
groups_of(const struct tayra__window *window, unsigned kind)
{
	uint32_t groups = 0;

	for (unsigned i = 0; i < TAYRA__WINDOW_SHARDS; i++)
		groups |= read(&window->shards[i].groups[kind]);
	return groups;
}

/* Take the lowest of some groups out.  => which it was. */
static unsigned
next_group(uint32_t *groups)
{
	unsigned group = (unsigned)__builtin_ctz(*groups);

	*groups &= *groups - 1;
	return group;
}

static void
sum_group(const struct tayra__window *window, unsigned kind, unsigned group,
	  uint32_t out[TAYRA__WINDOW_GROUP])
{
	memset(out, 0, TAYRA__WINDOW_GROUP * sizeof(*out));
	for (unsigned i = 0; i < TAYRA__WINDOW_SHARDS; i++) {
		const struct tayra__window_shard *s = &window->shards[i];

		if (!(read(&s->groups[kind]) >> group & 1))
			continue;
		for (unsigned at = 0; at < TAYRA__WINDOW_GROUP; at++)
			out[at] += read(&s->bins[kind][group][at]);
	}
}

/* This window's bins into `fresh`. */
static void
take_bins(struct tayra__window *window)
{
	uint32_t now[TAYRA__WINDOW_GROUP];

	for (unsigned kind = 0; kind < TAYRA__WINDOW_KINDS; kind++) {
		uint32_t groups = groups_of(window, kind);

		window->groups |= groups;
		while (groups) {
			const unsigned group = next_group(&groups);
			uint32_t *before = window->bins[kind][group];
			uint32_t *fresh = window->fresh[kind][group];

			sum_group(window, kind, group, now);
			for (unsigned at = 0; at < TAYRA__WINDOW_GROUP; at++) {
				fresh[at] = now[at] - before[at]; /* right across a wrap too */
				before[at] = now[at];
			}
		}
	}
}

/* OK answers since the window was opened. */
static uint64_t
count_ok(const struct tayra__window *window)
{
	uint32_t now[TAYRA__WINDOW_GROUP];
	uint64_t n = 0;

	for (unsigned kind = TAYRA__WINDOW_OWN; kind <= TAYRA__WINDOW_OLD; kind++) {
		uint32_t groups = groups_of(window, kind);

		while (groups) {
			const unsigned group = next_group(&groups);

			sum_group(window, kind, group, now);
			for (unsigned at = 0; at < TAYRA__WINDOW_GROUP; at++)
				n += now[at] - window->bins[kind][group][at];
		}
	}
	return n;
}

/* Sets of kinds. */
#define OWN     (1u << TAYRA__WINDOW_OWN)
#define ALL     (OWN | 1u << TAYRA__WINDOW_OLD)
#define AND_CUT (1u << TAYRA__WINDOW_CUT)

static uint64_t
in_bin(const struct tayra__window *window, unsigned kinds, unsigned group, unsigned at)
{
	uint64_t n = 0;

	for (unsigned kind = 0; kind < TAYRA__WINDOW_KINDS; kind++)
		n += kinds >> kind & 1 ? window->fresh[kind][group][at] : 0;
	return n;
}

/* => how many there are; *sum_ns of their latencies, *sum_ns2 of the squares. */
static uint64_t
total(const struct tayra__window *window, unsigned kinds, double *sum_ns, double *sum_ns2)
{
	uint32_t groups = window->groups;
	uint64_t all = 0;

	*sum_ns = *sum_ns2 = 0;
	while (groups) {
		const unsigned group = next_group(&groups);

		for (unsigned at = 0; at < TAYRA__WINDOW_GROUP; at++) {
			uint64_t n = in_bin(window, kinds, group, at);
			double ns;

			if (n == 0)
				continue;
			all += n;
			ns = (double)bin_middle_ns(group * TAYRA__WINDOW_GROUP + at);
			*sum_ns += (double)n * ns;
			*sum_ns2 += (double)n * ns * ns;
		}
	}
	return all;
}

static uint64_t
quantile_ns(const struct tayra__window *window, unsigned kinds, uint64_t percent)
{
	double sum_ns, sum_ns2;
	uint64_t all = total(window, kinds, &sum_ns, &sum_ns2), seen = 0;
	const uint64_t rank = all - all * (100 - percent) / 100;
	uint32_t groups = window->groups;

	if (all == 0)
		return 0;
	while (groups) {
		const unsigned group = next_group(&groups);

		for (unsigned at = 0; at < TAYRA__WINDOW_GROUP; at++) {
			seen += in_bin(window, kinds, group, at);
			if (seen >= rank)
				return bin_middle_ns(group * TAYRA__WINDOW_GROUP + at);
		}
	}
	return bin_middle_ns(TAYRA__WINDOW_BINS - 1);
}

/* Who was cancelled would have taken longer than that: counted with its time so far it can show
 * that the quantile is higher, never that it is lower. */
static uint64_t
p90_ns(const struct tayra__window *window, unsigned kinds)
{
	uint64_t answered = quantile_ns(window, kinds, 90), cut;

	if (answered == 0)
		return 0;
	cut = quantile_ns(window, kinds | AND_CUT, 90);
	return cut > answered ? cut : answered;
}

/* All but OK, which bins count. */
static void
sum(const struct tayra__window *window, uint64_t outcomes[TAYRA_OUTCOMES])
{
	memset(outcomes, 0, TAYRA_OUTCOMES * sizeof(*outcomes));
	for (unsigned i = 0; i < TAYRA__WINDOW_SHARDS; i++)
		for (unsigned o = 0; o < TAYRA_OUTCOMES; o++)
			outcomes[o] += read(&window->shards[i].outcomes[o]);
}

static uint64_t
sum_old(const struct tayra__window *window)
{
	uint64_t old = 0;

	for (unsigned i = 0; i < TAYRA__WINDOW_SHARDS; i++)
		old += read(&window->shards[i].old);
	return old;
}

/* Time spent by those that were not OK, in this window. */
static uint64_t
take_other_ns(struct tayra__window *window)
{
	uint64_t before = window->other_ns;

	window->other_ns = 0;
	for (unsigned i = 0; i < TAYRA__WINDOW_SHARDS; i++)
		window->other_ns += read(&window->shards[i].other_ns);
	return window->other_ns - before;
}

static void
fill_latencies(struct tayra__window *window, struct tayra__limit_window *out)
{
	const uint64_t other_ns = take_other_ns(window);
	double own_ns, own_ns2;

	out->own = (uint32_t)total(window, OWN, &own_ns, &own_ns2);
	out->own_mean_ns = out->own ? (uint64_t)(own_ns / out->own) : 0;
	out->own_p50_ns = quantile_ns(window, OWN, 50);
	out->own_p90_ns = p90_ns(window, OWN);
	out->p90_ns = p90_ns(window, ALL);
	total(window, ALL, &out->ok_ns, &out->ok_ns2);
	/* Little's law, by the time that those who left had spent inside. */
	out->inflight = out->length_ns ? (out->ok_ns + (double)other_ns) / (double)out->length_ns
				       : 0;
}

void
tayra__window_turn(struct tayra__window *window, uint32_t held)
{
	atomic_fetch_add_explicit(&window->epoch, 1, memory_order_relaxed);
	window->old = sum_old(window);
	window->old_held = held;
}

void
tayra__window_close(struct tayra__window *window, uint64_t now_ns, struct tayra__limit_window *out)
{
	uint64_t sums[TAYRA_OUTCOMES], fresh[TAYRA_OUTCOMES], gone;
	double ns, ns2;

	take_bins(window);
	sum(window, sums);
	sums[TAYRA_OUTCOME_OK] = window->outcomes[TAYRA_OUTCOME_OK] + total(window, ALL, &ns, &ns2);
	for (unsigned o = 0; o < TAYRA_OUTCOMES; o++)
		fresh[o] = sums[o] - window->outcomes[o];
	memcpy(window->outcomes, sums, sizeof(sums));
	out->length_ns = now_ns - window->opened_ns;
	window->opened_ns = now_ns;
	out->drops = (uint32_t)(fresh[TAYRA_OUTCOME_TIMEOUT] + fresh[TAYRA_OUTCOME_OVERLOAD]);
	out->errors = out->drops + (uint32_t)fresh[TAYRA_OUTCOME_ERROR];
	out->answers = (uint32_t)fresh[TAYRA_OUTCOME_OK] + out->errors;
	gone = sum_old(window) - window->old;
	out->old = (uint32_t)(window->old_held > gone ? window->old_held - gone : 0);
	fill_latencies(window, out);
	out->inflight_max = atomic_exchange_explicit(&window->inflight_max, 0,
						     memory_order_relaxed);
	out->reached = atomic_exchange_explicit(&window->reached, false, memory_order_relaxed);
}

void
tayra__window_sums(const struct tayra__window *window, uint64_t admitted[TAYRA_CLASSES],
		   uint64_t outcomes[TAYRA_OUTCOMES])
{
	sum(window, outcomes);
	outcomes[TAYRA_OUTCOME_OK] = window->outcomes[TAYRA_OUTCOME_OK] + count_ok(window);
	memset(admitted, 0, TAYRA_CLASSES * sizeof(*admitted));
	for (unsigned i = 0; i < TAYRA__WINDOW_SHARDS; i++) {
		for (unsigned o = 0; o < TAYRA_OUTCOMES; o++)
			outcomes[o] += read(&window->shards[i].quiet[o]);
		for (unsigned c = 0; c < TAYRA_CLASSES; c++)
			admitted[c] += read(&window->shards[i].admitted[c]);
	}
}
