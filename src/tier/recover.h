/* SPDX-License-Identifier: Apache-2.0
 *
 * recover.h: from a directory to a log that holds nothing wrong.
 *
 * The log is one sequence without gaps.  Where something is missing or damaged, what came before it
 * may have been overwritten or deleted by what is lost, so it is dropped, and what came after it is
 * kept.  Only at the very end a record that the file ends inside of is no gap: its writer was
 * killed before anybody was told that it was written.
 */
#ifndef TAYRA_TIER_RECOVER_H
#define TAYRA_TIER_RECOVER_H

#include <stddef.h>
#include <stdint.h>

#include "tier/log.h"
#include "tier/state.h"

/* One line for a person. */
struct tayra__tier_complaint {
	char *text; /* NULL: nobody asks */
	size_t len;
	const char *path;
};
/* => status */
int tayra__tier_complain(const struct tayra__tier_complaint *to, int status, const char *format,
			 ...) __attribute__((format(printf, 3, 4)));

/*
 * Look at the directory, fill the log, and claim it (state with this boot, not clean).
 * => as tayra__file_open(); the log may be partly filled then.  log->dir is locked already.
 */
int tayra__recover(struct tayra__log *log, uint64_t boot,
		   const struct tayra__tier_complaint *complaint);
/*
 * What of the directory would be refused: what is not of a tier, or of another format.  Of the log
 * only io and dir count; dir need not be locked, and nothing is changed.
 * => as tayra__file_check().
 */
int tayra__recover_check(const struct tayra__log *log,
			 const struct tayra__tier_complaint *complaint);

#endif
