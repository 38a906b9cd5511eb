/* SPDX-License-Identifier: Apache-2.0 */
#include "watch/openmetrics.h"

#include <tayra/base.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/hist.h"
#include "watch/family.h"
#include "watch/openmetrics_text.h"
#include "watch/registry.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

static const struct tayra__watch_row asked = { .name = "test_asked",
					       .sentence = "Questions",
					       .type = TAYRA__WATCH_COUNTER,
					       .labels = { "by" } };
static const struct tayra__watch_row answered = { .name = "test_answered_seconds",
						  .unit = "seconds",
						  .sentence = "Until the answer",
						  .type = TAYRA__WATCH_HISTOGRAM,
						  .per_unit = 1e9,
						  .low = 10,
						  .high = 12 };
static const struct tayra__watch_row sized = { .name = "test_answer_bytes",
					       .unit = "bytes",
					       .sentence = "A \"quoted\" \\ and\nbroken sentence",
					       .type = TAYRA__WATCH_HISTOGRAM,
					       .low = 0,
					       .high = 2,
					       .labels = { "by", "kind" } };
static const struct tayra__watch_row level = { .name = "test_level_ratio",
					       .unit = "ratio",
					       .sentence = "How full",
					       .type = TAYRA__WATCH_GAUGE };

struct facts {
	uint64_t used, taken_ns;
	double share;
	uint32_t queued[2][3];
	const struct tayra__hist *sizes;
};

static const char *const classes[] = { "high", "low" };
static const char *const reasons[] = { "late", "full", "old" };
static const struct tayra__watch_row fact_rows[] = {
	{ .name = "fact_used_bytes",
	  .unit = "bytes",
	  .sentence = "In use",
	  .type = TAYRA__WATCH_GAUGE,
	  .field = TAYRA__WATCH_U64,
	  .offset = offsetof(struct facts, used) },
	{ .name = "fact_taken_seconds",
	  .unit = "seconds",
	  .sentence = "Time taken",
	  .type = TAYRA__WATCH_COUNTER,
	  .per_unit = 1e9,
	  .field = TAYRA__WATCH_U64,
	  .offset = offsetof(struct facts, taken_ns) },
	{ .name = "fact_share_ratio",
	  .unit = "ratio",
	  .sentence = "A share, not always known",
	  .type = TAYRA__WATCH_GAUGE,
	  .field = TAYRA__WATCH_DOUBLE,
	  .offset = offsetof(struct facts, share) },
	{ .name = "fact_queued",
	  .sentence = "Waiting",
	  .type = TAYRA__WATCH_GAUGE,
	  .field = TAYRA__WATCH_U32,
	  .offset = offsetof(struct facts, queued),
	  .dims = { { "class", classes, 2, 3 * sizeof(uint32_t) },
		    { "reason", reasons, 3, sizeof(uint32_t) } } },
	{ .name = "fact_size_bytes",
	  .unit = "bytes",
	  .sentence = "Sizes",
	  .type = TAYRA__WATCH_HISTOGRAM,
	  .low = 4,
	  .high = 5,
	  .field = TAYRA__WATCH_HIST,
	  .offset = offsetof(struct facts, sizes) },
};

static void
read_facts(void *ctx, void *snapshot)
{
	memcpy(snapshot, ctx, sizeof(struct facts));
}

static const struct tayra__watch_table fact_table = {
	.rows = fact_rows,
	.row_count = 5,
	.instance_label = "pool",
	.snapshot_bytes = sizeof(struct facts),
	.read = read_facts,
};

static char *
text_of(struct tayra__registry *registry)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	assert_int_equal(tayra__openmetrics_write(registry, out), TAYRA_OK);
	fclose(out);
	if (om_fault(text))
		fail_msg("%s in:\n%s", om_fault(text), text);
	return text;
}

static struct tayra__family *
add(struct tayra__registry *registry, const struct tayra__watch_row *row, uint32_t max)
{
	struct tayra__family *family;

	assert_int_equal(tayra__registry_add_family(registry, row, max, &family), TAYRA_OK);
	return family;
}

/* One of everything, with values chosen to sit on the edges. */
static struct tayra__registry *
one_of_everything(void)
{
	static struct facts first = { 7, 1500000000, 0.25, { { 1, 2, 3 }, { 4, 5, 6 } }, NULL },
			    second = { 0, 0, (double)NAN, { { 0 } }, NULL };
	static struct tayra__hist sizes;
	const char *me[] = { "me" }, *kinds[] = { "me", "text" };
	struct tayra__registry *registry;
	struct tayra__family *family;

	tayra__hist_init(&sizes);
	tayra__hist_add(&sizes, 15);
	tayra__hist_add(&sizes, 16);
	first.sizes = &sizes;
	assert_int_equal(tayra__registry_create(&registry), TAYRA_OK);
	tayra__series_add(tayra__family_series(add(registry, &asked, 2), me), 3);
	family = add(registry, &answered, 0);
	for (uint64_t ns = 1023; ns < 1026; ns++)
		tayra__series_observe(tayra__family_series(family, NULL), ns);
	tayra__series_observe(tayra__family_series(add(registry, &sized, 0), kinds), 4);
	tayra__series_set(tayra__family_series(add(registry, &level, 0), NULL), 0.1);
	assert_int_equal(tayra__registry_add_table(registry, &fact_table, "a", &first), TAYRA_OK);
	assert_int_equal(tayra__registry_add_table(registry, &fact_table, "b", &second), TAYRA_OK);
	return registry;
}

static void
everything_prints_as_the_golden_text(void **state)
{
	struct tayra__registry *registry = one_of_everything();
	char golden[8192] = "", *text = text_of(registry);
	FILE *file = fopen(getenv("WATCH_GOLDEN"), "r");

	assert_non_null(file);
	assert_true(fread(golden, 1, sizeof(golden) - 1, file) > 0);
	fclose(file);
	assert_string_equal(text, golden);
	free(text);
	tayra__registry_destroy(registry);
}

static void
hostile_labels_stay_one_valid_series_each(void **state)
{
	static const char *const hostile[] = {
		"",
		"\"",
		"\\",
		"\n",
		"\\n",
		"a\"} 1\n# EOF\n",
		"\xff",
		"\xc0\x80",
		"\xed\xa0\x80",
		"\xf4\x90\x80\x80",
		"\xe2\x82\xac",
		"\xe2\x82",
		"\r\t\x01\x7f",
		"{le=\"1\"}",
		"</script>",
	};
	struct tayra__registry *registry;
	struct tayra__family *family;
	char *text;

	assert_int_equal(tayra__registry_create(&registry), TAYRA_OK);
	family = add(registry, &asked, 0);
	for (size_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++)
		tayra__series_add(tayra__family_series(family, &hostile[i]), 1);
	text = text_of(registry);
	assert_non_null(strstr(text, "test_asked_total{by=\"a\\\"} 1\\n# EOF\\n\"} 1\n"));
	/* Two that would print alike are one: the overlong pair is two bad bytes. */
	assert_non_null(strstr(text, "test_asked_total{by=\"\xef\xbf\xbd\"} 1\n"));
	assert_null(strstr(text, "by=\"other\""));
	free(text);
	tayra__registry_destroy(registry);
}

/* Every byte string of up to two bytes, and then of three at random places. */
static void
any_bytes_make_valid_text(void **state)
{
	struct tayra__registry *registry;
	struct tayra__family *family;
	char *text;

	assert_int_equal(tayra__registry_create(&registry), TAYRA_OK);
	family = add(registry, &asked, TAYRA__FAMILY_SERIES_MAX);
	for (unsigned i = 1; i < 2000; i++) {
		unsigned mixed = i * 2654435761u;
		char bytes[4] = { (char)mixed, (char)(mixed >> 8), (char)(mixed >> 16), 0 };
		const char *value = bytes;

		tayra__series_add(tayra__family_series(family, &value), 1);
	}
	text = text_of(registry);
	assert_non_null(strstr(text, "test_asked_total{by=\"other\"} "));
	free(text);
	tayra__registry_destroy(registry);
}

static void
a_full_disk_is_an_io_error(void **state)
{
	struct tayra__registry *registry = one_of_everything();
	FILE *full = fopen("/dev/full", "w");

	assert_non_null(full);
	assert_int_equal(tayra__openmetrics_write(registry, full), TAYRA_E_IO);
	fclose(full);
	tayra__registry_destroy(registry);
}

/* The strict reader must itself refuse what is wrong, or the tests above say nothing. */
static void
the_reader_refuses_what_is_wrong(void **state)
{
	static const char *const wrong[] = {
		"",
		"# TYPE a counter\na_total 1\n",
		"# TYPE a counter\na 1\n# EOF\n",
		"# TYPE a counter\na_total -1\n# EOF\n",
		"# TYPE a gauge\na 1\na 2\n# EOF\n",
		"# TYPE a gauge\na{b=\"1\"} 1\na{b=\"1\"} 2\n# EOF\n",
		"# TYPE a gauge\na{b=\"\\x\"} 1\n# EOF\n",
		"# TYPE a gauge\na{b=\"1\",b=\"2\"} 1\n# EOF\n",
		"# TYPE a gauge\na  1\n# EOF\n",
		"# TYPE a gauge\na one\n# EOF\n",
		"# TYPE a gauge\n# UNIT a bytes\na 1\n# EOF\n",
		"# TYPE a gauge\na 1\n# TYPE b gauge\nb 1\n# TYPE a gauge\n# EOF\n",
		"# TYPE a gauge\na 1\n# EOF\n# EOF\n",
		"# TYPE a histogram\na_bucket{le=\"1.0\"} 1\na_count 1\na_sum 1\n# EOF\n",
		"# TYPE a histogram\na_bucket{le=\"1.0\"} 2\na_bucket{le=\"+Inf\"} 1\na_count 1\n# "
		"EOF\n",
		"# TYPE a histogram\na_bucket{le=\"1\"} 1\na_bucket{le=\"+Inf\"} 1\na_count 1\n# "
		"EOF\n",
		"# TYPE a histogram\na_bucket{le=\"+Inf\"} 1\na_count 2\n# EOF\n",
		"# TYPE a gauge\na{b=\"\xff\"} 1\n# EOF\n",
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		if (!om_fault(wrong[i]))
			fail_msg("taken for right:\n%s", wrong[i]);
	assert_null(om_fault("# EOF\n"));
}

/* promtool's only strict reader of OpenMetrics wants a time after every sample. */
static void
write_with_times(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	while (*text) {
		size_t n = strcspn(text, "\n");

		fprintf(file, "%.*s%s\n", (int)n, text, *text == '#' ? "" : " 1700000000");
		text += n + 1;
	}
	fclose(file);
}

static int
run_promtool(const char *from, const char *into)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		if (!freopen("/dev/null", "w", stdout))
			_exit(126);
		execl(getenv("PROMTOOL"), "promtool", "tsdb", "create-blocks-from", "openmetrics",
		      from, into, (char *)NULL);
		_exit(127);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void
remove_tree(const char *path)
{
	pid_t child = fork();

	if (child == 0) {
		execlp("rm", "rm", "-rf", path, (char *)NULL);
		_exit(127);
	}
	waitpid(child, NULL, 0);
}

static void
prometheus_reads_it(void **state)
{
	const char *tool = getenv("PROMTOOL");
	char folder[] = "/tmp/test_openmetrics.XXXXXX", from[64], into[64], *text;
	struct tayra__registry *registry;

	if (!tool || !*tool)
		skip();
	assert_non_null(mkdtemp(folder));
	snprintf(from, sizeof(from), "%s/text", folder);
	snprintf(into, sizeof(into), "%s/blocks", folder);
	registry = one_of_everything();
	text = text_of(registry);
	write_with_times(from, text);
	assert_int_equal(run_promtool(from, into), 0);
	text[strlen(text) - 2] = 'X'; /* and it does read: not without the end */
	write_with_times(from, text);
	assert_int_not_equal(run_promtool(from, into), 0);
	free(text);
	tayra__registry_destroy(registry);
	remove_tree(folder);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_reader_refuses_what_is_wrong),
		cmocka_unit_test(everything_prints_as_the_golden_text),
		cmocka_unit_test(hostile_labels_stay_one_valid_series_each),
		cmocka_unit_test(any_bytes_make_valid_text),
		cmocka_unit_test(a_full_disk_is_an_io_error),
		cmocka_unit_test(prometheus_reads_it),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
