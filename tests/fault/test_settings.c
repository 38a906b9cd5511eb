/* SPDX-License-Identifier: Apache-2.0
 *
 * A configuration read and opened with every allocation refused in turn: it says so in one line and
 * leaves nothing open.  Leaks are the sanitizer's to find.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include <tayra/base.h>

#include "base/mem.h"
#include "serve/settings.h"

#define ATTEMPTS_MAX 2000

static const char text[] = "memory: 64M\nrequirepass: secret\norigins:\n"
			   "  db: {sqlite: /dev/null, limit: {max: 3}, feed: {changes: c}}\n"
			   "  web: {http: 'http://127.0.0.1:1', headers: ['A: b']}\n"
			   "routes:\n"
			   "  - {keys: 'a:{x}', origin: db, query: 'select ?1', as: row}\n"
			   "  - {keys: 'b:{x}', origin: web, path: '/{x}'}\n"
			   "learn: {preset: pages, patterns: on}\n"
			   "alerts:\n"
			   "  - {name: a, rule: tayra_hits > 1, exec: [/bin/sh, -c, x]}\n"
			   "  - {name: b, rule: tayra_hits > 2, webhook: 'http://h/'}\n";

static int
attempt(void)
{
	struct tayra__settings settings;
	char error[256] = "", note[256];
	int status;

	tayra__settings_init(&settings);
	status = tayra__settings_read(&settings, "etc/t.yaml", text, sizeof(text) - 1, error,
				      sizeof(error));
	if (status == TAYRA_OK)
		status = tayra__settings_open(&settings, error, sizeof(error), note, sizeof(note));
	if (status == TAYRA_OK)
		assert_int_equal(settings.server.route_count + settings.server.alert_rule_count, 4);
	else
		assert_true(error[0] && !strchr(error, '\n'));
	tayra__settings_fini(&settings);
	return status;
}

static void
no_memory_is_said_and_leaves_nothing_open(void **state)
{
	uint64_t n;

	for (n = 1; n < ATTEMPTS_MAX; n++) {
		int status;

		tayra__mem_fail_after(n);
		status = attempt();
		tayra__mem_fail_after(0);
		if (status == TAYRA_OK)
			break;
		assert_int_equal(status, TAYRA_E_NOMEM);
	}
	assert_in_range(n, 20, ATTEMPTS_MAX - 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_memory_is_said_and_leaves_nothing_open),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
