/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/loop.h"
#include "net/socket.h"

struct fixture {
	struct tayra__loop *loop;
	struct tayra__watch watches[2];
	struct tayra__later later;
	int pair[2];
	int calls, ticks, laters;
};

static struct fixture f; /* what the callbacks see: one test runs at a time */

static int
setup(void **state)
{
	memset(&f, 0, sizeof(f));
	assert_int_equal(tayra__loop_create(tayra_clock_real(), &f.loop), TAYRA_OK);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, f.pair), 0);
	return 0;
}

static int
teardown(void **state)
{
	close(f.pair[0]);
	close(f.pair[1]);
	tayra__loop_destroy(f.loop);
	return 0;
}

static void
read_and_stop(struct tayra__watch *watch, uint32_t events)
{
	char byte;

	assert_true(events & TAYRA__LOOP_READ);
	assert_int_equal(read(watch->fd, &byte, 1), 1);
	f.calls++;
	tayra__loop_stop(f.loop);
}

static void
what_can_be_read_is_reported(void **state)
{
	f.watches[0] = (struct tayra__watch){ .fd = f.pair[0], .ready = read_and_stop };
	assert_int_equal(tayra__loop_add(f.loop, &f.watches[0], TAYRA__LOOP_READ), TAYRA_OK);
	assert_int_equal(write(f.pair[1], "x", 1), 1);
	assert_int_equal(tayra__loop_run(f.loop), TAYRA_OK);
	assert_int_equal(f.calls, 1);
}

static void
remove_other_and_stop(struct tayra__watch *watch, uint32_t events)
{
	f.calls++;
	tayra__loop_remove(f.loop, &f.watches[watch == &f.watches[0]]);
	tayra__loop_stop(f.loop);
}

static void
what_was_removed_in_this_round_is_not_called(void **state)
{
	for (int i = 0; i < 2; i++) {
		f.watches[i] = (struct tayra__watch){ .fd = f.pair[i],
						      .ready = remove_other_and_stop };
		assert_int_equal(tayra__loop_add(f.loop, &f.watches[i], TAYRA__LOOP_READ),
				 TAYRA_OK);
		assert_int_equal(write(f.pair[!i], "x", 1), 1);
	}
	assert_int_equal(tayra__loop_run(f.loop), TAYRA_OK);
	/* Stop is seen at the latest one round on; the other was never called. */
	assert_in_range(f.calls, 1, 2);
	assert_int_equal(tayra__loop_change(f.loop, &f.watches[0], TAYRA__LOOP_WRITE) == TAYRA_OK,
			 tayra__loop_change(f.loop, &f.watches[1], TAYRA__LOOP_WRITE) != TAYRA_OK);
}

static void
run_thrice(struct tayra__later *later)
{
	if (++f.laters == 3)
		tayra__loop_stop(f.loop);
	else
		tayra__loop_later(f.loop, later);
}

static void
later_goes_on_without_waiting(void **state)
{
	tayra__later_init(&f.later, run_thrice);
	tayra__loop_later(f.loop, &f.later);
	tayra__loop_later(f.loop, &f.later);
	assert_int_equal(tayra__loop_run(f.loop), TAYRA_OK);
	assert_int_equal(f.laters, 3);
	tayra__loop_later(f.loop, &f.later);
	tayra__later_cancel(&f.later);
	tayra__loop_stop(f.loop);
	assert_int_equal(tayra__loop_run(f.loop), TAYRA_OK);
	assert_int_equal(f.laters, 3);
}

static void
tick_and_stop(void *arg)
{
	if (++*(int *)arg == 2)
		tayra__loop_stop(f.loop);
}

static void
ticks_come_and_time_goes_on(void **state)
{
	uint64_t before_ns = tayra__loop_now_ns(f.loop);

	assert_int_equal(tayra__loop_tick(f.loop, TAYRA_NS_PER_MS, tick_and_stop, &f.ticks),
			 TAYRA_OK);
	assert_int_equal(tayra__loop_run(f.loop), TAYRA_OK);
	assert_int_equal(f.ticks, 2);
	assert_true(tayra__loop_now_ns(f.loop) >= before_ns + TAYRA_NS_PER_MS);
}

static void *
stop_from_outside(void *arg)
{
	tayra__loop_stop(arg);
	return NULL;
}

static void
another_thread_can_stop_it(void **state)
{
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, stop_from_outside, f.loop), 0);
	assert_int_equal(tayra__loop_run(f.loop), TAYRA_OK);
	pthread_join(thread, NULL);
}

static void
addresses_are_read_and_written(void **state)
{
	static const char *const good[] = { "127.0.0.1:6379", "[::1]:0", "0.0.0.0:65535",
					    "[fe80::1]:1" };
	static const char *const bad[] = { "",
					   "127.0.0.1",
					   "127.0.0.1:",
					   "::1:6379",
					   "127.0.0.1:65536",
					   "example.org:1",
					   "[::1]",
					   "[127.0.0.1]:1",
					   ":6379",
					   "1.2.3:x",
					   "[::1",
					   "[]:1" };
	struct tayra__address address;
	char text[TAYRA__ADDRESS_TEXT];

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(tayra__address_parse(good[i], &address), TAYRA_OK);
		tayra__address_text(&address, text);
		assert_string_equal(text, good[i]);
		assert_int_equal(tayra__address_loopback(&address), i < 2);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(tayra__address_parse(bad[i], &address), TAYRA_E_INVAL);
	assert_int_equal(tayra__address_parse("localhost:7", &address), TAYRA_OK);
	assert_true(tayra__address_loopback(&address));
}

static void
a_port_in_use_is_refused(void **state)
{
	struct tayra__address address;
	int fd, again;

	assert_int_equal(tayra__address_parse("127.0.0.1:0", &address), TAYRA_OK);
	fd = tayra__socket_listen(&address);
	assert_true(fd >= 0);
	assert_int_not_equal(address.v4.sin_port, 0);
	again = tayra__socket_listen(&address);
	assert_int_equal(again, -1);
	close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_can_be_read_is_reported, setup, teardown),
		cmocka_unit_test_setup_teardown(what_was_removed_in_this_round_is_not_called, setup,
						teardown),
		cmocka_unit_test_setup_teardown(later_goes_on_without_waiting, setup, teardown),
		cmocka_unit_test_setup_teardown(ticks_come_and_time_goes_on, setup, teardown),
		cmocka_unit_test_setup_teardown(another_thread_can_stop_it, setup, teardown),
		cmocka_unit_test(addresses_are_read_and_written),
		cmocka_unit_test(a_port_in_use_is_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
