/* SPDX-License-Identifier: Apache-2.0 */
#include "stage.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "base/rng.h"

#define KEYS 300

static struct disk disk;

static struct tayra__tier *
reopen(uint64_t limit)
{
	struct tayra__tier *tier;

	if (stage_open_with((struct tayra__file_options){ .io = &disk.io, .limit_bytes = limit },
			    &tier) != TAYRA_OK)
		abort();
	return tier;
}

struct model {
	uint64_t version[KEYS]; /* 0: not there */
	uint64_t next;
	struct tayra__rng rng;
};

/* Keys of one low byte, or now and then all. */
static void
clear(struct model *m, struct tayra__tier *tier)
{
	uint8_t low = (uint8_t)tayra__rng_below(&m->rng, 256);
	bool all = tayra__rng_below(&m->rng, 8) == 0;

	assert_int_equal(all ? tier->ops->clear(tier, NULL, 0, STAGE_NOW)
			     : stage_clear_some(tier, low),
			 TAYRA_OK);
	for (uint64_t key = 0; key < KEYS; key++)
		if (all || (uint8_t)key == low)
			m->version[key] = 0;
}

static void
step(struct model *m, struct tayra__tier *tier, size_t longest)
{
	uint64_t key = tayra__rng_below(&m->rng, KEYS);

	if (tayra__rng_below(&m->rng, 100) == 0)
		clear(m, tier);
	if (tayra__rng_below(&m->rng, 4) == 0) {
		int status = stage_remove(tier, key);

		assert_true(status == TAYRA_OK ||
			    (status == TAYRA_E_NOT_FOUND && m->version[key] == 0) ||
			    (status == TAYRA_E_NOT_FOUND && longest > 10000));
		m->version[key] = 0;
		return;
	}
	m->version[key] = ++m->next;
	assert_int_equal(stage_put(tier, key, m->next, tayra__rng_below(&m->rng, longest)),
			 TAYRA_OK);
}

static unsigned
compare(const struct model *m, struct tayra__tier *tier, bool exact)
{
	unsigned missing = 0;

	for (uint64_t key = 0; key < KEYS; key++) {
		uint64_t found = stage_get(tier, key);

		missing += found != m->version[key];
		assert_true(found == m->version[key] || (!exact && found == 0));
	}
	return missing;
}

static unsigned
live(uint64_t limit, size_t longest, unsigned steps, bool exact)
{
	struct model m = { 0 };
	struct tayra__tier *tier;
	unsigned missing = 0;

	disk_init(&disk);
	tayra__rng_init(&m.rng, 11);
	tier = reopen(limit);
	for (unsigned i = 1; i <= steps; i++) {
		step(&m, tier, longest);
		if (i % 500)
			continue;
		missing += compare(&m, tier, exact);
		if (i % 1000)
			disk_kill(&disk, tier);
		else
			assert_int_equal(tier->ops->close(tier), TAYRA_OK);
		tier = reopen(limit);
		missing += compare(&m, tier, exact);
	}
	tier->ops->close(tier);
	return missing;
}

static void
with_room_it_is_a_map_that_restarts(void **state)
{
	assert_int_equal(live(64 * STAGE_MIB, 2000, 20000, true), 0);
}

static void
without_room_it_only_ever_forgets(void **state)
{
	assert_true(live(4 * STAGE_MIB, 40000, 4000, false) > 100);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(with_room_it_is_a_map_that_restarts, stage_up,
						stage_down),
		cmocka_unit_test_setup_teardown(without_room_it_only_ever_forgets, stage_up,
						stage_down),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
