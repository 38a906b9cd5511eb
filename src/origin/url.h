/* SPDX-License-Identifier: Apache-2.0
 *
 * url.h: a URL with the parts of a key in it.  Whatever bytes a part has, it is one piece of the
 * path or query where the template has it: it cannot reach the scheme, host or port, end its path
 * segment, climb out of the path, or begin another parameter.  Reading it is thread-safe.
 */
#ifndef TAYRA_ORIGIN_URL_H
#define TAYRA_ORIGIN_URL_H

#include "origin/pattern.h"

struct tayra__url {
	struct tayra__pattern template;
	uint32_t part[TAYRA__PATTERN_PARTS]; /* of the key, for each part of the template */
};

/*
 * "https://host/path/{name}?q={name}"; names are those of `keys`.
 * => TAYRA_E_INVAL: not http or https, no host, a user or a part in front of the path, a fragment,
 *    a byte that must be percent-encoded, a dot segment, a name the key pattern does not have.
 */
int tayra__url_parse(const char *text, const struct tayra__pattern *keys, struct tayra__url *out,
		     const struct tayra__complaint *why);
/*
 * RFC 3986: unreserved characters stay, all others become %XX.
 * => TAYRA_OK: *out is to be freed with tayra__mem_free().  TAYRA_E_INVAL: no such URL: a part is
 *    empty, or a path segment would be "." or "..".  TAYRA_E_NOMEM.
 */
int tayra__url_expand(const struct tayra__url *url, const struct tayra__part *parts, char **out);

#endif
