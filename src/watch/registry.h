/* SPDX-License-Identifier: Apache-2.0
 *
 * registry.h: every metric of a process, or of one server in it, in the order they were added.
 *
 * Metrics come in two ways.  A table reads a statistics struct that somebody already keeps: its
 * rows are offsets into a snapshot taken once for all of them, so that they belong to one moment.
 * A family (family.h) is counted here.
 *
 * Any thread.  The lock is held while a visit lasts: a table's read function and a visitor must
 * not call back into the registry.  (Counting in a series is fine: it takes no lock of ours.)
 */
#ifndef TAYRA_WATCH_REGISTRY_H
#define TAYRA_WATCH_REGISTRY_H

#include "watch/row.h"

struct tayra__family;
struct tayra__registry;

struct tayra__watch_table {
	const struct tayra__watch_row *rows;
	size_t row_count;
	const char *instance_label; /* tells several of them apart; NULL: there is one */
	size_t snapshot_bytes;      /* at most 64 KiB */
	void (*read)(void *ctx, void *snapshot); /* into zeroed bytes; any thread, bounded time */
};

#define TAYRA__REGISTRY_INSTANCES 256 /* of one table */

/* => TAYRA_OK, TAYRA_E_NOMEM. */
int tayra__registry_create(struct tayra__registry **out);
/* Frees the families and series with it. */
void tayra__registry_destroy(struct tayra__registry *registry);

/*
 * Add what `read` tells of ctx.  The table is static; ctx outlives the registry.  With an
 * instance_label a table may be added several times, each with another `instance`, which is copied.
 * => TAYRA_OK.  TAYRA_E_INVAL: a row that is not well formed (row.h), a name or an instance that is
 *    already there or too long.  TAYRA_E_FULL, TAYRA_E_NOMEM.
 */
int tayra__registry_add_table(struct tayra__registry *registry,
			      const struct tayra__watch_table *table, const char *instance,
			      void *ctx);
/* Add a row to be counted here.  The row is static; series_max as family.h says.  => as above. */
int tayra__registry_add_family(struct tayra__registry *registry, const struct tayra__watch_row *row,
			       uint32_t series_max, struct tayra__family **out);

void tayra__registry_visit(struct tayra__registry *registry,
			   const struct tayra__watch_visitor *visitor);
/* The row of that name, or NULL. */
const struct tayra__watch_row *tayra__registry_find(struct tayra__registry *registry,
						    const char *name);

#endif
