/* SPDX-License-Identifier: Apache-2.0
 *
 * yaml_tree.c: what is the same with libyaml and without.
 */
#include "config/yaml.h"

#include "base/mem.h"

#include <string.h>

static void
free_text(const char *text)
{
	/* It may be a password. */
	if (text)
		explicit_bzero((void *)text, strlen(text));
	tayra__mem_free((void *)text);
}

/* As deep as there are levels. */
void
tayra__yaml_free(struct tayra__yaml *yaml)
{
	while (yaml) {
		struct tayra__yaml *next = yaml->next;

		tayra__yaml_free(yaml->first);
		tayra__mem_free((void *)yaml->name);
		free_text(yaml->text);
		tayra__mem_free(yaml);
		yaml = next;
	}
}

const struct tayra__yaml *
tayra__yaml_find(const struct tayra__yaml *map, const char *name)
{
	if (!map || map->kind != TAYRA__YAML_MAP)
		return NULL;
	for (const struct tayra__yaml *at = map->first; at; at = at->next)
		if (strcmp(at->name, name) == 0)
			return at;
	return NULL;
}

size_t
tayra__yaml_count(const struct tayra__yaml *of)
{
	size_t count = 0;

	for (const struct tayra__yaml *at = of->first; at; at = at->next)
		count++;
	return count;
}

const char *
tayra__yaml_kind_name(enum tayra__yaml_kind kind)
{
	static const char *const names[] = { "text", "a list", "a mapping" };

	return names[kind];
}
