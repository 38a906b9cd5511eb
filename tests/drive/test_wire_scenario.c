/* SPDX-License-Identifier: Apache-2.0 */
#include "drive/wire_arm.h"

#include "base/mem.h"
#include "drive/kinds.h"
#include "drive/server.h"

#include <fcntl.h>
#include <math.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define MS     TAYRA_NS_PER_MS
#define ANSWER "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
#define CSV    "id\n10\n11\n12\n13\n14\n15\n16\n"
#define ROWS   7
#define HEAD   "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n" /* of what GET would bring */
#define HEARD  200000

/* What a server that keeps what it hears was told. */
struct heard {
	char bytes[HEARD];
	size_t len;
};

static struct tayra__drive_result result;
static struct tayra__rows rows;
static struct heard heard_by[2];

static int
setup(void **state)
{
	char why[200];

	return tayra__rows_parse(&rows, "f.csv", CSV, strlen(CSV), why, sizeof(why));
}

static int
teardown(void **state)
{
	tayra__rows_fini(&rows);
	return 0;
}

static struct server_reply
well(struct server *s, unsigned number)
{
	return (struct server_reply){ ANSWER, 0, SERVER_KEEPS };
}

static struct server_reply
missing(struct server *s, unsigned number)
{
	return (struct server_reply){ number % 2 ? "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n"
						 : ANSWER,
				      0, SERVER_KEEPS };
}

static struct tayra__scenario
reads_and_writes(void)
{
	return (struct tayra__scenario){
		.kind = { { .name = "read", .weight = 3, .path = "item/{id}" },
			  { .name = "write", .weight = 1, .path = "w/{id}", .method = "HEAD" } },
		.kinds = 2,
		.rows = &rows
	};
}

static struct tayra__wire *
open_wire(const char *url, const struct tayra__scenario *scenario, uint32_t connections)
{
	const struct tayra__wire_options options = { .url = url,
						     .connections = connections,
						     .scenario = scenario };
	struct tayra__wire *wire;
	char why[TAYRA__WIRE_WHY];

	if (tayra__wire_open(&options, &wire, why, sizeof(why)) != TAYRA_OK)
		fail_msg("%s", why);
	return wire;
}

static void
drive_open(struct tayra__wire *wire, uint64_t seed)
{
	const struct tayra__open_plan plan = { .rate_per_s = 1000,
					       .arrivals = TAYRA__ARRIVALS_UNIFORM,
					       .length_ns = 300 * MS,
					       .seed = seed };

	tayra__hist_init(&result.latency);
	assert_int_equal(tayra__wire_drive_open(wire, &plan, 5000 * MS, &result), TAYRA_OK);
	assert_int_equal(result.ok, 300);
}

static void
drive_closed(struct tayra__wire *wire, uint32_t clients, uint64_t length_ns)
{
	const struct tayra__closed_plan plan = { .clients = clients,
						 .length_ns = length_ns,
						 .seed = 7 };

	tayra__hist_init(&result.latency);
	assert_int_equal(tayra__wire_drive_closed(wire, &plan, &result), TAYRA_OK);
}

static void
each_kind_is_booked_beside_the_whole(void **state)
{
	struct tayra__scenario scenario = reads_and_writes();
	struct server *server = server_up(missing, NULL);
	const struct tayra__kinds *kinds;
	struct tayra__kind_figures read, write;
	struct tayra__wire *wire;

	scenario.kind[0].path = "/item/{id}";
	scenario.kind[1].path = "/w/{id}";
	wire = open_wire(server->url, &scenario, 4);
	drive_closed(wire, 4, 100 * MS);
	kinds = tayra__wire_kinds(wire);
	tayra__kinds_figures(kinds, 0, &read);
	tayra__kinds_figures(kinds, 1, &write);
	assert_int_equal(read.requests + write.requests, result.offered);
	assert_int_equal(read.errors + write.errors, result.offered - result.ok);
	assert_true(write.requests > 0 && read.requests > write.requests);
	assert_true(fabs(read.share - 0.75) < 5 * sqrt(0.75 * 0.25 / (double)result.offered));
	assert_true(read.p50_ms > 0);
	assert_true(fabs(read.throughput_per_s + write.throughput_per_s -
			 (double)result.ok * 1e9 / (double)result.length_ns) < 1e-3);
	tayra__wire_close(wire);
	server_down(server);
}

/* Keeps what it is told, and answers each request that has come whole. */
static void *
listen_to(void *arg)
{
	struct heard *heard = arg;
	int listener = *(int *)(void *)heard->bytes;
	int fd = accept(listener, NULL, NULL);
	size_t answered = 0;

	for (;;) {
		ssize_t n = recv(fd, heard->bytes + heard->len, HEARD - 1 - heard->len, 0);

		if (n <= 0)
			break;
		heard->len += (size_t)n;
		heard->bytes[heard->len] = '\0';
		for (const char *end; (end = strstr(heard->bytes + answered, "\r\n\r\n"));
		     answered = (size_t)(end + 4 - heard->bytes)) {
			const char *answer = strncmp(heard->bytes + answered, "HEAD", 4) ? ANSWER
											 : HEAD;

			if (send(fd, answer, strlen(answer), MSG_NOSIGNAL) < 0)
				break;
		}
	}
	close(fd);
	return NULL;
}

/* What a server hears on one connection while `ask` asks it. */
static void
hear_asked(struct heard *heard, const struct tayra__scenario *scenario,
	   void (*ask)(struct tayra__wire *wire, uint64_t seed), uint64_t seed)
{
	struct tayra__address address;
	char url[100], text[TAYRA__ADDRESS_TEXT];
	struct tayra__wire *wire;
	pthread_t thread;
	int listener;

	assert_int_equal(tayra__address_parse("127.0.0.1:0", &address), TAYRA_OK);
	listener = tayra__socket_listen(&address);
	assert_true(listener >= 0);
	memset(heard, 0, sizeof(*heard));
	memcpy(heard->bytes, &listener, sizeof(listener));
	assert_int_equal(fcntl(listener, F_SETFL, 0), 0);
	tayra__address_text(&address, text);
	snprintf(url, sizeof(url), "http://%s/", text);
	assert_int_equal(pthread_create(&thread, NULL, listen_to, heard), 0);
	wire = open_wire(url, scenario, 1);
	ask(wire, seed);
	tayra__wire_close(wire);
	pthread_join(thread, NULL);
	close(listener);
	/* The port is another one each time. */
	for (char *host; (host = strstr(heard->bytes, "Host: 1"));)
		memset(host, '-', strcspn(host, "\r"));
}

static void
hear(struct heard *heard, const struct tayra__scenario *scenario, uint64_t seed)
{
	hear_asked(heard, scenario, drive_open, seed);
}

static void
drive_twice(struct tayra__wire *wire, uint64_t seed)
{
	drive_open(wire, seed);
	drive_open(wire, seed + 1);
}

/* A turn of an arm, at an even 100 requests. */
static void
take_turn(struct tayra__wire *wire, uint64_t seed)
{
	struct tayra__wire_arm arm = {
		.wire = wire, .load = { .rate_per_s = 1000, .arrivals = TAYRA__ARRIVALS_UNIFORM }
	};
	const struct tayra__slice slice = { .seed = seed, .length_ns = 100 * MS };
	const struct tayra__kinds *kinds = tayra__wire_kinds(wire);
	double part[TAYRA__SESSION_PARTS_MAX], count = 0;
	struct tayra__measure out = { .part = part };

	for (size_t i = 0; i < TAYRA__SESSION_PARTS_MAX; i++)
		part[i] = -1;
	assert_int_equal(tayra__wire_arm_run(&arm, &slice, &out), TAYRA_OK);
	assert_int_equal(out.requests, 100);
	/* Each kind's median is of this turn's requests, whatever went before. */
	for (size_t i = 0; i < kinds->scenario->kinds; i++) {
		const struct tayra__hist *of = &kinds->tally[i].slice;

		count += (double)of->count;
		assert_true(of->count < 10 ||
			    part[i] == (double)tayra__hist_quantile(of, 0.5) / 1e6);
	}
	assert_int_equal(count, 100);
	assert_true(part[kinds->scenario->kinds] == -1);
}

/* Another arm may have been asked more before. */
static void
take_turn_late(struct tayra__wire *wire, uint64_t seed)
{
	drive_open(wire, 1);
	take_turn(wire, seed);
}

static void
arms_with_one_seed_are_sent_the_same_bytes(void **state)
{
	struct tayra__scenario scenario = reads_and_writes();

	scenario.kind[0].path = "/item/{id}";
	scenario.kind[1].path = "/w/{id}";
	hear(&heard_by[0], &scenario, 5);
	hear(&heard_by[1], &scenario, 5);
	assert_true(heard_by[0].len > 300 * 40);
	assert_int_equal(heard_by[0].len, heard_by[1].len);
	assert_memory_equal(heard_by[0].bytes, heard_by[1].bytes, heard_by[0].len);
	assert_non_null(strstr(heard_by[0].bytes, "GET /item/1"));
	assert_non_null(strstr(heard_by[0].bytes, "HEAD /w/1"));
	hear(&heard_by[1], &scenario, 6);
	assert_true(memcmp(heard_by[0].bytes, heard_by[1].bytes, heard_by[0].len) != 0);
}

static void
rows_in_order_go_on_from_slice_to_slice(void **state)
{
	struct tayra__scenario scenario = reads_and_writes();
	const char *at;
	unsigned row = 0;

	scenario.kinds = 1;
	scenario.order = TAYRA__SCENARIO_SEQUENCE;
	scenario.kind[0].path = "/item/{id}";
	hear_asked(&heard_by[0], &scenario, drive_twice, 5);
	for (at = heard_by[0].bytes; (at = strstr(at, "/item/")); at++) {
		assert_int_equal(strtoul(at + 6, NULL, 10), 10 + row % ROWS);
		row++;
	}
	assert_int_equal(row, 600);
}

static void
rows_in_order_are_the_same_for_all_arms_of_a_turn(void **state)
{
	struct tayra__scenario scenario = reads_and_writes();
	size_t len;

	scenario.kinds = 1;
	scenario.order = TAYRA__SCENARIO_SEQUENCE;
	scenario.kind[0].path = "/item/{id}";
	hear_asked(&heard_by[0], &scenario, take_turn, 5);
	hear_asked(&heard_by[1], &scenario, take_turn_late, 5);
	len = heard_by[0].len;
	assert_int_equal(heard_by[1].len, 4 * len);
	assert_memory_equal(heard_by[1].bytes + 3 * len, heard_by[0].bytes, len);
}

/* With a mean of 40 ms and an answer within no time, 8 clients ask 200 times a second. */
static void
clients_think_before_they_ask_again(void **state)
{
	for (int varies = 0; varies < 2; varies++) {
		struct tayra__scenario scenario = reads_and_writes();
		struct server *server = server_up(well, NULL);
		struct tayra__wire *wire;

		scenario.kinds = 1;
		scenario.kind[0].path = "/";
		scenario.kind[0].think_ns = 40 * MS;
		scenario.kind[0].think_varies = varies;
		wire = open_wire(server->url, &scenario, 8);
		drive_closed(wire, 8, 1000 * MS);
		/* A busy machine asks less often, never more. */
		assert_in_range(result.offered, 30, varies ? 300 : 8 * 26);
		assert_int_equal(result.ok, result.offered);
		if (!varies)
			assert_true(result.cpu_ns < 500 * MS);
		tayra__wire_close(wire);
		server_down(server);
	}
}

/* Nor for longer than they should: naps are of 20 ms. */
static void
a_short_thought_ends_in_time(void **state)
{
	struct tayra__scenario scenario = reads_and_writes();
	struct server *server = server_up(well, NULL);
	struct tayra__wire *wire;
	uint64_t most = 0;

	scenario.kinds = 1;
	scenario.kind[0].path = "/";
	scenario.kind[0].think_ns = 4 * MS;
	wire = open_wire(server->url, &scenario, 1);
	for (int i = 0; i < 8 && most < 40; i++) {
		drive_closed(wire, 1, 400 * MS);
		assert_in_range(result.offered, 1, 101);
		most = result.offered > most ? result.offered : most;
	}
	assert_true(most >= 40);
	tayra__wire_close(wire);
	server_down(server);
}

/* A kind that thinks beside one that does not: both go on. */
static void
only_the_kind_that_thinks_does(void **state)
{
	struct tayra__scenario scenario = reads_and_writes();
	struct server *server = server_up(well, NULL);
	struct tayra__wire *wire;

	scenario.kind[0].path = scenario.kind[1].path = "/";
	scenario.kind[1].think_ns = 20 * MS;
	wire = open_wire(server->url, &scenario, 2);
	drive_closed(wire, 2, 300 * MS);
	/* Four requests to a thought: over 30 in that time, were there nothing else. */
	assert_in_range(result.offered, 8, 2 * 4 * 15 * 4);
	tayra__wire_close(wire);
	server_down(server);
}

static void
a_slice_takes_no_memory(void **state)
{
	struct tayra__scenario scenario = reads_and_writes();
	struct server *server = server_up(well, NULL);
	struct tayra__wire *wire;

	scenario.kind[0].path = scenario.kind[1].path = "/{id}";
	scenario.kind[0].think_ns = MS;
	wire = open_wire(server->url, &scenario, 16);
	tayra__mem_fail_after(UINT64_MAX);
	drive_closed(wire, 16, 100 * MS);
	assert_true(result.ok > 16);
	drive_open(wire, 1);
	assert_int_equal(tayra__mem_count(), 0);
	tayra__mem_fail_after(0);
	tayra__wire_close(wire);
	server_down(server);
}

/* A trace of 10 s whose moments come closer and closer: stretches of it differ. */
static void
arms_of_a_turn_are_asked_by_the_same_stretch_of_a_trace(void **state)
{
	static uint64_t moments[1000];
	struct tayra__scenario scenario = reads_and_writes();
	struct server *server = server_up(well, NULL);
	struct tayra__wire_arm arm[2] = { 0 };
	uint64_t asked[2][8];
	bool differ = false;

	scenario.kind[0].path = scenario.kind[1].path = "/";
	for (size_t i = 0; i < 1000; i++)
		moments[i] = (uint64_t)(10e9 * sqrt((double)i / 1000));
	for (size_t i = 0; i < 2; i++) {
		arm[i].wire = open_wire(server->url, &scenario, 4);
		arm[i].load = (struct tayra__wire_load){ .arrivals = TAYRA__ARRIVALS_TRACE,
							 .moments = moments,
							 .moment_count = 1000 };
		for (uint64_t turn = 0; turn < 8; turn++) {
			const struct tayra__slice slice = { .seed = 100 + turn,
							    .length_ns = 100 * MS };
			struct tayra__measure out = { .latency = NULL };

			assert_int_equal(tayra__wire_arm_run(&arm[i], &slice, &out), TAYRA_OK);
			asked[i][turn] = out.requests;
			differ |= turn && out.requests != asked[i][0];
		}
		tayra__wire_close(arm[i].wire);
	}
	assert_memory_equal(asked[0], asked[1], sizeof(asked[0]));
	assert_true(differ);
	server_down(server);
}

static void
refuse(const struct tayra__wire_options *options, const char *part)
{
	struct tayra__wire *wire;
	char why[TAYRA__WIRE_WHY] = "";

	assert_int_equal(tayra__wire_open(options, &wire, why, sizeof(why)), TAYRA_E_INVAL);
	assert_null(wire);
	if (!strstr(why, part))
		fail_msg("'%s' does not say '%s'", why, part);
}

static void
what_a_kind_cannot_ask_is_refused_with_its_name_and_place(void **state)
{
	struct tayra__scenario scenario = reads_and_writes();
	struct tayra__wire_options options = { .url = "http://127.0.0.1:1/",
					       .scenario = &scenario };
	struct tayra__wire_options post = options;
	static char large[TAYRA__SCENARIO_REQUEST_MAX + 2];

	scenario.kind[1].where = "plan.yaml:7:5";
	scenario.kind[0].path = "/";
	refuse(&options, "plan.yaml:7:5: write: a path begins with '/'");
	scenario.kind[1].path = "/{idd}";
	refuse(&options, "did you mean 'id'?");
	scenario.kind[1].path = "/";
	scenario.kind[1].words[0] = "PING";
	scenario.kind[1].word_count = 1;
	refuse(&options, "write: a command is for redis://");
	scenario.kind[1].word_count = 0;
	post.method = "POST";
	refuse(&post, "a scenario says itself what is asked");
	memset(large, 'x', sizeof(large) - 1);
	scenario.kind[1].body = large;
	refuse(&options, "over 1 MiB");
	large[sizeof(large) - 1000] = '\0';
	options.connections = 1000;
	refuse(&options, "1000 connections with requests of up to");
	scenario.kind[1].body = NULL;
	options.url = "redis://127.0.0.1:1/";
	refuse(&options, "a path is for http://");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind_is_booked_beside_the_whole),
		cmocka_unit_test(arms_with_one_seed_are_sent_the_same_bytes),
		cmocka_unit_test(rows_in_order_go_on_from_slice_to_slice),
		cmocka_unit_test(rows_in_order_are_the_same_for_all_arms_of_a_turn),
		cmocka_unit_test(clients_think_before_they_ask_again),
		cmocka_unit_test(a_short_thought_ends_in_time),
		cmocka_unit_test(only_the_kind_that_thinks_does),
		cmocka_unit_test(a_slice_takes_no_memory),
		cmocka_unit_test(arms_of_a_turn_are_asked_by_the_same_stretch_of_a_trace),
		cmocka_unit_test(what_a_kind_cannot_ask_is_refused_with_its_name_and_place),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
