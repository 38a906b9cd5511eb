/* SPDX-License-Identifier: Apache-2.0
 *
 * Comparing the results of a showcase, and reading prices, short of memory at each allocation.
 */
#include "base/mem.h"
#include "prove/prices.h"
#include "showcase/results.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <tayra/base.h>

static struct tayra__results *results;

static int
compare(void)
{
	return tayra__results_compare(results);
}

static char prices_path[] = "/tmp/tayra_prices.XXXXXX";

static int
read_prices(void)
{
	struct tayra__prices prices;
	char error[200];

	return tayra__prices_read(prices_path, &prices, error, sizeof(error));
}

/* Call until it succeeds, refusing the 1st, 2nd, .. allocation.  Returns how many were refused. */
static int
refusals(int (*operation)(void))
{
	for (uint64_t n = 1; n < 1000; n++) {
		int status;

		tayra__mem_fail_after(n);
		status = operation();
		tayra__mem_fail_after(0);
		if (status == TAYRA_OK)
			return (int)n - 1;
		assert_int_equal(status, TAYRA_E_NOMEM);
	}
	fail_msg("never succeeded");
	return -1;
}

static void
results_short_of_memory_are_not_compared_by_halves(void **state)
{
	results = calloc(1, sizeof(*results));
	results->valid = true;
	results->memory_bytes = 1 << 20;
	assert_true(refusals(compare) > 0);
	free(results);
}

static void
prices_short_of_memory_are_not_given(void **state)
{
	static const char text[] =
		"{\"currency\":\"EUR\",\"cpu_hour\":1,\"memory_gib_hour\":0,"
		"\"origin_million_calls\":0,\"requests_per_month\":5,\"engineer_hour\":80,"
		"\"engineer_hours_to_adopt\":40,\"engineer_hours_per_month\":2,\"months\":12}";
	int fd = mkstemp(prices_path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, sizeof(text) - 1), sizeof(text) - 1);
	close(fd);
	assert_true(refusals(read_prices) > 0);
	unlink(prices_path);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(results_short_of_memory_are_not_compared_by_halves),
		cmocka_unit_test(prices_short_of_memory_are_not_given),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
