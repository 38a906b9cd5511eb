/* SPDX-License-Identifier: Apache-2.0
 *
 * parts.h: where the time of a request goes, from the moment it was due to its end.  The parts of
 * all requests add up to all their time; one request may have several.
 */
#ifndef TAYRA_SHOWCASE_PARTS_H
#define TAYRA_SHOWCASE_PARTS_H

enum tayra__part {
	TAYRA__PART_BACKLOG, /* due, but every thread of the service was taken */
	TAYRA__PART_HIT,     /* answered out of the cache */
	TAYRA__PART_WAIT,    /* in the limiter's queue, or for a load that somebody else began */
	TAYRA__PART_ORIGIN,  /* the load itself, or what this request saw of it */
	TAYRA__PART_CHANGE,  /* a change of a record */
	TAYRA__PART_LOST,    /* in a call that ended without an answer */
	TAYRA__PARTS,
};

/* "backlog" "hit" "wait" "origin" "change" "lost"; and what it is, for people. */
const char *tayra__part_name(enum tayra__part part);
const char *tayra__part_text(enum tayra__part part);

#endif
