/* SPDX-License-Identifier: Apache-2.0 */
#include "stage.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[128];

static int
up(void **state)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(dir, sizeof(dir), "%s/tayra-load-file.XXXXXX", tmp ? tmp : "/tmp");
	return mkdtemp(dir) ? 0 : -1;
}

static int
down(void **state)
{
	DIR *d = opendir(dir);
	struct dirent *entry;

	while (d && (entry = readdir(d)))
		if (entry->d_name[0] != '.')
			unlinkat(dirfd(d), entry->d_name, 0);
	if (d)
		closedir(d);
	return rmdir(dir);
}

static struct tayra_tier_file *
open_tier(void)
{
	struct tayra_tier_file_options o = TAYRA_TIER_FILE_OPTIONS_INIT;
	struct tayra_tier_file *tier;
	char error[300];

	o.path = dir;
	o.limit_bytes = 8u << 20;
	if (tayra_tier_file_open(&o, error, sizeof(error), &tier) != TAYRA_OK)
		fail_msg("%s", error);
	return tier;
}

/* A process's life: a stage with the tier below it, which keeps its place in time. */
struct life {
	struct stage s;
	struct tayra_tier_file *tier;
};

static void
begin(struct life *life, uint64_t at_ns)
{
	struct tayra_options o = TAYRA_OPTIONS_INIT;

	life->tier = open_tier();
	o.file_tier = life->tier;
	o.ttl_ms = 1000;
	o.stale_ms = 9000;
	o.throttle_ms = 100;
	stage_open(&life->s, &o);
	atomic_store(&life->s.now_ns, at_ns);
}

static uint64_t
finish_life(struct life *life)
{
	uint64_t at_ns = atomic_load(&life->s.now_ns);

	stage_close(&life->s);
	assert_int_equal(tayra_tier_file_close(life->tier), TAYRA_OK);
	return at_ns;
}

static void
restart(struct life *life)
{
	begin(life, finish_life(life));
}

/* => the status; *ref is the caller's to release. */
static int
get(struct life *life, const char *key, struct tayra_ref *ref)
{
	struct tayra_request r = ask(&life->s, key, answer);

	return tayra_get_or_load(life->s.t, &r, ref);
}

static void
finds(struct life *life, const char *key, const char *value, enum tayra_tier tier, uint64_t age_ms,
      bool stale)
{
	struct tayra_ref ref;

	assert_int_equal(get(life, key, &ref), TAYRA_OK);
	holds(&ref, value);
	assert_int_equal(ref.tier, tier);
	assert_int_equal(ref.age_ms, age_ms);
	assert_int_equal(ref.stale, stale);
	tayra_release(&ref);
}

static void
what_was_loaded_is_there_after_a_restart_with_its_age(void **state)
{
	struct life life;

	begin(&life, STAGE_START_NS);
	life.s.result.version = 77;
	finds(&life, "k", "value", TAYRA_TIER_ORIGIN, 0, false);
	finds(&life, "k", "value", TAYRA_TIER_RAM, 0, false);
	stage_pass_ms(&life.s, 300);
	restart(&life);
	stage_pass_ms(&life.s, 100);
	finds(&life, "k", "value", TAYRA_TIER_FILE, 400, false);
	finds(&life, "k", "value", TAYRA_TIER_RAM, 400, false); /* it came up */
	assert_int_equal(life.s.calls, 0);
	assert_int_equal(stats_of(&life.s).file.hits, 1);
	assert_int_equal(stats_of(&life.s).file.items, 1);
	assert_int_equal(stats_of(&life.s).loads, 0);
	stage_pass_ms(&life.s, 599);
	finds(&life, "k", "value", TAYRA_TIER_RAM, 999, false);
	life.s.value = "newer";
	stage_pass_ms(&life.s, 1); /* its ttl counts on from when it was loaded */
	finds(&life, "k", "newer", TAYRA_TIER_ORIGIN, 0, false);
	restart(&life);
	finds(&life, "k", "newer", TAYRA_TIER_FILE, 0, false);
	finish_life(&life);
}

static void
what_is_stale_below_is_served_only_when_the_origin_fails_and_never_past_its_bound(void **state)
{
	struct tayra_ref ref;
	struct life life;

	begin(&life, STAGE_START_NS);
	finds(&life, "k", "value", TAYRA_TIER_ORIGIN, 0, false);
	restart(&life);
	stage_pass_ms(&life.s, 5000);
	life.s.status = TAYRA_E_ORIGIN;
	finds(&life, "k", "value", TAYRA_TIER_RAM, 5000, true);
	assert_int_equal(life.s.calls, 1);
	stage_pass_ms(&life.s, 4999);
	finds(&life, "k", "value", TAYRA_TIER_RAM, 9999, true);
	restart(&life);
	life.s.status = TAYRA_E_ORIGIN;
	finds(&life, "k", "value", TAYRA_TIER_RAM, 9999, true);
	stage_pass_ms(&life.s, 1);
	assert_int_equal(get(&life, "k", &ref), TAYRA_E_ORIGIN);
	restart(&life);
	life.s.status = TAYRA_E_ORIGIN;
	assert_int_equal(get(&life, "k", &ref), TAYRA_E_ORIGIN);
	life.s.status = TAYRA_OK;
	life.s.value = "newer";
	finds(&life, "k", "newer", TAYRA_TIER_ORIGIN, 0, false);
	finish_life(&life);
}

static void
put_and_delete_reach_the_tier(void **state)
{
	struct tayra_ref ref;
	struct life life;

	begin(&life, STAGE_START_NS);
	assert_int_equal(tayra_put(life.s.t, "a", 1, "one", 3, 0, 0), TAYRA_OK);
	assert_int_equal(tayra_put(life.s.t, "b", 1, "two", 3, 0, 0), TAYRA_OK);
	finds(&life, "c", "value", TAYRA_TIER_ORIGIN, 0, false);
	restart(&life);
	/* None of them is in RAM now. */
	assert_int_equal(tayra_delete(life.s.t, "a", 1), TAYRA_OK);
	assert_int_equal(tayra_delete(life.s.t, "x", 1), TAYRA_E_NOT_FOUND);
	assert_int_equal(tayra_put(life.s.t, "b", 1, "three", 5, 0, 0), TAYRA_OK);
	assert_int_equal(tayra_get(life.s.t, "a", 1, &ref), TAYRA_E_NOT_FOUND);
	restart(&life);
	assert_int_equal(tayra_get(life.s.t, "a", 1, &ref), TAYRA_E_NOT_FOUND);
	assert_int_equal(tayra_get(life.s.t, "b", 1, &ref), TAYRA_OK);
	holds(&ref, "three");
	assert_int_equal(ref.tier, TAYRA_TIER_FILE);
	tayra_release(&ref);
	assert_int_equal(tayra_get(life.s.t, "b", 1, &ref), TAYRA_OK);
	assert_int_equal(ref.tier, TAYRA_TIER_RAM);
	tayra_release(&ref);
	stage_pass_ms(&life.s, 1000);
	assert_int_equal(tayra_get(life.s.t, "c", 1, &ref), TAYRA_E_NOT_FOUND); /* stale */
	finish_life(&life);
}

static void
an_origin_that_says_there_is_no_such_key_is_believed_below_too(void **state)
{
	struct tayra_ref ref;
	struct life life;

	begin(&life, STAGE_START_NS);
	finds(&life, "k", "value", TAYRA_TIER_ORIGIN, 0, false);
	stage_pass_ms(&life.s, 2000);
	life.s.status = TAYRA_E_NOT_FOUND;
	assert_int_equal(get(&life, "k", &ref), TAYRA_E_NOT_FOUND);
	restart(&life);
	life.s.status = TAYRA_E_ORIGIN;
	assert_int_equal(get(&life, "k", &ref), TAYRA_E_ORIGIN); /* nothing stale either */
	finish_life(&life);
}

static void
refresh_does_not_take_what_is_below(void **state)
{
	struct tayra_request r;
	struct tayra_ref ref;
	struct life life;

	begin(&life, STAGE_START_NS);
	finds(&life, "k", "value", TAYRA_TIER_ORIGIN, 0, false);
	restart(&life);
	life.s.value = "newer";
	r = ask(&life.s, "k", answer);
	r.flags = TAYRA_REQUEST_REFRESH;
	assert_int_equal(tayra_get_or_load(life.s.t, &r, &ref), TAYRA_OK);
	holds(&ref, "newer");
	tayra_release(&ref);
	restart(&life);
	finds(&life, "k", "newer", TAYRA_TIER_FILE, 0, false);
	finish_life(&life);
}

static void
what_is_not_to_be_stored_is_not(void **state)
{
	struct tayra_request r;
	struct tayra_ref ref;
	struct life life;

	begin(&life, STAGE_START_NS);
	r = ask(&life.s, "k", answer);
	r.flags = TAYRA_REQUEST_NO_STORE;
	assert_int_equal(tayra_get_or_load(life.s.t, &r, &ref), TAYRA_OK);
	tayra_release(&ref);
	assert_int_equal(stats_of(&life.s).file.puts, 0);
	finish_life(&life);
}

static void
what_the_cache_does_not_take_is_kept_below(void **state)
{
	struct tayra_cache_options cache = TAYRA_CACHE_OPTIONS_INIT;
	struct tayra_options o = TAYRA_OPTIONS_INIT;
	static char large[600001];
	struct tayra_ref ref;
	struct life life;

	memset(large, 'x', sizeof(large) - 1);
	life.tier = open_tier();
	cache.memory_bytes = 1u << 20;
	cache.shards = 1;
	o.cache = &cache;
	o.file_tier = life.tier;
	stage_open(&life.s, &o);
	life.s.value = large;
	assert_int_equal(get(&life, "k", &ref), TAYRA_OK);
	assert_int_equal(ref.tier, TAYRA_TIER_ORIGIN);
	tayra_release(&ref);
	assert_int_equal(get(&life, "k", &ref), TAYRA_OK);
	assert_int_equal(ref.tier, TAYRA_TIER_FILE);
	assert_int_equal(ref.value_len, 600000);
	assert_memory_equal(ref.value, large, 600000);
	tayra_release(&ref);
	assert_int_equal(life.s.calls, 1);
	finish_life(&life);
}

static void
a_load_overtaken_by_a_delete_leaves_nothing_below(void **state)
{
	struct tayra_ref ref;
	struct tayra_request r;
	struct life life;

	begin(&life, STAGE_START_NS);
	r = ask(&life.s, "k", park);
	assert_int_equal(start(&life.s, &r, NULL), TAYRA_PENDING);
	assert_int_equal(tayra_delete(life.s.t, "k", 1), TAYRA_E_NOT_FOUND);
	finish(life.s.parked[0], "old");
	got_value(&life.s, "old");
	restart(&life);
	assert_int_equal(tayra_get(life.s.t, "k", 1, &ref), TAYRA_E_NOT_FOUND);
	finish_life(&life);
}

static void
a_started_request_finds_it_below_at_once_or_by_the_reader(void **state)
{
	struct tayra_options o = TAYRA_OPTIONS_INIT;
	struct tayra_completion c = { 0 };
	struct tayra_request r;
	struct tayra_ref ref;
	struct life life;

	begin(&life, STAGE_START_NS);
	finds(&life, "k", "value", TAYRA_TIER_ORIGIN, 0, false);
	restart(&life);
	r = ask(&life.s, "k", answer);
	assert_int_equal(start(&life.s, &r, NULL), TAYRA_PENDING);
	c = one(&life.s);
	assert_int_equal(c.status, TAYRA_OK);
	assert_int_equal(c.ref.tier, TAYRA_TIER_FILE);
	tayra_release(&c.ref);
	finish_life(&life);

	/* With the ticker another thread reads; what is not there it hands on to the loader. */
	life.tier = open_tier();
	o.file_tier = life.tier;
	o.ticker = true;
	o.ttl_ms = 1000;
	stage_open(&life.s, &o);
	for (int i = 0; i < 2; i++) {
		r = ask(&life.s, i == 0 ? "k" : "other", answer);
		assert_int_equal(tayra_get_or_load_start(life.s.t, &r, life.s.cq, &life, &ref),
				 TAYRA_PENDING);
		assert_int_equal(tayra_cq_wait(life.s.cq, &c, 1, 10 * TAYRA_NS_PER_S), 1);
		assert_int_equal(c.status, TAYRA_OK);
		assert_int_equal(c.ref.tier, i == 0 ? TAYRA_TIER_FILE : TAYRA_TIER_ORIGIN);
		tayra_release(&c.ref);
	}
	finish_life(&life);
}

static uint64_t booted_ns;

static uint64_t
since_boot_ns(void *ctx)
{
	return stage_now_ns(ctx) - booted_ns;
}

/* A clock that began up_ms ago. */
static void
begin_after_boot(struct life *life, uint64_t at_ns, uint64_t up_ms)
{
	struct tayra_clock clock = { .mono_ns = since_boot_ns, .wall_ms = stage_wall_ms };
	struct tayra_options o = TAYRA_OPTIONS_INIT;

	booted_ns = at_ns - up_ms * TAYRA_NS_PER_MS;
	clock.ctx = &life->s;
	life->tier = open_tier();
	o.file_tier = life->tier;
	o.clock = &clock;
	stage_open(&life->s, &o);
	atomic_store(&life->s.now_ns, at_ns);
}

static void
what_is_from_before_the_clock_or_ahead_of_it_is_a_miss(void **state)
{
	struct life life;
	uint64_t at_ns;

	begin(&life, STAGE_START_NS);
	finds(&life, "k", "value", TAYRA_TIER_ORIGIN, 0, false);
	finish_life(&life);
	begin(&life, STAGE_START_NS - TAYRA_NS_PER_MS); /* the wall clock was set back */
	life.s.value = "newer";
	finds(&life, "k", "newer", TAYRA_TIER_ORIGIN, 0, false);
	stage_pass_ms(&life.s, 50);
	at_ns = finish_life(&life);
	begin_after_boot(&life, at_ns, 60);
	finds(&life, "k", "newer", TAYRA_TIER_FILE, 50, false);
	finish_life(&life);
	/* It is older than the clock, which has no place for when it was born. */
	begin_after_boot(&life, at_ns, 49);
	life.s.value = "newest";
	finds(&life, "k", "newest", TAYRA_TIER_ORIGIN, 0, false);
	finish_life(&life);
}

static void
a_bad_tier_is_refused_with_a_line(void **state)
{
	struct tayra_tier_file_options o = TAYRA_TIER_FILE_OPTIONS_INIT;
	struct tayra_tier_file *tier = (void *)1, *second;
	char error[200];

	assert_int_equal(tayra_tier_file_open(NULL, error, sizeof(error), &tier), TAYRA_E_INVAL);
	assert_null(tier);
	assert_true(strlen(error) > 10);
	o.path = "/proc/nothing/here";
	assert_int_equal(tayra_tier_file_open(&o, error, sizeof(error), &tier), TAYRA_E_IO);
	assert_non_null(strstr(error, o.path));
	o.size = 1;
	assert_int_equal(tayra_tier_file_open(&o, NULL, 0, &tier), TAYRA_E_INVAL);
	tier = open_tier();
	o.size = sizeof(o);
	o.path = dir;
	assert_int_equal(tayra_tier_file_open(&o, error, sizeof(error), &second), TAYRA_E_FULL);
	assert_int_equal(tayra_tier_file_close(tier), TAYRA_OK);
	assert_int_equal(tayra_tier_file_close(NULL), TAYRA_OK);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define WITH_DIR(f) cmocka_unit_test_setup_teardown(f, up, down)
		WITH_DIR(what_was_loaded_is_there_after_a_restart_with_its_age),
		WITH_DIR(
			what_is_stale_below_is_served_only_when_the_origin_fails_and_never_past_its_bound),
		WITH_DIR(put_and_delete_reach_the_tier),
		WITH_DIR(an_origin_that_says_there_is_no_such_key_is_believed_below_too),
		WITH_DIR(refresh_does_not_take_what_is_below),
		WITH_DIR(what_is_not_to_be_stored_is_not),
		WITH_DIR(what_the_cache_does_not_take_is_kept_below),
		WITH_DIR(a_load_overtaken_by_a_delete_leaves_nothing_below),
		WITH_DIR(a_started_request_finds_it_below_at_once_or_by_the_reader),
		WITH_DIR(what_is_from_before_the_clock_or_ahead_of_it_is_a_miss),
		WITH_DIR(a_bad_tier_is_refused_with_a_line),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
