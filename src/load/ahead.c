/* SPDX-License-Identifier: Apache-2.0 */
#include "load/ahead.h"

#define LATELY      0.98 /* kept of an account's recent sums, a judgement */
#define JUDGE_FIRST 30   /* judgements before the gate may close */
#define COME_BACK   1.2

static struct tayra__ahead_place *
place_of(struct tayra__ahead *ahead, uint64_t hash)
{
	return &ahead->places[(hash >> 20) % TAYRA__AHEAD_PLACES];
}

static struct tayra__ahead_place *
find(struct tayra__ahead *ahead, uint64_t hash)
{
	struct tayra__ahead_place *place = place_of(ahead, hash);

	return hash && place->hash == hash ? place : NULL;
}

static void
turn_gate(struct tayra__ahead *ahead, struct tayra__ahead_account *account)
{
	double cost = account->wasted_ns * ahead->price;

	if (account->sums.gated) {
		account->sums.gated = account->saved_ns < COME_BACK * cost;
	} else if (account->judged >= JUDGE_FIRST && account->saved_ns < cost) {
		account->sums.gated = true;
		account->sums.gatings++;
	}
}

static struct tayra__ahead_verdict
judge(struct tayra__ahead *ahead, struct tayra__ahead_place *place, bool used, double saved_ns)
{
	struct tayra__ahead_verdict verdict = { .judged = true, .used = used, .place = *place };
	struct tayra__ahead_account *account = &ahead->accounts[place->source];
	double wasted_ns = used ? 0 : (double)place->cost_ns;

	account->sums.used += used;
	account->sums.wasted += !used;
	account->sums.saved_ns += (uint64_t)saved_ns;
	account->sums.wasted_ns += (uint64_t)wasted_ns;
	account->saved_ns = account->saved_ns * LATELY + saved_ns;
	account->wasted_ns = account->wasted_ns * LATELY + wasted_ns;
	account->judged = account->judged + 1;
	turn_gate(ahead, account);
	*place = (struct tayra__ahead_place){ 0 };
	return verdict;
}

bool
tayra__ahead_note(struct tayra__ahead *ahead, const struct tayra__ahead_place *given,
		  uint64_t now_ms)
{
	struct tayra__ahead_place *place = place_of(ahead, given->hash);
	struct tayra__ahead_account *account = &ahead->accounts[given->source];

	if (given->hash == 0)
		return false;
	/* A load that is under way ends by itself. */
	if (place->hash && (place->kind == TAYRA__AHEAD_BEGUN || now_ms < place->until_ms))
		return false;
	if (place->hash)
		judge(ahead, place, false, 0);
	*place = *given;
	if (given->kind == TAYRA__AHEAD_WOULD)
		account->sums.would++;
	else
		account->sums.issued++;
	return true;
}

bool
tayra__ahead_gated(const struct tayra__ahead *ahead, enum tayra__ahead_source source)
{
	return ahead->accounts[source].sums.gated;
}

void
tayra__ahead_landed(struct tayra__ahead *ahead, uint64_t hash, const struct tayra__ahead_kept *kept)
{
	struct tayra__ahead_place *place = find(ahead, hash);
	struct tayra_prefetch_account *sums;

	if (!place || place->kind != TAYRA__AHEAD_BEGUN)
		return;
	sums = &ahead->accounts[place->source].sums;
	sums->bytes += kept->bytes;
	sums->origin_ns += kept->cost_ns;
	sums->evictions += kept->evictions;
	place->kind = TAYRA__AHEAD_KEPT;
	place->until_ms = kept->until_ms;
	place->cost_ns = kept->cost_ns;
	if (kept->joined)
		judge(ahead, place, true, 0);
}

void
tayra__ahead_dropped(struct tayra__ahead *ahead, uint64_t hash)
{
	struct tayra__ahead_place *place = find(ahead, hash);

	if (!place || place->kind != TAYRA__AHEAD_BEGUN)
		return;
	ahead->accounts[place->source].sums.dropped++;
	*place = (struct tayra__ahead_place){ 0 };
}

struct tayra__ahead_verdict
tayra__ahead_hit(struct tayra__ahead *ahead, uint64_t hash, uint64_t now_ms)
{
	struct tayra__ahead_place *place = find(ahead, hash);

	if (!place || place->kind != TAYRA__AHEAD_KEPT || now_ms < place->from_ms)
		return (struct tayra__ahead_verdict){ 0 };
	return judge(ahead, place, now_ms < place->until_ms, (double)place->cost_ns);
}

struct tayra__ahead_verdict
tayra__ahead_missed(struct tayra__ahead *ahead, uint64_t hash, uint64_t now_ms)
{
	struct tayra__ahead_place *place = find(ahead, hash);
	bool in_time;

	if (!place || place->kind == TAYRA__AHEAD_BEGUN)
		return (struct tayra__ahead_verdict){ 0 };
	/* What was kept and is missed was lost: it saved nothing. */
	in_time = place->kind == TAYRA__AHEAD_WOULD && now_ms >= place->from_ms &&
		  now_ms < place->until_ms;
	return judge(ahead, place, in_time, in_time ? (double)place->cost_ns : 0);
}

struct tayra__ahead_verdict
tayra__ahead_sweep(struct tayra__ahead *ahead, uint64_t now_ms, uint32_t budget)
{
	while (budget-- > 0) {
		struct tayra__ahead_place *place =
			&ahead->places[ahead->sweep++ % TAYRA__AHEAD_PLACES];

		if (place->hash && place->kind != TAYRA__AHEAD_BEGUN && now_ms >= place->until_ms)
			return judge(ahead, place, false, 0);
	}
	return (struct tayra__ahead_verdict){ 0 };
}
