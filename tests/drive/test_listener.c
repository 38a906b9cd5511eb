/* SPDX-License-Identifier: Apache-2.0 */
#include "drive/listener.h"

#include <tayra/base.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static int
listening(uint16_t *port)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	*port = ntohs(at.sin_port);
	return fd;
}

static void
who_listens_on_a_port_is_found_and_nobody_once_it_is_closed(void **state)
{
	pid_t pids[TAYRA__LISTENER_PIDS_MAX];
	uint16_t port;
	int fd = listening(&port);

	(void)state;
	assert_int_equal(tayra__listener_find("/proc", port, pids), 1);
	assert_int_equal(pids[0], getpid());
	assert_int_equal(tayra__listener_find("/absent", port, pids), 0);
	close(fd);
	assert_int_equal(tayra__listener_find("/proc", port, pids), 0);
}

static void
processor_time_is_that_of_the_processes_to_less_than_a_tick(void **state)
{
	const pid_t pids[] = { getpid(), 4194303 };
	uint64_t before = tayra__listener_cpu_ns(pids, 2), end, used;

	(void)state;
	end = tayra__clock_process_cpu_ns() + 3 * TAYRA_NS_PER_MS;
	while (tayra__clock_process_cpu_ns() < end)
		continue;
	used = tayra__listener_cpu_ns(pids, 2) - before;
	assert_true(used >= 3 * TAYRA_NS_PER_MS && used < 9 * TAYRA_NS_PER_MS);
	assert_true(tayra__listener_cpu_ns(pids + 1, 1) == 0);
}

static void
only_a_url_of_this_machine_has_a_port(void **state)
{
	static const struct {
		const char *url;
		uint16_t port;
	} cases[] = {
		{ "http://127.0.0.1:8080/x:9", 8080 },
		{ "http://localhost/", 80 },
		{ "https://localhost", 443 },
		{ "redis://127.0.0.1/0", 6379 },
		{ "redis://[::1]:7000/", 7000 },
		{ "redis://[::1]", 6379 },
		{ "http://10.0.0.1:8080/", 0 },
		{ "http://example.org/?127.0.0.1:80", 0 },
		{ "unix:///tmp/x", 0 },
		{ "http://127.0.0.1:99999/", 0 },
		{ "http://127.0.0.1:/", 0 },
		{ "127.0.0.1:80", 0 },
		{ "", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (tayra__listener_local_port(cases[i].url) != cases[i].port)
			fail_msg("%s: %u", cases[i].url, tayra__listener_local_port(cases[i].url));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_listens_on_a_port_is_found_and_nobody_once_it_is_closed),
		cmocka_unit_test(processor_time_is_that_of_the_processes_to_less_than_a_tick),
		cmocka_unit_test(only_a_url_of_this_machine_has_a_port),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
