/* SPDX-License-Identifier: Apache-2.0
 *
 * The remote tier when its system fails it: each call on a socket in turn, and each allocation.
 * Whatever failed: what was deleted or overwritten is not got, and it comes back by itself.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <stdatomic.h>

#include "base/mem.h"
#include "net/redis.h"
#include "net/syscalls.h"
#include "tier/remote.h"

#define NOW 1700000000000ull

static struct redis server;
static struct tayra__tier *healthy;

/* Fails the n-th call from now on, once. */
struct cable {
	_Atomic long left; /* 0: none any more */
};

static bool
breaks(void *ctx, int why)
{
	struct cable *c = ctx;

	if (atomic_load(&c->left) <= 0 || atomic_fetch_sub(&c->left, 1) != 1)
		return false;
	errno = why;
	return true;
}

static int
cable_socket(void *ctx, int family)
{
	return breaks(ctx, EMFILE) ? -1 : tayra__syscalls_real()->socket(NULL, family);
}

static int
cable_connect(void *ctx, int fd, const struct sockaddr *to, socklen_t len)
{
	return breaks(ctx, ECONNREFUSED) ? -1 : tayra__syscalls_real()->connect(NULL, fd, to, len);
}

/* Half of it goes out first. */
static ssize_t
cable_send(void *ctx, int fd, const void *bytes, size_t len, int flags)
{
	if (!breaks(ctx, EPIPE))
		return tayra__syscalls_real()->send(NULL, fd, bytes, len, flags);
	tayra__syscalls_real()->send(NULL, fd, bytes, len / 2, flags);
	errno = EPIPE;
	return -1;
}

static ssize_t
cable_recv(void *ctx, int fd, void *bytes, size_t len)
{
	return breaks(ctx, ECONNRESET) ? -1 : tayra__syscalls_real()->recv(NULL, fd, bytes, len);
}

static int
cable_poll(void *ctx, struct pollfd *fds, nfds_t count, int timeout_ms)
{
	return breaks(ctx, ENOMEM) ? -1
				   : tayra__syscalls_real()->poll(NULL, fds, count, timeout_ms);
}

static int
put(struct tayra__tier *t, const char *value)
{
	const struct tayra__tier_meta meta = { NOW, NOW + 1000, UINT64_MAX, 0, 0 };

	return t->ops->put(t, "k", 1, value, strlen(value), &meta, NOW);
}

/* Loaded, as long ago as a call takes here. */
static void
offer(struct tayra__tier *t, const char *value)
{
	const struct tayra__tier_meta meta = { NOW, NOW + 1000, UINT64_MAX, 0, 0 };

	t->ops->offer(t, "k", 1, value, strlen(value), &meta, NOW);
}

/* => whether a value is got, and then it is this one. */
static bool
get(struct tayra__tier *t, const char *only)
{
	struct tayra__tier_value value;

	if (t->ops->get(t, "k", 1, NOW, &value) != TAYRA_OK)
		return false;
	assert_int_equal(value.len, strlen(only));
	assert_memory_equal(value.data, only, value.len);
	tayra__tier_value_free(&value);
	return true;
}

static bool
is_out(struct tayra__tier *t)
{
	struct tayra__tier_stats s;

	t->ops->stats(t, &s);
	return s.out;
}

static void
wait_until_in(struct tayra__tier *t)
{
	for (int i = 0; is_out(t); i++) {
		assert_true(i < 60000);
		poll(NULL, 0, 1);
	}
}

/* => whether it was given, for a millisecond; and then it is given back. */
static bool
lease(struct tayra__tier *t)
{
	struct tayra__tier_lease l = { .ns = 1000000 };
	struct tayra__tier_value value;

	t->ops->lease(t, "k", 1, NOW, &l, &value);
	tayra__tier_value_free(&value);
	assert_false(l.token && l.held);
	if (l.token)
		t->ops->release(t, &(struct tayra__tier_leased){ "k", 1, l.token }, 1);
	return l.token;
}

/* What is overwritten or deleted while things fail. */
static void
change(struct tayra__tier *t, const char *value)
{
	get(t, "old");
	lease(t);
	offer(t, "old");
	if (value)
		put(t, value);
	else
		t->ops->remove(t, "k", 1, NOW);
	get(t, value ? value : "");
}

static void
check_recovery(struct tayra__tier *t, const char *value)
{
	wait_until_in(t);
	get(t, value ? value : ""); /* or nothing */
	while (put(t, "again") != TAYRA_OK)
		wait_until_in(t);
	while (!get(t, "again"))
		wait_until_in(t);
	while (!lease(t)) /* a lost one has run out */
		wait_until_in(t);
}

static void
need_redis(void)
{
	if (!redis_is_installed()) {
		print_message("# skipped: redis-server is not installed\n");
		skip();
	}
}

static void
each_call_on_a_socket_may_fail(void **state)
{
	struct cable cable = { 0 };
	const struct tayra__syscalls syscalls = { cable_socket, cable_connect, cable_send,
						  cable_recv,   cable_poll,    &cable };
	const struct tayra__remote_options o = {
		.url = server.url,
		.timeout_ns = 20 * TAYRA_NS_PER_S,
		.connections = 1,
		.syscalls = &syscalls,
	};
	bool failed = true;

	need_redis();
	for (long n = 2; failed; n++) {
		const char *value = n % 2 ? "new" : NULL;
		struct tayra__tier *t;

		while (put(healthy, "old") != TAYRA_OK)
			wait_until_in(healthy);
		atomic_store(&cable.left, n / 2);
		assert_int_equal(tayra__remote_open(&o, NULL, 0, &t), TAYRA_OK);
		change(t, value);
		failed = atomic_exchange(&cable.left, 0) <= 0;
		check_recovery(t, value);
		assert_int_equal(t->ops->close(t), TAYRA_OK);
	}
}

static void
each_allocation_may_be_refused(void **state)
{
	const struct tayra__remote_options o = {
		.url = server.url,
		.timeout_ns = 20 * TAYRA_NS_PER_S,
		.connections = 1,
	};
	bool refused = true;

	need_redis();
	for (uint64_t n = 2; refused; n++) {
		const char *value = n % 2 ? "new" : NULL;
		struct tayra__tier *t;
		int status;

		while (put(healthy, "old") != TAYRA_OK)
			wait_until_in(healthy);
		tayra__mem_fail_after(n / 2);
		status = tayra__remote_open(&o, NULL, 0, &t);
		if (status == TAYRA_OK)
			change(t, value);
		refused = tayra__mem_count() >= n / 2;
		tayra__mem_fail_after(0);
		if (status != TAYRA_OK) {
			assert_int_equal(status, TAYRA_E_NOMEM);
			assert_null(t);
			continue;
		}
		check_recovery(t, value);
		assert_int_equal(t->ops->close(t), TAYRA_OK);
	}
}

static int
take_up(void **state)
{
	struct tayra__remote_options o = { .timeout_ns = 20 * TAYRA_NS_PER_S };

	if (!redis_is_installed())
		return 0;
	assert_true(redis_up(&server));
	o.url = server.url;
	return tayra__remote_open(&o, NULL, 0, &healthy);
}

static int
take_down(void **state)
{
	if (!redis_is_installed())
		return 0;
	healthy->ops->close(healthy);
	redis_down(&server);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_call_on_a_socket_may_fail),
		cmocka_unit_test(each_allocation_may_be_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, take_up, take_down);
}
