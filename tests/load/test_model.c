/* SPDX-License-Identifier: Apache-2.0
 *
 * The handle against a table that forgets nothing: random operations on one thread, with a clock
 * turned by hand and loads that end when they like, over tiers, a feed, tags and a limit.  Nobody
 * is given what was forgotten before they asked, nor as fresh what a feed said has changed, nor a
 * value that never was; none is older than it says; everybody is answered once, and nothing stays.
 * TAYRA_LONG=1: fifty times as many.
 */
#include "house.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/rng.h"
#include "load/origin.h"

#define KEYS     8
#define TAGGED   3 /* from this one on they have a tag; every other one is the feed's */
#define TAGS     3
#define OUT      48 /* loads at a time that have not ended */
#define OPS      1500
#define VERSIONS (OPS * 8)
#define NESTED   2
/* The birth of what has tags may lie ahead of the clock, so that it seems younger. */
#define AHEAD_MS 100

/* What a key was at some time: the number-th of it, or 0 for a write that was not done. */
struct version {
	unsigned key, number;
	bool absent;
	uint64_t until_ms;
};

/* Older numbers are not to be given: at all, as fresh, and as not being there. */
struct floors {
	unsigned any, fresh, absent;
};

struct truth {
	unsigned now, last_absent;
	struct floors floors;
};

struct asked {
	unsigned key;
	struct floors floors;
	bool looks, answered; /* looks: for what is there, without a load */
};

struct out {
	struct tayra_load *load;
	unsigned read; /* the version it will bring, or 0: the one when it ends */
};

struct item {
	uint32_t version, key;
	uint64_t len;
};

static struct world {
	struct house h;
	struct tayra__rng rng;
	struct tayra_feed *feed;
	struct version versions[VERSIONS];
	unsigned version_count;
	struct truth truths[KEYS];
	struct asked asked[VERSIONS];
	unsigned asked_count;
	struct out out[OUT];
	unsigned out_count, depth;
	bool starves; /* allocations fail */
	bool erases;  /* the feed: what has changed is not even served as stale */
	uint64_t seed, op;
	char bytes[64u << 10];
} w;

static unsigned
below(unsigned n)
{
	return (unsigned)tayra__rng_below(&w.rng, n);
}

static bool
one_in(unsigned n)
{
	return below(n) == 0;
}

static uint64_t
now_ms(void)
{
	return stage_wall_ms(&w.h.s);
}

static void
claim(bool good, const char *what, unsigned key)
{
	if (!good)
		printf("# seed %llu, operation %llu, key %u: not %s\n", (unsigned long long)w.seed,
		       (unsigned long long)w.op, key, what);
	assert_true(good);
}

/* The truth. */

static unsigned
make_version(unsigned key, bool absent)
{
	const unsigned version = ++w.version_count;

	assert_true(version < VERSIONS);
	w.versions[version] = (struct version){ key, 0, absent, UINT64_MAX };
	return version;
}

static void
become(unsigned version)
{
	struct truth *truth = &w.truths[w.versions[version].key];
	struct version *before = &w.versions[truth->now];

	before->until_ms = now_ms();
	w.versions[version].number = before->number + 1;
	truth->now = version;
	if (w.versions[version].absent)
		truth->last_absent = before->number + 1;
}

static void
change(unsigned key)
{
	become(make_version(key, one_in(6)));
}

static unsigned
number_of(unsigned key)
{
	return w.versions[w.truths[key].now].number;
}

static void
raise(unsigned *floor, unsigned to)
{
	*floor = to > *floor ? to : *floor;
}

enum how { FORGOTTEN, OF_A_TAG, CHANGED, DISTRUSTED };

/* What was before that number has been said to be gone. */
static void
forget_before(unsigned key, unsigned number, enum how how)
{
	struct floors *floors = &w.truths[key].floors;

	raise(&floors->fresh, number);
	if (how == FORGOTTEN || how == OF_A_TAG)
		raise(&floors->any, number);
	if (how == FORGOTTEN || how == CHANGED) /* that it is not there has no tags */
		raise(&floors->absent, number);
}

static bool
is_tagged(unsigned key)
{
	return key >= TAGGED;
}

static const struct tayra_tag *
tag_of(unsigned key)
{
	static const struct tayra_tag tags[TAGS] = { { "t0", 2 }, { "t1", 2 }, { "t2", 2 } };

	return &tags[key % TAGS];
}

/* Odd ones begin with 'a'. */
static size_t
name_of(unsigned key, char name[3])
{
	return (size_t)snprintf(name, 3, "%c%u", key % 2 ? 'a' : 'b', key);
}

static unsigned
key_of(const struct tayra_load *load)
{
	size_t len;
	const char *name = tayra_load_key(load, &len);

	assert_int_equal(len, 2);
	return (unsigned)(name[1] - '0');
}

static size_t
any_len(void)
{
	return sizeof(struct item) + (one_in(4) ? below(60000) : below(100));
}

static void
fill(void *to, unsigned version, size_t len)
{
	const struct item item = { version, w.versions[version].key, len };

	memcpy(to, &item, sizeof(item));
	memset((char *)to + sizeof(item), (int)(version & 255), len - sizeof(item));
}

static void
judge(const struct tayra_ref *ref, unsigned key, const struct floors *floors)
{
	const unsigned char *bytes = ref->value;
	const struct version *version;
	struct item item;

	claim(ref->value_len >= sizeof(item), "whole", key);
	memcpy(&item, ref->value, sizeof(item));
	claim(item.key == key && item.len == ref->value_len, "its own", key);
	for (size_t i = sizeof(item); i < item.len; i++)
		claim(bytes[i] == (item.version & 255), "in one piece", key);
	version = &w.versions[item.version];
	claim(version->number != 0, "of a write that was done", key);
	claim(version->number >= floors->any, "after what was forgotten", key);
	claim(ref->stale || version->number >= floors->fresh, "after what has changed", key);
	claim(version->until_ms >= now_ms() - ref->age_ms - (is_tagged(key) ? AHEAD_MS : 1),
	      "as young as it says", key);
}

/* Loads. */

static void
end_write(const struct out *out)
{
	static const int failures[] = { TAYRA_E_INVAL,     TAYRA_E_NOT_FOUND, TAYRA_E_OVERLOAD,
					TAYRA_E_TIMEOUT,   TAYRA_E_ORIGIN,    TAYRA_E_IO,
					TAYRA_E_CANCELLED, TAYRA_OK };
	const unsigned key = key_of(out->load), how = below(16);
	const int status = failures[how < 7 ? how : 7];
	struct item item;
	size_t len;

	memcpy(&item, tayra__load_value(out->load, &len), sizeof(item));
	/* Of the last four nobody knows. */
	if (status == TAYRA_OK || (how >= 3 && one_in(2)))
		become(item.version);
	if (status == TAYRA_OK)
		tayra__load_written(out->load);
	else
		tayra_load_fail(out->load, status, 0);
	if (w.versions[item.version].number)
		forget_before(key, number_of(key), FORGOTTEN);
}

static bool
is_unchanged(struct tayra_load *load, unsigned version, const struct tayra_load_result *result)
{
	struct tayra_load_result times = *result;
	struct tayra_ref cached;
	struct item item;

	if (tayra_load_cached(load, &cached) != TAYRA_OK)
		return false;
	memcpy(&item, cached.value, sizeof(item));
	if (item.version != version)
		return false;
	times.tag_count = 0;
	times.version = 0;
	tayra_load_unchanged(load, &times);
	return true;
}

static void
bring(struct tayra_load *load, unsigned version)
{
	const unsigned key = key_of(load);
	const size_t len = any_len();
	struct tayra_load_result result = TAYRA_LOAD_RESULT_INIT;
	char *room;

	if (one_in(3))
		result.ttl_ms = one_in(2) ? TAYRA_OFF : 1 + below(100);
	if (one_in(4))
		result.stale_ms = one_in(2) ? TAYRA_OFF : 1 + below(300);
	if (one_in(4))
		result.version = version;
	if (is_tagged(key) && one_in(3)) {
		result.tags = tag_of(key);
		result.tag_count = 1;
	}
	if (one_in(4) && is_unchanged(load, version, &result))
		return;
	room = one_in(3) ? tayra_load_alloc(load, len + below(2)) : NULL;
	fill(room ? room : w.bytes, version, len);
	tayra_load_done(load, room ? NULL : w.bytes, len, &result);
}

static void
end_load(const struct out *out)
{
	static const int failures[] = { TAYRA_E_ORIGIN, TAYRA_E_TIMEOUT, TAYRA_E_OVERLOAD,
					TAYRA_E_CANCELLED };
	const unsigned version = out->read ? out->read : w.truths[key_of(out->load)].now;

	if (one_in(7))
		tayra_load_fail(out->load, failures[below(4)], below(5) * TAYRA_NS_PER_MS);
	else if (w.versions[version].absent)
		tayra_load_fail(out->load, TAYRA_E_NOT_FOUND, 0);
	else
		bring(out->load, version);
}

static void
end(unsigned i)
{
	const struct out out = w.out[i];

	w.out[i] = w.out[--w.out_count];
	if (tayra__load_writes(out.load))
		end_write(&out);
	else
		end_load(&out);
}

/* Two changes of a key at a time have no order: one that is made while another is under way would
 * break the table. */
static bool
may_end(unsigned i)
{
	return w.depth == 0 || !tayra__load_writes(w.out[i].load);
}

static void
take(struct tayra_load *load, void *arg)
{
	const unsigned key = key_of(load);

	(void)arg;
	assert_true(w.out_count < OUT);
	w.out[w.out_count++] = (struct out){ load, one_in(2) ? w.truths[key].now : 0 };
	if (one_in(4) && may_end(w.out_count - 1))
		end(w.out_count - 1);
}

static void
take_at_origin(struct tayra_origin *origin, struct tayra_load *load)
{
	take(load, origin);
}

static int
tags_at_origin(const struct tayra_origin *origin, const void *key, size_t key_len,
	       struct tayra__tags *out)
{
	const unsigned of = (unsigned)(((const char *)key)[1] - '0');

	(void)origin;
	assert_int_equal(key_len, 2);
	out->count = 0;
	if (is_tagged(of))
		*out = tayra__tags_of(tag_of(of), 1);
	return TAYRA_OK;
}

static struct tayra_origin origin = {
	.name = "model",
	.load = take_at_origin,
	.write = take_at_origin,
	.tags_of = tags_at_origin,
};

/* Operations. */

static void
answered(const struct asked *asked, int status, struct tayra_ref *ref)
{
	const struct truth *truth = &w.truths[asked->key];

	if (status == TAYRA_OK && ref->value)
		judge(ref, asked->key, &asked->floors);
	else if (status == TAYRA_E_NOT_FOUND && !asked->looks)
		claim(truth->last_absent >= asked->floors.absent && truth->last_absent,
		      "there when that was said", asked->key);
	tayra_release(ref);
}

static void
drain(void)
{
	struct tayra_completion c[8];
	size_t n;

	while ((n = tayra_cq_drain(w.h.s.cq, c, 1 + below(8))) > 0)
		for (size_t i = 0; i < n; i++) {
			struct asked *asked = c[i].cookie;

			claim(!asked->answered, "answered once", asked->key);
			asked->answered = true;
			answered(asked, c[i].status, &c[i].ref);
		}
}

static struct asked *
note(unsigned key, bool looks)
{
	struct asked *asked = &w.asked[w.asked_count++];

	assert_true(w.asked_count < VERSIONS);
	*asked = (struct asked){ key, w.truths[key].floors, looks, false };
	return asked;
}

static struct tayra_request
any_request(unsigned key, const char *name)
{
	struct tayra_request r = ask(&w.h.s, name, take);

	if (one_in(2))
		r.origin = &origin;
	if (is_tagged(key) && !(r.origin && one_in(2))) {
		r.tags = tag_of(key);
		r.tag_count = 1;
	}
	r.ttl_ms = one_in(3) ? 0 : one_in(5) ? TAYRA_OFF : 1 + below(200);
	r.stale_ms = one_in(2) ? 0 : one_in(3) ? TAYRA_OFF : 1 + below(500);
	if (one_in(3))
		r.soft_timeout_ns = one_in(2) ? TAYRA_AT_ONCE : 1 + below(50) * TAYRA_NS_PER_MS;
	r.timeout_ns = one_in(3) ? 1 + below(100) * TAYRA_NS_PER_MS : one_in(2) ? 0 : TAYRA_OFF;
	r.cls = (enum tayra_class)below(4);
	r.cost = below(4);
	if (one_in(3))
		r.absent_ttl_ms = 1 + below(100);
	if (one_in(3))
		r.error_ttl_ms = 1 + below(100);
	if (one_in(3))
		r.refresh_at = 0.5;
	return r;
}

static void
request(unsigned key, const char *name)
{
	struct tayra_request r = any_request(key, name);
	struct tayra_ref ref;
	struct asked *asked;
	int status;

	if (one_in(8))
		r.flags |= TAYRA_REQUEST_REFRESH;
	else if (one_in(8))
		r.flags |= TAYRA_REQUEST_NO_LOAD;
	if (one_in(8))
		r.flags |= TAYRA_REQUEST_NO_STORE;
	asked = note(key, r.flags & TAYRA_REQUEST_NO_LOAD);
	status = tayra_get_or_load_start(w.h.s.t, &r, w.h.s.cq, asked, &ref);
	if (status == TAYRA_PENDING)
		return;
	asked->answered = true;
	answered(asked, status, &ref);
}

static void
write_through(unsigned key, const char *name)
{
	struct tayra_request r = any_request(key, name);
	const unsigned version = make_version(key, false);
	const size_t len = any_len();
	struct asked *asked = note(key, true);

	r.origin = &origin;
	if (one_in(4))
		r.flags |= TAYRA_REQUEST_NO_STORE;
	fill(w.bytes, version, len);
	asked->answered = tayra_put_through_start(w.h.s.t, &r, w.bytes, len, w.h.s.cq, asked) !=
			  TAYRA_PENDING;
}

static void
put_a_new_one(unsigned key, const char *name)
{
	const unsigned version = make_version(key, false);
	const size_t len = any_len();
	struct tayra_put_options o = TAYRA_PUT_OPTIONS_INIT;

	become(version);
	o.ttl_ms = one_in(4) ? TAYRA_OFF : below(200);
	o.stale_ms = one_in(4) ? TAYRA_OFF : below(300);
	o.tags = tag_of(key);
	o.tag_count = is_tagged(key);
	fill(w.bytes, version, len);
	tayra_put_with(w.h.s.t, name, strlen(name), w.bytes, len, &o);
	forget_before(key, w.versions[version].number, FORGOTTEN);
}

static void
delete_it(unsigned key, const char *name)
{
	unsigned number;

	if (one_in(2))
		change(key);
	number = number_of(key);
	tayra_delete(w.h.s.t, name, strlen(name));
	forget_before(key, number, FORGOTTEN);
}

/* Those from `first` on, every `step`. */
static void
change_all(unsigned first, unsigned step, unsigned numbers[KEYS])
{
	for (unsigned key = first; key < KEYS; key += step) {
		change(key);
		numbers[key] = number_of(key);
	}
}

static void
forget_all_before(unsigned first, unsigned step, const unsigned numbers[KEYS], enum how how)
{
	for (unsigned key = first; key < KEYS; key += step)
		forget_before(key, numbers[key], how);
}

static void
delete_a_tag(void)
{
	const unsigned first = TAGGED + below(TAGS);
	unsigned numbers[KEYS];

	change_all(first, TAGS, numbers);
	tayra_delete_tag(w.h.s.t, tag_of(first)->bytes, 2);
	forget_all_before(first, TAGS, numbers, OF_A_TAG);
}

static void
delete_a_prefix(void)
{
	const bool all = one_in(3);
	unsigned numbers[KEYS];

	change_all(!all, all ? 1 : 2, numbers);
	if (tayra_delete_prefix(w.h.s.t, "a", !all) == TAYRA_OK)
		forget_all_before(!all, all ? 1 : 2, numbers, FORGOTTEN);
}

static void
tell_the_feed(unsigned key, const char *name)
{
	unsigned numbers[KEYS];

	if (one_in(2)) {
		change(key);
		numbers[key] = number_of(key);
		if (tayra_feed_changed(w.feed, name, strlen(name)) == TAYRA_OK)
			forget_before(key, numbers[key], w.erases ? FORGOTTEN : CHANGED);
	} else if (one_in(3)) {
		change_all(1, 2, numbers);
		if (tayra_feed_changed_prefix(w.feed, NULL, 0) == TAYRA_OK)
			forget_all_before(1, 2, numbers, w.erases ? OF_A_TAG : DISTRUSTED);
	} else if (one_in(2)) {
		tayra_feed_lost(w.feed);
	} else {
		tayra_feed_sound(w.feed);
	}
}

static void
look(unsigned key, const char *name)
{
	const struct floors floors = w.truths[key].floors;
	struct tayra_ref ref;

	if (tayra_get(w.h.s.t, name, strlen(name), &ref) != TAYRA_OK)
		return;
	claim(!ref.stale, "fresh", key);
	judge(&ref, key, &floors);
	tayra_release(&ref);
}

static void
lease_elsewhere(void)
{
	w.h.remote.lease = one_in(2) ? UINT32_MAX : 0;
	w.h.remote.lease_until_ms = now_ms() + below(500);
}

static void
pass_time(void)
{
	drain();
	tayra_tick(w.h.s.t, 0);
	drain();
	stage_pass_ms(&w.h.s, one_in(3) ? below(2000) : below(20));
}

static void
operate(void)
{
	const unsigned key = below(KEYS), what = below(28);
	char name[3];
	unsigned i;

	name_of(key, name);
	if (what < 7 || w.out_count >= OUT - NESTED - 1) {
		i = w.out_count ? below(w.out_count) : 0;
		if (w.out_count && may_end(i))
			end(i);
	} else if (what == 7) {
		change(key);
	} else if (what == 8) {
		delete_it(key, name);
	} else if (what == 9 && w.depth == 0) {
		put_a_new_one(key, name);
	} else if (what == 10) {
		delete_a_tag();
	} else if (what == 11 && one_in(4)) {
		delete_a_prefix();
	} else if (what == 12 && w.feed && key % 2) {
		tell_the_feed(key, name);
	} else if (what == 13) {
		look(key, name);
	} else if (what == 14) {
		write_through(key, name);
	} else if (what == 15) {
		tayra_tick(w.h.s.t, one_in(2) ? 0 : UINT64_MAX);
	} else if (what == 16) {
		lease_elsewhere();
	} else if (what == 17 && w.depth == 0) {
		pass_time();
	} else {
		request(key, name);
	}
}

/* While the remote tier is asked. */
static void
interfere(void *arg)
{
	(void)arg;
	if (w.depth == NESTED || !one_in(3))
		return;
	w.depth++;
	operate();
	w.depth--;
}

static void
begin(bool starves, uint64_t seed, struct tayra_pace **pace)
{
	struct tayra_options o = TAYRA_OPTIONS_INIT;
	struct tayra_cache_options cache = TAYRA_CACHE_OPTIONS_INIT;
	struct tayra_pace_options fixed = TAYRA_PACE_OPTIONS_INIT;
	struct tayra_strategy learns = TAYRA_STRATEGY_INIT;
	struct tayra_feed_options told = TAYRA_FEED_OPTIONS_INIT;

	memset(&w, 0, sizeof(w));
	w.starves = starves;
	w.seed = seed;
	tayra__rng_init(&w.rng, seed);
	ram_tier_open(&w.h.file);
	ram_tier_open(&w.h.remote);
	if (one_in(2))
		o.file_tier = (struct tayra_tier_file *)&w.h.file;
	if (one_in(2))
		o.remote_tier = (struct tayra_tier_remote *)&w.h.remote;
	if (one_in(2))
		w.h.remote.tier.ops = &ram_tier_lease_ops;
	w.h.remote.in_get = interfere;
	cache.memory_bytes = 2u << 20;
	cache.shards = 1;
	o.cache = &cache;
	o.ttl_ms = 50;
	o.stale_ms = one_in(2) ? 200 : 0;
	o.throttle_ms = 1 + below(50);
	o.no_single_flight = one_in(8);
	o.unstored_max_bytes = one_in(3) ? 100000 : 0;
	o.absent_ttl_ms = one_in(2) ? 20 : 0;
	o.error_ttl_ms = one_in(2) ? 10 : 0;
	o.xfetch = one_in(3) ? 3 : 0;
	o.ttl_jitter = one_in(3) ? 0.3 : 0;
	o.lease_ns = one_in(2) ? 20 * TAYRA_NS_PER_MS : 0;
	learns.ttl_learning = learns.prefetch_refresh = learns.prefetch_changed = learns.predictor =
		TAYRA_FEATURE_ON;
	learns.staleness_samples = 1;
	learns.prefetch_budget = 1e9;
	learns.ttl_ms = 50;
	if (one_in(2))
		o.strategy = &learns;
	fixed.limiter = TAYRA_LIMITER_FIXED;
	fixed.limit = 1 + below(3);
	if (!one_in(3))
		assert_int_equal(tayra_pace_create(&fixed, pace), TAYRA_OK);
	o.pace = *pace;
	stage_open(&w.h.s, &o);
	tayra_tick(w.h.s.t, 0);
	for (unsigned key = 0; key < KEYS; key++)
		become(make_version(key, false));
	told.prefix = "a";
	w.erases = one_in(2);
	told.forget = w.erases ? TAYRA_FEED_DELETE : TAYRA_FEED_STALE;
	told.blind_ttl_ms = one_in(2) ? TAYRA_OFF : 50;
	if (one_in(2))
		assert_int_equal(tayra_feed_open(w.h.s.t, &told, &w.feed), TAYRA_OK);
}

/* Nothing is refused any more, and time passes. */
static void
expect_an_end(void)
{
	w.h.remote.in_get = NULL;
	w.h.remote.lease = 0;
	for (int i = 0; i < 300; i++) {
		while (w.out_count)
			end(0);
		drain();
		stage_pass_ms(&w.h.s, i < 100 ? 1000 : 1);
		tayra_tick(w.h.s.t, 0);
		drain();
	}
	for (unsigned i = 0; i < w.asked_count; i++)
		claim(w.asked[i].answered, "answered", w.asked[i].key);
	assert_int_equal(stats_of(&w.h.s).inflight, 0);
	assert_int_equal(stats_of(&w.h.s).cache.pinned_bytes, 0);
}

static void
live(bool starves, uint64_t seed)
{
	struct tayra_pace *pace = NULL;

	begin(starves, seed, &pace);
	for (w.op = 0; w.op < OPS; w.op++) {
		const bool refused = starves && one_in(4);

		if (refused)
			tayra__mem_fail_after(1 + below(5));
		operate();
		if (refused)
			tayra__mem_fail_after(0);
		drain();
	}
	expect_an_end();
	if (w.feed)
		tayra_feed_close(w.feed);
	move_out(&w.h);
	if (pace)
		tayra_pace_destroy(pace);
}

static void
live_many(bool starves)
{
	const uint64_t lives = getenv("TAYRA_LONG") ? 2000 : 40;

	for (uint64_t seed = 1; seed <= lives; seed++)
		live(starves, seed);
}

static void
nobody_gets_what_was_forgotten_and_everybody_is_answered_once(void **state)
{
	(void)state;
	live_many(false);
}

static void
nor_where_there_is_no_memory(void **state)
{
	(void)state;
	live_many(true);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(nobody_gets_what_was_forgotten_and_everybody_is_answered_once),
	cmocka_unit_test(nor_where_there_is_no_memory),
};

RUN_TESTS(tests)
