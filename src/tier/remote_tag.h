/* SPDX-License-Identifier: Apache-2.0
 *
 * remote_tag.h: telling the others of a remote tier that what has a tag is to be forgotten.  A key
 * that is called after the tag's hash is there for an instant: who watches such keys is told that
 * it was written, in the order of all other changes.
 */
#ifndef TAYRA_TIER_REMOTE_TAG_H
#define TAYRA_TIER_REMOTE_TAG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tayra__remote_line;
struct tayra__remote_settings;

/* => TAYRA_OK.  TAYRA_E_IO: not known to be said, and owed; or the server refuses it. */
int tayra__remote_tag_tell(struct tayra__remote_line *line,
			   const struct tayra__remote_settings *settings, uint64_t hash,
			   uint64_t deadline_ns);
/* The name of a tag's key.  => false: it is none. */
bool tayra__remote_tag_read(const struct tayra__remote_settings *settings, const char *name,
			    size_t name_len, uint64_t *hash);

#endif
