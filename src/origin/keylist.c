/* SPDX-License-Identifier: Apache-2.0
 *
 * keylist.c: both notations quote alike, but that JSON has no control characters as they are.
 */
#include "origin/keylist.h"

#include <string.h>

#include "base/mem.h"

#define FIRST_ROOM  1024u
#define ESCAPED_MAX 6u /* \u0001 */

/* Of what a part becomes, quotes included. */
static size_t
quoted_max(const struct tayra__part *part)
{
	return part->len * ESCAPED_MAX + 2;
}

static bool
make_room(struct tayra__keylist *list, size_t more)
{
	size_t need = list->len + more, room = list->room ? list->room : FIRST_ROOM;
	char *text;

	if (need <= list->room)
		return true;
	while (room < need)
		room *= 2;
	text = tayra__mem_resize(list->text, room);
	if (!text)
		return false;
	list->text = text;
	list->room = room;
	return true;
}

static void
put_control(struct tayra__keylist *list, unsigned char c)
{
	static const char digits[] = "0123456789abcdef";
	const char form[ESCAPED_MAX] = { '\\', 'u', '0', '0', digits[c >> 4], digits[c & 15] };

	memcpy(list->text + list->len, form, sizeof(form));
	list->len += sizeof(form);
}

enum notation { JSON, ARRAY };

/* There is room. */
static void
put_quoted(struct tayra__keylist *list, const struct tayra__part *part, enum notation notation)
{
	list->text[list->len++] = '"';
	for (size_t i = 0; i < part->len; i++) {
		const unsigned char c = (unsigned char)part->bytes[i];

		if (c < 0x20 && notation == JSON) {
			put_control(list, c);
			continue;
		}
		if (c == '"' || c == '\\')
			list->text[list->len++] = '\\';
		list->text[list->len++] = (char)c;
	}
	list->text[list->len++] = '"';
}

static bool
put_key(struct tayra__keylist *list, const struct tayra__wanted *w, uint32_t parts)
{
	for (uint32_t i = 0; i < parts; i++) {
		if (!make_room(list, quoted_max(&w->parts[i]) + 2))
			return false;
		if (parts > 1)
			list->text[list->len++] = i == 0 ? '[' : ',';
		put_quoted(list, &w->parts[i], JSON);
	}
	if (parts > 1)
		list->text[list->len++] = ']';
	return true;
}

int
tayra__keylist_json(struct tayra__keylist *list, const struct tayra__spread *spread)
{
	list->len = 0;
	for (uint32_t i = 0; i < spread->count; i++) {
		if (!make_room(list, 3))
			return TAYRA_E_NOMEM;
		list->text[list->len++] = i == 0 ? '[' : ',';
		if (!put_key(list, &spread->wanted[i], spread->keys->parts))
			return TAYRA_E_NOMEM;
	}
	if (!make_room(list, 2))
		return TAYRA_E_NOMEM;
	list->text[list->len++] = ']';
	list->text[list->len] = '\0';
	return TAYRA_OK;
}

static bool
put_array(struct tayra__keylist *list, const struct tayra__spread *spread, uint32_t part)
{
	for (uint32_t i = 0; i < spread->count; i++) {
		const struct tayra__part *p = &spread->wanted[i].parts[part];

		if (!make_room(list, quoted_max(p) + 3))
			return false;
		list->text[list->len++] = i == 0 ? '{' : ',';
		put_quoted(list, p, ARRAY);
	}
	list->text[list->len++] = '}';
	list->text[list->len++] = '\0';
	return true;
}

int
tayra__keylist_arrays(struct tayra__keylist *list, const struct tayra__spread *spread,
		      size_t starts[TAYRA__PATTERN_PARTS])
{
	list->len = 0;
	for (uint32_t i = 0; i < spread->keys->parts; i++) {
		starts[i] = list->len;
		if (!put_array(list, spread, i))
			return TAYRA_E_NOMEM;
	}
	return TAYRA_OK;
}

void
tayra__keylist_fini(struct tayra__keylist *list)
{
	tayra__mem_free(list->text);
	*list = (struct tayra__keylist){ 0 };
}
