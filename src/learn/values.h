/* SPDX-License-Identifier: Apache-2.0
 *
 * values.h: how much an object of a class and an age is worth keeping: uses per request of
 * residency, over the time to wait that is best for it.  LHD (Beckmann, Chen and Cidon, NSDI'18)
 * ranks by density over a whole life; this is Gittins' index over what is left of one, which needs
 * no horizon.  Classes are by frequency and last distance.
 *
 * Learned from ages at which objects were used again, and ages at which they went out of sight
 * unused (censored), by the actuarial estimate of survival; those still in sight at a rebuild are
 * censored there, for which a sample of them is enough.  A class with few events leans on its
 * frequency, that on all.  Old events fade at each rebuild.
 *
 * Fixed size, no pointers inside.  Not thread-safe.
 */
#ifndef TAYRA_LEARN_VALUES_H
#define TAYRA_LEARN_VALUES_H

#include "learn/reuse.h"

#define TAYRA__VALUE_AGES 48 /* half octaves, up to 2^24 requests */

enum tayra__alive {
	TAYRA__ALIVE_RESIDENT,
	TAYRA__ALIVE_LEFT, /* in the history */
};

struct tayra__values {
	float used[TAYRA__REUSE_CLASSES][TAYRA__VALUE_AGES];
	float censored[TAYRA__REUSE_CLASSES][TAYRA__VALUE_AGES];
	float alive[2][TAYRA__REUSE_CLASSES][TAYRA__VALUE_AGES]; /* sampled since the rebuild */
	float value[TAYRA__REUSE_CLASSES][TAYRA__VALUE_AGES];
	float alive_count[2];
	double events; /* seen since init, not fading */
};

/* The half octave of an age of >= 1 request; 0 counts as 1. */
static inline unsigned
tayra__value_age(uint32_t age)
{
	unsigned log = 31 - (unsigned)__builtin_clz(age | 1);
	unsigned half = log ? (age >> (log - 1)) & 1 : 0;
	unsigned bin = 2 * log + half;

	return bin < TAYRA__VALUE_AGES ? bin : TAYRA__VALUE_AGES - 1;
}

/* Nothing is worth anything until the first rebuild. */
void tayra__values_init(struct tayra__values *values);
/* An object with that past was used `age` requests after its last use. */
void tayra__values_used(struct tayra__values *values, const struct tayra__reuse *reuse,
			uint32_t age);
/* It went out of sight at that age, not used. */
void tayra__values_censored(struct tayra__values *values, const struct tayra__reuse *reuse,
			    uint32_t age);
/* It was met at that age: one drawn at random from its kind. */
void tayra__values_alive(struct tayra__values *values, enum tayra__alive kind,
			 const struct tayra__reuse *reuse, uint32_t age);
/* Work the values out anew, with so many alive of each kind, and let what was seen fade. */
void tayra__values_rebuild(struct tayra__values *values, uint32_t residents, uint32_t left);

/* Uses per request of residency, >= 0. */
static inline float
tayra__values_of(const struct tayra__values *values, const struct tayra__reuse *reuse, uint32_t now)
{
	return values->value[tayra__reuse_class(reuse)][tayra__value_age(now - reuse->last)];
}

#endif
