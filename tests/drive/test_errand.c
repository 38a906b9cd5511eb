/* SPDX-License-Identifier: Apache-2.0 */
#include "drive/errand.h"

#include "drive/wire.h"

#include <string.h>

#include <tayra/base.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void
expect_bytes(const struct tayra__buffer *buffer, const char *text)
{
	assert_int_equal(buffer->len, strlen(text));
	assert_memory_equal(tayra__buffer_front(buffer), text, buffer->len);
}

static void
expect(const struct tayra__wire_options *options, const char *host, unsigned port,
       const char *request)
{
	struct tayra__errand errand;
	char why[TAYRA__WIRE_WHY];

	assert_int_equal(tayra__errand_init(&errand, options, why, sizeof(why)), TAYRA_OK);
	assert_string_equal(errand.place.host, host);
	assert_int_equal(errand.place.port, port);
	expect_bytes(&errand.request, request);
	tayra__errand_fini(&errand);
}

static void
refuse(const struct tayra__wire_options *options, const char *part)
{
	struct tayra__errand errand;
	char why[TAYRA__WIRE_WHY] = "";

	assert_int_equal(tayra__errand_init(&errand, options, why, sizeof(why)), TAYRA_E_INVAL);
	if (!strstr(why, part))
		fail_msg("'%s' does not say '%s'", why, part);
	assert_null(strchr(why, '\n'));
}

static void
refuse_url(const char *url, const char *part)
{
	const struct tayra__wire_options options = { .url = url };

	refuse(&options, part);
}

static void
a_url_becomes_a_request(void **state)
{
	const struct tayra__wire_options plain = { .url = "http://example.org/a?b=c#d" };
	const struct tayra__wire_options bare = { .url = "http://[::1]:8080" };
	const struct tayra__wire_options query = { .url = "http://h:1?x" };

	expect(&plain, "example.org", 80,
	       "GET /a?b=c HTTP/1.1\r\nHost: example.org\r\nUser-Agent: tayra\r\n\r\n");
	expect(&bare, "::1", 8080,
	       "GET / HTTP/1.1\r\nHost: [::1]:8080\r\nUser-Agent: tayra\r\n\r\n");
	expect(&query, "h", 1, "GET /?x HTTP/1.1\r\nHost: h:1\r\nUser-Agent: tayra\r\n\r\n");
}

static void
method_headers_and_body_are_said_as_given(void **state)
{
	static const char *const headers[] = { "host: other", "X-A: 1", "User-Agent: me" };
	const struct tayra__wire_options post = { .url = "http://h/",
						  .headers = headers,
						  .header_count = 3,
						  .body = "{}",
						  .body_len = 2 };
	const struct tayra__wire_options put = { .url = "http://h/", .method = "PUT" };

	expect(&post, "h", 80,
	       "POST / HTTP/1.1\r\nhost: other\r\nX-A: 1\r\nUser-Agent: me\r\n"
	       "Content-Length: 2\r\n\r\n{}");
	expect(&put, "h", 80,
	       "PUT / HTTP/1.1\r\nHost: h\r\nUser-Agent: tayra\r\nContent-Length: 0\r\n\r\n");
}

static void
a_secure_url_asks_the_same_elsewhere(void **state)
{
	const struct tayra__wire_options https = { .url = "https://h/x", .insecure = true };
	const struct tayra__wire_options rediss = { .url = "rediss://:secret@h/3/key",
						    .insecure = true };
	struct tayra__errand errand;
	char why[TAYRA__WIRE_WHY];

	if (tayra__errand_init(&errand, &https, why, sizeof(why)) == TAYRA_E_UNSUPPORTED)
		skip();
	assert_non_null(errand.tls);
	tayra__errand_fini(&errand);
	expect(&https, "h", 443, "GET /x HTTP/1.1\r\nHost: h\r\nUser-Agent: tayra\r\n\r\n");
	assert_int_equal(tayra__errand_init(&errand, &rediss, why, sizeof(why)), TAYRA_OK);
	expect_bytes(&errand.request, "*2\r\n$3\r\nGET\r\n$3\r\nkey\r\n");
	assert_string_equal(errand.place.shown, "rediss://h:6379/3");
	assert_int_equal(errand.place.port, 6379);
	assert_non_null(errand.tls);
	tayra__errand_fini(&errand);
}

static void
what_is_no_url_of_ours_is_refused_with_a_reason(void **state)
{
	refuse_url(NULL, "begins with");
	refuse_url("ftp://h/", "begins with");
	refuse_url("http://", "without a host");
	refuse_url("http://:80/", "without a host");
	refuse_url("http://[::1/", "']'");
	refuse_url("http://[::1]x/", "port");
	refuse_url("http://h:0/", "port");
	refuse_url("http://h:/", "port");
	refuse_url("http://h:123456789/", "port");
	refuse_url("http://u:secret@h/", "Authorization");
	refuse_url("http://h/a b", "%20");
	refuse_url("http://h/\r\nX: y", "byte");
	refuse_url("redis://:secret@h:x/", "port");
}

static void
what_would_break_the_request_is_refused(void **state)
{
	static const char *const bad[] = {
		"X: a\r\nY: b", "no colon",          ": x",
		"X Y: z",       "Content-Length: 3", "transfer-encoding: chunked"
	};
	const struct tayra__wire_options method = { .url = "http://h/", .method = "GET /x" };
	static const char *const words[] = { "PING" };
	const struct tayra__wire_options mixed = { .url = "http://h/",
						   .words = words,
						   .word_count = 1 };
	const struct tayra__wire_options body = { .url = "redis://h/", .body = "x", .body_len = 1 };

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		const struct tayra__wire_options options = { .url = "http://h/",
							     .headers = &bad[i],
							     .header_count = 1 };

		refuse(&options, i < 4 ? "header" : "Content-Length");
	}
	refuse(&method, "method");
	refuse(&mixed, "redis://");
	refuse(&body, "http://");
}

static void
a_redis_url_becomes_a_command_and_a_greeting(void **state)
{
	const struct tayra__wire_options ping = { .url = "redis://h" };
	const struct tayra__wire_options get = { .url = "redis://u:p@h:7/3/a/b" };
	const struct tayra__wire_options key = { .url = "redis://h/k1" };
	static const char *const words[] = { "SET", "k", "v" };
	const struct tayra__wire_options set = { .url = "redis://h/2",
						 .words = words,
						 .word_count = 3 };
	struct tayra__errand errand;
	char why[TAYRA__WIRE_WHY];

	expect(&ping, "h", 6379, "*1\r\n$4\r\nPING\r\n");
	expect(&key, "h", 6379, "*2\r\n$3\r\nGET\r\n$2\r\nk1\r\n");
	expect(&get, "h", 7, "*2\r\n$3\r\nGET\r\n$3\r\na/b\r\n");
	expect(&set, "h", 6379, "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n");
	assert_int_equal(tayra__errand_init(&errand, &get, why, sizeof(why)), TAYRA_OK);
	assert_int_equal(errand.greeting_replies, 2);
	expect_bytes(&errand.greeting, "*3\r\n$4\r\nAUTH\r\n$1\r\nu\r\n$1\r\np\r\n"
				       "*2\r\n$6\r\nSELECT\r\n$1\r\n3\r\n");
	assert_null(strstr(errand.place.shown, "u:p"));
	tayra__errand_fini(&errand);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_url_becomes_a_request),
		cmocka_unit_test(method_headers_and_body_are_said_as_given),
		cmocka_unit_test(a_secure_url_asks_the_same_elsewhere),
		cmocka_unit_test(what_is_no_url_of_ours_is_refused_with_a_reason),
		cmocka_unit_test(what_would_break_the_request_is_refused),
		cmocka_unit_test(a_redis_url_becomes_a_command_and_a_greeting),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
