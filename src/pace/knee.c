/* SPDX-License-Identifier: Apache-2.0 */
#include "pace/knee.h"

#include <math.h>

/* d e / d ln L near the knee: -.8 on contention curves with a knee at 6 and at 21 alike. */
#define CURVATURE 0.8
/* How far a knee wanders: standard deviation of ln L after a second. */
#define WANDER 0.03
/* An elasticity beyond these says no more than that. */
#define E_MIN -3.0
#define E_MAX 1.5
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
#define WALL_S    30.0
#define LOW_WALL  0.5
#define HIGH_WALL -1.0
#define CLIFF     -2.5
#define FAR       0.55 /* below the knee */

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
	knee->noise = knee->up = knee->down = knee->below = 0;
	knee->low.hits = knee->high.hits = 0;
	knee->far = false;
}

void
tayra__knee_levels(const struct tayra__knee *knee, double dither, double min, double max,
		   uint32_t *lo, uint32_t *hi)
{
	const double limit = clip(exp(knee->at), min, max);
	double low = fmax(1, fmax(round(limit / (1 + dither)), ceil(min)));
	double high = fmax(low + 1, fmin(round(limit * (1 + dither)), max));

	if (knee->low.slots && low <= knee->low.slots) {
		low = knee->low.slots + 1;
		high = fmax(high, fmax(low + 1, round(low * (1 + dither) * (1 + dither))));
	}
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

/* Two looks in a row that say so put a wall up, or one that leaves no doubt. */
static void
look_at_wall(struct tayra__knee_wall *wall, bool bad, bool no_doubt, double slots)
{
	wall->hits = bad ? wall->hits + 1 : 0;
	if (wall->hits < 2 && !no_doubt)
		return;
	wall->hits = 0;
	wall->slots = (uint32_t)slots;
	wall->left_s = WALL_S;
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
	const double e = clip(log(hi->per_s / lo->per_s) / apart, E_MIN, E_MAX);
	const double foreseen = price - CURVATURE * (middle - knee->at), surprise = e - foreseen;
	const bool few = hi->slots >= 1.4 * lo->slots;
	double noise = (1 / lo->answers + 1 / hi->answers) / (apart * apart);

	look_at_wall(&knee->low, few && e > LOW_WALL + sqrt(noise), false, lo->slots);
	look_at_wall(&knee->high, e < HIGH_WALL - sqrt(noise), e < CLIFF, hi->slots);
	knee->below = fmax(0, knee->below +
				      clip((e - FAR) / sqrt(noise), -SURPRISE_MAX, SURPRISE_MAX));
	knee->far = knee->below >= JUMP;
	if (knee->noise <= 0)
		knee->noise = noise;
	knee->noise += NOISE_WEIGHT * (surprise * surprise - knee->noise);
	noise = fmax(noise, fmin(knee->noise - CURVATURE * CURVATURE * knee->variance, 4 * noise));
	move(knee, surprise / CURVATURE, noise / (CURVATURE * CURVATURE));
	return e;
}

bool
tayra__knee_calm(const struct tayra__knee *knee)
{
	return knee->variance < CALM_SPREAD * CALM_SPREAD && fmax(knee->up, knee->down) < JUMP / 2;
}
