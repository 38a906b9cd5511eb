/* SPDX-License-Identifier: Apache-2.0 */
#include "drive/wire_arm.h"

#include "drive/arrivals.h"
#include "drive/server.h"

#include <math.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define MS       TAYRA_NS_PER_MS
#define ATTEMPTS 5 /* on a machine shared with others some moments are not calm */
#define ANSWER   "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"

static struct tayra__drive_result result;

static struct tayra__wire *
open_wire(const char *url, uint32_t connections, uint64_t timeout_ns)
{
	const struct tayra__wire_options options = { .url = url,
						     .connections = connections,
						     .timeout_ns = timeout_ns };
	struct tayra__wire *wire;
	char why[TAYRA__WIRE_WHY];

	if (tayra__wire_open(&options, &wire, why, sizeof(why)) != TAYRA_OK)
		fail_msg("%s", why);
	return wire;
}

/* What holds of every slice. */
static void
check(const struct tayra__wire *wire)
{
	const struct tayra__wire_errors *errors = tayra__wire_errors(wire);
	uint64_t sum = 0;

	for (int i = 0; i < TAYRA__WIRE_ERRORS; i++)
		sum += errors->count[i];
	assert_int_equal(sum, result.errors);
	assert_int_equal(sum == 0, errors->first[0] == '\0');
	assert_int_equal(result.offered,
			 result.ok + result.late + result.shed + result.errors + result.abandoned);
	assert_int_equal(result.latency.count, result.offered);
}

static void
drive_closed(struct tayra__wire *wire, uint32_t clients, uint64_t length_ns)
{
	const struct tayra__closed_plan plan = { .clients = clients, .length_ns = length_ns };

	tayra__hist_init(&result.latency);
	assert_int_equal(tayra__wire_drive_closed(wire, &plan, &result), TAYRA_OK);
	check(wire);
}

static void
drive_open(struct tayra__wire *wire, double rate_per_s, uint64_t length_ns, uint64_t drain_ns)
{
	const struct tayra__open_plan plan = { .rate_per_s = rate_per_s,
					       .arrivals = TAYRA__ARRIVALS_UNIFORM,
					       .length_ns = length_ns };

	tayra__hist_init(&result.latency);
	assert_int_equal(tayra__wire_drive_open(wire, &plan, drain_ns, &result), TAYRA_OK);
	check(wire);
}

static uint64_t
errors_of(const struct tayra__wire *wire, enum tayra__wire_error kind)
{
	assert_int_equal(tayra__wire_errors(wire)->count[kind], result.errors);
	return result.errors;
}

static void
first_error_says(const struct tayra__wire *wire, const char *part)
{
	const char *first = tayra__wire_errors(wire)->first;

	if (!strstr(first, part))
		fail_msg("'%s' does not say '%s'", first, part);
}

static uint64_t
quantile_ns(double q)
{
	return tayra__hist_quantile(&result.latency, q);
}

static struct server_reply
well(struct server *s, unsigned number)
{
	return (struct server_reply){ ANSWER, 0, SERVER_KEEPS };
}

static void
each_answer_counts_once_and_connections_are_kept_between_slices(void **state)
{
	struct server *server = server_up(well, NULL);
	struct tayra__wire *wire = open_wire(server->url, 8, 0);
	uint64_t offered = 0;

	for (int i = 0; i < 3; i++) {
		drive_closed(wire, 8, 20 * MS);
		assert_int_equal(result.ok, result.offered);
		assert_in_range(result.ok, 1, UINT64_MAX);
		offered += result.offered;
		drive_open(wire, 1000, 20 * MS, 1000 * MS);
		assert_int_equal(result.offered, 20);
		assert_int_equal(result.ok, 20);
		assert_int_equal(result.lag.count, 20);
		offered += result.offered;
	}
	tayra__wire_close(wire);
	assert_int_equal(server->asked, offered);
	assert_int_equal(server->accepted, 8);
	server_down(server);
}

static void
a_thousand_connections_are_opened_before_a_slice_begins(void **state)
{
	struct server *server = server_up(well, NULL);
	struct tayra__wire *wire = open_wire(server->url, 1000, 0);
	uint64_t until;

	drive_open(wire, 500, 20 * MS, 2000 * MS);
	assert_int_equal(result.ok, 10);
	/* The system lets them in before the server looks. */
	until = tayra__clock_real_ns() + 2000 * MS;
	while (server->accepted < 1000 && tayra__clock_real_ns() < until)
		tayra__clock_sleep_until_ns(tayra__clock_real_ns() + MS);
	tayra__wire_close(wire);
	assert_int_equal(server->accepted, 1000);
	server_down(server);
}

static struct server_reply
in_pieces(struct server *s, unsigned number)
{
	static const char chunked[] = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"
				      "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";

	return (struct server_reply){ chunked, 7, SERVER_KEEPS };
}

static void
an_answer_in_pieces_is_one_answer(void **state)
{
	struct server *server = server_up(in_pieces, NULL);
	struct tayra__wire *wire = open_wire(server->url, 2, 0);

	drive_closed(wire, 2, 30 * MS);
	assert_int_equal(result.ok, server->asked);
	assert_in_range(result.ok, 1, 1000);
	/* 13 pieces, 200 us apart */
	assert_true(result.latency.min >= 2 * MS);
	assert_int_equal(server->accepted, 2);
	tayra__wire_close(wire);
	server_down(server);
}

static struct server_reply
once(struct server *s, unsigned number)
{
	return (struct server_reply){ number % 2 ? "HTTP/1.0 200 OK\r\n\r\nto the end"
						 : "HTTP/1.1 200 OK\r\nConnection: close\r\n"
						   "Content-Length: 1\r\n\r\nx",
				      0, SERVER_CLOSES };
}

static void
a_server_that_closes_after_each_answer_is_called_again(void **state)
{
	struct server *server = server_up(once, NULL);
	struct tayra__wire *wire = open_wire(server->url, 2, 0);

	drive_closed(wire, 2, 30 * MS);
	assert_int_equal(result.ok, result.offered);
	assert_in_range(result.ok, 4, UINT64_MAX);
	assert_true(server->accepted >= result.ok);
	tayra__wire_close(wire);
	server_down(server);
}

static struct server_reply
well_and_gone(struct server *s, unsigned number)
{
	return (struct server_reply){ ANSWER, 0, number % 2 ? SERVER_RESETS : SERVER_CLOSES };
}

static void
a_server_that_closes_without_saying_so_costs_no_error(void **state)
{
	struct server *server = server_up(well_and_gone, NULL);
	struct tayra__wire *wire = open_wire(server->url, 4, 0);

	drive_closed(wire, 4, 30 * MS);
	assert_int_equal(result.ok, result.offered);
	assert_in_range(result.ok, 8, UINT64_MAX);
	assert_true(server->accepted >= result.ok);
	drive_open(wire, 1000, 50 * MS, 2000 * MS);
	assert_int_equal(result.ok, 50);
	tayra__wire_close(wire);
	server_down(server);
}

static struct server_reply
well_then_deaf(struct server *s, unsigned number)
{
	if (!number)
		return well(s, number);
	return (struct server_reply){ NULL, 0, SERVER_CLOSES };
}

static void
a_request_is_asked_again_once_and_only_on_a_connection_that_was_used(void **state)
{
	struct server *server = server_up(well_then_deaf, NULL);
	struct tayra__wire *wire = open_wire(server->url, 1, 0);

	drive_closed(wire, 1, 60 * MS);
	assert_int_equal(result.ok, 1);
	assert_in_range(errors_of(wire, TAYRA__WIRE_RESET), 1, UINT64_MAX);
	assert_int_equal(server->asked, result.offered + 1);
	first_error_says(wire, "without an answer");
	tayra__wire_close(wire);
	server_down(server);
}

static void
what_may_not_be_asked_twice_is_not(void **state)
{
	struct server *server = server_up(well_and_gone, NULL);
	const struct tayra__wire_options options = { .url = server->url, .method = "POST" };
	struct tayra__wire *wire;
	char why[TAYRA__WIRE_WHY];

	assert_int_equal(tayra__wire_open(&options, &wire, why, sizeof(why)), TAYRA_OK);
	drive_closed(wire, 1, 60 * MS);
	assert_int_equal(server->asked, result.ok);
	assert_in_range(errors_of(wire, TAYRA__WIRE_RESET), 1, UINT64_MAX);
	tayra__wire_close(wire);
	server_down(server);
}

static void
connections_that_the_server_closed_between_slices_are_no_error(void **state)
{
	struct server *server = server_up(well, NULL);
	struct tayra__wire *wire = open_wire(server->url, 4, 0);

	drive_closed(wire, 4, 10 * MS);
	server->hang_up = true;
	while (server->hang_up)
		tayra__clock_sleep_until_ns(tayra__clock_real_ns() + MS);
	drive_open(wire, 1000, 20 * MS, 1000 * MS);
	assert_int_equal(result.ok, 20);
	assert_int_equal(server->accepted, 8);
	tayra__wire_close(wire);
	server_down(server);
}

static struct server_reply
half_and_reset(struct server *s, unsigned number)
{
	if (number % 4 != 3)
		return well(s, number);
	return (struct server_reply){ "HTTP/1.1 200 OK\r\nContent-Le", 0,
				      number % 8 == 3 ? SERVER_RESETS : SERVER_CLOSES };
}

static void
a_connection_that_breaks_is_an_error_and_opened_again(void **state)
{
	struct server *server = server_up(half_and_reset, NULL);
	struct tayra__wire *wire = open_wire(server->url, 2, 0);

	drive_closed(wire, 2, 50 * MS);
	assert_in_range(errors_of(wire, TAYRA__WIRE_RESET), 1, UINT64_MAX);
	assert_int_equal(result.errors, server->asked / 4);
	assert_int_equal(result.ok, server->asked - server->asked / 4);
	tayra__wire_close(wire);
	server_down(server);
}

static struct server_reply
garble(struct server *s, unsigned number)
{
	return (struct server_reply){ "SSH-2.0-OpenSSH\r\n", 0, SERVER_KEEPS };
}

static struct server_reply
say_too_much(struct server *s, unsigned number)
{
	return (struct server_reply){ ANSWER ANSWER, 0, SERVER_KEEPS };
}

static void
garbage_is_an_error_and_its_connection_is_not_used_again(void **state)
{
	struct server *server = server_up(garble, NULL);
	struct tayra__wire *wire = open_wire(server->url, 1, 0);

	drive_closed(wire, 1, 100 * MS);
	assert_in_range(errors_of(wire, TAYRA__WIRE_MALFORMED), 2, UINT64_MAX);
	first_error_says(wire, "no status line");
	/* At once, then after 10, 20, 40, 80 ms. */
	assert_in_range(server->accepted, 2, 6);
	tayra__wire_close(wire);
	server_down(server);
	server = server_up(say_too_much, NULL);
	wire = open_wire(server->url, 1, 0);
	drive_closed(wire, 1, 5 * MS);
	assert_in_range(errors_of(wire, TAYRA__WIRE_MALFORMED), 1, UINT64_MAX);
	first_error_says(wire, "more came");
	tayra__wire_close(wire);
	server_down(server);
}

static struct server_reply
silence(struct server *s, unsigned number)
{
	return (struct server_reply){ NULL, 0, SERVER_KEEPS };
}

static void
silence_times_out_and_counts_as_long_as_it_took(void **state)
{
	struct server *server = server_up(silence, NULL);
	struct tayra__wire *wire = open_wire(server->url, 2, 40 * MS);

	drive_closed(wire, 2, 100 * MS);
	assert_in_range(errors_of(wire, TAYRA__WIRE_TIMEOUT), 2, 6);
	assert_true(result.latency.min >= 40 * MS);
	first_error_says(wire, "no answer within 0.04 s");
	drive_open(wire, 100, 100 * MS, 50 * MS);
	assert_int_equal(result.offered, 10);
	assert_int_equal(result.errors + result.abandoned, 10);
	assert_in_range(errors_of(wire, TAYRA__WIRE_TIMEOUT), 2, 10);
	tayra__wire_close(wire);
	server_down(server);
}

static struct server_reply
say_500(struct server *s, unsigned number)
{
	return (struct server_reply){ "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n", 0,
				      SERVER_KEEPS };
}

static void
a_status_of_400_and_above_is_an_error_unless_any_will_do(void **state)
{
	struct server *server = server_up(say_500, NULL);
	const struct tayra__wire_options lenient = { .url = server->url, .any_status = true };
	struct tayra__wire *wire = open_wire(server->url, 1, 0);

	drive_closed(wire, 1, 10 * MS);
	assert_int_equal(errors_of(wire, TAYRA__WIRE_STATUS), result.offered);
	first_error_says(wire, "status 500");
	tayra__wire_close(wire);
	assert_int_equal(server->accepted, 1);
	assert_int_equal(tayra__wire_open(&lenient, &wire, NULL, 0), TAYRA_OK);
	drive_closed(wire, 1, 10 * MS);
	assert_int_equal(result.ok, result.offered);
	tayra__wire_close(wire);
	server_down(server);
}

static void
a_server_that_is_gone_costs_errors_and_no_busy_loop(void **state)
{
	struct server *server = server_up(well, NULL);
	struct tayra__wire *wire = open_wire(server->url, 4, 0);
	uint64_t cpu;

	server_stop(server);
	cpu = tayra__clock_thread_cpu_ns();
	drive_closed(wire, 4, 200 * MS);
	cpu = tayra__clock_thread_cpu_ns() - cpu;
	/* Attempts at 0, 10, 30, 70, 150 ms, each of up to 4. */
	assert_in_range(errors_of(wire, TAYRA__WIRE_CONNECT), 3, 28);
	first_error_says(wire, "connection refused");
	assert_true(cpu < 50 * MS);
	drive_open(wire, 1000, 100 * MS, 1000 * MS);
	assert_int_equal(errors_of(wire, TAYRA__WIRE_CONNECT), 100);
	/* They count to the end of the slice: refusing is not fast. */
	assert_true(quantile_ns(0.5) >= 40 * MS);
	tayra__wire_close(wire);
	server_down(server);
}

/* Request 30 finds a server that does nothing for 300 ms. */
static struct server_reply
stall(struct server *s, unsigned number)
{
	if (number == 30)
		tayra__clock_sleep_until_ns(tayra__clock_real_ns() + 300 * MS);
	return well(s, number);
}

/* 500 a second for 600 ms, half of which the server is away: half of all requests wait, from 300 ms
 * down to nothing, whatever the number of connections.  p99 is near 294 ms. */
static void
a_stall_is_in_the_tail_of_those_that_were_due_meanwhile(void **state)
{
	for (uint32_t connections = 1; connections <= 16; connections += 15) {
		struct server *server = server_up(stall, NULL);
		struct tayra__wire *wire = open_wire(server->url, connections, 0);

		drive_open(wire, 500, 600 * MS, 1000 * MS);
		assert_int_equal(result.ok, 300);
		assert_true(result.latency.max >= 298 * MS);
		assert_true(quantile_ns(0.99) >= 285 * MS);
		assert_true(quantile_ns(0.75) >= 140 * MS);
		tayra__wire_close(wire);
		server_down(server);
	}
}

static struct server_reply
silence_and_stop(struct server *s, unsigned number)
{
	if (number == 2)
		atomic_store((_Atomic bool *)s->ctx, true);
	return silence(s, number);
}

static void
a_stop_ends_the_slice_and_abandons_what_has_no_answer(void **state)
{
	_Atomic bool stop = false;
	struct server *server = server_up(silence_and_stop, &stop);
	const struct tayra__open_plan plan = { .rate_per_s = 1000,
					       .length_ns = 10000 * MS,
					       .stop = &stop };
	struct tayra__wire *wire = open_wire(server->url, 4, 0);
	uint64_t begin = tayra__clock_real_ns();

	tayra__hist_init(&result.latency);
	assert_int_equal(tayra__wire_drive_open(wire, &plan, 1000 * MS, &result), TAYRA_OK);
	assert_true(tayra__clock_real_ns() - begin < 1000 * MS);
	check(wire);
	assert_int_equal(result.abandoned, result.offered);
	tayra__wire_close(wire);
	server_down(server);
}

static void
nobody_there_is_said_in_one_line(void **state)
{
	struct server *server = server_up(well, NULL);
	char url[96], why[TAYRA__WIRE_WHY], wanted[160];
	const struct tayra__wire_options options = { .url = url };
	const struct tayra__wire_options many = { .url = url, .connections = 1000000 };
	struct tayra__wire *wire;

	snprintf(url, sizeof(url), "%s", server->url);
	snprintf(wanted, sizeof(wanted), "%s: connection refused", url);
	server_down(server);
	assert_int_equal(tayra__wire_open(&options, &wire, why, sizeof(why)), TAYRA_E_IO);
	assert_null(wire);
	assert_string_equal(why, wanted);
	assert_int_equal(tayra__wire_open(&many, &wire, why, sizeof(why)), TAYRA_E_INVAL);
}

static void
nonsense_is_refused(void **state)
{
	struct server *server = server_up(well, NULL);
	struct tayra__wire *wire = open_wire(server->url, 2, 0);
	const struct tayra__open_plan no_time = { .rate_per_s = 1 };
	const struct tayra__open_plan wild = { .rate_per_s = 1e300, .length_ns = MS };
	const struct tayra__closed_plan many = { .clients = 3, .length_ns = MS };
	const struct tayra__closed_plan none = { .length_ns = MS };

	assert_int_equal(tayra__wire_drive_open(wire, &no_time, 0, &result), TAYRA_E_INVAL);
	assert_int_equal(tayra__wire_drive_open(wire, &wild, 0, &result), TAYRA_E_INVAL);
	assert_int_equal(tayra__wire_drive_closed(wire, &many, &result), TAYRA_E_INVAL);
	assert_int_equal(tayra__wire_drive_closed(wire, &none, &result), TAYRA_E_INVAL);
	tayra__wire_close(wire);
	server_down(server);
}

static struct server_reply
answer_in_30_ms(struct server *server, unsigned number)
{
	tayra__clock_sleep_until_ns(tayra__clock_real_ns() + 30 * MS);
	return (struct server_reply){ ANSWER, 0, SERVER_KEEPS };
}

/* The server does one at a time: at 10 a second hardly any waits, at 200 all of them do. */
static void
connections_are_opened_when_a_request_has_to_wait_for_one(void **state)
{
	struct server *server = server_up(answer_in_30_ms, NULL);
	const struct tayra__wire_options options = { .url = server->url,
						     .connections = 12,
						     .ready = 2 };
	struct tayra__wire *wire;
	unsigned few;

	assert_int_equal(tayra__wire_open(&options, &wire, NULL, 0), TAYRA_OK);
	drive_open(wire, 10, 300 * MS, 1000 * MS);
	assert_int_equal(result.ok, result.offered);
	few = server->accepted;
	assert_in_range(few, 2, 6);
	drive_open(wire, 200, 200 * MS, 3000 * MS);
	assert_int_equal(result.ok, result.offered);
	assert_in_range(server->accepted, few + 1, 13);
	tayra__wire_close(wire);
	server_down(server);
}

static void
lag_spoils_latencies_and_a_rate_not_reached_spoils_all(void **state)
{
	struct tayra__wire_load load = { .rate_per_s = 100 };

	tayra__hist_init(&result.latency);
	tayra__hist_init(&result.lag);
	for (int i = 0; i < 100; i++) {
		tayra__hist_add(&result.latency, 10 * MS);
		tayra__hist_add(&result.lag, MS / 4);
	}
	result.length_ns = 1000 * MS;
	result.offered = 100;
	assert_null(tayra__wire_load_spoilt(&load, &result));
	for (int i = 0; i < 100; i++)
		tayra__hist_add(&result.lag, MS);
	assert_non_null(tayra__wire_load_spoilt(&load, &result));
	load.untimed = true;
	assert_null(tayra__wire_load_spoilt(&load, &result));
	result.offered = 50;
	assert_non_null(tayra__wire_load_spoilt(&load, &result));
	load.rate_per_s = 0;
	result.cpu_ns = 500 * MS;
	assert_null(tayra__wire_load_spoilt(&load, &result));
	result.cpu_ns = 990 * MS;
	assert_non_null(tayra__wire_load_spoilt(&load, &result));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_answer_counts_once_and_connections_are_kept_between_slices),
		cmocka_unit_test(a_thousand_connections_are_opened_before_a_slice_begins),
		cmocka_unit_test(an_answer_in_pieces_is_one_answer),
		cmocka_unit_test(a_server_that_closes_after_each_answer_is_called_again),
		cmocka_unit_test(a_server_that_closes_without_saying_so_costs_no_error),
		cmocka_unit_test(
			a_request_is_asked_again_once_and_only_on_a_connection_that_was_used),
		cmocka_unit_test(what_may_not_be_asked_twice_is_not),
		cmocka_unit_test(connections_that_the_server_closed_between_slices_are_no_error),
		cmocka_unit_test(a_connection_that_breaks_is_an_error_and_opened_again),
		cmocka_unit_test(garbage_is_an_error_and_its_connection_is_not_used_again),
		cmocka_unit_test(silence_times_out_and_counts_as_long_as_it_took),
		cmocka_unit_test(a_status_of_400_and_above_is_an_error_unless_any_will_do),
		cmocka_unit_test(a_server_that_is_gone_costs_errors_and_no_busy_loop),
		cmocka_unit_test(a_stall_is_in_the_tail_of_those_that_were_due_meanwhile),
		cmocka_unit_test(a_stop_ends_the_slice_and_abandons_what_has_no_answer),
		cmocka_unit_test(connections_are_opened_when_a_request_has_to_wait_for_one),
		cmocka_unit_test(lag_spoils_latencies_and_a_rate_not_reached_spoils_all),
		cmocka_unit_test(nobody_there_is_said_in_one_line),
		cmocka_unit_test(nonsense_is_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
