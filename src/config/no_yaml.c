/* SPDX-License-Identifier: Apache-2.0
 *
 * no_yaml.c: in the place of yaml.c in a build without libyaml.
 */
#include "config/yaml.h"

#include <stdio.h>

#include <tayra/base.h>

int
tayra__yaml_parse(const char *bytes, size_t len, struct tayra__yaml_error *error,
		  struct tayra__yaml **out)
{
	(void)bytes, (void)len;
	*out = NULL;
	error->line = error->column = 0;
	snprintf(error->text, sizeof(error->text),
		 "this tayra was built without libyaml and reads no configuration");
	return TAYRA_E_UNSUPPORTED;
}
