/* SPDX-License-Identifier: Apache-2.0
 *
 * state.h: the file "tayra-tier" beside the segments: whose directory this is, in which format, and
 * whether what is in it can be trusted.
 */
#ifndef TAYRA_TIER_STATE_H
#define TAYRA_TIER_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "tier/io.h"

#define TAYRA__STATE_NAME     "tayra-tier"
#define TAYRA__STATE_NEW_NAME "tayra-tier.new"

struct tayra__state {
	char magic[16];
	uint32_t format;
	uint16_t clean;    /* closed in good order: all is on disk, up to `sequence` */
	uint16_t durable;  /* every record was on disk before its put returned */
	uint64_t log;      /* see struct tayra__log */
	uint64_t boot;     /* of the machine, while it was last open; 0: not known */
	uint64_t sequence; /* of the next record */
	uint64_t check;
};

/* This boot of this machine; 0: not known. */
uint64_t tayra__state_boot(void);
/* => TAYRA_OK; TAYRA_E_NOT_FOUND: no such file; TAYRA_E_IO; TAYRA_E_CORRUPT: ours, but damaged;
 *    TAYRA_E_INVAL: not ours; TAYRA_E_UNSUPPORTED: of another format, which out->format says. */
int tayra__state_read(const struct tayra__io *io, int dir, struct tayra__state *out);
/* Replace it as a whole, and have it on disk.  Sets magic, format and check.  => TAYRA_OK,
 * TAYRA_E_IO. */
int tayra__state_write(const struct tayra__io *io, int dir, struct tayra__state *state);

#endif
