/* SPDX-License-Identifier: Apache-2.0 */
#include "house.h"

#include "load/tag.h"

static struct tayra_tag
tag(const char *text)
{
	return (struct tayra_tag){ text, strlen(text) };
}

/* Fresh for a minute, with those tags; NULL: fewer. */
static void
put(struct stage *s, const char *key, const char *value, const char *a, const char *b)
{
	struct tayra_put_options o = TAYRA_PUT_OPTIONS_INIT;
	struct tayra_tag tags[2];

	if (a)
		tags[o.tag_count++] = tag(a);
	if (b)
		tags[o.tag_count++] = tag(b);
	o.tags = tags;
	o.ttl_ms = o.stale_ms = 60000;
	o.version = 7;
	assert_int_equal(tayra_put_with(s->t, key, strlen(key), value, strlen(value), &o),
			 TAYRA_OK);
}

static void
say(struct stage *s, const char *text)
{
	assert_int_equal(tayra_delete_tag(s->t, text, strlen(text)), TAYRA_OK);
}

/* It is there, with these bytes and no more. */
static void
has(struct stage *s, const char *key, const char *value)
{
	struct tayra_ref ref;

	assert_int_equal(tayra_get(s->t, key, strlen(key), &ref), TAYRA_OK);
	holds(&ref, value);
	tayra_release(&ref);
}

static void
what_has_the_tag_is_gone_and_the_rest_is_not(void **state)
{
	struct tayra_ref ref;
	struct stage s;

	stage_open(&s, NULL);
	put(&s, "one", "a value", "red", NULL);
	put(&s, "two", "another", "blue", "red");
	put(&s, "blue", "it is", "blue", NULL);
	put(&s, "empty", "", "red", NULL);
	put(&s, "none", "untagged", NULL, NULL);
	has(&s, "one", "a value");
	has(&s, "two", "another");
	has(&s, "empty", "");
	assert_int_equal(tayra_get(s.t, "two", 3, &ref), TAYRA_OK);
	assert_int_equal(ref.version, 7);
	tayra_release(&ref);
	say(&s, "red");
	assert_false(is_fresh(s.t, "one"));
	assert_false(is_fresh(s.t, "two"));
	assert_false(is_fresh(s.t, "empty"));
	has(&s, "blue", "it is");
	has(&s, "none", "untagged");
	say(&s, "nothing has it");
	has(&s, "blue", "it is");
	stage_close(&s);
}

static void
what_is_put_after_is_there_in_the_same_millisecond_too(void **state)
{
	struct stage s;

	stage_open(&s, NULL);
	for (int i = 0; i < 5; i++) {
		put(&s, "k", "v", "red", NULL);
		put(&s, "both", "v", "blue", "red");
		has(&s, "k", "v");
		has(&s, "both", "v");
		say(&s, "blue"); /* said of another tag, at the moment it was born at */
		assert_false(is_fresh(s.t, "both"));
		has(&s, "k", "v");
		say(&s, "red");
		assert_false(is_fresh(s.t, "k"));
	}
	stage_close(&s);
}

static void
nothing_stale_is_served_of_it_when_the_origin_fails(void **state)
{
	struct tayra_request r;
	struct tayra_ref ref;
	struct stage s;

	stage_open(&s, NULL);
	r = ask(&s, "k", answer);
	r.stale_ms = 60000;
	put(&s, "k", "old", "red", NULL);
	s.status = TAYRA_E_ORIGIN;
	stage_pass_ms(&s, 61000);
	/* Marked because it failed, it keeps its tags. */
	assert_int_equal(tayra_get_or_load(s.t, &r, &ref), TAYRA_OK);
	assert_true(ref.stale);
	holds(&ref, "old");
	tayra_release(&ref);
	say(&s, "red");
	assert_int_equal(tayra_get_or_load(s.t, &r, &ref), TAYRA_E_ORIGIN);
	stage_close(&s);
}

static void
a_load_brings_the_tags_its_loader_says_or_those_of_its_request(void **state)
{
	struct tayra_tag mine = tag("request"), its = tag("loader");
	struct tayra_request r;
	struct stage s;

	stage_open(&s, NULL);
	r = ask(&s, "k", answer);
	r.tags = &mine;
	r.tag_count = 1;
	assert_int_equal(start(&s, &r, NULL), TAYRA_PENDING);
	got_value(&s, "value");
	has(&s, "k", "value");
	say(&s, "request");
	assert_false(is_fresh(s.t, "k"));

	s.result.tags = &its;
	s.result.tag_count = 1;
	stage_pass_ms(&s, 1);
	assert_int_equal(start(&s, &r, NULL), TAYRA_PENDING);
	got_value(&s, "value");
	say(&s, "request");
	has(&s, "k", "value");
	say(&s, "loader");
	assert_false(is_fresh(s.t, "k"));
	stage_close(&s);
}

static void
room_is_filled(struct tayra_load *load, void *arg)
{
	struct stage *s = arg;
	char *room = tayra_load_alloc(load, 10);

	s->calls++;
	assert_non_null(room);
	memcpy(room, "0123456789", 10);
	tayra_load_done(load, NULL, (size_t)s->retry_after_ns, &s->result);
}

static void
what_was_written_in_place_carries_tags_too(void **state)
{
	struct tayra_tag tags[] = { tag("a"), tag("b"), tag("c") };
	const char *const whole = "0123456789";
	struct tayra_request r;
	struct stage s;

	stage_open(&s, NULL);
	r = ask(&s, "k", room_is_filled);
	r.tags = tags;
	for (size_t of_request = 0; of_request < 3; of_request++) {
		for (size_t of_result = 0; of_result < 4; of_result++) {
			for (size_t len = 0; len <= 10; len += 5) {
				struct tayra_completion c;
				size_t count = of_result ? of_result : of_request;

				r.tag_count = of_request;
				s.result.tags = of_result ? tags : NULL;
				s.result.tag_count = of_result;
				s.retry_after_ns = len;
				stage_pass_ms(&s, 1);
				assert_int_equal(start(&s, &r, NULL), TAYRA_PENDING);
				c = one(&s);
				assert_int_equal(c.status, TAYRA_OK);
				assert_int_equal(c.ref.value_len, len);
				assert_memory_equal(c.ref.value, whole, len);
				tayra_release(&c.ref);
				assert_true(is_fresh(s.t, "k"));
				if (count)
					say(&s, (const char *)tags[count - 1].bytes);
				assert_int_equal(is_fresh(s.t, "k"), count == 0);
				tayra_delete(s.t, "k", 1);
			}
		}
	}
	stage_close(&s);
}

static void
a_load_that_began_before_is_not_kept_and_is_made_anew_for_who_asked_since(void **state)
{
	struct tayra_tag red = tag("red");
	struct tayra_load_result result = TAYRA_LOAD_RESULT_INIT;
	struct tayra_completion c[2] = { 0 };
	struct tayra_request r;
	struct stage s;
	int before, since;

	result.tags = &red;
	result.tag_count = 1;
	stage_open(&s, NULL);
	r = ask(&s, "k", park);
	assert_int_equal(start(&s, &r, &before), TAYRA_PENDING);
	say(&s, "red");
	assert_int_equal(start(&s, &r, &since), TAYRA_PENDING);
	assert_int_equal(s.calls, 1); /* nobody knew yet that it has the tag */
	tayra_load_done(s.parked[0], "old", 3, &result);
	assert_int_equal(tayra_cq_drain(s.cq, c, 2), 1);
	assert_ptr_equal(c[0].cookie, &before);
	holds(&c[0].ref, "old");
	tayra_release(&c[0].ref);
	assert_int_equal(s.calls, 2);
	assert_false(is_fresh(s.t, "k"));
	tayra_load_done(s.parked[1], "new", 3, &result);
	c[0] = one(&s);
	assert_ptr_equal(c[0].cookie, &since);
	holds(&c[0].ref, "new");
	tayra_release(&c[0].ref);
	has(&s, "k", "new");

	/* One who asked before, and nobody since; and a tag that it has not. */
	r.key = "other", r.key_len = 5;
	assert_int_equal(start(&s, &r, NULL), TAYRA_PENDING);
	say(&s, "blue");
	tayra_load_done(s.parked[2], "kept", 4, &result);
	got_value(&s, "kept");
	has(&s, "other", "kept");
	stage_pass_ms(&s, 1);
	r.flags = TAYRA_REQUEST_REFRESH;
	assert_int_equal(start(&s, &r, NULL), TAYRA_PENDING);
	say(&s, "red");
	tayra_load_done(s.parked[3], "old", 3, &result);
	got_value(&s, "old");
	assert_false(is_fresh(s.t, "other"));
	stage_close(&s);
}

static void
who_asked_between_two_such_moments_waits_for_another_load_too(void **state)
{
	struct tayra_tag red = tag("red");
	struct tayra_load_result result = TAYRA_LOAD_RESULT_INIT;
	struct tayra_request r;
	struct stage s;

	result.tags = &red;
	result.tag_count = 1;
	stage_open(&s, NULL);
	r = ask(&s, "k", park);
	assert_int_equal(start(&s, &r, NULL), TAYRA_PENDING);
	say(&s, "red");
	assert_int_equal(start(&s, &r, NULL), TAYRA_PENDING);
	say(&s, "red");
	tayra_load_done(s.parked[0], "old", 3, &result);
	got_value(&s, "old");
	tayra_load_done(s.parked[1], "new", 3, &result);
	got_value(&s, "new");
	stage_close(&s);
}

static void
that_there_is_none_is_asked_anew_for_who_asked_since(void **state)
{
	struct tayra_tag red = tag("red");
	struct tayra_request r;
	struct stage s;

	stage_open(&s, NULL);
	r = ask(&s, "k", park);
	r.tags = &red;
	r.tag_count = 1;
	r.absent_ttl_ms = 1000;
	assert_int_equal(start(&s, &r, NULL), TAYRA_PENDING);
	say(&s, "red");
	assert_int_equal(start(&s, &r, NULL), TAYRA_PENDING);
	tayra_load_fail(s.parked[0], TAYRA_E_NOT_FOUND, 0);
	got_status(&s, TAYRA_E_NOT_FOUND);
	assert_int_equal(s.calls, 2);
	finish(s.parked[1], "there");
	got_value(&s, "there");
	has(&s, "k", "there");
	stage_close(&s);
}

static void
same(struct tayra_load *load, void *arg)
{
	struct stage *s = arg;
	struct tayra_ref ref;

	s->calls++;
	assert_int_equal(tayra_load_cached(load, &ref), TAYRA_OK);
	if (s->status == TAYRA_E_FULL) /* evicted meanwhile, say */
		tayra_cache_delete(tayra__handle_cache(s->t), "k", 1);
	tayra_load_unchanged(load, NULL);
}

static void
what_has_not_changed_keeps_its_tags(void **state)
{
	for (int evicted = 0; evicted < 2; evicted++) {
		struct tayra_request r;
		struct stage s;

		stage_open(&s, NULL);
		r = ask(&s, "k", same);
		s.status = evicted ? TAYRA_E_FULL : TAYRA_OK;
		r.flags = TAYRA_REQUEST_REFRESH;
		put(&s, "k", "v", "red", "blue");
		stage_pass_ms(&s, 10);
		assert_int_equal(start(&s, &r, NULL), TAYRA_PENDING);
		got_value(&s, "v");
		has(&s, "k", "v");
		say(&s, "blue");
		assert_false(is_fresh(s.t, "k"));
		stage_close(&s);
	}
}

/* Forget it in RAM alone. */
static void
evict(struct house *h, const char *key)
{
	tayra_cache_delete(tayra__handle_cache(h->s.t), key, strlen(key));
}

static void
tiers_keep_tags_and_what_has_one_does_not_come_back_from_there(void **state)
{
	static const unsigned rooms[] = { ROOM_FILE, ROOM_REMOTE, ROOM_BOTH };

	for (unsigned i = 0; i < 3; i++) {
		struct tayra_tag red = tag("red");
		struct tayra_request r;
		struct house h;

		move_in(&h, rooms[i]);
		/* Births below are taken for a second earlier than they say. */
		stage_pass_ms(&h.s, 5000);
		put(&h.s, "k", "value", "red", "blue");
		put(&h.s, "other", "its value", "blue", NULL);
		r = ask(&h.s, "loaded", answer);
		r.tags = &red;
		r.tag_count = 1;
		assert_int_equal(start(&h.s, &r, NULL), TAYRA_PENDING);
		got_value(&h.s, "value");
		for (int twice = 0; twice < 2; twice++) {
			evict(&h, "k");
			evict(&h, "other");
			evict(&h, "loaded");
			has(&h.s, "k", "value");
			has(&h.s, "loaded", "value");
			has(&h.s, "other", "its value");
		}
		say(&h.s, "red"); /* to RAM, which had them from below */
		assert_false(is_fresh(h.s.t, "k"));
		evict(&h, "k");
		evict(&h, "loaded");
		assert_false(is_fresh(h.s.t, "k"));
		assert_false(is_fresh(h.s.t, "loaded"));
		has(&h.s, "other", "its value");
		r.load = park;
		assert_int_equal(start(&h.s, &r, NULL), TAYRA_PENDING);
		finish(h.s.parked[1], "new");
		got_value(&h.s, "new");
		has(&h.s, "loaded", "new");
		move_out(&h);
	}
}

static void
what_another_node_tells_of_a_tag_is_told_here(void **state)
{
	struct house h;

	move_in(&h, ROOM_BOTH);
	stage_pass_ms(&h.s, 5000);
	put(&h.s, "k", "value", "red", NULL);
	put(&h.s, "other", "its value", "blue", NULL);
	tayra__tier_tagged(&h.remote.tier, tayra__tag_hash("red", 3));
	assert_false(is_fresh(h.s.t, "k")); /* from wherever */
	has(&h.s, "other", "its value");
	move_out(&h);
}

static struct stage *stage_of_hook;

static void
say_red(void *arg)
{
	(void)arg;
	say(stage_of_hook, "red");
}

static void
what_is_said_while_a_tier_is_asked_counts(void **state)
{
	struct tayra_request r;
	struct house h;

	move_in(&h, ROOM_FILE);
	stage_pass_ms(&h.s, 5000);
	put(&h.s, "k", "old", "red", NULL);
	evict(&h, "k");
	stage_of_hook = &h.s;
	h.file.in_get = say_red;
	r = ask(&h.s, "k", answer);
	assert_int_equal(start(&h.s, &r, NULL), TAYRA_PENDING);
	got_value(&h.s, "value");
	assert_int_equal(h.s.calls, 1);
	move_out(&h);
}

static struct tayra_request request_of_hook;

static void
ask_too(void *arg)
{
	(void)arg;
	assert_int_equal(start(stage_of_hook, &request_of_hook, NULL), TAYRA_PENDING);
}

static void
a_value_has_the_tags_of_who_has_it_loaded_not_of_who_only_looked(void **state)
{
	const struct tayra_tag red = tag("red"), blue = tag("blue");

	for (size_t tags = 0; tags < 2; tags++) {
		struct tayra_request r = ask_below("k");
		struct tayra_completion c[3];
		struct house h;

		move_in(&h, ROOM_FILE);
		stage_of_hook = &h.s;
		h.file.in_get = ask_too;
		request_of_hook = ask(&h.s, "k", answer);
		request_of_hook.tags = &blue;
		request_of_hook.tag_count = tags;
		r.tags = &red;
		r.tag_count = 1;
		assert_int_equal(start(&h.s, &r, NULL), TAYRA_PENDING);
		assert_int_equal(tayra_cq_drain(h.s.cq, c, 3), 2);
		for (int i = 0; i < 2; i++) {
			assert_int_equal(c[i].status, TAYRA_OK);
			tayra_release(&c[i].ref);
		}
		h.file.in_get = NULL;
		say(&h.s, "red");
		has(&h.s, "k", "value");
		say(&h.s, "blue");
		assert_int_equal(is_fresh(h.s.t, "k"), tags == 0);
		move_out(&h);
	}
}

/* Its birth is moved behind the moment of its tag, which is ahead of the clock. */
static void
what_a_feed_distrusts_has_tags_that_were_just_told_too(void **state)
{
	static const enum tayra_feed_forget forget[] = { TAYRA_FEED_STALE, TAYRA_FEED_DELETE };

	for (int i = 0; i < 4; i++) {
		const struct tayra_tag red = tag("red");
		struct tayra_feed_options o = TAYRA_FEED_OPTIONS_INIT;
		struct tayra_feed *feed;
		struct tayra_request r;
		struct stage s;

		stage_open(&s, NULL);
		o.forget = forget[i % 2];
		assert_int_equal(tayra_feed_open(s.t, &o, &feed), TAYRA_OK);
		tayra_feed_sound(feed);
		stage_pass_ms(&s, 5);
		say(&s, "red");
		if (i < 2) {
			put(&s, "k", "old", "red", NULL);
			has(&s, "k", "old");
		} else {
			r = ask(&s, "k", park);
			r.tags = &red;
			r.tag_count = 1;
			assert_int_equal(start(&s, &r, NULL), TAYRA_PENDING);
		}
		assert_int_equal(tayra_feed_changed_prefix(feed, NULL, 0), TAYRA_OK);
		if (i >= 2) {
			finish(s.parked[0], "old");
			got_value(&s, "old");
		}
		assert_false(is_fresh(s.t, "k"));
		stage_pass_ms(&s, 5);
		assert_false(is_fresh(s.t, "k"));
		put(&s, "k", "new", "red", NULL);
		has(&s, "k", "new");
		tayra_feed_close(feed);
		stage_close(&s);
	}
}

static uint64_t
born_in(struct ram_tier *tier, const char *key)
{
	const struct ram_tier_item *item = ram_tier_find(tier, key, strlen(key));

	return item ? item->meta.born_ms : UINT64_MAX;
}

static void
a_tier_is_told_when_a_load_began_wherever_its_birth_was_moved(void **state)
{
	const struct tayra_tag red = tag("red");
	const uint64_t began_ms = STAGE_START_NS / TAYRA_NS_PER_MS;
	struct tayra_request r;
	struct house h;

	move_in(&h, ROOM_BOTH);
	for (int i = 0; i < 10; i++) { /* each moves the next one's birth on */
		say(&h.s, "red");
		r = ask(&h.s, "k", answer);
		r.tags = &red;
		r.tag_count = 1;
		assert_int_equal(start(&h.s, &r, NULL), TAYRA_PENDING);
		got_value(&h.s, "value");
		has(&h.s, "k", "value");
	}
	assert_int_equal(born_in(&h.file, "k"), began_ms);
	assert_int_equal(born_in(&h.remote, "k"), began_ms);
	move_out(&h);
}

static void
of_an_earlier_handle_only_what_has_no_tags_is_believed(void **state)
{
	struct tayra_options o = TAYRA_OPTIONS_INIT;
	struct tayra_cq *cq;
	struct house h;

	move_in(&h, ROOM_FILE);
	stage_pass_ms(&h.s, 5000);
	put(&h.s, "tagged", "v", "red", NULL);
	put(&h.s, "plain", "v", NULL, NULL);
	stage_close(&h.s);
	stage_pass_ms(&h.s, 5000);
	o.clock = &h.s.clock;
	o.file_tier = (struct tayra_tier_file *)&h.file;
	assert_int_equal(tayra_create(&o, &h.s.t), TAYRA_OK);
	assert_int_equal(tayra_cq_create(h.s.t, &cq), TAYRA_OK);
	h.s.cq = cq;
	assert_false(is_fresh(h.s.t, "tagged"));
	has(&h.s, "plain", "v");
	move_out(&h);
}

static void
of_too_many_tags_none_is_forgotten_and_the_youngest_values_stay(void **state)
{
	enum { MANY = 3 * TAYRA__TAG_SETS * TAYRA__TAG_WAYS };
	char text[16];
	struct stage s;

	stage_open(&s, NULL);
	put(&s, "first", "v", "tag 0", NULL);
	put(&s, "mine", "v", "mine", NULL);
	put(&s, "plain", "v", NULL, NULL);
	stage_pass_ms(&s, 1);
	for (int i = 0; i < MANY; i++) {
		snprintf(text, sizeof(text), "tag %d", i);
		say(&s, text);
	}
	assert_false(is_fresh(s.t, "first"));
	assert_false(is_fresh(s.t, "mine")); /* a load more */
	has(&s, "plain", "v");
	stage_pass_ms(&s, 2);
	put(&s, "young", "v", "mine", NULL);
	say(&s, "one more");
	has(&s, "young", "v");
	say(&s, "mine");
	assert_false(is_fresh(s.t, "young"));
	stage_close(&s);
}

static void
misuse_is_refused(void **state)
{
	struct tayra_tag tags[TAYRA_TAGS_MAX + 1] = { { 0 } };
	struct tayra_put_options o = TAYRA_PUT_OPTIONS_INIT;
	struct tayra_request r;
	struct stage s;

	stage_open(&s, NULL);
	r = ask(&s, "k", answer);
	r.tags = o.tags = s.result.tags = tags;
	r.tag_count = o.tag_count = TAYRA_TAGS_MAX + 1;
	assert_int_equal(start(&s, &r, NULL), TAYRA_E_INVAL);
	assert_int_equal(tayra_put_with(s.t, "k", 1, "v", 1, &o), TAYRA_E_INVAL);
	r.tag_count = 0;
	s.result.tag_count = TAYRA_TAGS_MAX + 1;
	assert_int_equal(start(&s, &r, NULL), TAYRA_PENDING);
	got_status(&s, TAYRA_E_INVAL);
	r.tag_count = o.tag_count = TAYRA_TAGS_MAX;
	assert_int_equal(tayra_put_with(s.t, "k", 1, "v", 1, &o), TAYRA_OK);
	has(&s, "k", "v");
	tags[3].len = 1; /* of nothing */
	assert_int_equal(tayra_put_with(s.t, "k", 1, "w", 1, &o), TAYRA_E_INVAL);
	assert_int_equal(start(&s, &r, NULL), TAYRA_E_INVAL);
	tags[3].bytes = "x";
	tags[3].len = TAYRA_KEY_MAX + 1;
	assert_int_equal(tayra_put_with(s.t, "k", 1, "w", 1, &o), TAYRA_E_TOO_LARGE);
	has(&s, "k", "v");
	assert_int_equal(tayra_put_with(s.t, "k", 1, "w", 1, NULL), TAYRA_OK);
	assert_int_equal(tayra_delete_tag(s.t, NULL, 1), TAYRA_E_INVAL);
	assert_int_equal(tayra_delete_tag(s.t, "", 0), TAYRA_OK);
	has(&s, "k", "w");
	stage_close(&s);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(what_has_the_tag_is_gone_and_the_rest_is_not),
	cmocka_unit_test(what_is_put_after_is_there_in_the_same_millisecond_too),
	cmocka_unit_test(nothing_stale_is_served_of_it_when_the_origin_fails),
	cmocka_unit_test(a_load_brings_the_tags_its_loader_says_or_those_of_its_request),
	cmocka_unit_test(what_was_written_in_place_carries_tags_too),
	cmocka_unit_test(a_load_that_began_before_is_not_kept_and_is_made_anew_for_who_asked_since),
	cmocka_unit_test(who_asked_between_two_such_moments_waits_for_another_load_too),
	cmocka_unit_test(that_there_is_none_is_asked_anew_for_who_asked_since),
	cmocka_unit_test(what_has_not_changed_keeps_its_tags),
	cmocka_unit_test(tiers_keep_tags_and_what_has_one_does_not_come_back_from_there),
	cmocka_unit_test(what_another_node_tells_of_a_tag_is_told_here),
	cmocka_unit_test(what_is_said_while_a_tier_is_asked_counts),
	cmocka_unit_test(a_value_has_the_tags_of_who_has_it_loaded_not_of_who_only_looked),
	cmocka_unit_test(what_a_feed_distrusts_has_tags_that_were_just_told_too),
	cmocka_unit_test(a_tier_is_told_when_a_load_began_wherever_its_birth_was_moved),
	cmocka_unit_test(of_an_earlier_handle_only_what_has_no_tags_is_believed),
	cmocka_unit_test(of_too_many_tags_none_is_forgotten_and_the_youngest_values_stay),
	cmocka_unit_test(misuse_is_refused),
};

RUN_TESTS(tests)
