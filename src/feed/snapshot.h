/* SPDX-License-Identifier: Apache-2.0
 *
 * snapshot.h: which transactions of a PostgreSQL server others can see, as txid_current_snapshot()
 * says it: "10:20:10,14,15".
 *
 * A server replicates a transaction as soon as it is in its log, which may be before others can see
 * it: by a moment, or for as long as the server waits for its synchronous standbys.
 */
#ifndef TAYRA_FEED_SNAPSHOT_H
#define TAYRA_FEED_SNAPSHOT_H

#include <stdbool.h>
#include <stdint.h>

/* Transactions' numbers count on for ever; their low 32 bits, as here, are compared in a circle. */
struct tayra__snapshot {
	uint32_t all_below; /* they have ended: seen, or rolled back */
	uint32_t none_from; /* they had not begun */
	const char *open;   /* text: those in between that had not ended; the caller's */
};

/* => false: the text is none. */
bool tayra__snapshot_read(const char *text, struct tayra__snapshot *out);
/* Have all below ended? */
bool tayra__snapshot_is_past(const struct tayra__snapshot *snapshot, uint32_t xid);
/* Has the transaction ended? */
bool tayra__snapshot_sees(const struct tayra__snapshot *snapshot, uint32_t xid);

#endif
