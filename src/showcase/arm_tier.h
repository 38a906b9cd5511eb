/* SPDX-License-Identifier: Apache-2.0
 *
 * arm_tier.h: what an arm keeps below its RAM: a directory beside its database.  One thread,
 * between slices.
 */
#ifndef TAYRA_SHOWCASE_ARM_TIER_H
#define TAYRA_SHOWCASE_ARM_TIER_H

#include <stddef.h>

#include <tayra/tayra.h>

struct tayra__arm_tier {
	char path[160]; /* "": never opened */
	struct tayra_tier_file *file;
	struct tayra_tier_remote *remote;
};

/* Both: open, or open again with what is there.  => TAYRA_OK; a status with one line in `error`. */
int tayra__arm_tier_open(struct tayra__arm_tier *tier, const char *database_path, char *error,
			 size_t error_len);
int tayra__arm_tier_connect(struct tayra__arm_tier *tier, const char *url, char *error,
			    size_t error_len);
/* Nothing may be using it.  What it holds stays. */
void tayra__arm_tier_close(struct tayra__arm_tier *tier);
/* Close, and remove what it holds. */
void tayra__arm_tier_remove(struct tayra__arm_tier *tier);

#endif
