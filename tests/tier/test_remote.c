/* SPDX-License-Identifier: Apache-2.0
 *
 * The remote tier against a redis-server of the test's own.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "net/puppet.h"
#include "net/redis.h"
#include "tier/remote.h"

#define NOW     1700000000000ull
#define HOUR    3600000u
#define LONG_NS (20 * TAYRA_NS_PER_S) /* far more than a healthy server needs */

static struct redis server;
static struct tayra__tier *tier, *other;
static char error[300];

/* What a tier says has changed. */
struct heard {
	pthread_mutex_t lock;
	char keys[1024]; /* each with a blank */
	unsigned everything;
};
static struct heard heard = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void
hear(void *ctx, const void *key, size_t key_len)
{
	struct heard *h = ctx;
	size_t len;

	pthread_mutex_lock(&h->lock);
	len = strlen(h->keys);
	if (key)
		snprintf(h->keys + len, sizeof(h->keys) - len, "%.*s ", (int)key_len,
			 (const char *)key);
	h->everything += key == NULL;
	pthread_mutex_unlock(&h->lock);
}

static bool
has_heard(const char *key)
{
	bool found;

	pthread_mutex_lock(&heard.lock);
	found = key ? strstr(heard.keys, key) != NULL : heard.everything > 0;
	pthread_mutex_unlock(&heard.lock);
	return found;
}

static unsigned
times_of_everything(void)
{
	unsigned times;

	pthread_mutex_lock(&heard.lock);
	times = heard.everything;
	pthread_mutex_unlock(&heard.lock);
	return times;
}

static void
hear_nothing_yet(void)
{
	pthread_mutex_lock(&heard.lock);
	heard.keys[0] = '\0';
	heard.everything = 0;
	pthread_mutex_unlock(&heard.lock);
}

/* Wait, a minute at most, for something that has to come. */
#define EVENTUALLY(condition)                                                                      \
	do {                                                                                       \
		int left = 6000;                                                                   \
		while (!(condition) && left-- > 0)                                                 \
			poll(NULL, 0, 10);                                                         \
		assert_true(left > 0);                                                             \
	} while (0)

static struct tayra__tier *
open_with(struct tayra__remote_options o)
{
	struct tayra__tier *opened;

	if (!o.url)
		o.url = server.url;
	if (!o.timeout_ns)
		o.timeout_ns = LONG_NS;
	assert_int_equal(tayra__remote_open(&o, error, sizeof(error), &opened), TAYRA_OK);
	return opened;
}

static struct tayra__tier *
open_tier(void)
{
	return open_with((struct tayra__remote_options){ 0 });
}

static int
put(struct tayra__tier *t, const char *key, const char *value)
{
	const struct tayra__tier_meta meta = { NOW, NOW + 1000, NOW + HOUR, 7, 5000000 };

	return t->ops->put(t, key, strlen(key), value, strlen(value), &meta, NOW);
}

/* The value; NULL: a miss; "?": a failure. */
static const char *
get(struct tayra__tier *t, const char *key)
{
	static _Thread_local char text[256];
	struct tayra__tier_value value;
	int status = t->ops->get(t, key, strlen(key), NOW, &value);

	if (status != TAYRA_OK) {
		assert_null(value.block);
		return status == TAYRA_E_NOT_FOUND ? NULL : "?";
	}
	snprintf(text, sizeof(text), "%.*s", (int)value.len, (const char *)value.data);
	tayra__tier_value_free(&value);
	return text;
}

static bool
got(struct tayra__tier *t, const char *key, const char *value)
{
	const char *found = get(t, key);

	return found && value ? strcmp(found, value) == 0 : found == value;
}

static int
drop(struct tayra__tier *t, const char *key)
{
	return t->ops->remove(t, key, strlen(key), NOW);
}

/* What lies there says that something was removed, and for a minute. */
static bool
is_word_of_removal(const char *key)
{
	char command[64];
	long left;

	snprintf(command, sizeof(command), "PTTL tayra:v:%s", key);
	left = strtol(redis_say(&server, command) + 1, NULL, 10);
	snprintf(command, sizeof(command), "STRLEN tayra:v:%s", key);
	return left > 0 && left <= 60000 && strcmp(redis_say(&server, command), ":48") == 0;
}

static struct tayra__tier_stats
stats(struct tayra__tier *t)
{
	struct tayra__tier_stats s;

	t->ops->stats(t, &s);
	return s;
}

static bool
is_out(struct tayra__tier *t)
{
	return stats(t).out;
}

static int
close_tier(struct tayra__tier *t)
{
	return t->ops->close(t);
}

static int
setup(void **state)
{
	if (!redis_is_installed())
		return 0;
	if (!server.pid)
		assert_true(redis_start(&server));
	redis_say(&server, "CONFIG SET requirepass \"\"");
	redis_say(&server, "FLUSHALL");
	hear_nothing_yet();
	tier = open_tier();
	other = NULL;
	return 0;
}

static int
teardown(void **state)
{
	if (!redis_is_installed())
		return 0;
	if (tier)
		close_tier(tier);
	if (other)
		close_tier(other);
	return 0;
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
what_was_put_is_got_with_all_that_is_known_of_it(void **state)
{
	const struct tayra__tier_meta meta = { NOW - 5, NOW + 1000, NOW + HOUR, 7, 5000000 };
	struct tayra__tier_value v;

	need_redis();
	assert_string_equal(error, "");
	assert_false(is_out(tier));
	assert_int_equal(tier->ops->put(tier, "k\0x", 3, "v\0w", 3, &meta, NOW), TAYRA_OK);
	assert_int_equal(tier->ops->get(tier, "k\0x", 3, NOW, &v), TAYRA_OK);
	assert_int_equal(v.len, 3);
	assert_memory_equal(v.data, "v\0w", 3);
	assert_memory_equal(&v.meta, &meta, sizeof(meta));
	tayra__tier_value_free(&v);
	assert_null(get(tier, "k"));
	assert_int_equal(stats(tier).hits, 1);
	assert_int_equal(stats(tier).misses, 1);
	assert_int_equal(stats(tier).puts, 1);
}

static void
a_removed_key_is_a_miss(void **state)
{
	need_redis();
	assert_int_equal(put(tier, "k", "v"), TAYRA_OK);
	assert_int_equal(drop(tier, "k"), TAYRA_OK);
	assert_null(get(tier, "k"));
	assert_int_equal(drop(tier, "k"), TAYRA_E_NOT_FOUND);
}

static void
the_server_is_told_when_a_value_expires_and_no_older_one_is_got(void **state)
{
	struct tayra__tier_meta meta = { NOW, NOW + 1000, NOW + HOUR, 0, 0 };
	struct tayra__tier_value v;
	long left;

	need_redis();
	assert_int_equal(put(tier, "k", "v"), TAYRA_OK);
	left = strtol(redis_say(&server, "PTTL tayra:v:k") + 1, NULL, 10);
	assert_in_range(left, 1, HOUR + 2000); /* a little longer than it is got */
	assert_int_equal(tier->ops->get(tier, "k", 1, NOW + HOUR, &v), TAYRA_E_NOT_FOUND);
	assert_int_equal(tier->ops->get(tier, "k", 1, NOW - 1, &v), TAYRA_E_NOT_FOUND);
	meta.expire_ms = UINT64_MAX;
	assert_int_equal(tier->ops->put(tier, "k", 1, "w", 1, &meta, NOW), TAYRA_OK);
	left = strtol(redis_say(&server, "PTTL tayra:v:k") + 1, NULL, 10);
	assert_true(left > 100ll * 365 * 24 * HOUR);
	meta.expire_ms = NOW; /* nothing to keep, and nothing of before either */
	assert_int_not_equal(tier->ops->put(tier, "k", 1, "x", 1, &meta, NOW), TAYRA_OK);
	assert_true(is_word_of_removal("k"));
}

static void
large_and_empty_values_are_whole_and_too_large_ones_are_not_kept(void **state)
{
	static char big[2 << 20];
	const struct tayra__tier_meta meta = { NOW, NOW + 1000, NOW + HOUR, 0, 0 };
	struct tayra__tier_value v;

	need_redis();
	for (size_t i = 0; i < sizeof(big); i++)
		big[i] = (char)(i * 7919 >> 3);
	other = open_with((struct tayra__remote_options){ .value_bytes = 1 << 20 });
	assert_int_equal(tier->ops->put(tier, "k", 1, big, sizeof(big), &meta, NOW), TAYRA_OK);
	assert_int_equal(tier->ops->get(tier, "k", 1, NOW, &v), TAYRA_OK);
	assert_int_equal(v.len, sizeof(big));
	assert_memory_equal(v.data, big, sizeof(big));
	tayra__tier_value_free(&v);
	assert_null(get(other, "k"));
	assert_int_equal(other->ops->put(other, "k", 1, big, sizeof(big), &meta, NOW),
			 TAYRA_E_TOO_LARGE);
	assert_null(get(tier, "k"));
	assert_int_equal(put(tier, "k", ""), TAYRA_OK);
	assert_true(got(tier, "k", ""));
	assert_int_equal(tier->ops->put(tier, big, 65536, "v", 1, &meta, NOW), TAYRA_E_TOO_LARGE);
	assert_int_equal(tier->ops->get(tier, big, 65536, NOW, &v), TAYRA_E_NOT_FOUND);
}

static void
two_that_share_a_server_see_each_others_values_and_are_told_of_changes(void **state)
{
	need_redis();
	other = open_tier();
	tayra__tier_watch(tier, hear, &heard);
	assert_int_equal(put(tier, "mine", "1"), TAYRA_OK);
	assert_true(got(other, "mine", "1"));
	assert_int_equal(put(other, "theirs", "2"), TAYRA_OK);
	assert_true(got(tier, "theirs", "2"));
	EVENTUALLY(has_heard("theirs "));
	assert_int_equal(drop(other, "mine"), TAYRA_OK);
	assert_null(get(tier, "mine"));
	EVENTUALLY(has_heard("mine "));
	redis_say(&server, "DEL tayra:v:theirs"); /* by hand is by somebody else too */
	assert_null(get(tier, "theirs"));
	EVENTUALLY(has_heard("theirs mine theirs "));
	assert_int_equal(times_of_everything(), 0);
}

static void
what_it_changes_itself_it_is_not_told(void **state)
{
	need_redis();
	other = open_tier();
	tayra__tier_watch(tier, hear, &heard);
	for (int i = 0; i < 50; i++) {
		assert_int_equal(put(tier, "own", "1"), TAYRA_OK);
		assert_int_equal(drop(tier, "own"), TAYRA_OK);
	}
	assert_int_equal(put(other, "last", "1"), TAYRA_OK);
	EVENTUALLY(has_heard("last "));
	assert_false(has_heard("own"));
}

static void
what_does_not_verify_is_a_miss_and_counted(void **state)
{
	need_redis();
	redis_say(&server, "SET tayra:v:k garbage");
	assert_null(get(tier, "k"));
	redis_say(&server, "DEL tayra:v:k");
	redis_say(&server, "LPUSH tayra:v:k garbage");
	assert_null(get(tier, "k"));
	assert_int_equal(put(tier, "k", "value"), TAYRA_OK); /* SET replaces any type */
	assert_true(got(tier, "k", "value"));
	redis_say(&server, "SETRANGE tayra:v:k 98 X");
	assert_null(get(tier, "k"));
	assert_int_equal(put(tier, "k", "value"), TAYRA_OK);
	redis_say(&server, "APPEND tayra:v:k X");
	assert_null(get(tier, "k"));
	assert_int_equal(put(tier, "k", "value"), TAYRA_OK);
	redis_say(&server, "COPY tayra:v:k tayra:v:copy");
	assert_null(get(tier, "copy"));
	assert_int_equal(stats(tier).corrupt, 5);
	assert_false(is_out(tier));
}

static void
a_value_of_another_epoch_is_a_miss(void **state)
{
	need_redis();
	other = open_tier();
	tayra__tier_watch(other, hear, &heard);
	assert_int_equal(put(tier, "k", "v"), TAYRA_OK);
	assert_true(got(other, "k", "v"));
	assert_int_equal(tier->ops->clear(tier, NULL, 0, NOW), TAYRA_OK);
	assert_null(get(tier, "k"));
	assert_string_equal(redis_say(&server, "EXISTS tayra:v:k"), ":1");
	EVENTUALLY(has_heard(NULL));
	EVENTUALLY(got(other, "k", NULL));
	assert_int_equal(put(other, "k", "w"), TAYRA_OK);
	EVENTUALLY(got(tier, "k", "w"));
}

static void
a_server_that_is_emptied_makes_everything_distrusted(void **state)
{
	need_redis();
	tayra__tier_watch(tier, hear, &heard);
	assert_int_equal(put(tier, "k", "v"), TAYRA_OK);
	redis_say(&server, "FLUSHALL");
	EVENTUALLY(has_heard(NULL));
	EVENTUALLY(!is_out(tier));
	assert_null(get(tier, "k"));
	EVENTUALLY(put(tier, "k", "w") == TAYRA_OK);
	assert_true(got(tier, "k", "w"));
}

static void
it_comes_back_to_a_server_that_was_killed_and_began_empty(void **state)
{
	need_redis();
	tayra__tier_watch(tier, hear, &heard);
	assert_int_equal(put(tier, "k", "v"), TAYRA_OK);
	redis_kill(&server);
	EVENTUALLY(has_heard(NULL));
	assert_true(is_out(tier));
	assert_string_equal(get(tier, "k"), "?");
	assert_int_equal(put(tier, "k", "w"), TAYRA_E_IO);
	assert_true(redis_start(&server));
	EVENTUALLY(!is_out(tier));
	assert_true(times_of_everything() >= 2); /* again, before anything was got */
	assert_null(get(tier, "k"));
	assert_int_equal(put(tier, "k", "x"), TAYRA_OK);
	assert_true(got(tier, "k", "x"));
}

static void
a_server_that_comes_back_with_old_values_is_not_believed(void **state)
{
	need_redis();
	assert_int_equal(put(tier, "deleted", "old"), TAYRA_OK);
	assert_int_equal(put(tier, "replaced", "old"), TAYRA_OK);
	assert_string_equal(redis_say(&server, "SAVE"), "+OK");
	assert_int_equal(drop(tier, "deleted"), TAYRA_OK);
	assert_int_equal(put(tier, "replaced", "new"), TAYRA_OK);
	redis_kill(&server);
	assert_true(redis_start(&server));
	EVENTUALLY(!is_out(tier));
	assert_string_equal(redis_say(&server, "EXISTS tayra:v:deleted tayra:v:replaced"), ":2");
	assert_null(get(tier, "deleted"));
	assert_null(get(tier, "replaced"));
	other = open_tier(); /* nor by one that was not there before */
	assert_null(get(other, "deleted"));
	assert_null(get(other, "replaced"));
}

static void
what_could_not_be_changed_while_it_was_out_is_gone_when_it_is_back(void **state)
{
	need_redis();
	close_tier(tier);
	tier = open_with((struct tayra__remote_options){ .timeout_ns = 200 * TAYRA_NS_PER_MS });
	EVENTUALLY(put(tier, "deleted", "old") == TAYRA_OK);
	EVENTUALLY(put(tier, "replaced", "old") == TAYRA_OK);
	EVENTUALLY(put(tier, "kept", "old") == TAYRA_OK);
	kill(server.pid, SIGSTOP);
	assert_int_equal(drop(tier, "deleted"), TAYRA_E_IO);
	assert_int_equal(put(tier, "replaced", "new"), TAYRA_E_IO);
	assert_true(is_out(tier));
	assert_string_equal(get(tier, "deleted"), "?");
	kill(server.pid, SIGCONT);
	EVENTUALLY(!is_out(tier));
	EVENTUALLY(got(tier, "kept", "old"));
	EVENTUALLY(got(tier, "deleted", NULL));
	EVENTUALLY(got(tier, "replaced", NULL));
	assert_true(is_word_of_removal("deleted") && is_word_of_removal("replaced"));
}

/* Owe more than 4 MiB of keys. */
static void
owe_too_much(void)
{
	static char key[60000];

	memset(key, 'k', sizeof(key));
	for (int i = 0; i < 80; i++) {
		key[0] = (char)i;
		assert_int_equal(tier->ops->remove(tier, key, sizeof(key), NOW), TAYRA_E_IO);
	}
}

static void
more_than_can_be_remembered_makes_all_of_before_a_miss(void **state)
{
	need_redis();
	close_tier(tier);
	tier = open_with((struct tayra__remote_options){ .timeout_ns = 300 * TAYRA_NS_PER_MS });
	tayra__tier_watch(tier, hear, &heard);
	for (int lost = 0; lost < 2; lost++) { /* the connection, too */
		hear_nothing_yet();
		EVENTUALLY(put(tier, "old", "value") == TAYRA_OK);
		kill(server.pid, SIGSTOP);
		assert_int_equal(drop(tier, "this is sent"), TAYRA_E_IO);
		assert_int_equal(drop(tier, "old"), TAYRA_E_IO); /* and this is not */
		owe_too_much();
		if (lost)
			EVENTUALLY(has_heard(NULL));
		kill(server.pid, SIGCONT);
		EVENTUALLY(!is_out(tier));
		EVENTUALLY(got(tier, "old", NULL));
		assert_string_equal(redis_say(&server, "EXISTS tayra:v:old"), ":1");
		EVENTUALLY(put(tier, "new", "value") == TAYRA_OK);
		EVENTUALLY(got(tier, "new", "value"));
	}
}

static void
a_put_that_is_refused_after_its_caller_has_left_leaves_nothing_old(void **state)
{
	need_redis();
	close_tier(tier);
	tier = open_with((struct tayra__remote_options){ .timeout_ns = 300 * TAYRA_NS_PER_MS });
	EVENTUALLY(put(tier, "k", "old") == TAYRA_OK);
	redis_say(&server, "CONFIG SET maxmemory 1");
	kill(server.pid, SIGSTOP);
	assert_int_equal(put(tier, "k", "new"), TAYRA_E_IO);
	kill(server.pid, SIGCONT);
	EVENTUALLY(!is_out(tier));
	EVENTUALLY(got(tier, "k", NULL));
	redis_say(&server, "CONFIG SET maxmemory 0");
}

static void
a_frozen_server_costs_the_timeout_once_and_then_nothing(void **state)
{
	const uint64_t timeout_ns = 100 * TAYRA_NS_PER_MS;
	uint64_t began, each;

	need_redis();
	close_tier(tier);
	tier = open_with((struct tayra__remote_options){ .timeout_ns = timeout_ns });
	tayra__tier_watch(tier, hear, &heard);
	EVENTUALLY(put(tier, "k", "v") == TAYRA_OK);
	kill(server.pid, SIGSTOP);
	began = tayra__clock_mono_ns(tayra_clock_real());
	assert_string_equal(get(tier, "k"), "?");
	each = tayra__clock_mono_ns(tayra_clock_real()) - began;
	assert_true(each >= timeout_ns);
	EVENTUALLY(has_heard(NULL)); /* by the heartbeat alone */
	began = tayra__clock_mono_ns(tayra_clock_real());
	for (int i = 0; i < 1000; i++)
		assert_string_equal(get(tier, "k"), "?");
	each = (tayra__clock_mono_ns(tayra_clock_real()) - began) / 1000;
	assert_true(each < timeout_ns / 4);
	kill(server.pid, SIGCONT);
	EVENTUALLY(got(tier, "k", "v"));
}

static void
connections_that_the_server_closes_are_made_again_unseen(void **state)
{
	need_redis();
	assert_int_equal(put(tier, "k", "v"), TAYRA_OK);
	assert_true(got(tier, "k", "v"));
	redis_say(&server, "CLIENT KILL TYPE normal SKIPME yes"); /* the line's as well */
	EVENTUALLY(!is_out(tier) && got(tier, "k", "v"));
	for (int i = 0; i < 5; i++) {
		char command[64];
		const char *info = redis_say(&server, "CLIENT ID");

		snprintf(command, sizeof(command), "CLIENT KILL ID %ld",
			 strtol(info + 1, NULL, 10) - 1);
		redis_say(&server, command);
		EVENTUALLY(got(tier, "k", "v"));
	}
}

static void
a_server_that_takes_no_writes_keeps_nothing_old(void **state)
{
	need_redis();
	assert_int_equal(put(tier, "k", "old"), TAYRA_OK);
	redis_say(&server, "CONFIG SET maxmemory 1");
	assert_int_equal(put(tier, "k", "new"), TAYRA_E_IO);
	assert_null(get(tier, "k"));
	assert_false(is_out(tier));
	assert_int_equal(stats(tier).refused, 1);
	redis_say(&server, "CONFIG SET maxmemory 0");
	assert_int_equal(put(tier, "k", "new"), TAYRA_OK);
	redis_say(&server, "REPLICAOF 127.0.0.1 1"); /* not even deleting */
	assert_int_equal(drop(tier, "k"), TAYRA_E_IO);
	EVENTUALLY(is_out(tier));
	redis_say(&server, "REPLICAOF NO ONE");
	EVENTUALLY(!is_out(tier));
	assert_null(get(tier, "k"));
}

static void
a_password_is_needed_and_a_wrong_one_is_said(void **state)
{
	struct tayra__remote_options o = { .timeout_ns = LONG_NS };
	struct tayra__tier *refused;
	char url[200];

	need_redis();
	redis_say(&server, "CONFIG SET requirepass hunter2");
	o.url = server.url;
	assert_int_equal(tayra__remote_open(&o, error, sizeof(error), &refused), TAYRA_E_INVAL);
	assert_null(refused);
	assert_non_null(strstr(error, "wants a password"));
	snprintf(url, sizeof(url), "unix://:hunter3@%s", server.path);
	o.url = url;
	assert_int_equal(tayra__remote_open(&o, error, sizeof(error), &refused), TAYRA_E_INVAL);
	assert_non_null(strstr(error, "WRONGPASS"));
	assert_null(strstr(error, "hunter"));
	snprintf(url, sizeof(url), "unix://default:hunter2@%s", server.path);
	other = open_with(o);
	assert_int_equal(put(other, "k", "v"), TAYRA_OK);
	assert_true(got(other, "k", "v"));
	{
		int fd = redis_connect(&server);

		redis_say_on(fd, "AUTH hunter2");
		assert_string_equal(redis_say_on(fd, "CONFIG SET requirepass \"\""), "+OK");
		close(fd);
	}
}

/* A server without HELLO, as before Redis 6: values are kept and checked, nobody is told. */
static void
without_resp3_it_works_and_tells_nobody(void **state)
{
	struct redis old = { .extra = { "--rename-command", "HELLO", "" } };

	need_redis();
	assert_true(redis_up(&old));
	close_tier(tier);
	tier = open_with((struct tayra__remote_options){ .url = old.url });
	other = open_with((struct tayra__remote_options){ .url = old.url });
	tayra__tier_watch(tier, hear, &heard);
	assert_int_equal(put(tier, "k", "v"), TAYRA_OK);
	assert_true(got(other, "k", "v"));
	assert_int_equal(put(other, "k", "w"), TAYRA_OK);
	assert_true(got(tier, "k", "w"));
	assert_int_equal(drop(tier, "k"), TAYRA_OK);
	assert_null(get(other, "k"));
	assert_int_equal(put(tier, "k", "x"), TAYRA_OK);
	assert_false(has_heard("k ") || has_heard(NULL));
	redis_kill(&old);
	assert_true(redis_start(&old));
	/* Both may begin an epoch: then what was put in the first is a miss, all in doubt. */
	EVENTUALLY(put(tier, "l", "y") == TAYRA_OK && got(other, "l", "y"));
	assert_true(got(tier, "k", NULL));
	assert_false(has_heard("k "));
	redis_down(&old);
}

/* => one that is free just now. */
static unsigned
free_port(void)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(in);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (void *)&in, len), 0);
	assert_int_equal(getsockname(fd, (void *)&in, &len), 0);
	close(fd);
	return ntohs(in.sin_port);
}

static void
over_tcp_it_is_told_refuses_what_is_late_and_comes_back(void **state)
{
	const struct tayra__tier_meta late = { NOW - HOUR, NOW + 1000, NOW + HOUR, 0, 0 };
	char port[8], url[64];
	struct redis tcp = { .extra = { "--bind", "127.0.0.1", "--port", port } };

	need_redis();
	snprintf(port, sizeof(port), "%u", free_port());
	snprintf(url, sizeof(url), "redis://127.0.0.1:%s", port);
	assert_true(redis_up(&tcp));
	close_tier(tier);
	tier = open_with((struct tayra__remote_options){ .url = url });
	assert_string_equal(error, "");
	other = open_with((struct tayra__remote_options){ .url = url });
	tayra__tier_watch(tier, hear, &heard);
	assert_int_equal(put(tier, "k", "v"), TAYRA_OK);
	assert_true(got(other, "k", "v"));
	assert_int_equal(put(other, "k", "w"), TAYRA_OK);
	EVENTUALLY(has_heard("k "));
	assert_int_equal(tier->ops->offer(tier, "k", 1, "u", 1, &late, NOW), TAYRA_E_NOT_FOUND);
	assert_true(got(tier, "k", "w"));
	redis_kill(&tcp);
	EVENTUALLY(is_out(tier) && is_out(other));
	assert_true(redis_start(&tcp));
	EVENTUALLY(put(tier, "l", "x") == TAYRA_OK && got(other, "l", "x"));
	assert_true(got(other, "k", NULL));
	redis_down(&tcp);
}

static void
a_server_that_does_not_let_it_do_what_it_needs_is_refused(void **state)
{
	static const struct {
		const char *command, *says;
	} needs[] = {
		{ "INFO", "run_id" },
		{ "CLIENT", "CLIENT TRACKING" },
		{ "WATCH", "WATCH" },
	};
	struct tayra__remote_options o = { .timeout_ns = LONG_NS };
	struct tayra__tier *refused;

	need_redis();
	for (size_t i = 0; i < sizeof(needs) / sizeof(needs[0]); i++) {
		struct redis strict = { .extra = { "--rename-command", needs[i].command, "" } };

		assert_true(redis_up(&strict));
		o.url = strict.url;
		assert_int_equal(tayra__remote_open(&o, error, sizeof(error), &refused),
				 TAYRA_E_INVAL);
		assert_null(refused);
		if (!strstr(error, needs[i].says))
			fail_msg("%s", error);
		redis_down(&strict);
	}
}

static void
nobody_there_is_no_error_but_said_and_it_comes_by_itself(void **state)
{
	struct tayra__remote_options o = { .timeout_ns = LONG_NS };

	need_redis();
	redis_kill(&server);
	o.url = server.url;
	assert_int_equal(tayra__remote_open(&o, error, sizeof(error), &other), TAYRA_OK);
	assert_non_null(strstr(error, "while connecting"));
	assert_string_equal(get(other, "k"), "?");
	assert_true(is_out(other));
	assert_true(redis_start(&server));
	EVENTUALLY(!is_out(other));
	EVENTUALLY(put(other, "k", "v") == TAYRA_OK && got(other, "k", "v"));
}

static void
bad_options_are_refused_in_one_line(void **state)
{
	static const struct {
		struct tayra__remote_options options;
		const char *word;
	} bad[] = {
		{ { .url = NULL }, "there is none" },
		{ { .url = "redis://" }, "no host" },
		{ { .url = "redis://h", .prefix = "" }, "prefix" },
		{ { .url = "redis://h", .connections = 65 }, "connections" },
		{ { .url = "redis://h", .value_bytes = 1ull << 40 }, "values" },
		{ { .url = "redis://h", .timeout_ns = 1ull << 60 }, "a minute" },
	};
	struct tayra__tier *none;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(tayra__remote_open(&bad[i].options, error, sizeof(error), &none),
				 TAYRA_E_INVAL);
		assert_null(none);
		if (!strstr(error, bad[i].word))
			fail_msg("%s", error);
	}
}

static int
take_up(void **state)
{
	return !redis_is_installed() || redis_up(&server) ? 0 : -1;
}

static int
take_down(void **state)
{
	if (redis_is_installed())
		redis_down(&server);
	return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_was_put_is_got_with_all_that_is_known_of_it),
		TEST(a_removed_key_is_a_miss),
		TEST(the_server_is_told_when_a_value_expires_and_no_older_one_is_got),
		TEST(large_and_empty_values_are_whole_and_too_large_ones_are_not_kept),
		TEST(two_that_share_a_server_see_each_others_values_and_are_told_of_changes),
		TEST(what_it_changes_itself_it_is_not_told),
		TEST(what_does_not_verify_is_a_miss_and_counted),
		TEST(a_value_of_another_epoch_is_a_miss),
		TEST(a_server_that_is_emptied_makes_everything_distrusted),
		TEST(it_comes_back_to_a_server_that_was_killed_and_began_empty),
		TEST(a_server_that_comes_back_with_old_values_is_not_believed),
		TEST(what_could_not_be_changed_while_it_was_out_is_gone_when_it_is_back),
		TEST(more_than_can_be_remembered_makes_all_of_before_a_miss),
		TEST(a_put_that_is_refused_after_its_caller_has_left_leaves_nothing_old),
		TEST(a_frozen_server_costs_the_timeout_once_and_then_nothing),
		TEST(connections_that_the_server_closes_are_made_again_unseen),
		TEST(a_server_that_takes_no_writes_keeps_nothing_old),
		TEST(a_password_is_needed_and_a_wrong_one_is_said),
		TEST(without_resp3_it_works_and_tells_nobody),
		TEST(over_tcp_it_is_told_refuses_what_is_late_and_comes_back),
		TEST(a_server_that_does_not_let_it_do_what_it_needs_is_refused),
		TEST(nobody_there_is_no_error_but_said_and_it_comes_by_itself),
		cmocka_unit_test(bad_options_are_refused_in_one_line),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, take_up, take_down);
}
