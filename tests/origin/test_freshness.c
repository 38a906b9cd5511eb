/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include <tayra/tayra.h>

#include "origin/freshness.h"

/* Up to three header lines. */
static uint64_t
ttl_of(const char *const *lines)
{
	struct tayra__freshness f = { 0 };

	for (size_t i = 0; i < 3 && lines[i]; i++)
		tayra__freshness_read(&f, lines[i], strlen(lines[i]));
	return tayra__freshness_ttl_ms(&f);
}

static void
cache_control_is_read_as_a_shared_cache_reads_it(void **state)
{
	static const struct {
		const char *lines[3];
		uint64_t ttl_ms;
	} rows[] = {
		{ { "Cache-Control: max-age=60\r\n" }, 60000 },
		{ { "cache-control:MAX-AGE=60" }, 60000 },
		{ { "Cache-Control: public, max-age = \"60\", foo" }, 60000 },
		{ { "Cache-Control: max-age=60, s-maxage=5" }, 5000 },
		{ { "Cache-Control: max-age=60", "Cache-Control: no-store" }, TAYRA_OFF },
		{ { "Cache-Control: no-cache" }, TAYRA_OFF },
		{ { "Cache-Control: private, max-age=60" }, TAYRA_OFF },
		{ { "Cache-Control: max-age=60", "Age: 20" }, 40000 },
		{ { "Age: 70", "Cache-Control: max-age=60" }, TAYRA_OFF },
		{ { "Cache-Control: max-age=0" }, TAYRA_OFF },
		{ { "Cache-Control: max-age" }, TAYRA_OFF },
		{ { "Cache-Control: max-age=6x" }, TAYRA_OFF },
		{ { "Cache-Control: max-age=-6" }, TAYRA_OFF },
		{ { "Cache-Control: max-age=99999999999999999999999" },
		  10ull * 366 * 24 * 3600 * 1000 },
		{ { "Cache-Control: public" }, 0 },
		{ { "Cache-Control: ,,= =,\"" }, 0 },
		{ { "X-Cache-Control: max-age=60" }, 0 },
		{ { "Cache-Control" }, 0 },
		{ { "" }, 0 },
		/* another response, behind a redirect */
		{ { "Cache-Control: no-store", "HTTP/1.1 200 OK", "Cache-Control: max-age=1" },
		  1000 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (ttl_of(rows[i].lines) != rows[i].ttl_ms)
			fail_msg("%s: %llu", rows[i].lines[0],
				 (unsigned long long)ttl_of(rows[i].lines));
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(cache_control_is_read_as_a_shared_cache_reads_it),
};

int
main(void)
{
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
