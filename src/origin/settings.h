/* SPDX-License-Identifier: Apache-2.0
 *
 * settings.h: tayra_origin_options with the defaults filled in.
 */
#ifndef TAYRA_ORIGIN_SETTINGS_H
#define TAYRA_ORIGIN_SETTINGS_H

#include <tayra/tayra.h>

/* => TAYRA_OK, TAYRA_E_INVAL. */
int tayra__origin_settings(const struct tayra_origin_options *given,
			   struct tayra_origin_options *out);

#endif
