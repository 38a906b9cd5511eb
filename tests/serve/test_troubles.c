/* SPDX-License-Identifier: Apache-2.0 */
#include "client.h"

#include "load/origin.h"
#include "serve/route.h"
#include "serve/troubles.h"

#define SECOND TAYRA_NS_PER_S

static struct tayra_origin origins[3];
static const struct tayra__route routes[] = {
	{ .keys = "a:{x}", .origin = &origins[0], .name = "one" },
	{ .keys = "b:{x}", .origin = &origins[1], .name = "two" },
	{ .keys = "c:{x}", .origin = &origins[2], .name = "one" },
	{ .keys = "d:{x}", .origin = &origins[0] },
};
static char said[1000];

static void
say(void *arg, const char *origin, const char *text, uint64_t left_out)
{
	size_t len = strlen(said);

	snprintf(said + len, sizeof(said) - len, "%s: %s +%llu; ", origin, text,
		 (unsigned long long)left_out);
}

static void
fails(int origin, const char *text)
{
	tayra__trouble_note(&origins[origin].trouble, TAYRA_E_ORIGIN, text);
}

static struct tayra__troubles *
open_troubles(void)
{
	struct tayra__troubles *troubles;

	said[0] = '\0';
	for (size_t i = 0; i < 3; i++)
		tayra__trouble_init(&origins[i].trouble);
	troubles = tayra__troubles_create(routes, 4, say, NULL);
	assert_non_null(troubles);
	return troubles;
}

static void
close_troubles(struct tayra__troubles *troubles)
{
	tayra__troubles_destroy(troubles);
	for (size_t i = 0; i < 3; i++)
		tayra__trouble_fini(&origins[i].trouble);
}

static void
each_name_is_said_once_a_second_with_what_was_left_out(void **state)
{
	struct tayra__troubles *troubles = open_troubles();

	tayra__troubles_tick(troubles, 5 * SECOND);
	assert_string_equal(said, "");
	fails(0, "x");
	fails(1, "y");
	tayra__troubles_tick(troubles, 5 * SECOND);
	assert_string_equal(said, "one: x +0; two: y +0; ");
	said[0] = '\0';
	fails(0, "u");
	fails(2, "v"); /* the same name */
	fails(2, "w");
	tayra__troubles_tick(troubles, 6 * SECOND - 1);
	assert_string_equal(said, "");
	tayra__troubles_tick(troubles, 6 * SECOND);
	assert_string_equal(said, "one: w +2; ");
	said[0] = '\0';
	tayra__troubles_tick(troubles, 60 * SECOND);
	assert_string_equal(said, "");
	close_troubles(troubles);
}

static void
the_last_of_each_that_had_any_is_told(void **state)
{
	struct tayra__troubles *troubles = open_troubles();
	struct tayra__trouble_seen seen;

	assert_null(tayra__troubles_get(troubles, 0, SECOND).origin);
	fails(1, "y");
	fails(1, "z");
	seen = tayra__troubles_get(troubles, 0, SECOND);
	assert_string_equal(seen.origin, "two");
	assert_string_equal(seen.text, "z");
	assert_int_equal(seen.count, 2);
	assert_int_equal(seen.age_ns, 0);
	assert_int_equal(tayra__troubles_get(troubles, 0, 3 * SECOND).age_ns, 2 * SECOND);
	assert_null(tayra__troubles_get(troubles, 1, SECOND).origin);
	close_troubles(troubles);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(each_name_is_said_once_a_second_with_what_was_left_out),
	cmocka_unit_test(the_last_of_each_that_had_any_is_told),
};

int
main(void)
{
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
