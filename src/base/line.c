/* SPDX-License-Identifier: Apache-2.0 */
#include "base/line.h"

void
tayra__line_flatten(char *text, char instead)
{
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			*text = instead;
}
