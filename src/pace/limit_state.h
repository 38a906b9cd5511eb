/* SPDX-License-Identifier: Apache-2.0
 *
 * limit_state.h: what each algorithm remembers from window to window.  All zero: nothing yet.
 */
#ifndef TAYRA_PACE_LIMIT_STATE_H
#define TAYRA_PACE_LIMIT_STATE_H

#include "pace/knee.h"
#include "pace/level.h"

struct tayra__limit_vegas {
	double base_ns;         /* least mean latency seen */
	uint32_t windows, turn; /* since the base was taken anew; times it was */
	double back;            /* the limit after a probe; 0: there is none */
	uint64_t drain_ns;      /* of a probe: left until what is measured has no queue */
};

struct tayra__limit_gradient2 {
	double long_ns; /* slow average of the latency */
	uint32_t windows;
};

struct tayra__limit_bdp {
	double base_ns, peak_per_s, explore;
	uint64_t remeasure_ns; /* left until the base is measured anew */
	uint64_t drain_ns;     /* left until what is measured is the base */
	uint32_t turn;
};

enum tayra__elasticity_phase {
	TAYRA__ELASTICITY_NEW,
	TAYRA__ELASTICITY_START,
	TAYRA__ELASTICITY_STEADY,
	TAYRA__ELASTICITY_DRAIN,
};

struct tayra__limit_elasticity {
	enum tayra__elasticity_phase phase;
	struct tayra__level level;
	struct tayra__knee_level good;  /* what is known to be got; per_s 0: nothing is */
	struct tayra__knee_level last;  /* the level before */
	struct tayra__knee_level start; /* START: the last that gained; 0: none */
	struct tayra__knee knee;        /* STEADY */
	bool doubts;                    /* START: the last level gained nothing */
	uint32_t lo, hi, turn;
	struct tayra__knee_level first; /* of the pair */
	double elasticity;              /* of the last pair */
	bool resting;                   /* not full, just cut, or to be looked at: one level */
	uint64_t rested_ns;             /* left until it counts as full again */
	bool squeezed;                  /* memory was over its maximum in the last window */
	/* Drops. */
	bool cut;        /* what began before is still leaving */
	uint64_t cut_ns; /* since then */
	double answers, drops;
	double collapsed_at;        /* 0: nowhere */
	double cut_share, cut_from; /* of the last cut: what was dropped, from where */
	double borne;               /* a share of drops that fewer at once did not lessen */
	double borne_answers, borne_drops;
	/* Falls. */
	double suspect;         /* a level at which far less was done; 0: none */
	uint32_t lows;          /* levels in a row that got less */
	bool sticks;            /* the last drain mended it */
	double fallen_per_s;    /* before the drain */
	double back_to;         /* from a look at fewer; 0: it is none */
	double drain_from;      /* where it goes when all have left */
	uint64_t drained_ns;    /* so far */
	double drain_s, next_s; /* left until another may be; the wait after the next in vain */
};

struct tayra__limit_latency {
	double error; /* ln(target / p90) of the window before */
};

union tayra__limit_state {
	struct tayra__limit_elasticity elasticity;
	struct tayra__limit_vegas vegas;
	struct tayra__limit_gradient2 gradient2;
	struct tayra__limit_bdp bdp;
	struct tayra__limit_latency latency;
};

#endif
