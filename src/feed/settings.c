/* SPDX-License-Identifier: Apache-2.0 */
#include "feed/settings.h"

#include "base/option.h"

#define MOST_NS (3600 * TAYRA_NS_PER_S)

int
tayra__feed_interval(const struct tayra_feed_options *options, uint64_t default_ns, uint64_t *out,
		     const struct tayra__complaint *why)
{
	struct tayra_feed_options o;

	if (tayra__option_struct(options, &o, sizeof(o)) != TAYRA_OK || o.interval_ns > MOST_NS) {
		tayra__complain(why, "feed: options that are none, or an interval of over an hour");
		return TAYRA_E_INVAL;
	}
	*out = o.interval_ns ? o.interval_ns : default_ns;
	return TAYRA_OK;
}
