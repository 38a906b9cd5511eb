/* SPDX-License-Identifier: Apache-2.0
 *
 * tiers.h: what a server keeps values in below RAM: a directory of this machine, a Redis that
 * several servers share.
 */
#ifndef TAYRA_SERVE_TIERS_H
#define TAYRA_SERVE_TIERS_H

#include <stdbool.h>
#include <stddef.h>

struct tayra_options;
struct tayra__server_options;

struct tayra__tiers {
	struct tayra_tier_file *file;     /* NULL: none */
	struct tayra_tier_remote *remote; /* NULL: none */
	char text[512];                   /* for people: ", file tier /var/.. 1024 MiB" */
};

static inline bool
tayra__tiers_any(const struct tayra__tiers *tiers)
{
	return tiers->file || tiers->remote;
}

/* As the options say, and into the handle's.  With options.check nothing is opened,
 * only looked at: whether the directory is there or can be made and holds nothing else's files,
 * whether the URL is one.
 * => as tayra_tier_file_open() and tayra_tier_remote_open(); `error` has one line. */
int tayra__tiers_open(struct tayra__tiers *tiers, const struct tayra__server_options *options,
		      struct tayra_options *handle, char *error, size_t error_len);
/* After the handle. */
void tayra__tiers_close(struct tayra__tiers *tiers);

#endif
