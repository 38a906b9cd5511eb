/* SPDX-License-Identifier: Apache-2.0
 *
 * no_webhook.c: a build without libcurl tells no server.
 */
#include "watch/webhook.h"

#include <tayra/base.h>

#include "watch/alert.h"

int
tayra__webhook_create(struct tayra__registry *registry,
		      const struct tayra__webhook_options *options, struct tayra__webhook **out)
{
	*out = NULL;
	return TAYRA_E_UNSUPPORTED;
}

void
tayra__webhook_destroy(struct tayra__webhook *webhook)
{
}

struct tayra__alert_action
tayra__webhook_action(struct tayra__webhook *webhook)
{
	return (struct tayra__alert_action){ 0 };
}
