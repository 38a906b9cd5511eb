/* SPDX-License-Identifier: Apache-2.0
 *
 * schema.h: the part of JSON Schema that docs/results.schema.json uses: type, const, enum,
 * required, properties, additionalProperties, items, minimum, maximum.
 */
#ifndef TESTS_SHOWCASE_SCHEMA_H
#define TESTS_SHOWCASE_SCHEMA_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static inline bool
schema_type_is(const json_t *value, const char *type)
{
	return (strcmp(type, "object") == 0 && json_is_object(value)) ||
	       (strcmp(type, "array") == 0 && json_is_array(value)) ||
	       (strcmp(type, "string") == 0 && json_is_string(value)) ||
	       (strcmp(type, "integer") == 0 && json_is_integer(value)) ||
	       (strcmp(type, "number") == 0 && json_is_number(value)) ||
	       (strcmp(type, "boolean") == 0 && json_is_boolean(value)) ||
	       (strcmp(type, "null") == 0 && json_is_null(value));
}

static inline bool
schema_type_holds(const json_t *value, const json_t *type)
{
	size_t i;
	json_t *one;

	if (!type)
		return true;
	if (json_is_string(type))
		return schema_type_is(value, json_string_value(type));
	json_array_foreach(type, i,
			   one) if (schema_type_is(value, json_string_value(one))) return true;
	return false;
}

static inline bool
schema_enum_holds(const json_t *value, const json_t *schema)
{
	const json_t *constant = json_object_get(schema, "const");
	json_t *choices = json_object_get(schema, "enum"), *one;
	size_t i;

	if (constant)
		return json_equal((json_t *)value, (json_t *)constant);
	if (!choices)
		return true;
	json_array_foreach(choices, i, one) if (json_equal((json_t *)value, one)) return true;
	return false;
}

static inline bool
schema_range_holds(const json_t *value, const json_t *schema)
{
	const json_t *least = json_object_get(schema, "minimum");
	const json_t *most = json_object_get(schema, "maximum");

	return !json_is_number(value) ||
	       ((!least || json_number_value(value) >= json_number_value(least)) &&
		(!most || json_number_value(value) <= json_number_value(most)));
}

static bool schema_holds(const json_t *value, const json_t *schema, const char *where);

static inline bool
schema_members_hold(json_t *value, const json_t *schema, const char *where)
{
	const json_t *properties = json_object_get(schema, "properties");
	bool closed = json_is_false(json_object_get(schema, "additionalProperties"));
	json_t *required = json_object_get(schema, "required"), *one, *member;
	const char *name;
	bool holds = true;
	size_t i;

	json_array_foreach(required, i, one) if (!json_object_get(value, json_string_value(one)))
	{
		printf("# %s: no %s\n", where, json_string_value(one));
		holds = false;
	}
	json_object_foreach(value, name, member)
	{
		const json_t *inner = json_object_get(properties, name);

		if (inner)
			holds = schema_holds(member, inner, name) && holds;
		else if (closed) {
			printf("# %s: %s is not in the schema\n", where, name);
			holds = false;
		}
	}
	return holds;
}

/* Says on stdout what does not hold. */
static bool
schema_holds(const json_t *value, const json_t *schema, const char *where)
{
	const json_t *items = json_object_get(schema, "items");
	json_t *one;
	bool holds = schema_type_holds(value, json_object_get(schema, "type")) &&
		     schema_enum_holds(value, schema) && schema_range_holds(value, schema);
	size_t i;

	if (!holds)
		printf("# %s: wrong type or value\n", where);
	if (json_is_object(value))
		holds = schema_members_hold((json_t *)value, schema, where) && holds;
	if (items)
		json_array_foreach((json_t *)value, i, one)
			holds = schema_holds(one, items, where) && holds;
	return holds;
}

#endif
