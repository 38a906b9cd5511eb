/* SPDX-License-Identifier: Apache-2.0
 *
 * no_http.c: in place of http.c in a build without that feature.
 */
#include <stdio.h>

#include <tayra/tayra.h>

int
tayra_origin_http(const struct tayra_origin_options *options, const struct tayra_http_options *http,
		  const char *url, char *error, size_t error_len, struct tayra_origin **out)
{
	if (out)
		*out = NULL;
	if (error && error_len > 0)
		snprintf(error, error_len, "this build was made without HTTP");
	return TAYRA_E_UNSUPPORTED;
}
