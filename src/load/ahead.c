/* SPDX-License-Identifier: Apache-2.0 */
#include "load/ahead.h"

#define WAYS        4
#define LATELY      0.998 /* kept of an account's recent sums, a judgement */
#define JUDGE_FIRST 30    /* judgements before the gate may close */
#define COME_BACK   1.2
#define RECENT      0.998 /* kept of what counts for the budget, a load that was asked for */
#define LEAST_FIRST 0.5   /* to begin with, a use must be that likely */
#define LEAST_MAX   0.95
#define STEP        0.005 /* of that, a load that was asked for */
#define TRIAL       0.04  /* of the budget, whatever it saves */
#define LOST_MOST   0.5   /* of what it saves */

/* A key's place is one of WAYS next to each other. */
static struct tayra__ahead_place *
places_of(struct tayra__ahead *ahead, uint64_t hash)
{
	return &ahead->places[(hash >> 20) % (TAYRA__AHEAD_PLACES / WAYS) * WAYS];
}

static struct tayra__ahead_place *
find(struct tayra__ahead *ahead, uint64_t hash)
{
	struct tayra__ahead_place *places = places_of(ahead, hash);

	for (int way = 0; way < WAYS; way++)
		if (hash && places[way].hash == hash)
			return &places[way];
	return NULL;
}

static bool
is_over(const struct tayra__ahead_place *place, uint64_t now_ms)
{
	/* A load that is under way ends by itself. */
	return place->kind != TAYRA__AHEAD_BEGUN && now_ms >= place->until_ms;
}

/* => NULL: it waits already, or all its places are taken. */
static struct tayra__ahead_place *
free_place(struct tayra__ahead *ahead, uint64_t hash, uint64_t now_ms)
{
	struct tayra__ahead_place *places = places_of(ahead, hash), *place = find(ahead, hash);

	if (place)
		return is_over(place, now_ms) ? place : NULL;
	for (int way = 0; way < WAYS; way++)
		if (!places[way].hash || is_over(&places[way], now_ms))
			return &places[way];
	return NULL;
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

static double
clip(double x, double low, double high)
{
	return x < low ? low : x > high ? high : x;
}

/* What is worth it at that price: of p times saved, and 1 - p times wasted at it, more is saved. */
static double
worth(const struct tayra__ahead *ahead)
{
	return ahead->price / (1 + ahead->price);
}

void
tayra__ahead_set(struct tayra__ahead *ahead, double price, double budget)
{
	ahead->price = price;
	ahead->budget = budget;
	for (int i = 0; i < TAYRA__AHEAD_SOURCES; i++)
		ahead->accounts[i].least = clip(
			ahead->accounts[i].least,
			worth(ahead) < LEAST_FIRST ? LEAST_FIRST : worth(ahead), 1);
}

static void
adapt(const struct tayra__ahead *ahead, struct tayra__ahead_account *account, double cost_ns)
{
	double all = ahead->budget * ahead->demand_ns;
	double of_saved = LOST_MOST * account->used_ns, trial = TRIAL * all;
	double may = of_saved < trial ? trial : of_saved;
	double low = worth(ahead);

	if (may > all)
		may = all;
	/* At the beginning there is nothing to compare with: as if one load had been wasted. */
	account->least += STEP * clip((account->lost_ns - may) / (may + cost_ns + 1), -1, 3);
	account->least = clip(account->least, low, low > LEAST_MAX ? low : LEAST_MAX);
}

void
tayra__ahead_asked(struct tayra__ahead *ahead, double cost_ns)
{
	ahead->demand_ns = ahead->demand_ns * RECENT + cost_ns;
	for (int i = 0; i < TAYRA__AHEAD_SOURCES; i++) {
		struct tayra__ahead_account *account = &ahead->accounts[i];

		account->used_ns *= RECENT;
		account->lost_ns *= RECENT;
		adapt(ahead, account, cost_ns);
	}
}

double
tayra__ahead_least(const struct tayra__ahead *ahead, enum tayra__ahead_source source)
{
	return ahead->accounts[source].least;
}

static void
judge(struct tayra__ahead *ahead, struct tayra__ahead_place *place, bool used, double saved_ns)
{
	struct tayra__ahead_account *account = &ahead->accounts[place->source];
	double wasted_ns = used ? 0 : (double)place->cost_ns;

	account->sums.used += used;
	account->sums.wasted += !used;
	account->sums.saved_ns += (uint64_t)saved_ns;
	account->sums.wasted_ns += (uint64_t)wasted_ns;
	account->saved_ns = account->saved_ns * LATELY + saved_ns;
	account->wasted_ns = account->wasted_ns * LATELY + wasted_ns;
	account->used_ns += used ? (double)place->cost_ns : 0;
	account->lost_ns += wasted_ns;
	account->judged = account->judged + 1;
	turn_gate(ahead, account);
	*place = (struct tayra__ahead_place){ 0 };
}

bool
tayra__ahead_note(struct tayra__ahead *ahead, const struct tayra__ahead_place *given,
		  uint64_t now_ms)
{
	struct tayra__ahead_place *place;
	struct tayra__ahead_account *account = &ahead->accounts[given->source];

	if (given->hash == 0)
		return false;
	place = free_place(ahead, given->hash, now_ms);
	if (!place)
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
	/* Others were expected to be used by then: kept for longer, it is wasted, and its place is
	 * wanted. */
	if (place->source == TAYRA__AHEAD_REFRESH || kept->until_ms < place->until_ms)
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

bool
tayra__ahead_hit(struct tayra__ahead *ahead, uint64_t hash, uint64_t now_ms)
{
	struct tayra__ahead_place *place = find(ahead, hash);

	if (!place || place->kind != TAYRA__AHEAD_KEPT || now_ms < place->from_ms)
		return false;
	judge(ahead, place, now_ms < place->until_ms, (double)place->cost_ns);
	return true;
}

void
tayra__ahead_missed(struct tayra__ahead *ahead, uint64_t hash, uint64_t now_ms)
{
	struct tayra__ahead_place *place = find(ahead, hash);
	bool in_time;

	if (!place || place->kind == TAYRA__AHEAD_BEGUN)
		return;
	/* What was kept and is missed was lost: it saved nothing. */
	in_time = place->kind == TAYRA__AHEAD_WOULD && now_ms >= place->from_ms &&
		  now_ms < place->until_ms;
	judge(ahead, place, in_time, in_time ? (double)place->cost_ns : 0);
}

bool
tayra__ahead_sweep(struct tayra__ahead *ahead, uint64_t now_ms, uint32_t budget)
{
	while (budget-- > 0) {
		struct tayra__ahead_place *place =
			&ahead->places[ahead->sweep++ % TAYRA__AHEAD_PLACES];

		if (place->hash && is_over(place, now_ms)) {
			judge(ahead, place, false, 0);
			return true;
		}
	}
	return false;
}
