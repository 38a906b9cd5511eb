/* SPDX-License-Identifier: Apache-2.0
 *
 * Three processes over one redis-server, a thousand requests waiting in each, one key.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>

#include <tayra/tayra.h>

#include "base/clock.h"
#include "net/redis.h"

#define NODES    3
#define CLIENTS  1000
#define THREADS  16
#define LOAD_MS  200
#define TTL_MS   (getenv("TAYRA_INSTRUMENTED") ? 4000 : 800)
#define LEASE_NS (2 * TAYRA_NS_PER_S)  /* where somebody dies */
#define SLACK_NS (10 * TAYRA_NS_PER_S) /* of a machine that has other things to do */
#define LONG_NS  (60 * TAYRA_NS_PER_S)

/* What all processes see. */
struct board {
	_Atomic unsigned ready, go, asked, loads, running, together, hold_first, fail_all, none;
	_Atomic unsigned lease_ms, load_ms; /* 0: as above */
	_Atomic pid_t leader;
	struct {
		_Atomic unsigned answered, failed, wrong;
		_Atomic uint64_t waits, takeovers;
	} of[NODES];
};

enum kind { BY_QUEUE, BY_THREADS };

static struct board *board;
static struct redis server;
static pid_t nodes[NODES];

static uint64_t
now_ns(void)
{
	return tayra__clock_mono_ns(tayra_clock_real());
}

/* Wait, a minute at most, for something that has to come. */
#define EVENTUALLY(condition)                                                                      \
	do {                                                                                       \
		int left = 30000;                                                                  \
		while (!(condition) && left-- > 0)                                                 \
			poll(NULL, 0, 2);                                                          \
		assert_true(left > 0);                                                             \
	} while (0)

/* A node. */

static void
load(struct tayra_load *l, void *arg)
{
	unsigned number = atomic_fetch_add(&board->loads, 1) + 1;

	if (atomic_fetch_add(&board->running, 1) > 0)
		atomic_store(&board->together, 1);
	atomic_store(&board->leader, getpid());
	if (number == 1 && atomic_load(&board->hold_first))
		poll(NULL, 0, 600000); /* until it is killed */
	poll(NULL, 0, atomic_load(&board->load_ms) ? (int)atomic_load(&board->load_ms) : LOAD_MS);
	atomic_fetch_sub(&board->running, 1);
	if (atomic_load(&board->none))
		tayra_load_fail(l, TAYRA_E_NOT_FOUND, 0);
	else if (atomic_load(&board->fail_all))
		tayra_load_fail(l, TAYRA_E_ORIGIN, 0);
	else
		tayra_load_done(l, "value", 5, NULL);
}

static struct tayra_request
request(void)
{
	struct tayra_request r = TAYRA_REQUEST_INIT;

	r.key = "hot";
	r.key_len = 3;
	r.load = load;
	r.absent_ttl_ms = 600000;
	return r;
}

static void
take(unsigned node, int status, struct tayra_ref *ref)
{
	atomic_fetch_add(&board->of[node].failed, status != TAYRA_OK);
	atomic_fetch_add(&board->of[node].wrong,
			 status == TAYRA_OK &&
				 (ref->value_len != 5 || memcmp(ref->value, "value", 5) != 0));
	tayra_release(ref);
	atomic_fetch_add(&board->of[node].answered, 1);
}

static void
ask_by_queue(unsigned node, struct tayra *t, struct tayra_cq *cq)
{
	const struct tayra_request r = request();
	struct tayra_completion done[64];
	unsigned pending = 0;

	for (unsigned i = 0; i < CLIENTS; i++) {
		struct tayra_ref ref;
		int status = tayra_get_or_load_start(t, &r, cq, NULL, &ref);

		atomic_fetch_add(&board->asked, 1);
		if (status == TAYRA_PENDING)
			pending++;
		else
			take(node, status, &ref);
	}
	while (pending > 0) {
		size_t n = tayra_cq_wait(cq, done, 64, LONG_NS);

		for (size_t i = 0; i < n; i++)
			take(node, done[i].status, &done[i].ref);
		pending -= (unsigned)n;
	}
}

struct thread {
	unsigned node;
	struct tayra *t;
};

static void *
ask_once(void *arg)
{
	const struct thread *thread = arg;
	const struct tayra_request r = request();
	struct tayra_ref ref;
	int status;

	atomic_fetch_add(&board->asked, 1);
	status = tayra_get_or_load(thread->t, &r, &ref);
	take(thread->node, status, &ref);
	return NULL;
}

static void
ask_by_threads(unsigned node, struct tayra *t)
{
	struct thread thread = { node, t };
	pthread_t threads[THREADS];

	for (unsigned i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, ask_once, &thread);
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
}

static void
report(unsigned node, struct tayra *t)
{
	struct tayra_stats stats = TAYRA_STATS_INIT;

	tayra_stats(t, &stats);
	atomic_store(&board->of[node].waits, stats.lease_waits);
	atomic_store(&board->of[node].takeovers, stats.lease_takeovers);
}

/* Asks once more each time `go` rises, until it is UINT_MAX. */
static void
live(unsigned node, enum kind kind)
{
	struct tayra_tier_remote_options remote = TAYRA_TIER_REMOTE_OPTIONS_INIT;
	struct tayra_options o = TAYRA_OPTIONS_INIT;
	struct tayra_cq *cq;
	struct tayra *t;
	char error[200];

	remote.url = server.url;
	remote.timeout_ns = 5 * TAYRA_NS_PER_S;
	if (tayra_tier_remote_open(&remote, error, sizeof(error), &o.remote_tier) != TAYRA_OK)
		_exit(2);
	o.ticker = kind == BY_QUEUE;
	o.ttl_ms = TTL_MS;
	o.timeout_ns = LONG_NS;
	o.lease_ns = atomic_load(&board->hold_first) ? LEASE_NS : LONG_NS;
	if (atomic_load(&board->lease_ms))
		o.lease_ns = atomic_load(&board->lease_ms) * TAYRA_NS_PER_MS;
	if (tayra_create(&o, &t) != TAYRA_OK || tayra_cq_create(t, &cq) != TAYRA_OK)
		_exit(3);
	for (unsigned round = 1;; round++) {
		unsigned go;

		poll(NULL, 0, 20); /* what began to load before it was connected is not offered */
		atomic_fetch_add(&board->ready, 1);
		while ((go = atomic_load(&board->go)) < round)
			poll(NULL, 0, 1);
		if (go == UINT32_MAX)
			break;
		if (kind == BY_QUEUE)
			ask_by_queue(node, t, cq);
		else
			ask_by_threads(node, t);
		report(node, t);
	}
	tayra_destroy(t);
	tayra_cq_destroy(cq);
	tayra_tier_remote_close(o.remote_tier);
	_exit(0);
}

/* The test. */

static int
setup(void **state)
{
	if (!redis_is_installed())
		return 0;
	board = mmap(NULL, sizeof(*board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		     0);
	return board != MAP_FAILED && redis_up(&server) ? 0 : -1;
}

static int
teardown(void **state)
{
	if (!redis_is_installed())
		return 0;
	for (unsigned i = 0; i < NODES; i++)
		if (nodes[i] > 0) {
			kill(nodes[i], SIGKILL);
			waitpid(nodes[i], NULL, 0);
			nodes[i] = 0;
		}
	redis_down(&server);
	munmap(board, sizeof(*board));
	return 0;
}

/* One comes first: the epoch is there when the nodes begin. */
static void
greet_server(void)
{
	struct tayra_tier_remote_options remote = TAYRA_TIER_REMOTE_OPTIONS_INIT;
	struct tayra_tier_remote *tier;
	char error[200];

	remote.url = server.url;
	assert_int_equal(tayra_tier_remote_open(&remote, error, sizeof(error), &tier), TAYRA_OK);
	tayra_tier_remote_close(tier);
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
begin(enum kind kind)
{
	greet_server();
	for (unsigned i = 0; i < NODES; i++) {
		pid_t parent = getpid();

		nodes[i] = fork();
		if (nodes[i] == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			if (getppid() != parent)
				_exit(1);
			live(i, kind);
		}
		assert_true(nodes[i] > 0);
	}
}

static void
end(void)
{
	atomic_store(&board->go, UINT32_MAX);
	for (unsigned i = 0; i < NODES; i++) {
		int status;

		if (nodes[i] <= 0)
			continue;
		assert_int_equal(waitpid(nodes[i], &status, 0), nodes[i]);
		nodes[i] = 0;
		assert_int_equal(status, 0);
	}
}

static unsigned
answered_by(unsigned node)
{
	return atomic_load(&board->of[node].answered);
}

static void
check_answers(void)
{
	for (unsigned i = 0; i < NODES; i++) {
		assert_int_equal(atomic_load(&board->of[i].failed), 0);
		assert_int_equal(atomic_load(&board->of[i].wrong), 0);
	}
}

static void
load_once_a_round(enum kind kind, unsigned clients)
{
	const unsigned rounds = getenv("TAYRA_LONG") ? 30 : 3;

	need_redis();
	begin(kind);
	for (unsigned round = 1; round <= rounds; round++) {
		uint64_t began_ns;

		EVENTUALLY(atomic_load(&board->ready) == round * NODES);
		began_ns = now_ns();
		atomic_store(&board->go, round);
		for (unsigned i = 0; i < NODES; i++)
			EVENTUALLY(answered_by(i) == round * clients);
		assert_int_equal(atomic_load(&board->loads), round);
		print_message("# %u requests in %.0f ms\n", NODES * clients,
			      (double)(now_ns() - began_ns) / TAYRA_NS_PER_MS);
		poll(NULL, 0, TTL_MS + 20); /* it expires, and nobody has it */
	}
	end();
	check_answers();
}

static void
three_thousand_that_wait_on_three_nodes_are_answered_by_one_load(void **state)
{
	load_once_a_round(BY_QUEUE, CLIENTS);
}

static void
so_they_are_when_it_takes_three_times_as_long_as_a_lease(void **state)
{
	const unsigned lease_ms = getenv("TAYRA_INSTRUMENTED") ? 3000 : 800;

	need_redis();
	atomic_store(&board->lease_ms, lease_ms);
	atomic_store(&board->load_ms, 3 * lease_ms);
	begin(BY_QUEUE);
	EVENTUALLY(atomic_load(&board->ready) == NODES);
	atomic_store(&board->go, 1);
	for (unsigned i = 0; i < NODES; i++)
		EVENTUALLY(answered_by(i) == CLIENTS);
	assert_int_equal(atomic_load(&board->loads), 1);
	end();
	check_answers();
}

static void
so_are_threads_that_block_where_nothing_ticks(void **state)
{
	load_once_a_round(BY_THREADS, THREADS);
}

static void
a_load_that_fails_is_tried_by_one_node_after_the_other(void **state)
{
	need_redis();
	atomic_store(&board->fail_all, 1);
	begin(BY_QUEUE);
	EVENTUALLY(atomic_load(&board->ready) == NODES);
	atomic_store(&board->go, 1);
	for (unsigned i = 0; i < NODES; i++)
		EVENTUALLY(answered_by(i) == CLIENTS);
	end();
	for (unsigned i = 0; i < NODES; i++)
		assert_int_equal(atomic_load(&board->of[i].failed), CLIENTS);
	assert_int_equal(atomic_load(&board->loads), NODES);
	assert_int_equal(atomic_load(&board->together), 0);
}

static void
that_there_is_none_is_found_out_by_one_for_all(void **state)
{
	need_redis();
	atomic_store(&board->none, 1);
	begin(BY_QUEUE);
	for (unsigned round = 1; round <= 2; round++) {
		EVENTUALLY(atomic_load(&board->ready) == round * NODES);
		atomic_store(&board->go, round);
		for (unsigned i = 0; i < NODES; i++)
			EVENTUALLY(answered_by(i) == round * CLIENTS);
	}
	end();
	for (unsigned i = 0; i < NODES; i++)
		assert_int_equal(atomic_load(&board->of[i].failed), 2 * CLIENTS);
	assert_int_equal(atomic_load(&board->loads), 1);
}

/* => which node. */
static unsigned
kill_the_leader(void)
{
	pid_t leader = atomic_load(&board->leader);

	for (unsigned i = 0; i < NODES; i++)
		if (nodes[i] == leader) {
			kill(leader, SIGKILL);
			waitpid(leader, NULL, 0);
			nodes[i] = 0;
			return i;
		}
	fail_msg("nobody loads");
	return NODES;
}

static void
take_over(enum kind kind, unsigned clients)
{
	uint64_t killed_ns, took_ns, takeovers = 0;
	unsigned dead;

	need_redis();
	atomic_store(&board->hold_first, 1);
	begin(kind);
	EVENTUALLY(atomic_load(&board->ready) == NODES);
	atomic_store(&board->go, 1);
	EVENTUALLY(atomic_load(&board->asked) == NODES * clients &&
		   atomic_load(&board->leader) != 0);
	dead = kill_the_leader();
	killed_ns = now_ns();
	for (unsigned i = 0; i < NODES; i++)
		if (i != dead)
			EVENTUALLY(answered_by(i) == clients);
	took_ns = now_ns() - killed_ns;
	print_message("# %u requests answered %.0f ms after the kill\n", (NODES - 1) * clients,
		      (double)took_ns / TAYRA_NS_PER_MS);
	assert_int_equal(atomic_load(&board->loads), 2);
	assert_true(took_ns < LEASE_NS + LOAD_MS * TAYRA_NS_PER_MS + SLACK_NS);
	end();
	check_answers();
	for (unsigned i = 0; i < NODES; i++)
		takeovers += atomic_load(&board->of[i].takeovers);
	assert_int_equal(takeovers, 1);
}

static void
when_the_node_that_loads_is_killed_one_other_does_and_nobody_hangs(void **state)
{
	take_over(BY_QUEUE, CLIENTS);
}

static void
also_among_threads_that_block_where_nothing_ticks(void **state)
{
	take_over(BY_THREADS, THREADS);
}

int
main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(three_thousand_that_wait_on_three_nodes_are_answered_by_one_load),
		T(so_they_are_when_it_takes_three_times_as_long_as_a_lease),
		T(so_are_threads_that_block_where_nothing_ticks),
		T(that_there_is_none_is_found_out_by_one_for_all),
		T(a_load_that_fails_is_tried_by_one_node_after_the_other),
		T(when_the_node_that_loads_is_killed_one_other_does_and_nobody_hangs),
		T(also_among_threads_that_block_where_nothing_ticks),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
