/* SPDX-License-Identifier: Apache-2.0 */
#include "showcase/report_html.h"

#include <tayra/base.h>

#include "showcase/results.h"

int
tayra__report_html_write(const struct tayra__results *results, FILE *out)
{
	return ferror(out) ? TAYRA_E_IO : TAYRA_OK;
}
