/* SPDX-License-Identifier: Apache-2.0 */
#include "pace/window.h"

#include <string.h>

/*
 * A thread's own shard, most of the time.  Stacks of threads lie megabytes apart, so the stack
 * pointer tells threads from one another without thread-local storage; where it does not
 * (coroutines), two threads share a shard and only lose speed.
 */
static unsigned
shard(void)
{
	uint64_t stack = (uint64_t)(uintptr_t)__builtin_frame_address(0) >> 20;

	return (stack * 0x9e3779b97f4a7c15ull) >> 62;
}
_Static_assert(TAYRA__WINDOW_SHARDS == 4, "shard() takes two bits");
_Static_assert(TAYRA__WINDOW_GROUPS <= 32, "a bit each");

/* Sums order nothing: relaxed. */
#define add(counter, n) atomic_fetch_add_explicit(counter, n, memory_order_relaxed)
#define read(counter)   atomic_load_explicit(counter, memory_order_relaxed)

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

/*
 * To count and then look whether it was told, and to take what was told and then what was counted,
 * are sequentially consistent all four: either who counts sees that it has to be told, or the
 * closer sees what was counted.
 */
static void
add_latency(struct tayra__window *window, unsigned mine, enum tayra__window_kind kind,
	    uint64_t latency_ns)
{
	_Atomic uint32_t *told = &window->told.groups[mine][kind];
	const unsigned bin = bin_of(latency_ns), group = bin / TAYRA__WINDOW_GROUP;

	atomic_fetch_add(&window->shards[mine].bins[kind][group][bin % TAYRA__WINDOW_GROUP], 1);
	if (!(atomic_load(told) >> group & 1))
		atomic_fetch_or(told, 1u << group);
}

/* Latencies apart.  After what else there is to count. */
static void
add_others(struct tayra__window *window, unsigned of, uint64_t old, uint64_t other_ns)
{
	struct tayra__window_shard *mine = &window->shards[of];

	if (old)
		add(&mine->old, old);
	atomic_fetch_add(&mine->other_ns, other_ns);
	if (!atomic_load(&window->told.others))
		atomic_store(&window->told.others, true);
}

void
tayra__window_admit(struct tayra__window *window, enum tayra_class cls)
{
	add(&window->shards[shard()].admitted[cls - 1], 1);
}

void
tayra__window_answer(struct tayra__window *window, enum tayra_outcome outcome, uint64_t latency_ns,
		     uint32_t epoch)
{
	const bool own = epoch == tayra__window_epoch(window);
	const unsigned mine = shard();

	/* What is usual comes last: nothing has to be kept for afterwards. */
	if (outcome != TAYRA_OUTCOME_OK) {
		add(&window->shards[mine].outcomes[outcome], 1);
		add_others(window, mine, !own, latency_ns);
		if (outcome == TAYRA_OUTCOME_CANCELLED)
			add_latency(window, mine, TAYRA__WINDOW_CUT, latency_ns);
		return;
	}
	if (!own)
		add_others(window, mine, 1, 0);
	add_latency(window, mine, own ? TAYRA__WINDOW_OWN : TAYRA__WINDOW_OLD, latency_ns);
}

void
tayra__window_weigh(struct tayra__window *window, uint32_t more, uint64_t latency_ns,
		    uint32_t epoch)
{
	add_others(window, shard(), epoch == tayra__window_epoch(window) ? 0 : more,
		   latency_ns * more);
}

void
tayra__window_quiet(struct tayra__window *window, enum tayra_outcome outcome)
{
	add(&window->shards[shard()].quiet[outcome], 1);
}

/* Take the lowest of some groups out.  => which it was. */
static unsigned
next_group(uint32_t *groups)
{
	unsigned group = (unsigned)__builtin_ctz(*groups);

	*groups &= *groups - 1;
	return group;
}

/* What there is of a counter, and nothing is left of it. */
static uint32_t
take(_Atomic uint32_t *counter)
{
	return atomic_load(counter) ? atomic_exchange(counter, 0) : 0;
}

/* Bins of one group, of all shards that were said to have any, into `fresh`. */
static void
take_group(struct tayra__window *window, unsigned group,
	   uint32_t told[TAYRA__WINDOW_SHARDS][TAYRA__WINDOW_KINDS])
{
	struct tayra__window_bin bins[TAYRA__WINDOW_GROUP] = { 0 };

	for (unsigned i = 0; i < TAYRA__WINDOW_SHARDS; i++)
		for (unsigned kind = 0; kind < TAYRA__WINDOW_KINDS; kind++) {
			if (!(told[i][kind] >> group & 1))
				continue;
			for (unsigned at = 0; at < TAYRA__WINDOW_GROUP; at++)
				bins[at].count[kind] += take(
					&window->shards[i].bins[kind][group][at]);
		}
	for (unsigned at = 0; at < TAYRA__WINDOW_GROUP; at++) {
		const uint32_t *count = bins[at].count;

		bins[at].bin = group * TAYRA__WINDOW_GROUP + at;
		if (count[TAYRA__WINDOW_OWN] | count[TAYRA__WINDOW_OLD] | count[TAYRA__WINDOW_CUT])
			window->fresh[window->fresh_count++] = bins[at];
	}
}

/* This window's bins into `fresh`. */
static void
take_bins(struct tayra__window *window)
{
	uint32_t told[TAYRA__WINDOW_SHARDS][TAYRA__WINDOW_KINDS], groups = 0;

	for (unsigned i = 0; i < TAYRA__WINDOW_SHARDS; i++)
		for (unsigned kind = 0; kind < TAYRA__WINDOW_KINDS; kind++)
			groups |= told[i][kind] = take(&window->told.groups[i][kind]);
	window->fresh_count = 0;
	while (groups)
		take_group(window, next_group(&groups), told);
}

/* OK answers since the window was opened. */
static uint64_t
count_ok(const struct tayra__window *window)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < TAYRA__WINDOW_SHARDS; i++)
		for (unsigned kind = TAYRA__WINDOW_OWN; kind <= TAYRA__WINDOW_OLD; kind++) {
			uint32_t groups = read(&window->told.groups[i][kind]);

			while (groups) {
				const unsigned group = next_group(&groups);

				for (unsigned at = 0; at < TAYRA__WINDOW_GROUP; at++)
					n += read(&window->shards[i].bins[kind][group][at]);
			}
		}
	return n;
}

/* Sets of kinds. */
#define OWN     (1u << TAYRA__WINDOW_OWN)
#define ALL     (OWN | 1u << TAYRA__WINDOW_OLD)
#define AND_CUT (1u << TAYRA__WINDOW_CUT)

static uint64_t
in_bin(const struct tayra__window_bin *bin, unsigned kinds)
{
	uint64_t n = 0;

	for (unsigned kind = 0; kind < TAYRA__WINDOW_KINDS; kind++)
		n += kinds >> kind & 1 ? bin->count[kind] : 0;
	return n;
}

/* => how many there are; *sum_ns of their latencies, *sum_ns2 of the squares. */
static uint64_t
total(const struct tayra__window *window, unsigned kinds, double *sum_ns, double *sum_ns2)
{
	uint64_t all = 0;

	*sum_ns = *sum_ns2 = 0;
	for (uint32_t i = 0; i < window->fresh_count; i++) {
		const uint64_t n = in_bin(&window->fresh[i], kinds);
		const double ns = (double)bin_middle_ns(window->fresh[i].bin);

		all += n;
		*sum_ns += (double)n * ns;
		*sum_ns2 += (double)n * ns * ns;
	}
	return all;
}

static uint64_t
quantile_ns(const struct tayra__window *window, unsigned kinds, uint64_t percent)
{
	uint64_t all = 0, seen = 0, rank;

	for (uint32_t i = 0; i < window->fresh_count; i++)
		all += in_bin(&window->fresh[i], kinds);
	rank = all - all * (100 - percent) / 100;
	for (uint32_t i = 0; i < window->fresh_count && all; i++) {
		seen += in_bin(&window->fresh[i], kinds);
		if (seen >= rank)
			return bin_middle_ns(window->fresh[i].bin);
	}
	return 0;
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

/* What was added last is read first: with it comes what was added before it. */
static struct tayra__window_sums
sum(const struct tayra__window *window)
{
	struct tayra__window_sums sums = { 0 };

	for (unsigned i = 0; i < TAYRA__WINDOW_SHARDS; i++) {
		const struct tayra__window_shard *s = &window->shards[i];

		sums.other_ns += atomic_load(&s->other_ns);
		sums.old += read(&s->old);
		for (unsigned o = 0; o < TAYRA_OUTCOMES; o++)
			sums.outcomes[o] += read(&s->outcomes[o]);
	}
	return sums;
}

/* The latencies of this window, and the time of those who have none. */
static void
fill_latencies(const struct tayra__window *window, uint64_t other_ns,
	       struct tayra__limit_window *out)
{
	double own_ns, own_ns2;

	out->own = (uint32_t)total(window, OWN, &own_ns, &own_ns2);
	out->own_mean_ns = out->own ? (uint64_t)(own_ns / out->own) : 0;
	out->own_p50_ns = quantile_ns(window, OWN, 50);
	out->own_p90_ns = p90_ns(window, OWN);
	out->p90_ns = p90_ns(window, ALL);
	out->answers = (uint32_t)total(window, ALL, &out->ok_ns, &out->ok_ns2);
	/* Little's law, by the time that those who left had spent inside. */
	out->inflight = out->length_ns ? (out->ok_ns + (double)other_ns) / (double)out->length_ns
				       : 0;
}

void
tayra__window_turn(struct tayra__window *window, uint32_t held)
{
	atomic_fetch_add_explicit(&window->epoch, 1, memory_order_relaxed);
	window->old_turned = atomic_load(&window->told.others) ? sum(window).old : window->sums.old;
	window->old_held = held;
}

void
tayra__window_close(struct tayra__window *window, uint64_t now_ns, struct tayra__limit_window *out)
{
	const struct tayra__window_sums before = window->sums;
	uint64_t fresh[TAYRA_OUTCOMES], gone;

	take_bins(window);
	if (atomic_load(&window->told.others) && atomic_exchange(&window->told.others, false))
		window->sums = sum(window);
	for (unsigned o = 0; o < TAYRA_OUTCOMES; o++)
		fresh[o] = window->sums.outcomes[o] - before.outcomes[o];
	out->length_ns = now_ns - window->opened_ns;
	window->opened_ns = now_ns;
	fill_latencies(window, window->sums.other_ns - before.other_ns, out);
	window->ok += out->answers;
	out->drops = (uint32_t)(fresh[TAYRA_OUTCOME_TIMEOUT] + fresh[TAYRA_OUTCOME_OVERLOAD]);
	out->refused = (uint32_t)fresh[TAYRA_OUTCOME_OVERLOAD];
	out->errors = out->drops + (uint32_t)fresh[TAYRA_OUTCOME_ERROR];
	out->answers += out->errors;
	gone = window->sums.old - window->old_turned;
	out->old = (uint32_t)(window->old_held > gone ? window->old_held - gone : 0);
	out->inflight_max = atomic_exchange_explicit(&window->inflight_max, 0,
						     memory_order_relaxed);
	out->reached = atomic_exchange_explicit(&window->reached, false, memory_order_relaxed);
}

void
tayra__window_sums(const struct tayra__window *window, uint64_t admitted[TAYRA_CLASSES],
		   uint64_t outcomes[TAYRA_OUTCOMES])
{
	memcpy(outcomes, sum(window).outcomes, TAYRA_OUTCOMES * sizeof(*outcomes));
	outcomes[TAYRA_OUTCOME_OK] = window->ok + count_ok(window);
	memset(admitted, 0, TAYRA_CLASSES * sizeof(*admitted));
	for (unsigned i = 0; i < TAYRA__WINDOW_SHARDS; i++) {
		for (unsigned o = 0; o < TAYRA_OUTCOMES; o++)
			outcomes[o] += read(&window->shards[i].quiet[o]);
		for (unsigned c = 0; c < TAYRA_CLASSES; c++)
			admitted[c] += read(&window->shards[i].admitted[c]);
	}
}
