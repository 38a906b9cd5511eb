/* SPDX-License-Identifier: Apache-2.0 */
#include "client.h"

static struct running running;
static int fd;

static int
setup(void **state)
{
	client_start(&running, (struct tayra__server_options){ .memory_bytes = 16u << 20 });
	fd = client_connect(&running);
	return 0;
}

static int
teardown(void **state)
{
	close(fd);
	client_stop(&running);
	return 0;
}

/* A command, and its reply without the last line end. */
static void
say(const char *command, const char *reply)
{
	char whole[4096];

	snprintf(whole, sizeof(whole), "%s\r\n", reply);
	client_say(fd, command, whole);
}

#define NOT_INTEGER "-ERR value is not an integer or out of range"
#define SYNTAX      "-ERR syntax error"

static void
strings_are_set_and_got(void **state)
{
	say("GET a", "$-1");
	say("SET a 1", "+OK");
	say("get a", "$1\r\n1");
	say("SET a \"\"", "+OK");
	say("GET a", "$0\r\n");
	say("MSET a 1 b 2", "+OK");
	say("MGET a x b", "*3\r\n$1\r\n1\r\n$-1\r\n$1\r\n2");
	say("MSETNX b 3 c 4", ":0");
	say("MSETNX c 4 d 5", ":1");
	say("MSET a 1 b", "-ERR wrong number of arguments for 'mset' command");
	say("SETNX a 2", ":0");
	say("SETNX e 2", ":1");
	say("GETSET e 3", "$1\r\n2");
	say("GETSET f 3", "$-1");
	say("GETDEL f", "$1\r\n3");
	say("EXISTS f e a", ":2");
	say("STRLEN e", ":1");
	say("STRLEN nothing", ":0");
	say("TYPE a", "+string");
	say("TYPE nothing", "+none");
	say("DEL a b nothing", ":2");
	say("UNLINK c", ":1");
	say("TOUCH e d c", ":2");
}

static void
set_obeys_its_options(void **state)
{
	say("SET a 1 XX", "$-1");
	say("SET a 1 NX EX 100", "+OK");
	say("SET a 2 NX", "$-1");
	say("SET a 3 XX KEEPTTL GET", "$1\r\n1");
	say("TTL a", ":100");
	say("SET a 4", "+OK");
	say("TTL a", ":-1");
	say("SET b 1 GET", "$-1");
	say("SET b 2 NX GET", "$1\r\n1");
	say("GET b", "$1\r\n1");
	say("SET a 1 NX XX", SYNTAX);
	say("SET a 1 EX", SYNTAX);
	say("SET a 1 EX 1 PX 1", SYNTAX);
	say("SET a 1 KEEPTTL EX 1", SYNTAX);
	say("SET a 1 what", SYNTAX);
	say("SET a 1 EX x", NOT_INTEGER);
	say("SET a 1 EX 0", "-ERR invalid expire time in 'set' command");
	say("SET a 1 EX 9223372036854775807", "-ERR invalid expire time in 'set' command");
	say("SET a 1 EXAT 1", "+OK");
	say("GET a", "$-1");
	say("SETEX a 100 v", "+OK");
	say("SETEX a 0 v", "-ERR invalid expire time in 'setex' command");
	say("PSETEX a 99900 v", "+OK");
	say("TTL a", ":100");
	say("GETEX a PERSIST", "$1\r\nv");
	say("TTL a", ":-1");
	say("GETEX a EX 50", "$1\r\nv");
	say("TTL a", ":50");
	say("GETEX a EX 50 60", SYNTAX);
}

static void
pieces_of_strings_are_read_and_written(void **state)
{
	say("APPEND a Hello", ":5");
	say("APPEND a \" World\"", ":11");
	say("GETRANGE a 0 3", "$4\r\nHell");
	say("GETRANGE a -3 -1", "$3\r\nrld");
	say("GETRANGE a -1 -3", "$0\r\n");
	say("GETRANGE a 5 3", "$0\r\n");
	say("GETRANGE a -5000 5000", "$11\r\nHello World");
	say("GETRANGE a 11 20", "$0\r\n");
	say("GETRANGE nothing 0 -1", "$0\r\n");
	say("GETRANGE a -9223372036854775808 9223372036854775807", "$11\r\nHello World");
	say("SETRANGE a 6 Redis", ":11");
	say("GET a", "$11\r\nHello Redis");
	say("SETRANGE b 0 \"\"", ":0");
	say("EXISTS b", ":0");
	say("SETRANGE a -1 x", "-ERR offset is out of range");
	say("SETRANGE a 9223372036854775807 xx",
	    "-ERR string exceeds maximum allowed size (proto-max-bulk-len)");
	say("SETRANGE a 536870911 xx",
	    "-ERR string exceeds maximum allowed size (proto-max-bulk-len)");
	client_say(fd, "SETRANGE c 2 x", ":3\r\n");
	client_send(fd, "GET c\r\n", 7);
	client_expect(fd, "$3\r\n\0\0x\r\n", 9);
	say("EXPIRE a 100", ":1");
	say("APPEND a !", ":12");
	say("TTL a", ":100");
	say("SETBIT bits 9 1", ":0");
	say("GETBIT bits 9", ":1");
	say("GETBIT bits 8", ":0");
	say("GETBIT bits 800", ":0");
	say("STRLEN bits", ":2");
	say("SETBIT bits -1 1", "-ERR bit offset is not an integer or out of range");
	say("SETBIT bits 4294967296 1", "-ERR bit offset is not an integer or out of range");
	say("SETBIT bits 1 2", "-ERR bit is not an integer or out of range");
}

static void
counters_count_and_do_not_overflow(void **state)
{
	say("INCR n", ":1");
	say("DECR n", ":0");
	say("INCRBY n 41", ":41");
	say("DECRBY n -1", ":42");
	say("EXPIRE n 100", ":1");
	say("INCR n", ":43");
	say("TTL n", ":100");
	say("SET n 9223372036854775807", "+OK");
	say("INCR n", "-ERR increment or decrement would overflow");
	say("DECRBY n -9223372036854775808", "-ERR decrement would overflow");
	say("SET n \" 1\"", "+OK");
	say("INCR n", NOT_INTEGER);
	say("SET n 01", "+OK");
	say("INCR n", NOT_INTEGER);
	say("INCRBY m x", NOT_INTEGER);
	say("INCRBYFLOAT f 10.5", "$4\r\n10.5");
	say("INCRBYFLOAT f -0.25", "$5\r\n10.25");
	say("INCRBYFLOAT f 5e3", "$7\r\n5010.25");
	say("INCRBYFLOAT f inf", "-ERR increment would produce NaN or Infinity");
	say("INCRBYFLOAT f nan", "-ERR value is not a valid float");
	say("INCRBYFLOAT f \" 1\"", "-ERR value is not a valid float");
	say("SET f text", "+OK");
	say("INCRBYFLOAT f 1", "-ERR value is not a valid float");
}

static void
deadlines_are_set_under_conditions(void **state)
{
	say("EXPIRE a 10", ":0");
	say("SET a v", "+OK");
	say("EXPIRE a 10 XX", ":0");
	say("EXPIRE a 10 GT", ":0");
	say("EXPIRE a 10 NX", ":1");
	say("EXPIRE a 20 NX", ":0");
	say("EXPIRE a 20 LT", ":0");
	say("EXPIRE a 20 GT", ":1");
	say("PTTL nothing", ":-2");
	say("TTL a", ":20");
	say("PERSIST a", ":1");
	say("PERSIST a", ":0");
	say("EXPIREAT a 33177117420", ":1");
	say("EXPIRETIME a", ":33177117420");
	say("PEXPIRETIME a", ":33177117420000");
	say("PEXPIREAT a 33177117420123", ":1");
	say("PEXPIRETIME a", ":33177117420123");
	say("EXPIRE a -1", ":1");
	say("EXISTS a", ":0");
	say("EXPIRE a 1 NX GT",
	    "-ERR NX and XX, GT or LT options at the same time are not compatible");
	say("EXPIRE a 1 LT GT", "-ERR GT and LT options at the same time are not compatible");
	say("EXPIRE a 1 what", "-ERR Unsupported option what");
	say("EXPIRE a \"\"", NOT_INTEGER);
	say("EXPIRE a 9223372036854775807", "-ERR invalid expire time in 'expire' command");
	say("PEXPIRE a 9223372036854775807", "-ERR invalid expire time in 'pexpire' command");
}

static void
what_expires_is_gone_and_does_not_come_back(void **state)
{
	say("SET a v PX 30", "+OK");
	say("SET b v PX 30", "+OK");
	usleep(40000);
	say("GET a", "$-1");
	say("EXPIRE b 100", ":0");
	say("DEL b", ":0");
	say("SET c v PX 30", "+OK");
	for (int i = 0; i < 200; i++) {
		char reply[8];

		usleep(20000);
		client_send(fd, "DBSIZE\r\n", 8);
		assert_int_equal(recv(fd, reply, sizeof(reply), 0), 4);
		if (memcmp(reply, ":0", 2) == 0)
			return;
	}
	fail_msg("what expired was never removed");
}

static void
databases_are_apart(void **state)
{
	say("SET a 0", "+OK");
	say("SET 0nly 0", "+OK");
	say("SELECT 1", "+OK");
	say("GET a", "$-1");
	say("SET a 1", "+OK");
	say("DBSIZE", ":1");
	say("KEYS *", "*1\r\n$1\r\na");
	say("SELECT 0", "+OK");
	say("DBSIZE", ":2");
	say("FLUSHDB", "+OK");
	say("DBSIZE", ":0");
	say("RANDOMKEY", "$-1");
	say("SELECT 1", "+OK");
	say("GET a", "$1\r\n1");
	say("RANDOMKEY", "$1\r\na");
	say("FLUSHALL ASYNC", "+OK");
	say("GET a", "$-1");
	say("SELECT 16", "-ERR DB index is out of range");
	say("SELECT -1", "-ERR DB index is out of range");
	say("SELECT x", NOT_INTEGER);
	say("FLUSHALL WHAT", SYNTAX);
}

static void
rename_moves_value_and_deadline(void **state)
{
	say("SET a v EX 100", "+OK");
	say("RENAME a b", "+OK");
	say("GET a", "$-1");
	say("GET b", "$1\r\nv");
	say("TTL b", ":100");
	say("RENAME b b", "+OK");
	say("GET b", "$1\r\nv");
	say("RENAME a b", "-ERR no such key");
}

/* Reads a SCAN reply of keys that are all "k<number>" with three digits. */
static unsigned long
scan(const char *command, unsigned seen[1000])
{
	char reply[65536];
	unsigned long cursor, count;
	size_t have = 0;
	char *at;

	client_send(fd, command, strlen(command));
	do {
		ssize_t n = recv(fd, reply + have, sizeof(reply) - 1 - have, 0);

		assert_true(n > 0);
		have += (size_t)n;
		reply[have] = '\0';
		at = strchr(reply, '*') ? strchr(reply + 1, '*') : NULL;
		count = at ? strtoul(at + 1, NULL, 10) : 0;
	} while (!at || !strstr(at, "\r\n") ||
		 have < (size_t)(strstr(at, "\r\n") + 2 - reply) +
				 count * strlen("$4\r\nk123\r\n"));
	assert_memory_equal(reply, "*2\r\n$", 5);
	cursor = strtoul(strstr(reply + 4, "\r\n") + 2, NULL, 10);
	for (at = strchr(at, 'k'); at; at = strchr(at + 1, 'k'))
		seen[strtoul(at + 1, NULL, 10)]++;
	return cursor;
}

static void
scan_returns_every_key(void **state)
{
	unsigned seen[1000] = { 0 };
	unsigned long cursor = 0;
	char command[64];

	for (int i = 0; i < 1000; i++) {
		snprintf(command, sizeof(command), "SET k%03d v", i);
		say(command, "+OK");
	}
	do {
		snprintf(command, sizeof(command), "SCAN %lu COUNT 50\r\n", cursor);
		cursor = scan(command, seen);
	} while (cursor);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(seen[i], 1);
	memset(seen, 0, sizeof(seen));
	assert_int_equal(scan("SCAN 0 MATCH k0[1-2]? COUNT 100000\r\n", seen), 0);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(seen[i], i >= 10 && i < 30);
	say("SCAN 0 TYPE hash COUNT 100000", "*2\r\n$1\r\n0\r\n*0");
	say("SCAN x", "-ERR invalid cursor");
	say("SCAN -1", "-ERR invalid cursor");
	say("SCAN 0 COUNT 0", SYNTAX);
	say("SCAN 0 COUNT", SYNTAX);
	say("SCAN 0 WHAT 1", SYNTAX);
}

static void
connections_speak_of_themselves(void **state)
{
	say("PING", "+PONG");
	say("PING hello", "$5\r\nhello");
	say("PING a b", "-ERR wrong number of arguments for 'ping' command");
	say("ECHO \"a b\"", "$3\r\na b");
	say("CLIENT GETNAME", "$-1");
	say("CLIENT SETNAME me", "+OK");
	say("CLIENT GETNAME", "$2\r\nme");
	say("CLIENT SETNAME \"a b\"",
	    "-ERR Client names cannot contain spaces, newlines or special characters, and have at "
	    "most 63 bytes.");
	say("CLIENT ID", ":1");
	say("CLIENT SETINFO lib-name tests", "+OK");
	say("CLIENT SETINFO what tests", "-ERR Unrecognized option 'what'");
	say("CLIENT NO-EVICT on", "+OK");
	say("CLIENT WHAT", "-ERR unknown subcommand 'WHAT'. Try client HELP.");
	say("CLIENT ID x", "-ERR wrong number of arguments for 'client|id' command");
	say("HELLO 4", "-NOPROTO unsupported protocol version");
	say("HELLO x", "-ERR Protocol version is not an integer or out of range");
	say("HELLO 3 SETNAME you", "%7\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$6\r\n7."
				   "0.15\r\n$5\r\nproto\r\n:3"
				   "\r\n$2\r\nid\r\n:1\r\n$4\r\nmode\r\n$10\r\nstandalone\r\n$"
				   "4\r\nrole\r\n$6\r\nmaster\r\n"
				   "$7\r\nmodules\r\n*0");
	say("GET nothing", "_");
	say("CLIENT GETNAME", "$3\r\nyou");
	say("RESET", "+RESET");
	say("GET nothing", "$-1");
	say("AUTH x",
	    "-ERR AUTH <password> called without any password configured for the default user. Are "
	    "you sure your configuration is correct?");
	say("AUTH a b c", SYNTAX);
}

static void
errors_name_what_is_not_known(void **state)
{
	say("FOO bar baz", "-ERR unknown command 'FOO', with args beginning with: 'bar' 'baz' ");
	say("LPUSH l 1",
	    "-ERR unknown command 'LPUSH', which tayra does not serve, with args beginning with: "
	    "'l' '1' ");
	say("GET", "-ERR wrong number of arguments for 'get' command");
	say("GET a b", "-ERR wrong number of arguments for 'get' command");
}

static void
settings_are_read_and_some_are_set(void **state)
{
	say("CONFIG GET maxmemory", "*2\r\n$9\r\nmaxmemory\r\n$8\r\n16777216");
	say("CONFIG GET nothing", "*0");
	say("CONFIG GET data* time*",
	    "*4\r\n$9\r\ndatabases\r\n$2\r\n16\r\n$7\r\ntimeout\r\n$1\r\n0");
	say("CONFIG SET timeout 60 save \"\"", "+OK");
	say("CONFIG GET timeout", "*2\r\n$7\r\ntimeout\r\n$2\r\n60");
	say("CONFIG SET appendonly yes", "-ERR CONFIG SET failed (possibly related to argument "
					 "'appendonly') - tayra serve keeps "
					 "nothing on disk");
	say("CONFIG SET maxmemory 1", "-ERR CONFIG SET failed (possibly related to argument "
				      "'maxmemory') - can't set immutable "
				      "config: it is an option of tayra serve");
	say("CONFIG SET what 1",
	    "-ERR CONFIG SET failed (possibly related to argument 'what') - unknown parameter");
	say("CONFIG RESETSTAT", "+OK");
	say("COMMAND INFO get nothing",
	    "*2\r\n*10\r\n$3\r\nget\r\n:2\r\n*2\r\n+readonly\r\n+fast\r\n:1\r\n:1\r\n:1\r\n*1\r\n"
	    "+@string\r\n*0\r\n*0\r\n*0\r\n*-1");
	say("COMMAND DOCS strlen",
	    "*2\r\n$6\r\nstrlen\r\n*6\r\n$7\r\nsummary\r\n$43\r\nGet the length of the value "
	    "stored in "
	    "a key\r\n$5\r\nsince\r\n$5\r\n2.2.0\r\n$5\r\ngroup\r\n$6\r\nstring");
	say("INFO cluster", "$30\r\n# Cluster\r\ncluster_enabled:0\r\n");
	say("INFO what", "$0\r\n");
}

static void
a_value_that_cannot_be_kept_says_so_and_leaves_nothing_old(void **state)
{
	const size_t len = 900000; /* of 16 MiB buffers have 2, an argument half of that */
	char *value = malloc(len);
	char header[64];

	memset(value, 'v', len);
	say("SET a old", "+OK");
	snprintf(header, sizeof(header), "*3\r\n$3\r\nSET\r\n$1\r\na\r\n$%zu\r\n", len);
	client_send(fd, header, strlen(header));
	client_send(fd, value, len);
	client_send(fd, "\r\n", 2);
	client_expect(fd, "+OK\r\n", 5);
	say("STRLEN a", ":900000");
	memset(value, 'k', len);
	snprintf(header, sizeof(header), "*3\r\n$3\r\nSET\r\n$%d\r\n", 70000);
	client_send(fd, header, strlen(header));
	client_send(fd, value, 70000);
	client_send(fd, "\r\n$1\r\nv\r\n", 9);
	client_expect(fd, "-ERR key or value is too large for this cache", 45);
	free(value);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(strings_are_set_and_got),
		TEST(set_obeys_its_options),
		TEST(pieces_of_strings_are_read_and_written),
		TEST(counters_count_and_do_not_overflow),
		TEST(deadlines_are_set_under_conditions),
		TEST(what_expires_is_gone_and_does_not_come_back),
		TEST(databases_are_apart),
		TEST(rename_moves_value_and_deadline),
		TEST(scan_returns_every_key),
		TEST(connections_speak_of_themselves),
		TEST(errors_name_what_is_not_known),
		TEST(settings_are_read_and_some_are_set),
		TEST(a_value_that_cannot_be_kept_says_so_and_leaves_nothing_old),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
