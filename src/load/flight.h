/* SPDX-License-Identifier: Apache-2.0
 *
 * flight.h: one load in progress, and the table of them by key.  struct tayra_load of the public
 * header is a flight: the loader holds it until it finishes it.
 *
 *   entering --> queued --> ready --> running --> done
 *    |    ^        |          |          |
 *    |    +--> parked (another node loads it: lease.h)
 *      |           |          |          |
 *      |           +----------+--> dropped (nobody wants it any more, or the handle closes)
 *      +--> done (shed by pace)          +--> entering (given up, then wanted again)
 *
 * Everything here is called with handle.lock held.
 */
#ifndef TAYRA_LOAD_FLIGHT_H
#define TAYRA_LOAD_FLIGHT_H

#include <stdatomic.h>

#include <tayra/tayra.h>

#include "base/heap.h"
#include "base/list.h"
#include "load/tag.h"
#include "pace/pass.h"

struct tayra__hold;

enum tayra__flight_state {
	TAYRA__FLIGHT_ENTERING, /* asking pace, or about to */
	TAYRA__FLIGHT_PARKED,   /* another node loads it */
	TAYRA__FLIGHT_QUEUED,   /* in pace's queue */
	TAYRA__FLIGHT_READY,    /* let in; somebody has to call the loader */
	TAYRA__FLIGHT_RUNNING,  /* the loader was called */
	TAYRA__FLIGHT_DONE,
	TAYRA__FLIGHT_DROPPED,
};

/* What turn.c has to do for it once the lock is let go. */
enum tayra__chore {
	TAYRA__CHORE_NONE,
	TAYRA__CHORE_ENTER,   /* ask pace */
	TAYRA__CHORE_RAISE,   /* ask pace again, in a higher class */
	TAYRA__CHORE_START,   /* hand it to its origin */
	TAYRA__CHORE_RECALL,  /* dropped while queued: take its ticket back */
	TAYRA__CHORE_DROP,    /* dropped since: leave pace if it was let in */
	TAYRA__CHORE_RELEASE, /* done: give its lease back */
};

struct tayra_load {
	struct tayra *t;
	struct tayra__list in_bucket; /* attached; a write: in t->writes */
	struct tayra__list in_flights;
	struct tayra_load *next_chore;
	struct tayra__list in_line; /* ready; or for a looker; or done, and its lease is not given
				       back */
	struct tayra__list waiters;
	enum tayra__flight_state state : 8;
	enum tayra__chore chore : 8;
	bool sampled;  /* it was begun to see whether an answer was stale (sample.h) */
	bool ticketed; /* it was queued once, and has a ticket for good */
	uint16_t refs; /* one until done or dropped, one for whoever works on it without the lock */
	int16_t missed;    /* what came of the look below when it did not land */
	uint32_t entries;  /* how often it began to enter: whoever asked pace may come back late */
	bool attached;     /* in the table: new requests join it, and its result may be kept */
	bool store;        /* somebody who asked wants it kept */
	bool loads;        /* it has a loader; else it looks below and that is all */
	bool behind : 1;   /* somebody was served stale meanwhile and counts on it going on */
	bool given_up : 1; /* the running loader may have seen that nobody waits */
	bool renew : 1;    /* somebody wants it loaded even if something fresh is found below */
	bool allowed : 1;  /* its group does not rest, or it is the probe */
	bool joined : 1;   /* a waiter came after it was made */
	bool led : 1; /* its maker is entering it and will look for itself whether it is ready */
	bool missed_news : 1; /* it was detached while it looked, and looks once more at once */
	bool held;            /* it must leave pace */
	bool look;            /* the tiers below have not been asked yet */
	/* Before anybody else knows of it: */
	bool writes : 1;  /* the other way: what is in its hold goes to the origin */
	bool follows : 1; /* a write, and what follows from it is done where it lands; then: */
	bool keeps : 1;   /* that is to cache it */
	bool crossed;     /* a write, and another one of its key was under way meanwhile */
	uint8_t looks;    /* how often it has been parked, about; 0: not */
	uint8_t cls;      /* enum tayra_class */

	bool roomed; /* tayra_load_alloc() was called */
	bool waited; /* tayra__load_waited() was; the loader's, until it finishes */
	/* Read by the loader without the lock, relaxed: hints, each on its own. */
	_Atomic bool cancelled;
	_Atomic bool finished; /* claimed by the one call that finishes it */
	uint16_t cost;         /* to pace */
	uint16_t key_len;
	uint16_t key_prefix_len;      /* of it, not for the loader */
	_Atomic uint64_t deadline_ns; /* the latest of its waiters; UINT64_MAX: none */

	uint64_t ahead; /* of a load nobody asked for: its key's hash, until its account is made;
			   0: it is none */
	uint64_t lease; /* the token of its lease; 0: none */
	struct tayra_origin *origin;
	tayra_load_fn load;
	void *load_arg;
	uint64_t ttl_ms, stale_ms;            /* UINT64_MAX ttl: never fresh; 0 stale: none */
	uint32_t absent_ttl_ms, error_ttl_ms; /* 0: not kept; 49 days at most */
	struct tayra_cq *cq;      /* the first queue that waited for it, if it is still there */
	struct tayra__tags *tags; /* of what its request asks for, unless its loader says others;
				     NULL: none */
	union {
		uint64_t ticket_deadline_ns; /* until its loader is called; then: */
		uint64_t tag_number;         /* of what had been said of tags when it was called */
	};
	uint64_t started_ns;      /* running; parked: for the first time; since it has its
				     lease */
	struct tayra__hold *hold; /* the value */
	struct tayra_pace *pace;  /* NULL: no limit */
	union {
		struct tayra__heap_node nap; /* parked, which it never is again once it has asked
						pace; then: */
		struct {
			union {
				struct tayra__pass pass;     /* let in at once */
				struct tayra_ticket *ticket; /* ticketed */
			};
			struct tayra_value *cached; /* what tayra_load_cached() gave.  The loader's,
						       until it finishes; NULL: nothing */
		};
	};
	unsigned char key[];
};
/* There are as many as keys are loaded at a time: what grows here is to be worth it.  One that has
 * to be queued has a ticket beside it. */
_Static_assert(TAYRA_KEY_MAX <= UINT16_MAX && TAYRA_COST_MAX <= UINT16_MAX, "their places");
_Static_assert(sizeof(struct tayra_load) <= 256, "a flight has grown");

/* What the table needs to know of a request: see request.c. */
struct tayra__want;

/* => NULL: no memory.  Attached, entering, one reference; no waiters. */
struct tayra_load *tayra__flight_create(struct tayra *t, const struct tayra__want *want);
/* Give an entering flight that has none the loader of a request that joins it.  Without memory for
 * its tags it is detached: what it brings is not kept. */
void tayra__flight_equip(struct tayra_load *flight, const struct tayra__want *want);
/* Those that its request asks for. */
const struct tayra__tags *tayra__flight_tags(const struct tayra_load *flight);
/* The kind of its key and who loads it, as a number; not 0. */
uint64_t tayra__flight_group(const struct tayra_load *flight);
void tayra__flight_ref(struct tayra_load *flight);
void tayra__flight_unref(struct tayra_load *flight);
/* The attached flight of that key, or NULL. */
struct tayra_load *tayra__flight_find(struct tayra *t, const void *key, size_t key_len);
/* Detach every flight of that key: nothing they bring is kept, and nobody joins them.  With the
 * key's order lock. */
void tayra__flight_forget(struct tayra *t, const void *key, size_t key_len);
/* The same but for one that waits for another node, which has nothing to bring yet: it looks again
 * and may be joined still. */
void tayra__flight_forget_told(struct tayra *t, const void *key, size_t key_len);
/* The same for every key that begins so.  With all order locks. */
void tayra__flight_forget_all(struct tayra *t, const void *prefix, size_t prefix_len);
void tayra__flight_detach(struct tayra_load *flight);
/* A flight that was just created is a write: nobody joins it, and nothing of it is kept. */
void tayra__flight_write(struct tayra_load *flight);
/* It enters once more. */
void tayra__flight_reenter(struct tayra_load *flight);
/* Out of the table and of inflight, in its last state.  Its first reference is still there. */
void tayra__flight_end(struct tayra_load *flight, enum tayra__flight_state last);
/* Whoever wanted that was served what is stale, and counts on it going on. */
void tayra__flight_count_on(struct tayra_load *flight, const struct tayra__want *want);
/* Somebody waits for it, or counts on it and there is a thread to start it. */
bool tayra__flight_wanted(const struct tayra_load *flight);

#endif
