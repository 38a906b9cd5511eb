/* SPDX-License-Identifier: Apache-2.0
 *
 * The status page's script in a real browser, against the page as it is sent.  Skipped where there
 * is no Chromium.
 */
#include "http.h"

#include "serve/admin.h"

#include <tayra/base.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "watch/alert.h"
#include "watch/family.h"
#include "watch/page.h"
#include "watch/registry.h"

#define ROW(n, u, t)                                                                               \
	{                                                                                          \
		.name = n, .unit = u, .sentence = "A sentence", .type = t, .labels = { "of" }      \
	}

static const struct tayra__watch_row rows[] = {
	ROW("plain", NULL, TAYRA__WATCH_GAUGE),
	ROW("a_bytes", "bytes", TAYRA__WATCH_GAUGE),
	ROW("a_seconds", "seconds", TAYRA__WATCH_GAUGE),
	ROW("a_ratio", "ratio", TAYRA__WATCH_GAUGE),
};
static const struct tayra__watch_row hits = ROW("hits", NULL, TAYRA__WATCH_COUNTER);
static const struct tayra__watch_row asked = ROW("asked", NULL, TAYRA__WATCH_COUNTER);
static const struct tayra__watch_row took = { .name = "took_seconds",
					      .unit = "seconds",
					      .sentence = "Took",
					      .type = TAYRA__WATCH_HISTOGRAM,
					      .per_unit = 1e9 };
static const double values[] = { 0,     1,    -3,      12345.678, 0.5,    999.96, 1023,
				 1024,  1e6,  1234567, 3.2e10,    7e13,   1e-3,   0.0123456,
				 60.25, 1e-6, 5e-9,    0.99994,   99.995, 0.25 };
static const struct tayra__headline headlines[] = {
	{ "Hit ratio", "From memory", "ratio", { .metric = "hits" }, { .metric = "asked" } },
	{ "Latency", "99th percentile", "seconds", { .metric = "took_seconds", .quantile = 0.99 } },
	{ "Unknown", "Of nothing", NULL, { .metric = "none" } },
};
static const struct tayra__page page = { "A test", headlines, 3 };

static struct tayra__registry *registry;
static struct tayra__admin *admin;
static struct tayra__alerts *alerts;
static char folder[32];

static struct tayra__family *
add(const struct tayra__watch_row *row)
{
	struct tayra__family *family;

	assert_int_equal(tayra__registry_add_family(registry, row, 0, &family), TAYRA_OK);
	return family;
}

static void
fill(void)
{
	const struct tayra__alert_rule rule = { .name = "plain_high",
						.sentence = "High",
						.top = { .metric = "plain" },
						.threshold = 1 };
	const char *hostile = "<img src=x onerror=alert(1)> \"{{nonce}}\"";
	struct tayra__family *family;
	char text[32];
	const char *value = text;

	for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
		family = add(&rows[r]);
		for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
			/* What no script language prints as C does is not worth a rule. */
			if (strcmp(rows[r].name, "a_seconds") != 0 && values[i] > 0 &&
			    values[i] < 1e-4)
				continue;
			snprintf(text, sizeof(text), "%zu", i);
			tayra__series_set(tayra__family_series(family, &value), values[i]);
		}
	}
	tayra__series_add(tayra__family_series(add(&hits), &hostile), 937);
	tayra__series_add(tayra__family_series(add(&asked), &hostile), 1000);
	tayra__series_observe(tayra__family_series(add(&took), NULL), 2500000);
	assert_int_equal(tayra__alerts_create(registry, &alerts), TAYRA_OK);
	assert_int_equal(tayra__alerts_add_rule(alerts, &rule), TAYRA_OK);
	tayra__alerts_evaluate(alerts, 1, 1);
}

static int
set_up(void **state)
{
	struct tayra__admin_options options = { .page = &page };

	snprintf(folder, sizeof(folder), "/tmp/test_browser.XXXXXX");
	assert_non_null(mkdtemp(folder));
	assert_int_equal(tayra__registry_create(&registry), TAYRA_OK);
	fill();
	options.registry = registry;
	return tayra__admin_create(&options, &admin) == TAYRA_E_IO;
}

static int
tear_down(void **state)
{
	pid_t child = fork();

	if (child == 0) {
		execlp("rm", "rm", "-rf", folder, (char *)NULL);
		_exit(127);
	}
	waitpid(child, NULL, 0);
	tayra__admin_destroy(admin);
	tayra__registry_destroy(registry);
	tayra__alerts_destroy(alerts);
	return 0;
}

static void
exec_browser(uint16_t port, const char *out, const char *err)
{
	const char *browser = getenv("CHROMIUM");
	char url[64], profile[96];
	int to = open(out, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	int log = open(err, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	snprintf(url, sizeof(url), "http://127.0.0.1:%u/", port);
	snprintf(profile, sizeof(profile), "--user-data-dir=%s/profile", folder);
	dup2(to, 1);
	dup2(log, 2);
	alarm(100);
	execl(browser, browser, "--headless=new", "--disable-gpu", "--disable-dev-shm-usage",
	      geteuid() == 0 ? "--no-sandbox" : "--headless=new", "--no-first-run",
	      "--disable-background-networking", "--disable-component-update", profile,
	      "--enable-logging=stderr", "--virtual-time-budget=7000", "--dump-dom", url,
	      (char *)NULL);
	_exit(127);
}

static char *
text_of(const char *path)
{
	char *text = calloc(1, 1 << 20);
	FILE *file = fopen(path, "r");

	assert_non_null(file);
	assert_non_null(text);
	text[fread(text, 1, (1 << 20) - 1, file)] = '\0';
	fclose(file);
	return text;
}

/* The document as the browser has it in the end; what it logged in *log. */
static char *
browse(uint16_t port, char **log)
{
	char out[96], err[96];
	int status;
	pid_t child;

	snprintf(out, sizeof(out), "%s/out", folder);
	snprintf(err, sizeof(err), "%s/err", folder);
	child = fork();
	if (child == 0)
		exec_browser(port, out, err);
	assert_int_equal(waitpid(child, &status, 0), child);
	*log = text_of(err);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		fail_msg("the browser failed: %s", *log);
	return text_of(out);
}

static char *
as_sent(void)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_int_equal(tayra__page_write(registry, &page, 0, "x", out), TAYRA_OK);
	fclose(out);
	return text;
}

static const char *
has(const char *text, const char *part)
{
	const char *at = strstr(text, part);

	if (!at)
		fail_msg("no %s in %s", part, text);
	return at;
}

/* The next figure of the table from *at on, and *at behind it; false at the end. */
static bool
next_figure(const char **at, char *figure, size_t size)
{
	static const char before[] = "<td class=\"figure\">";
	const char *from = strstr(*at, before);
	const char *to = from ? strstr(from, "</td>") : NULL;

	if (!to)
		return false;
	from += strlen(before);
	snprintf(figure, size, "%.*s", (int)(to - from), from);
	*at = to;
	return true;
}

static void
scripts_show_what_the_page_says_without_them(void **state)
{
	char *with, *without, *log, a[128], b[128];
	const char *x, *y;
	int figures = 0;

	if (!admin || !*getenv("CHROMIUM") || getenv("TAYRA_INSTRUMENTED"))
		skip();
	without = as_sent();
	with = browse(tayra__admin_port(admin), &log);
	has(with, "<h3>Hit ratio</h3><p class=\"value\">93.7 %</p><p class=\"sentence\">");
	has(with, "<h3>Latency</h3><p class=\"value\">2.5 ms</p><svg ");
	assert_null(strstr(without, "<svg ")); /* a script writes that */
	has(with, "<h3>Unknown</h3><p class=\"value\">\xe2\x80\x93</p>");
	has(with, "<span class=\"firing\">firing</span> <code>plain_high</code>");
	for (x = without, y = with; next_figure(&x, a, sizeof(a)); figures++) {
		assert_true(next_figure(&y, b, sizeof(b)));
		assert_string_equal(a, b);
	}
	assert_false(next_figure(&y, b, sizeof(b)));
	assert_true(figures > 80);
	assert_null(strstr(with, "<img"));
	has(with, "of=&lt;img src=x onerror=alert(1)&gt; \"{{nonce}}\"");
	assert_null(strstr(log, "Content Security Policy"));
	assert_null(strstr(log, "Uncaught"));
	free(with);
	free(without);
	free(log);
}

/* What `tayra serve` has, over the same way. */
static void
a_server_shows_how_it_does(void **state)
{
	static char metrics[1 << 18];
	char text[512], *at, *shown, *log;
	struct running running;
	int fd;

	if (!admin || !*getenv("CHROMIUM") || getenv("TAYRA_INSTRUMENTED"))
		skip();
	client_start(&running, (struct tayra__server_options){ .memory_bytes = 16u << 20,
							       .admin = "127.0.0.1:0" });
	fd = client_connect(&running);
	client_say(fd, "SET a 1", "+OK\r\n");
	client_say(fd, "MGET a a a b", "*4\r\n$1\r\n1\r\n$1\r\n1\r\n$1\r\n1\r\n$-1\r\n");
	tayra__server_describe(running.server, text, sizeof(text));
	at = strstr(text, "http://127.0.0.1:") + strlen("http://127.0.0.1:");
	do /* until the server has put it down */
		http_get((uint16_t)strtoul(at, NULL, 10), "/metrics", metrics, sizeof(metrics));
	while (!strstr(metrics, "tayra_lookups_total 4"));
	shown = browse((uint16_t)strtoul(at, NULL, 10), &log);
	has(shown, "<h3>Hit ratio</h3><p class=\"value\">75 %</p>");
	has(shown, "<h3>Connections</h3><p class=\"value\">1</p>");
	assert_null(strstr(log, "Content Security Policy"));
	assert_null(strstr(log, "Uncaught"));
	free(shown);
	free(log);
	close(fd);
	client_stop(&running);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_server_shows_how_it_does, set_up, tear_down),
		cmocka_unit_test_setup_teardown(scripts_show_what_the_page_says_without_them,
						set_up, tear_down),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
