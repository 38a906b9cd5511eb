/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "packages_text.h"
#include "showcase/catalogue.h"
#include "showcase/database.h"

#include <tayra/base.h>

struct fixture {
	struct tayra__catalogue catalogue;
	struct tayra__database *db;
};

static int
set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	char path[64], copy[160], error[200];

	write_file(path, packages_text, strlen(packages_text));
	if (tayra__catalogue_create(&f->catalogue, path, NULL, error, sizeof(error)) != TAYRA_OK ||
	    tayra__catalogue_copy(&f->catalogue, "copy", copy, sizeof(copy), error,
				  sizeof(error)) != TAYRA_OK ||
	    tayra__database_open(copy, &f->db, error, sizeof(error)) != TAYRA_OK)
		return -1;
	unlink(path);
	*state = f;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *f = *state;
	char dir[64];

	memcpy(dir, f->catalogue.dir, sizeof(dir));
	tayra__database_close(f->db);
	tayra__catalogue_fini(&f->catalogue);
	free(f);
	return access(dir, F_OK) == 0; /* nothing may be left behind */
}

static uint32_t
id(struct fixture *f, const char *name)
{
	return tayra__names_find(&f->catalogue.names, name, strlen(name));
}

/* The value after its stamp, as text; the caller frees it. */
static char *
fetch(struct fixture *f, const char *key, struct tayra__database_stamp *stamp)
{
	void *value;
	size_t len;
	char *text;

	assert_int_equal(tayra__database_fetch(f->db, key, strlen(key), &value, &len), TAYRA_OK);
	assert_true(len >= sizeof(*stamp));
	memcpy(stamp, value, sizeof(*stamp));
	text = calloc(1, len - sizeof(*stamp) + 1);
	memcpy(text, (char *)value + sizeof(*stamp), len - sizeof(*stamp));
	free(value);
	return text;
}

static unsigned
lines(const char *text)
{
	unsigned count = 0;

	for (; *text; text++)
		count += *text == '\n';
	return count;
}

static void
the_data_are_counted_and_named(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(f->catalogue.names.count, 7);
	assert_int_equal(f->catalogue.duplicates, 1);
	assert_int_equal(f->catalogue.unresolved, 1); /* nowhere */
	assert_int_equal(f->catalogue.bytes, strlen(packages_text));
	assert_int_equal(strlen(f->catalogue.sha256), 64);
	assert_true(f->catalogue.words.count > 3);
}

static void
dependencies_are_those_of_the_text(void **state)
{
	struct fixture *f = *state;
	const struct tayra__graph *g = &f->catalogue.depends;

	assert_int_equal(tayra__graph_degree(g, id(f, "app")), 2);
	assert_int_equal(tayra__graph_degree(g, id(f, "loop-a")), 1); /* named twice */
	assert_int_equal(tayra__graph_degree(g, id(f, "loop-b")), 1); /* not on itself */
	assert_int_equal(tayra__graph_degree(g, id(f, "base")), 0); /* the older one is not read */
	/* A virtual name leads to who provides it. */
	assert_int_equal(g->to[g->first[id(f, "tool")]], id(f, "postman"));
	assert_int_equal(tayra__graph_reach(g, id(f, "app"), 100), 5);
	assert_int_equal(tayra__graph_reach(&f->catalogue.users, id(f, "base"), 100), 5);
}

static void
a_detail_carries_the_record_and_its_revision(void **state)
{
	struct fixture *f = *state;
	struct tayra__database_stamp stamp;
	char *text = fetch(f, "d:app", &stamp);
	uint32_t revision;

	assert_int_equal(stamp.package, id(f, "app"));
	assert_int_equal(stamp.revision, 1);
	assert_non_null(strstr(text, "1:2.0-1"));
	assert_non_null(strstr(text, "an application program"));
	assert_null(strstr(text, "paragraphs")); /* the summary alone */
	free(text);
	assert_int_equal(tayra__database_update(f->db, id(f, "app"), 77, &revision), TAYRA_OK);
	assert_int_equal(revision, 2);
	assert_int_equal(tayra__database_read_then_write(f->db, id(f, "app"), 78, &revision),
			 TAYRA_OK);
	assert_int_equal(revision, 3);
	free(fetch(f, "d:app", &stamp));
	assert_int_equal(stamp.revision, 3);
}

static void
closures_are_whole_both_ways_and_end(void **state)
{
	struct fixture *f = *state;
	struct tayra__database_stamp stamp;
	char *text = fetch(f, "c:app", &stamp);

	assert_int_equal(stamp.package, id(f, "app"));
	assert_int_equal(lines(text), 5); /* app lib tool postman base */
	assert_non_null(strstr(text, "postman\t"));
	assert_null(strstr(text, "loop"));
	free(text);
	text = fetch(f, "c:loop-a", &stamp);
	assert_int_equal(lines(text), 2);
	free(text);
	text = fetch(f, "r:base", &stamp);
	assert_int_equal(stamp.package, id(f, "base"));
	assert_non_null(strstr(text, "misc\t2")); /* app and tool */
	assert_non_null(strstr(text, "mail\t1"));
	free(text);
	tayra__database_set_bound(f->db, 2);
	text = fetch(f, "r:base", &stamp);
	assert_int_equal(lines(text), 2); /* of the four others one is counted */
	tayra__database_set_bound(f->db, 60000);
	free(text);
}

static void
searches_find_words_and_may_find_nothing(void **state)
{
	struct fixture *f = *state;
	struct tayra__database_stamp stamp;
	char *text = fetch(f, "s:letters", &stamp);

	assert_int_equal(stamp.package, id(f, "postman"));
	free(text);
	text = fetch(f, "s:zebra", &stamp);
	assert_int_equal(stamp.package, UINT32_MAX);
	assert_string_equal(text, "");
	free(text);
}

static void
bad_keys_and_sick_databases_are_told_apart(void **state)
{
	struct fixture *f = *state;
	void *value;
	size_t len;

	assert_int_equal(tayra__database_fetch(f->db, "d:none", 6, &value, &len),
			 TAYRA_E_NOT_FOUND);
	assert_int_equal(tayra__database_fetch(f->db, "x:app", 5, &value, &len), TAYRA_E_INVAL);
	assert_int_equal(tayra__database_fetch(f->db, "", 0, &value, &len), TAYRA_E_INVAL);
	tayra__database_set_timeout(f->db, 5 * TAYRA_NS_PER_MS);
	tayra__database_set_fault(f->db, TAYRA__DATABASE_HANGS);
	assert_int_equal(tayra__database_fetch(f->db, "d:app", 5, &value, &len), TAYRA_E_TIMEOUT);
	tayra__database_set_fault(f->db, TAYRA__DATABASE_DEAD);
	assert_int_equal(tayra__database_fetch(f->db, "d:app", 5, &value, &len), TAYRA_E_ORIGIN);
	tayra__database_set_fault(f->db, TAYRA__DATABASE_WELL);
	tayra__database_set_timeout(f->db, TAYRA_NS_PER_S);
	assert_int_equal(tayra__database_fetch(f->db, "d:app", 5, &value, &len), TAYRA_OK);
	free(value);
}

static void
data_that_are_none_are_refused_and_leave_nothing(void **state)
{
	struct tayra__catalogue catalogue;
	char path[64], error[200];

	write_file(path, "\x1f\x8b\0\0binary", 10);
	assert_int_equal(tayra__catalogue_create(&catalogue, path, NULL, error, sizeof(error)),
			 TAYRA_E_CORRUPT);
	assert_non_null(strstr(error, path));
	assert_non_null(strstr(error, "line 1"));
	assert_int_not_equal(access(catalogue.dir, F_OK), 0);
	unlink(path);
	write_file(path, "", 0);
	assert_int_equal(tayra__catalogue_create(&catalogue, path, NULL, error, sizeof(error)),
			 TAYRA_E_NOT_FOUND);
	assert_non_null(strstr(error, "holds no packages"));
	unlink(path);
	assert_int_equal(tayra__catalogue_create(&catalogue, path, NULL, error, sizeof(error)),
			 TAYRA_E_IO);
	assert_non_null(strstr(error, "No such file"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_data_are_counted_and_named),
		cmocka_unit_test(dependencies_are_those_of_the_text),
		cmocka_unit_test(a_detail_carries_the_record_and_its_revision),
		cmocka_unit_test(closures_are_whole_both_ways_and_end),
		cmocka_unit_test(searches_find_words_and_may_find_nothing),
		cmocka_unit_test(bad_keys_and_sick_databases_are_told_apart),
		cmocka_unit_test(data_that_are_none_are_refused_and_leave_nothing),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
