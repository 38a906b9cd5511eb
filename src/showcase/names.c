/* SPDX-License-Identifier: Apache-2.0 */
#include "showcase/names.h"

#include <string.h>

#include "base/hash.h"
#include "base/mem.h"

#include <tayra/base.h>

void
tayra__names_init(struct tayra__names *names)
{
	*names = (struct tayra__names){ .seed = tayra__hash_random_seed() };
}

void
tayra__names_fini(struct tayra__names *names)
{
	for (uint32_t i = 0; i < names->count; i++)
		tayra__mem_free(names->name[i]);
	tayra__mem_free(names->name);
	tayra__mem_free(names->slots);
	*names = (struct tayra__names){ .seed = names->seed };
}

/* The slot of the name, or the empty one where it would go. */
static uint32_t *
slot_of(const struct tayra__names *names, const char *name, size_t len)
{
	uint32_t mask = names->slot_count - 1;
	uint32_t i = (uint32_t)tayra__hash_bytes(name, len, names->seed) & mask;

	for (; names->slots[i]; i = (i + 1) & mask) {
		const char *there = names->name[names->slots[i] - 1];

		if (strncmp(there, name, len) == 0 && there[len] == 0)
			break;
	}
	return &names->slots[i];
}

uint32_t
tayra__names_find(const struct tayra__names *names, const char *name, size_t len)
{
	uint32_t number = names->slot_count ? *slot_of(names, name, len) : 0;

	return number ? number - 1 : TAYRA__NAMES_NONE;
}

static int
grow(struct tayra__names *names)
{
	uint32_t room = names->room ? names->room * 2 : 1024;
	uint32_t *slots = tayra__mem_array(room * 2ul, sizeof(*slots));
	char **moved = slots ? tayra__mem_resize(names->name, room * sizeof(*moved)) : NULL;

	if (!moved) {
		tayra__mem_free(slots);
		return TAYRA_E_NOMEM;
	}
	tayra__mem_free(names->slots);
	names->name = moved;
	names->slots = slots;
	names->room = room;
	names->slot_count = room * 2;
	for (uint32_t i = 0; i < names->count; i++)
		*slot_of(names, moved[i], strlen(moved[i])) = i + 1;
	return TAYRA_OK;
}

int
tayra__names_add(struct tayra__names *names, const char *name, size_t len, uint32_t *number)
{
	char *copy;

	*number = tayra__names_find(names, name, len);
	if (*number != TAYRA__NAMES_NONE)
		return TAYRA_OK;
	if (names->count == names->room && grow(names) < 0)
		return TAYRA_E_NOMEM;
	copy = tayra__mem_alloc(len + 1);
	if (!copy)
		return TAYRA_E_NOMEM;
	memcpy(copy, name, len);
	*slot_of(names, name, len) = names->count + 1;
	names->name[names->count] = copy;
	*number = names->count++;
	return TAYRA_OK;
}
