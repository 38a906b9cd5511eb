/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/machine.h"

#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#define MS TAYRA_NS_PER_MS

/* A sensor whose memory share is how often it was asked, in hundredths. */
static struct {
	int asked, status;
} fake;

static int
ask(void *ctx, uint64_t now_ns, struct tayra_pressure *out)
{
	assert_true(isnan(out->cpu)); /* what a sensor finds there */
	fake.asked++;
	out->memory = fake.asked / 100.0;
	return fake.status;
}

static struct tayra__machine *
setup(void)
{
	struct tayra__machine *machine;

	fake.asked = 0;
	fake.status = TAYRA_OK;
	assert_int_equal(tayra__machine_share((struct tayra_sensor){ ask, NULL }, &machine),
			 TAYRA_OK);
	return machine;
}

/* => the memory it says, in hundredths. */
static int
read_at(struct tayra__machine *machine, uint64_t now_ns, int status)
{
	const struct tayra_sensor *sensor = tayra__machine_sensor(machine);
	const double no = (double)NAN;
	struct tayra_pressure out = { no, no, no, no, no };

	assert_int_equal(sensor->read(sensor->ctx, now_ns, &out), status);
	return (int)lround(100 * out.memory);
}

static void
however_many_ask_it_is_read_four_times_a_second(void **state)
{
	struct tayra__machine *machine = setup();

	for (uint64_t at = 0; at < 1000; at += 10)
		assert_int_equal(read_at(machine, (5000 + at) * MS, TAYRA_OK), 1 + at / 250);
	assert_int_equal(fake.asked, 4);
	tayra__machine_close(machine);
}

static void
who_looked_at_the_clock_before_is_told_the_same(void **state)
{
	struct tayra__machine *machine = setup();

	assert_int_equal(read_at(machine, 5000 * MS, TAYRA_OK), 1);
	assert_int_equal(read_at(machine, 4999 * MS, TAYRA_OK), 1);
	tayra__machine_close(machine);
}

static void
that_it_cannot_be_read_is_told_to_all_and_tried_again(void **state)
{
	struct tayra__machine *machine = setup();

	fake.status = TAYRA_E_IO;
	read_at(machine, 5000 * MS, TAYRA_E_IO);
	fake.status = TAYRA_OK;
	read_at(machine, 5100 * MS, TAYRA_E_IO);
	assert_int_equal(read_at(machine, 5250 * MS, TAYRA_OK), 2);
	tayra__machine_close(machine);
}

static void
there_may_be_none(void **state)
{
	assert_null(tayra__machine_sensor(NULL));
	tayra__machine_close(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(however_many_ask_it_is_read_four_times_a_second),
		cmocka_unit_test(who_looked_at_the_clock_before_is_told_the_same),
		cmocka_unit_test(that_it_cannot_be_read_is_told_to_all_and_tried_again),
		cmocka_unit_test(there_may_be_none),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
