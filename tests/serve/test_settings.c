/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <tayra/base.h>

#include "serve/settings.h"

static struct tayra__settings settings;
static char error[512], note[512];

static int
setup(void **state)
{
	tayra__settings_init(&settings);
	error[0] = '\0';
	return 0;
}

static int
teardown(void **state)
{
	tayra__settings_fini(&settings);
	return 0;
}

static int
read_text(const char *text)
{
	return tayra__settings_read(&settings, "etc/t.yaml", text, strlen(text), error,
				    sizeof(error));
}

static void
must_read(const char *text)
{
	if (read_text(text) != TAYRA_OK)
		fail_msg("%s", error);
}

static void
set(const char *name, const char *text)
{
	char why[300];

	assert_int_equal(tayra__settings_set(&settings, tayra__knob_find(tayra__server_knobs, name),
					     text, why, sizeof(why)),
			 TAYRA_OK);
}

static void
what_the_file_says_is_set(void **state)
{
	must_read(
		"listen: '[::1]:7000'\nmemory: 1.5GiB\npolicy: lru\nobjective: cost\nlearning: "
		"monitor\nmaxclients: 12\n"
		"timeout: 5m\noutput_limit: 2M\npassword_file: pw\nadmin: off\n"
		"remote_tier_lease: 500ms\n"
		"origins:\n"
		"  db: {sqlite: sub/p.db, limit: {min: 2, max: 9, start: 3, target: 50ms}}\n"
		"  abs: {sqlite: /p.db, limit: 7}\n"
		"  api: {http: 'http://h/', headers: [\"A: b\", \"C: d\"], max_age: true,\n"
		"        connect_timeout: 250ms, max_redirects: 0, ca_file: ca.pem, proxy: p}\n"
		"routes:\n"
		"  - {keys: 'a:{x}', origin: db, query: select ?1, as: json, ttl: 90s, stale: 1h,\n"
		"     soft_timeout: 20ms, timeout: 2s, class: high, max_rows: 5, max_bytes: 1M,\n"
		"     absent_ttl: 3s, error_ttl: off, refresh_at: off, threads: "
		"2, batch: select many, batch_keys: "
		"9, batch_window: off, pipeline: 3, version: select one, cost: 6}\n"
		"  - {keys: 'b:{x}', origin: api, path: '/v/{x}'}\n");
	assert_string_equal(settings.server.listen, "[::1]:7000");
	assert_int_equal(settings.server.memory_bytes, 3ull << 29);
	assert_int_equal(settings.policy, TAYRA_POLICY_LRU);
	assert_int_equal(settings.objective, TAYRA_OBJECTIVE_COST);
	assert_int_equal(settings.learning, TAYRA_LEARNING_MONITOR);
	assert_int_equal(settings.server.clients_max, 12);
	assert_int_equal(settings.server.idle_timeout_ms, 300000);
	assert_int_equal(settings.server.remote_lease_ns, 500 * TAYRA_NS_PER_MS);
	assert_int_equal(settings.server.output_max_bytes, 2u << 20);
	assert_string_equal(settings.password_file, "etc/pw");
	assert_string_equal(settings.admin, "off");
	assert_int_equal(settings.origin_count, 3);
	assert_string_equal(settings.origins[0].sqlite, "etc/sub/p.db");
	assert_int_equal(settings.origins[0].limit.min, 2);
	assert_int_equal(settings.origins[0].limit.max, 9);
	assert_int_equal(settings.origins[0].limit.start, 3);
	assert_int_equal(settings.origins[0].limit.target_ns, 50 * TAYRA_NS_PER_MS);
	assert_string_equal(settings.origins[1].sqlite, "/p.db");
	assert_int_equal(settings.origins[1].limit.fixed, 7);
	assert_string_equal(settings.origins[2].headers[1], "C: d");
	assert_null(settings.origins[2].headers[2]);
	assert_true(settings.origins[2].max_age);
	assert_int_equal(settings.origins[2].connect_timeout_ns, 250 * TAYRA_NS_PER_MS);
	assert_string_equal(settings.origins[2].ca_file, "etc/ca.pem");
	assert_int_equal(settings.route_count, 2);
	assert_ptr_equal(settings.routes[0].source, &settings.origins[0]);
	assert_int_equal(settings.routes[0].shape, TAYRA_SHAPE_JSON);
	assert_int_equal(settings.routes[0].ttl_ms, 90000);
	assert_int_equal(settings.routes[0].stale_ms, 3600000);
	assert_int_equal(settings.routes[0].soft_timeout_ns, 20 * TAYRA_NS_PER_MS);
	assert_int_equal(settings.routes[0].timeout_ns, 2 * TAYRA_NS_PER_S);
	assert_int_equal(settings.routes[0].absent_ttl_ms, 3000);
	assert_true(settings.routes[0].error_ttl_ms == TAYRA_OFF);
	assert_true(settings.routes[0].refresh_at < 0);
	assert_int_equal(settings.routes[0].cls, TAYRA_HIGH);
	assert_int_equal(settings.routes[0].max_rows, 5);
	assert_int_equal(settings.routes[0].max_bytes, 1u << 20);
	assert_int_equal(settings.routes[0].threads, 2);
	assert_string_equal(settings.routes[0].batch, "select many");
	assert_int_equal(settings.routes[0].batch_keys, 9);
	assert_int_equal(settings.routes[0].pipeline, 3);
	assert_string_equal(settings.routes[0].version, "select one");
	assert_int_equal(settings.routes[0].cost, 6);
	assert_true(settings.routes[0].batch_window_ns == TAYRA_OFF);
	assert_string_equal(settings.routes[1].path, "/v/{x}");
}

static void
a_limit_takes_every_knob_of_the_pacer(void **state)
{
	char text[32];
	struct tayra_pace *pace;

	must_read("origins:\n"
		  "  db: {sqlite: /dev/null, limit: {mode: monitor, limiter: elasticity, max: 3, "
		  "dither: 0.2, price: 0.05, target: 40ms, p90_max: 50ms, queue: 7}}\n"
		  "routes:\n"
		  "  - {keys: 'a:{x}', origin: db, query: 'SELECT ?1'}\n");
	assert_int_equal(tayra__settings_open(&settings, error, sizeof(error), note, sizeof(note)),
			 TAYRA_OK);
	assert_int_equal(settings.pace_count, 1);
	assert_int_equal(settings.pace_threads[0], 4);
	pace = settings.paces[0];
	for (size_t i = 0; i < 7; i++) {
		static const char *const rows[7][2] = {
			{ "mode", "monitor" }, { "limit_max", "3" },     { "dither", "0.2" },
			{ "price", "0.05" },   { "p90_target", "40ms" }, { "p90_max", "50ms" },
			{ "queue", "7" },
		};

		assert_int_equal(tayra_pace_get(pace, rows[i][0], text, sizeof(text)), TAYRA_OK);
		assert_string_equal(text, rows[i][1]);
	}
}

/* A machine whose memory is used to `percent`. */
static void
make_machine(char *folder, unsigned percent)
{
	char path[128];
	FILE *file;

	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/stat", folder);
	file = fopen(path, "w");
	assert_non_null(file);
	fprintf(file, "cpu 1 2 3 4\ncpu0 1 2 3 4\n");
	fclose(file);
	snprintf(path, sizeof(path), "%s/meminfo", folder);
	file = fopen(path, "w");
	assert_non_null(file);
	fprintf(file, "MemTotal: 100 kB\nMemAvailable: %u kB\n", 100 - percent);
	fclose(file);
}

static void
drop_machine(const char *folder)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/stat", folder);
	unlink(path);
	snprintf(path, sizeof(path), "%s/meminfo", folder);
	unlink(path);
	rmdir(folder);
}

/* Ten answers in a window of a second that begins then.  => what it went by. */
static struct tayra_pace_stats
after_a_window(struct tayra_pace *pace, uint64_t at_ns)
{
	struct tayra_pace_stats stats = TAYRA_PACE_STATS_INIT;
	struct tayra_pace_request request = { 0 };

	for (int i = 0; i < 10; i++) {
		struct tayra_ticket ticket = { 0 };

		assert_int_equal(tayra_pace_try_enter(pace, &request, at_ns + 1, &ticket),
				 TAYRA_OK);
		tayra_pace_leave(pace, &ticket, TAYRA_OUTCOME_OK, at_ns + TAYRA_NS_PER_MS);
	}
	tayra_pace_tick(pace, at_ns + TAYRA_NS_PER_S);
	tayra_pace_stats(pace, &stats);
	return stats;
}

static void
all_limits_look_at_the_machine_unless_the_sensor_is_off(void **state)
{
	static const char *const switches[] = { "", "sensor: on\n", "sensor: off\n" };
	char folder[] = "tayra-machine-XXXXXX", text[400];

	make_machine(folder, 97);
	for (size_t i = 0; i < 3; i++) {
		teardown(NULL);
		setup(NULL);
		settings.machine_at.proc = settings.machine_at.root = folder;
		snprintf(text, sizeof(text),
			 "%sorigins:\n  a: {sqlite: /dev/null}\n  b: {sqlite: /dev/null}\n"
			 "routes:\n"
			 "  - {keys: 'a:{x}', origin: a, query: 'SELECT ?1'}\n"
			 "  - {keys: 'b:{x}', origin: b, query: 'SELECT ?1'}\n",
			 switches[i]);
		must_read(text);
		assert_int_equal(
			tayra__settings_open(&settings, error, sizeof(error), note, sizeof(note)),
			TAYRA_OK);
		assert_string_equal(note, "");
		assert_int_equal(settings.pace_count, 2);
		for (int k = 0; k < 2; k++) {
			struct tayra_pace_stats stats;

			after_a_window(settings.paces[k], TAYRA_NS_PER_S); /* opens the first */
			stats = after_a_window(settings.paces[k], 3 * TAYRA_NS_PER_S);
			if (i < 2) {
				assert_true(stats.pressure.memory > 0.96);
				assert_true(stats.ceiling > 0);
				assert_string_equal(stats.reason, "memory over maximum");
			} else {
				assert_true(isnan(stats.pressure.memory));
				assert_true(stats.ceiling == 0);
			}
		}
	}
	drop_machine(folder);
}

static void
without_a_machine_to_look_at_limits_do_without_and_say_so(void **state)
{
	settings.machine_at.proc = "nowhere";
	must_read("origins:\n  a: {sqlite: /dev/null}\n"
		  "routes:\n  - {keys: 'a:{x}', origin: a, query: 'SELECT ?1'}\n");
	assert_int_equal(tayra__settings_open(&settings, error, sizeof(error), note, sizeof(note)),
			 TAYRA_OK);
	assert_non_null(strstr(note, "without the sensor"));
	after_a_window(settings.paces[0], TAYRA_NS_PER_S);
	assert_true(isnan(after_a_window(settings.paces[0], 3 * TAYRA_NS_PER_S).pressure.memory));
}

static void
what_is_learned_is_the_presets_and_then_what_is_said(void **state)
{
	const struct tayra_strategy *s = &settings.learn.strategy;

	must_read("learn:\n  preset: search_results\n  ttl_learning: on\n  prefetch_refresh: off\n"
		  "  staleness_budget: 0.05\n  staleness_samples: off\n  ttl_min: 2s\n  ttl_max: "
		  "10m\n  known_keys: 99\n"
		  "  learning_bytes: 4M\n"
		  "origins: {db: {sqlite: p.db}}\n"
		  "routes:\n"
		  "  - {keys: 'a:{x}', origin: db, query: q, ttl: 5m}\n"
		  "  - {keys: 'b:{x}', origin: db, query: q}\n");
	assert_int_equal(s->ttl_learning, TAYRA_FEATURE_ON);
	assert_int_equal(s->prefetch_refresh, TAYRA_FEATURE_OFF);
	assert_int_equal(s->prefetch_successors, TAYRA_FEATURE_OFF); /* the preset's */
	assert_int_equal(s->predictor, TAYRA_FEATURE_DEFAULT);
	assert_true(s->staleness_budget > 0.049 && s->staleness_budget < 0.051);
	assert_true(s->staleness_samples < 0);
	assert_int_equal(s->ttl_min_ms, 2000);
	assert_int_equal(s->ttl_max_ms, 600000);
	assert_int_equal(s->known_keys, 99);
	assert_int_equal(s->learning_bytes, 4u << 20);
	assert_int_equal(settings.routes[0].ttl_ms, 300000);
	assert_int_equal(settings.routes[1].ttl_ms, 30000);
	assert_int_equal(settings.routes[1].stale_ms, 120000);
	assert_int_equal(s->ttl_ms, 30000); /* the shortest of them */
}

static void
how_all_routes_load_is_said_once_and_wins_over_a_preset(void **state)
{
	static const char *const text =
		"loads: {soft_timeout: at once, absent_ttl: 10s, error_ttl: 250ms, ttl_jitter: "
		"0.1, refresh_at: 0.8, xfetch: 3, throttle: 2s, throttle_max: 1m}\n"
		"learn: {preset: pages}\n"
		"origins: {db: {sqlite: /dev/null}}\n"
		"routes: [{keys: 'a:{x}', origin: db, query: 'SELECT ?1', stale: 1h, soft_timeout: "
		"at once, absent_ttl: off}]\n";
	char described[1024] = "";
	FILE *out;

	must_read(text);
	assert_int_equal(tayra__settings_open(&settings, error, sizeof(error), note, sizeof(note)),
			 TAYRA_OK);
	for (int i = 0; i < 2; i++) {
		const struct tayra_strategy *s = i ? settings.server.strategy
						   : settings.server.loads;

		assert_true(s->soft_timeout_ns == TAYRA_AT_ONCE); /* 200 ms is the preset's */
		assert_int_equal(s->absent_ttl_ms, 10000);
		assert_int_equal(s->error_ttl_ms, 250);
		assert_true(s->ttl_jitter > 0.09 && s->ttl_jitter < 0.11);
		assert_true(s->refresh_at > 0.79 && s->refresh_at < 0.81);
		assert_true(s->xfetch > 2.9 && s->xfetch < 3.1);
		assert_int_equal(s->throttle_ms, 2000);
		assert_int_equal(s->throttle_max_ms, 60000);
	}
	assert_true(settings.open_routes[0].soft_timeout_ns == TAYRA_AT_ONCE);
	assert_true(settings.open_routes[0].absent_ttl_ms == TAYRA_OFF);
	out = fmemopen(described, sizeof(described), "w");
	tayra__settings_describe(&settings, out);
	fclose(out);
	assert_non_null(strstr(described,
			       "soft_timeout at once, error_ttl 250ms, ttl_jitter 0.1, "
			       "refresh_at 0.8, xfetch 3, throttle 2s, throttle_max 60s"));
}

static void
an_origin_that_tells_has_a_feed_of_its_routes_prefixes(void **state)
{
	const struct tayra__feed_source *feeds;

	must_read("origins:\n"
		  "  told: {sqlite: /dev/null, feed: {changes: c, forget: delete, blind_ttl: off, "
		  "interval: 20ms}}\n"
		  "  mute: {sqlite: /dev/null, feed: off}\n"
		  "routes:\n"
		  "  - {keys: 'a:b:{x}', origin: told, query: 'SELECT ?1'}\n"
		  "  - {keys: 'a:{x}:z', origin: told, query: 'SELECT ?1'}\n"
		  "  - {keys: 'a:c:{x}', origin: told, query: 'SELECT ?1'}\n"
		  "  - {keys: 'a:c:{x}:d', origin: mute, query: 'SELECT ?1'}\n"
		  "  - {keys: 'b:{x}', origin: told, query: 'SELECT ?1'}\n");
	assert_int_equal(tayra__settings_open(&settings, error, sizeof(error), note, sizeof(note)),
			 TAYRA_OK);
	assert_int_equal(settings.server.feed_count, 1);
	feeds = settings.server.feeds;
	assert_int_equal(feeds[0].prefix_count, 2);
	assert_string_equal(feeds[0].prefixes[0], "a:"); /* which covers a:b: */
	assert_string_equal(feeds[0].prefixes[1], "b:");
	assert_string_equal(feeds[0].what, "c");
	assert_string_equal(feeds[0].where, "/dev/null");
	assert_string_equal(feeds[0].place, "etc/t.yaml:2:29: ");
	assert_int_equal(feeds[0].forget, TAYRA_FEED_DELETE);
	assert_true(feeds[0].blind_ttl_ms == TAYRA_OFF);
	assert_int_equal(feeds[0].interval_ns, 20 * TAYRA_NS_PER_MS);
}

static void
one_word_is_a_mode_for_all_that_is_learned(void **state)
{
	must_read("learn: on\n");
	assert_int_equal(settings.learn.strategy.ttl_learning, TAYRA_FEATURE_ON);
	assert_int_equal(settings.learn.strategy.prefetch_refresh, TAYRA_FEATURE_ON);
	assert_int_equal(settings.learn.strategy.prefetch_successors, TAYRA_FEATURE_ON);
	assert_int_equal(settings.learn.strategy.predictor, TAYRA_FEATURE_ON);
	assert_int_equal(settings.learn.strategy.patterns, TAYRA_FEATURE_ON);
}

static void
nothing_is_learned_that_was_not_asked_for(void **state)
{
	must_read("memory: 64M\n");
	assert_int_equal(tayra__settings_open(&settings, error, sizeof(error), note, sizeof(note)),
			 TAYRA_OK);
	assert_null(settings.server.strategy);
	assert_int_equal(settings.server.alert_rule_count, 0);
}

static void
alerts_tell_whom_they_name_and_who_is_named_twice_is_one(void **state)
{
	const struct tayra__server_options *o = &settings.server;

	must_read("alerts:\n"
		  "  - {name: a, rule: tayra_hits > 1, exec: [/bin/sh, -c, x], webhook: "
		  "'http://h/'}\n"
		  "  - {name: b, rule: tayra_hits > 2, sentence: Two, exec: [/bin/sh, -c, x]}\n"
		  "  - {name: c, rule: tayra_hits > 3, exec: [/bin/sh, -c, y]}\n"
		  "  - {name: d, rule: tayra_hits > 4, webhook: 'http://h/'}\n"
		  "  - {name: e, rule: p99 tayra_turn_seconds > 5 for 1m}\n");
	assert_int_equal(tayra__settings_open(&settings, error, sizeof(error), note, sizeof(note)),
			 TAYRA_OK);
	assert_int_equal(o->alert_rule_count, 5);
	assert_int_equal(o->alert_exec_count, 2);
	assert_int_equal(o->alert_webhook_count, 1);
	assert_int_equal(o->alert_rules[0].tells, 1u | 4u);
	assert_int_equal(o->alert_rules[1].tells, 1u);
	assert_string_equal(o->alert_rules[1].sentence, "Two");
	assert_int_equal(o->alert_rules[2].tells, 2u);
	assert_int_equal(o->alert_rules[3].tells, 4u);
	assert_int_equal(o->alert_rules[4].tells, TAYRA__ALERT_NOBODY);
	assert_string_equal(o->alert_rules[4].sentence, "p99 tayra_turn_seconds > 5 for 1m");
	assert_string_equal(o->alert_places[4], "etc/t.yaml:6:15: ");
	assert_string_equal(o->alert_execs[1].argv[2], "y");
	assert_null(o->alert_execs[1].argv[3]);
	assert_string_equal(o->alert_webhooks[0].url, "http://h/");
}

static void
the_command_line_wins(void **state)
{
	set("memory", "64M");
	set("requirepass", "mine");
	must_read("memory: 1G\nmaxclients: 5\npassword_file: nowhere\n");
	assert_int_equal(settings.server.memory_bytes, 64u << 20);
	assert_int_equal(settings.server.clients_max, 5);
	assert_int_equal(tayra__settings_open(&settings, error, sizeof(error), note, sizeof(note)),
			 TAYRA_OK);
	assert_string_equal(settings.server.password, "mine");
}

/* But what the file says is still looked at. */
static void
what_the_command_line_overrides_must_still_be_right(void **state)
{
	set("memory", "64M");
	assert_int_equal(read_text("memory: lots\n"), TAYRA_E_INVAL);
}

#define DB  "origins:\n  db: {sqlite: p.db}\n"
#define API "origins:\n  api: {http: 'http://h'}\n"

static void
what_is_wrong_is_said_with_its_place(void **state)
{
	static const char *const table[][2] = {
		{ "memmory: 1M\n",
		  "etc/t.yaml:1:1: the configuration knows no 'memmory'; did you mean 'memory'?" },
		{ "- a\n", "etc/t.yaml:1:1: should be a mapping, and is a list" },
		{ "just text\n", "etc/t.yaml:1:1: should be a mapping, and is text" },
		{ "xyzzy: 1\n", "etc/t.yaml:1:1: the configuration knows no 'xyzzy'" },
		{ "output-limit: 1M\n", "did you mean 'output_limit'?" },
		{ "a: b\n  c: d\n", "etc/t.yaml:2:4: mapping values are not allowed" },
		{ "\n memory: 10x\n", "etc/t.yaml:2:10: memory '10x' is no size (64M, 1.5GiB)" },
		{ "memory: 012\n", "memory '012' is no size" },
		{ "memory: 0x10\n", "memory '0x10' is no size" },
		{ "memory: -1\n", "memory '-1' is no size" },
		{ "memory: nan\n", "memory 'nan' is no size" },
		{ "memory: inf\n", "memory 'inf' is no size" },
		{ "memory: 99999999999999999999G\n", "is no size" },
		{ "maxclients: 10k\n", "maxclients '10k' is not a number from 1 to 1000000" },
		{ "maxclients: 012\n", "maxclients '012' is not a number" },
		{ "maxclients: 0\n", "maxclients '0' is not a number" },
		{ "maxclients: 1e3\n", "maxclients '1e3' is not a number" },
		{ "maxclients: nan\n", "maxclients 'nan' is not a number" },
		{ "maxclients: 4294967297\n", "is not a number" },
		{ "maxclients: ~\n", "maxclients has no value" },
		{ "maxclients: null\n", "maxclients has no value" },
		{ "memory:\n", "etc/t.yaml:1:1: memory has no value" },
		{ "requirepass: ''\n", "requirepass is empty" },
		{ "timeout: 30\n", "timeout '30' is no duration of at least 1s" },
		{ "timeout: 5ms\n", "timeout '5ms' is no duration of at least 1s" },
		{ "timeout: 03s\n", "timeout '03s' is no duration" },
		{ "policy: lur\n", "policy 'lur' does not exist (did you mean 'lru'?)" },
		{ "memory: [1M]\n", "memory should be text, and is a list" },
		{ "memory: 1M\nmemory: 2M\n", "etc/t.yaml:2:1: 'memory' stands here twice" },
		{ "requirepass: x\npassword_file: y\n",
		  "etc/t.yaml:2:1: password_file stands beside" },
		{ "origins: [a]\n", "origins should be a mapping, and is a list" },
		{ "origins: {a: b}\n", "a should be a mapping, and is text" },
		{ "origins: {a b: {sqlite: x}}\n", "and 'a b' is not" },
		{ "origins: {a: {}}\n",
		  "origin 'a' must have one of sqlite, postgres, redis and http" },
		{ "origins: {a: {sqlite: x, http: y}}\n", "must have only one of" },
		{ "origins: {a: {sqlite: x, stale: 1h}}\n",
		  "t.yaml:1:26: an origin knows no 'stale'; it belongs to a route" },
		{ "routes: [{keys: a, channel: c}]\n",
		  "a route knows no 'channel'; it belongs to feed" },
		{ "origins: {a: {sqlight: x}}\n", "an origin knows no 'sqlight'; did you mean" },
		{ "origins: {a: {sqlite: x, proxy: y}}\n",
		  "etc/t.yaml:1:26: proxy is for HTTP servers, and origin 'a' is none" },
		{ "origins: {a: {http: x, max_age: yes}}\n", "max_age 'yes' is neither true nor" },
		{ "origins: {a: {http: x, headers: a}}\n",
		  "headers should be a list, and is text" },
		{ "origins: {a: {http: x, headers: [[a]]}}\n", "should be text, and is a list" },
		{ "origins: {a: {sqlite: x, limit: 0}}\n", "limit '0' is not a number from 1" },
		{ "origins: {a: {sqlite: x, limit: {min: 5, max: 4}}}\n",
		  "limit has a min of 5 over its max of 4" },
		{ "origins: {a: {sqlite: x, limit: {max: 4, start: 9}}}\n", "limit starts with 9" },
		{ "origins: {a: {sqlite: x, limit: {most: 4}}}\n", "limit knows no 'most'" },
		{ "origins: {a: {sqlite: x, limit: {price: 3}}}\n",
		  "price '3' is not a number from 0.001 to 1" },
		{ "origins: {a: {sqlite: x, limit: {dithr: .1}}}\n", "did you mean 'dither'?" },
		{ "origins: {a: {sqlite: x, limit: [4]}}\n", "limit should be a mapping" },
		{ "routes: {}\n", "routes should be a list, and is a mapping" },
		{ DB "routes: [a]\n", "should be a mapping, and is text" },
		{ DB "routes: [{origin: db, query: q}]\n", "a route needs keys" },
		{ DB "routes: [{keys: k, query: q}]\n", "a route needs an origin" },
		{ DB "routes:\n  - keys: k\n    origin: bd\n    query: q\n",
		  "etc/t.yaml:5:5: there is no origin 'bd'" },
		{ DB "routes: [{keys: k, origin: db}]\n", "a route to a database needs a query" },
		{ "origins: {r: {redis: x}}\nroutes: [{keys: k, origin: r, query: q, as: row}]\n",
		  "as is for SQL databases, and origin 'r' is none" },
		{ DB "routes: [{keys: k, origin: db, query: q, path: /}]\n",
		  "path is for HTTP servers, and origin 'db' is none" },
		{ DB "routes: [{keys: k, origin: db, query: q, max_rows: 5}]\n",
		  "max_rows is for 'as: json': raw and row take the first row alone" },
		{ DB "routes: [{keys: k, origin: db, query: q, as: jsn}]\n",
		  "as 'jsn' does not exist (did you mean 'json'?)" },
		{ DB "routes: [{keys: k, origin: db, query: q, class: top}]\n", "does not exist" },
		{ DB "routes: [{keys: k, origin: db, query: q, ttl: 0s}]\n", "ttl '0s' is no" },
		{ DB "routes: [{keys: k, origin: db, query: q, threads: 257}]\n",
		  "threads '257' is not a number from 1 to 256" },
		{ API "routes: [{keys: k, origin: api}]\n", "needs a path" },
		{ API "routes: [{keys: k, origin: api, path: x}]\n", "does not begin with '/'" },
		{ API "routes: [{keys: k, origin: api, path: /, as: row}]\n",
		  "as is for databases, and origin 'api' is none" },
		{ "learn: maybe\n", "learn 'maybe' does not exist; there are: off monitor on" },
		{ "learn: [on]\n", "learn should be a mapping, and is a list" },
		{ "learn:\n  ttl_lerning: on\n",
		  "t.yaml:2:3: learn knows no 'ttl_lerning'; did you mean 'ttl_learning'?" },
		{ "learn: {patterns: onn}\n", "did you mean 'on'?" },
		{ "learn: {preset: page}\n", "did you mean 'pages'?" },
		{ "learn: {staleness_budget: 1}\n", "is not a number from 1e-06 to 0.999999" },
		{ "learn: {staleness_budget: nan}\n", "is not a number" },
		{ "learn: {known_keys: 7}\n", "known_keys '7' is not a number from 8" },
		{ "learn: {learning_bytes: 1K}\n", "learning_bytes '1K' is not from 327680" },
		{ "learn: {ttl_min: 2m, ttl_max: 1m}\n",
		  "t.yaml:1:1: learn has a ttl_min of 120000 ms over its ttl_max of 60000 ms" },
		{ "learn: {ttl_min: 2h}\n", "over its ttl_max of 6000000 ms" },
		{ "origins: {a: {http: x, feed: on}}\n",
		  "t.yaml:1:24: feed is for databases, and origin 'a' is none" },
		{ DB "routes: [{keys: k, origin: db, query: q, table: t}]\n",
		  "table is for feeds, and origin 'db' has none" },
		{ "origins: {a: {sqlite: x, feed: yes}}\n",
		  "feed 'yes' does not exist; there are" },
		{ "origins: {a: {sqlite: x, feed: {channel: c}}}\n", "channel is for PostgreSQL" },
		{ "origins: {a: {postgres: x, feed: {changes: c}}}\n", "changes is for SQLite" },
		{ "origins: {a: {sqlite: x, feed: {changs: c}}}\n", "did you mean 'changes'?" },
		{ "origins: {a: {sqlite: x, feed: {replication: p}}}\n",
		  "replication is for PostgreSQL" },
		{ "origins: {a: {postgres: x, feed: {replication: p, channel: c}}}\n",
		  "channel is for a feed without replication" },
		{ "origins: {a: {sqlite: x, feed: {interval: 5}}}\n",
		  "is no duration of at least" },
		{ "loads: {soft_timeout: at_once}\n",
		  "t.yaml:1:23: soft_timeout 'at_once' is no duration of at least 1ms" },
		{ "loads: {absent_ttl: 0s}\n", "absent_ttl '0s' is no duration of at least 1ms" },
		{ "loads: {ttl_jitter: 1}\n", "ttl_jitter '1' is not a number from 1e-06 to 0.99" },
		{ "loads: {refresh_at: 80%}\n", "refresh_at '80%' is not a number" },
		{ "loads: {throttel: 1s}\n",
		  "loads knows no 'throttel'; did you mean 'throttle'?" },
		{ "loads: {throttle: 1m, throttle_max: 1s}\n",
		  "t.yaml:1:1: loads has a throttle of 60000 ms over its throttle_max of 1000 ms" },
		{ "loads: off\n", "loads should be a mapping, and is text" },
		{ "alerts: {}\n", "alerts should be a list, and is a mapping" },
		{ "alerts: [{rule: a > 1}]\n", "an alert needs a name" },
		{ "alerts: [{name: a}]\n", "an alert needs a rule" },
		{ "alerts: [{name: a, rules: a > 1}]\n",
		  "an alert knows no 'rules'; did you mean 'rule'?" },
		{ "alerts:\n  - name: a\n    rule: a >\n", "t.yaml:3:5: alert 'a' ends after '>'" },
		{ "alerts: [{name: 'a b', rule: a > 1}]\n",
		  "alert 'a b' is not spelt like a name" },
		{ "alerts: [{name: a, rule: a > 1}, {name: a, rule: b > 1}]\n",
		  "there is an alert 'a' already" },
		{ "alerts: [{name: a, rule: a > 1, exec: /bin/true}]\n",
		  "exec should be a list, and is text" },
		{ "alerts: [{name: a, rule: a > 1, exec: []}]\n", "needs a program with a '/'" },
		{ "alerts: [{name: a, rule: a > 1, exec: [notify]}]\n",
		  "t.yaml:1:33: exec needs a program with a '/'" },
		{ "alerts: [{name: a, rule: a > 1, exec: [/bin/sh, [x]]}]\n",
		  "should be text, and is a list" },
		{ "alerts: [{name: a, rule: a > 1, webhook: 'ftp://h'}]\n",
		  "webhook begins neither with http:// nor with https://" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		setup(NULL);
		if (read_text(table[i][0]) != TAYRA_E_INVAL || !strstr(error, table[i][1]))
			fail_msg("%s: '%s' should be '%s'", table[i][0], error, table[i][1]);
		assert_null(strchr(error, '\n'));
		teardown(NULL);
	}
}

/* What only opening finds. */
static void
what_does_not_open_is_said_with_its_place(void **state)
{
	static const char *const table[][2] = {
		{ "routes:\n  - {keys: 'k{', origin: m, query: 'select ?1'}\n",
		  "t.yaml:4:6: route 'k{'" },
		{ "routes:\n  - {keys: k, origin: m, query: 'selekt 1'}\n",
		  "t.yaml:4:26: route 'k'" },
		{ "routes:\n  - {keys: '{a}', origin: m, query: 'select 1'}\n", "route '{a}'" },
		{ "routes:\n  - {keys: 'k{a}', origin: m, query: 'select ?1'}\n"
		  "  - {keys: 'k{b}', origin: m, query: 'select ?1'}\n",
		  "t.yaml:5:6: 'k{b}' matches the same keys as 'k{a}'" },
		{ "  o: {sqlite: /dev/null, limit: 7}\n"
		  "routes: [{keys: '{a}', origin: o, query: 'select ?1', threads: 6}]\n",
		  "t.yaml:3:26: limit 7 is more than the 6 loads that the routes of origin 'o'" },
		{ "  o: {sqlite: /dev/null, limit: {max: 5}}\n"
		  "routes: [{keys: '{a}', origin: o, query: 'select ?1'}]\n",
		  "limit 5 is more than the 4 loads" },
		{ "  o: {sqlite: /dev/null, limit: 21}\n"
		  "routes: [{keys: '{a}', origin: o, query: 'select ?1', threads: 2,\n"
		  "          batch: 'select value, value from json_each(?1)', batch_keys: 10}]\n",
		  "limit 21 is more than the 20 loads" },
		{ "routes:\n  - {keys: '{a}', origin: m, query: 'select ?1',\n"
		  "     batch: 'select ?1, 2'}\n",
		  "t.yaml:5:6: route '{a}': batch: SQL: it does not read its parameter as JSON" },
		{ "routes:\n  - {keys: '{a}', origin: m, query: 'select ?1',\n"
		  "     version: 'select 1'}\n",
		  "t.yaml:5:6: route '{a}': version: SQL: it takes 0 parameters" },
		{ "alerts: [{name: a, rule: a > 1, exec: [/nowhere/at/all, b]}]\n",
		  "t.yaml:3:33: exec '/nowhere/at/all': No such file" },
		{ "  none: {sqlite: nowhere/at/all.db}\n"
		  "routes: [{keys: '{a}', origin: none, query: 'select ?1'}]\n",
		  "t.yaml:3:10: route '{a}'" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		char text[512];

		snprintf(text, sizeof(text), "origins:\n  m: {sqlite: '/dev/null'}\n%s",
			 table[i][0]);
		setup(NULL);
		must_read(text);
		assert_int_not_equal(
			tayra__settings_open(&settings, error, sizeof(error), note, sizeof(note)),
			TAYRA_OK);
		if (!strstr(error, table[i][1]))
			fail_msg("%s: '%s' should be '%s'", text, error, table[i][1]);
		teardown(NULL);
	}
}

static void
a_limit_follows_the_threads_of_its_routes(void **state)
{
	char text[512];
	size_t len;
	FILE *out = fmemopen(text, sizeof(text), "w");

	must_read("origins:\n  m: {sqlite: /dev/null}\n  unused: {sqlite: /nowhere.db}\n"
		  "routes:\n"
		  "  - {keys: 'a{x}', origin: m, query: 'select ?1', threads: 3}\n"
		  "  - {keys: 'b{x}', origin: m, query: 'select ?1', as: row, stale: 90s}\n");
	if (tayra__settings_open(&settings, error, sizeof(error), note, sizeof(note)) != TAYRA_OK)
		fail_msg("%s", error);
	assert_int_equal(settings.server.route_count, 2);
	assert_int_equal(settings.server.pace_count, 1);
	tayra__settings_describe(&settings, out);
	len = (size_t)ftell(out);
	fclose(out);
	text[len] = '\0';
	assert_string_equal(text,
			    "a{x}: from sqlite 'm' as raw, ttl 60s, limit 1 to 7\n"
			    "b{x}: from sqlite 'm' as row, ttl 60s, stale 90s, limit 1 to 7\n");
}

static char *
read_source(const char *name, size_t *len)
{
	const char *root = getenv("SOURCE_ROOT");
	char path[512], *text = calloc(1, 1 << 20);
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", root ? root : ".", name);
	file = fopen(path, "re");
	if (!file)
		fail_msg("%s: %m", path);
	*len = fread(text, 1, (1 << 20) - 1, file);
	fclose(file);
	return text;
}

static void
in_manual(const struct tayra__knob *table, const char *manual)
{
	for (; table->name; table++) {
		char row[64];

		snprintf(row, sizeof(row), ".B %s\n", table->name);
		if (!strstr(manual, row))
			fail_msg("man/tayra-serve.1 does not say what '%s' is", table->name);
		assert_non_null(table->sentence);
	}
}

static void
the_manual_names_every_knob(void **state)
{
	size_t len;
	char *manual = read_source("man/tayra-serve.1", &len);

	in_manual(tayra__server_knobs, manual);
	in_manual(tayra__origin_knobs, manual);
	in_manual(tayra__limit_knobs, manual);
	in_manual(tayra__route_knobs, manual);
	in_manual(tayra__loads_knobs, manual);
	in_manual(tayra__feed_knobs, manual);
	in_manual(tayra__learn_knobs, manual);
	in_manual(tayra__alert_knobs, manual);
	free(manual);
}

/* A line "# word" is said to the reader; any other that begins with '#' is switched off. */
static void
switch_on(char *text)
{
	char *to = text;
	char last = '\n';

	for (const char *at = text; *at; last = *at++)
		if (*at != '#' || last != '\n' || (at[1] == ' ' && at[2] != ' '))
			*to++ = *at;
	*to = '\0';
}

static void
in_sample(const struct tayra__knob *table, const char *sample)
{
	for (; table->name; table++) {
		char name[64];

		snprintf(name, sizeof(name), "%s:", table->name);
		if (!strstr(sample, name))
			fail_msg("contrib/tayra.yaml does not have '%s'", table->name);
	}
}

static void
the_sample_is_right_as_it_is_and_with_everything_switched_on(void **state)
{
	size_t len;
	char *sample = read_source("contrib/tayra.yaml", &len);

	must_read(sample);
	assert_true(settings.route_count > 0);
	teardown(NULL);
	setup(NULL);
	in_sample(tayra__server_knobs, sample);
	in_sample(tayra__origin_knobs, sample);
	in_sample(tayra__limit_knobs, sample);
	in_sample(tayra__route_knobs, sample);
	in_sample(tayra__loads_knobs, sample);
	in_sample(tayra__feed_knobs, sample);
	in_sample(tayra__learn_knobs, sample);
	in_sample(tayra__alert_knobs, sample);
	switch_on(sample);
	must_read(sample);
	assert_int_equal(settings.origin_count, 4);
	assert_int_equal(settings.alerting.count, 1);
	assert_non_null(settings.learn.at);
	free(sample);
}

static void
a_file_that_cannot_be_read_is_said(void **state)
{
	assert_int_equal(tayra__settings_load(&settings, "nowhere.yaml", error, sizeof(error)),
			 TAYRA_E_IO);
	assert_string_equal(error, "nowhere.yaml: No such file or directory");
	assert_int_equal(tayra__settings_load(&settings, "/", error, sizeof(error)), TAYRA_E_IO);
	assert_int_equal(tayra__settings_load(&settings, "/dev/zero", error, sizeof(error)),
			 TAYRA_E_INVAL);
	assert_string_equal(error, "/dev/zero: more than 256 KiB");
}

int
main(void)
{
#define TEST(claim) cmocka_unit_test_setup_teardown(claim, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(what_the_file_says_is_set),
		TEST(a_limit_takes_every_knob_of_the_pacer),
		TEST(all_limits_look_at_the_machine_unless_the_sensor_is_off),
		TEST(without_a_machine_to_look_at_limits_do_without_and_say_so),
		TEST(what_is_learned_is_the_presets_and_then_what_is_said),
		TEST(how_all_routes_load_is_said_once_and_wins_over_a_preset),
		TEST(an_origin_that_tells_has_a_feed_of_its_routes_prefixes),
		TEST(one_word_is_a_mode_for_all_that_is_learned),
		TEST(nothing_is_learned_that_was_not_asked_for),
		TEST(alerts_tell_whom_they_name_and_who_is_named_twice_is_one),
		TEST(the_command_line_wins),
		TEST(what_the_command_line_overrides_must_still_be_right),
		TEST(what_is_wrong_is_said_with_its_place),
		TEST(what_does_not_open_is_said_with_its_place),
		TEST(a_limit_follows_the_threads_of_its_routes),
		TEST(the_manual_names_every_knob),
		TEST(the_sample_is_right_as_it_is_and_with_everything_switched_on),
		TEST(a_file_that_cannot_be_read_is_said),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
