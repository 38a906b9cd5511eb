/* SPDX-License-Identifier: Apache-2.0 */
#include "pace/knee.h"

#include <math.h>

/* d e / d ln L near the knee: -.8 on contention curves with a knee at 6 and at 21 alike. */
#define CURVATURE 0.8
/* How far a knee wanders: standard deviation of ln L after a second. */
#define WANDER 0.03
/* An elasticity further from the price says no more than that. */
#define E_SPAN        1.4
#define ROUGH_WEIGHT  0.1
#define ROUGH_MAX     64.0
#define FORESEEN_MAX  32.0
#define FORESEEN_UP   1.5 /* about the upper third: a pause now and then raises it little */
#define FORESEEN_DOWN 0.77
/* An elasticity is to be known better than that, if levels not too far apart can do it. */
#define E_NOISE     0.8
#define DITHER_MOST 0.5
/* Of surprise, in standard deviations. */
#define SURPRISE_MAX 3.0
#define SLACK        0.5
#define JUMP         4.0
#define JUMP_SPREAD  0.35
#define CALM_SPREAD  0.15
/* One pair moves the limit by no more, unless less is known of it. */
#define STEP         0.2
#define NOISE_WEIGHT 0.05
/* Walls. */
#define WALL_S          4.0
#define WALL_MAX_S      60.0
#define LOW_WALL        0.5
#define HIGH_WALL       -1.0
#define WALL_DEVIATIONS 1.5
#define BEYOND          0.1  /* a wall bounds what is used; so much more may be believed */
#define FAR             0.55 /* below the knee */

static double
clip(double x, double min, double max)
{
	return fmin(fmax(x, min), max);
}

void
tayra__knee_place(struct tayra__knee *knee, double limit, double spread)
{
	knee->at = log(limit);
	knee->variance = spread * spread;
	knee->noise = knee->up = knee->down = knee->below = knee->beyond = 0;
	knee->low.hits = knee->high.hits = 0;
	knee->far = false;
}

void
tayra__knee_levels(const struct tayra__knee *knee, double dither, double min, double max,
		   uint32_t *lo, uint32_t *hi)
{
	const double limit = clip(exp(knee->at), min, max);
	const double apart = fmax(2 * log(1 + dither), fmin(knee->apart, 2 * log(1 + DITHER_MOST)));
	double low = fmax(1, fmax(round(limit * exp(-apart / 2)), ceil(min)));
	double high = fmax(low + 1, fmin(round(limit * exp(apart / 2)), max));

	if (knee->low.slots && low <= knee->low.slots) {
		low = knee->low.slots + 1;
		high = fmax(high, fmax(low + 1, round(low * (1 + dither) * (1 + dither))));
	}
	if (!knee->high.slots && knee->high.where > low)
		high = fmin(high, knee->high.where);
	if (knee->high.slots && high >= knee->high.slots) {
		high = knee->high.slots - 1;
		low = fmin(low, high);
		if (!knee->low.slots || high - 1 > knee->low.slots)
			low = fmin(low, fmax(high - 1, 1));
	}
	if (high > max) {
		high = floor(max);
		low = fmin(low, high);
	}
	*lo = (uint32_t)low;
	*hi = (uint32_t)high;
}

/* The oftener one was there, the longer it stands. */
static void
build_wall(struct tayra__knee_wall *wall, double slots)
{
	wall->hits = 0;
	wall->slots = (uint32_t)slots;
	wall->where = slots;
	wall->lasts_s = clip(2 * wall->lasts_s, WALL_S, WALL_MAX_S);
	wall->left_s = wall->lasts_s;
}

/* Is `slots` as far out as that, or further? */
static bool
is_beyond(double slots, double wall, bool high)
{
	return high ? slots >= wall : slots <= wall;
}

/* Two looks at so many that say so put one up; one where there was one before; one there that does
 * not say so ends that. */
static void
look_at_wall(struct tayra__knee_wall *wall, bool bad, double slots, bool high)
{
	const bool there = wall->where > 0 && is_beyond(slots, wall->where, high);

	if (bad) {
		wall->hits++;
		wall->hit = slots;
		if (wall->hits >= (there && wall->lasts_s > 0 ? 1 : 2))
			build_wall(wall, slots);
		else if (wall->where <= 0)
			wall->where = slots;
		return;
	}
	if (is_beyond(slots, wall->hit, high))
		wall->hits = 0;
	if (there)
		wall->lasts_s = wall->where = 0;
}

void
tayra__knee_forbid(struct tayra__knee *knee, double slots)
{
	knee->high.lasts_s = fmax(knee->high.lasts_s, WALL_S);
	build_wall(&knee->high, slots);
	if (knee->at > log(slots - 1.75))
		knee->at = log(slots - 0.75); /* one less is as many as can be */
}

bool
tayra__knee_pinned(const struct tayra__knee *knee)
{
	return knee->high.slots && knee->at > log(knee->high.slots - 0.75) - 1e-9;
}

/* Also after a wall has come down, until a look at where it was finds nothing. */
static void
pin(struct tayra__knee *knee)
{
	const double wall = knee->high.slots ? knee->high.slots : knee->high.where;
	double most;

	if (wall < 1)
		return;
	most = log(wall - 0.75);
	if (knee->at < most)
		return;
	knee->beyond = fmin(knee->at - most, BEYOND);
	knee->at = most;
	knee->up = knee->below = 0;
	knee->far = false;
}

static void
age_wall(struct tayra__knee_wall *wall, double seconds)
{
	wall->left_s -= seconds;
	if (wall->left_s <= 0)
		wall->slots = 0;
}

void
tayra__knee_age(struct tayra__knee *knee, double seconds)
{
	age_wall(&knee->low, seconds);
	age_wall(&knee->high, seconds);
	knee->variance += WANDER * WANDER * seconds;
}

/* Has something moved?  Then what was known is worth little. */
static void
look_for_jump(struct tayra__knee *knee, double surprise)
{
	knee->up = fmax(0, knee->up + surprise - SLACK);
	knee->down = fmax(0, knee->down - surprise - SLACK);
	if (fmax(knee->up, knee->down) < JUMP)
		return;
	knee->up = knee->down = 0;
	knee->variance = fmax(knee->variance, JUMP_SPREAD * JUMP_SPREAD);
}

static void
move(struct tayra__knee *knee, double surprise_x, double variance)
{
	const double known = sqrt(knee->variance), spread = sqrt(knee->variance + variance);
	double gain;

	look_for_jump(knee, clip(surprise_x / spread, -SURPRISE_MAX, SURPRISE_MAX));
	gain = knee->variance / (knee->variance + variance);
	knee->at += clip(gain * clip(surprise_x, -2 * spread, 2 * spread), -fmax(STEP, known),
			 fmax(STEP, known));
	knee->variance *= 1 - gain;
}

double
tayra__knee_learn(struct tayra__knee *knee, const struct tayra__knee_level *lo,
		  const struct tayra__knee_level *hi, double price)
{
	const double apart = log(hi->slots / lo->slots), middle = log(hi->slots * lo->slots) / 2;
	const double before = knee->at + knee->beyond;
	const double seen = log(hi->per_s / lo->per_s) / apart;
	const double e = clip(seen, price - E_SPAN, price + E_SPAN);
	const double foreseen = price - CURVATURE * (middle - before), surprise = e - foreseen;
	const bool few = hi->slots >= 1.4 * lo->slots;
	double noise = (1 / lo->answers + 1 / hi->answers) / (apart * apart) *
		       tayra__knee_rough(knee);

	look_at_wall(&knee->low, few && seen > LOW_WALL + sqrt(noise), lo->slots, false);
	look_at_wall(&knee->high, seen < HIGH_WALL - WALL_DEVIATIONS * sqrt(noise), hi->slots,
		     true);
	knee->below = fmax(0, knee->below +
				      clip((e - FAR) / sqrt(noise), -SURPRISE_MAX, SURPRISE_MAX));
	knee->far = knee->below >= JUMP;
	if (seen > HIGH_WALL)
		knee->apart = sqrt(noise) * apart / E_NOISE;
	if (knee->noise <= 0)
		knee->noise = noise;
	knee->noise += NOISE_WEIGHT * (surprise * surprise - knee->noise);
	noise = fmax(noise, fmin(knee->noise - CURVATURE * CURVATURE * knee->variance, 4 * noise));
	knee->at = before;
	knee->beyond = 0;
	move(knee, surprise / CURVATURE, noise / (CURVATURE * CURVATURE));
	if (seen < HIGH_WALL) /* a cliff between the two: no slope to go down along */
		knee->at = fmax(knee->at, fmin(before, log(lo->slots)));
	pin(knee);
	return e;
}

double
tayra__knee_rough(const struct tayra__knee *knee)
{
	return fmax(fmax(1, knee->rough), knee->foreseen);
}

void
tayra__knee_expect(struct tayra__knee *knee, double rough)
{
	if (knee->foreseen <= 0)
		knee->foreseen = clip(rough, 1, FORESEEN_MAX);
	knee->foreseen = clip(knee->foreseen *
				      (rough > knee->foreseen ? FORESEEN_UP : FORESEEN_DOWN),
			      1, FORESEEN_MAX);
}

void
tayra__knee_repeat(struct tayra__knee *knee, const struct tayra__knee_level *one,
		   const struct tayra__knee_level *two)
{
	const double apart = log(two->per_s / one->per_s);
	const double expected = 1 / one->answers + 1 / two->answers;

	if (knee->rough <= 0)
		knee->rough = 1;
	knee->rough += ROUGH_WEIGHT * (fmin(apart * apart / expected, ROUGH_MAX) - knee->rough);
}

bool
tayra__knee_calm(const struct tayra__knee *knee)
{
	if (tayra__knee_pinned(knee))
		return true;
	return knee->variance < CALM_SPREAD * CALM_SPREAD && fmax(knee->up, knee->down) < JUMP / 2;
}
