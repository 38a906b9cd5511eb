/* SPDX-License-Identifier: Apache-2.0
 *
 * bench_serve.c: what a GET costs `tayra serve` in processor time, against redis-server on the same
 * stream.  Both run as programs of their own, loaded with the same keys; a round asks one and then
 * the other, in random order, and reads how much processor time the whole process has used.
 */
#include "bench.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/rng.h"
#include "net/socket.h"

#include <tayra/prove.h>

#define KEYS        100000u
#define VALUE_BYTES 100
#define CONNECTIONS 8
#define ROUNDS      16
#define BATCH_MAX   32
#define REQUEST_MAX 64                    /* bytes */
#define REPLY_BYTES (6 + VALUE_BYTES + 2) /* "$100\r\n", the value, "\r\n" */

struct peer {
	const char *name;
	pid_t pid;
	struct tayra__address address;
	int fd[CONNECTIONS];
	double ns_per_get[ROUNDS];
};

static void
die(const char *what)
{
	fprintf(stderr, "bench_serve: %s: %m\n", what);
	exit(1);
}

/* A port that was free a moment ago: the peers are told where to listen. */
static uint16_t
free_port(void)
{
	struct tayra__address address;
	int fd = -1;

	if (tayra__address_parse("127.0.0.1:0", &address) != TAYRA_OK ||
	    (fd = tayra__socket_listen(&address)) < 0)
		die("no port");
	close(fd);
	return ntohs(address.v4.sin_port);
}

/* Connect to a program that may not have begun to listen; one that has ended is not installed. */
static int
dial(const struct tayra__address *address, pid_t pid)
{
	for (int i = 0; i < 100; i++) {
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

		if (fd >= 0 && connect(fd, &address->any, address->len) == 0)
			return fd;
		close(fd);
		if (waitpid(pid, NULL, WNOHANG) == pid) {
			fprintf(stderr, "bench_serve: no redis-server to compare with: left out\n");
			exit(0);
		}
		usleep(50000);
	}
	die("cannot connect");
	return -1;
}

static void
send_all(int fd, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);

		if (n <= 0)
			die("send");
		bytes += n, len -= (size_t)n;
	}
}

static void
receive(int fd, size_t len)
{
	char buffer[64 << 10];

	while (len > 0) {
		ssize_t n = recv(fd, buffer, len < sizeof(buffer) ? len : sizeof(buffer), 0);

		if (n <= 0)
			die("receive");
		len -= (size_t)n;
	}
}

static void
fill(const struct peer *peer)
{
	char request[REQUEST_MAX + VALUE_BYTES + 32], value[VALUE_BYTES + 1];

	memset(value, 'v', VALUE_BYTES);
	value[VALUE_BYTES] = '\0';
	for (uint32_t key = 0; key < KEYS; key++) {
		int len = snprintf(request, sizeof(request),
				   "*3\r\n$3\r\nSET\r\n$16\r\nkey:%012u\r\n$%d\r\n%s\r\n", key,
				   VALUE_BYTES, value);

		send_all(peer->fd[0], request, (size_t)len);
		receive(peer->fd[0], sizeof("+OK\r\n") - 1);
	}
}

static struct peer
start(const char *name, const char *const *argv, uint16_t port)
{
	struct peer peer = { .name = name };
	char text[32];

	snprintf(text, sizeof(text), "127.0.0.1:%u", port);
	tayra__address_parse(text, &peer.address);
	peer.pid = fork();
	if (peer.pid < 0)
		die("fork");
	if (peer.pid == 0) {
		int null = open("/dev/null", O_RDWR | O_CLOEXEC);

		dup2(null, STDOUT_FILENO);
		execvp(argv[0], (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	for (int i = 0; i < CONNECTIONS; i++)
		peer.fd[i] = dial(&peer.address, peer.pid);
	fill(&peer);
	return peer;
}

static void
stop(const struct peer *peer)
{
	kill(peer->pid, SIGTERM);
	waitpid(peer->pid, NULL, 0);
}

static uint64_t
cpu_ns(pid_t pid)
{
	struct timespec used;
	clockid_t clock;

	if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &used) != 0)
		die("no processor time");
	return (uint64_t)used.tv_sec * TAYRA_NS_PER_S + (uint64_t)used.tv_nsec;
}

/* Ask for `gets` random keys, `depth` at a time on each connection; the keys are those of `seed`.
 */
static double
measure(const struct peer *peer, uint32_t depth, uint32_t gets, uint64_t seed)
{
	char batch[BATCH_MAX * REQUEST_MAX];
	struct tayra__rng rng;
	uint64_t before = cpu_ns(peer->pid);

	tayra__rng_init(&rng, seed);
	for (uint32_t done = 0; done < gets; done += depth * CONNECTIONS) {
		for (int c = 0; c < CONNECTIONS; c++) {
			size_t len = 0;

			for (uint32_t i = 0; i < depth; i++)
				len += (size_t)snprintf(batch + len, sizeof(batch) - len,
							"*2\r\n$3\r\nGET\r\n$16\r\nkey:%012u\r\n",
							(unsigned)tayra__rng_below(&rng, KEYS));
			send_all(peer->fd[c], batch, len);
		}
		for (int c = 0; c < CONNECTIONS; c++)
			receive(peer->fd[c], (size_t)depth * REPLY_BYTES);
	}
	return (double)(cpu_ns(peer->pid) - before) / gets;
}

static void
print(const char *metric, const char *unit, double value, double lo, double hi)
{
	struct tayra__json json;

	tayra__json_init(&json, stdout, TAYRA__JSON_LINE);
	tayra__json_object(&json, NULL);
	tayra__json_string(&json, "bench", "serve");
	tayra__json_string(&json, "metric", metric);
	tayra__json_double(&json, "value", value, 4);
	tayra__json_string(&json, "unit", unit);
	tayra__json_double(&json, "lo", lo, 4);
	tayra__json_double(&json, "hi", hi, 4);
	tayra__json_u64(&json, "n", ROUNDS);
	tayra__json_string(&json, "repeat", "make bench BENCH=serve");
	tayra__json_end(&json);
	tayra__json_finish(&json);
}

/* b against a: each round asks both for the same keys; a coin says who is first. */
static void
compare(struct peer *a, struct peer *b, const char *what, uint32_t depth, uint32_t gets)
{
	struct tayra_comparison result;
	struct tayra__rng coin;
	char metric[64];

	tayra__rng_init(&coin, depth);
	measure(a, depth, gets, 0); /* warm */
	measure(b, depth, gets, 0);
	for (uint32_t round = 0; round < ROUNDS; round++) {
		struct peer *first = tayra__rng_below(&coin, 2) ? a : b;
		struct peer *second = first == a ? b : a;

		first->ns_per_get[round] = measure(first, depth, gets, round + 1);
		second->ns_per_get[round] = measure(second, depth, gets, round + 1);
	}
	if (tayra_prove_compare(a->ns_per_get, b->ns_per_get, ROUNDS, NULL, &result) != TAYRA_OK)
		die("compare");
	snprintf(metric, sizeof(metric), "%s_cpu_ns_per_get_depth_%u", b->name, depth);
	print(metric, "ns", result.b_value, 0.0 / 0.0, 0.0 / 0.0);
	snprintf(metric, sizeof(metric), "%s_cpu_per_get_depth_%u", what, depth);
	print(metric, "ratio", result.ratio, result.lo, result.hi);
}

int
main(int argc, char **argv)
{
	char redis_port[8], redis_again_port[8], where[32], tayra[4096];
	uint16_t ports[] = { free_port(), free_port(), free_port() };
	const char *slash = strrchr(argv[0], '/');
	const char *redis_argv[] = { "redis-server", "--port", redis_port, "--save", "",
				     "--appendonly", "no",     "--dir",    "/tmp",   NULL };
	const char *tayra_argv[] = { tayra, "serve", "--listen", where, NULL };
	struct peer redis, redis_again, ours;

	(void)argc;
	snprintf(tayra, sizeof(tayra), "%.*s/../tayra", slash ? (int)(slash - argv[0]) : 1,
		 slash ? argv[0] : ".");
	snprintf(redis_port, sizeof(redis_port), "%u", ports[0]);
	snprintf(where, sizeof(where), "127.0.0.1:%u", ports[1]);
	redis = start("redis", redis_argv, ports[0]);
	ours = start("tayra", tayra_argv, ports[1]);
	snprintf(redis_again_port, sizeof(redis_again_port), "%u", ports[2]);
	redis_argv[2] = redis_again_port;
	redis_again = start("redis_again", redis_argv, ports[2]);
	compare(&redis, &ours, "tayra_over_redis", 32, 256000);
	compare(&redis, &redis_again, "redis_over_redis", 32, 256000);
	compare(&redis, &ours, "tayra_over_redis", 1, 24000);
	compare(&redis, &redis_again, "redis_over_redis", 1, 24000);
	stop(&redis);
	stop(&redis_again);
	stop(&ours);
	return 0;
}
