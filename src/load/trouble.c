/* SPDX-License-Identifier: Apache-2.0 */
#include "load/trouble.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <tayra/base.h>

#include "base/line.h"

void
tayra__trouble_init(struct tayra__trouble *trouble)
{
	pthread_mutex_init(&trouble->lock, NULL);
	trouble->count = 0;
	trouble->text[0] = trouble->refusal[0] = '\0';
}

void
tayra__trouble_fini(struct tayra__trouble *trouble)
{
	pthread_mutex_destroy(&trouble->lock);
}

static bool
is_backends(int status)
{
	return status == TAYRA_E_ORIGIN || status == TAYRA_E_OVERLOAD ||
	       status == TAYRA_E_CORRUPT || status == TAYRA_E_TIMEOUT;
}

/* As long as fits, and no sequence of UTF-8 in halves. */
static void
take(char out[TAYRA__TROUBLE_TEXT], const char *text)
{
	size_t len = (size_t)snprintf(out, TAYRA__TROUBLE_TEXT, "%s", text);

	if (len >= TAYRA__TROUBLE_TEXT) {
		len = TAYRA__TROUBLE_TEXT - 1;
		while (len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80)
			len--;
		out[len] = '\0';
	}
	tayra__line_flatten(out, ' ');
}

void
tayra__trouble_note(struct tayra__trouble *trouble, int status, const char *text)
{
	if ((!is_backends(status) || !text[0]) && status != TAYRA_E_INVAL)
		return;
	pthread_mutex_lock(&trouble->lock);
	trouble->count += status != TAYRA_E_INVAL;
	take(status == TAYRA_E_INVAL ? trouble->refusal : trouble->text, text);
	pthread_mutex_unlock(&trouble->lock);
}

uint64_t
tayra__trouble_read(struct tayra__trouble *trouble, char text[TAYRA__TROUBLE_TEXT])
{
	uint64_t count;

	pthread_mutex_lock(&trouble->lock);
	count = trouble->count;
	memcpy(text, trouble->text, TAYRA__TROUBLE_TEXT);
	pthread_mutex_unlock(&trouble->lock);
	return count;
}

void
tayra__trouble_read_refusal(struct tayra__trouble *trouble, char text[TAYRA__TROUBLE_TEXT])
{
	pthread_mutex_lock(&trouble->lock);
	memcpy(text, trouble->refusal, TAYRA__TROUBLE_TEXT);
	pthread_mutex_unlock(&trouble->lock);
}
