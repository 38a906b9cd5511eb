/* SPDX-License-Identifier: Apache-2.0
 *
 * no_admin.c: in place of admin.c in a build without libmicrohttpd.
 */
#include "serve/admin.h"

#include <tayra/base.h>

int
tayra__admin_create(const struct tayra__admin_options *options, struct tayra__admin **out)
{
	*out = NULL;
	return TAYRA_E_UNSUPPORTED;
}

uint16_t
tayra__admin_port(const struct tayra__admin *admin)
{
	return 0;
}

void
tayra__admin_destroy(struct tayra__admin *admin)
{
}
