/* SPDX-License-Identifier: Apache-2.0 */
#include "drive/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/mem.h"
#include "tls_server.h"

static char why[TAYRA__WIRE_WHY];

static int
open_to(const struct tls_server *server, const char *cacert, bool insecure,
	struct tayra__wire **wire)
{
	const struct tayra__wire_options options = { .url = server->url,
						     .connections = 3,
						     .cacert = cacert,
						     .insecure = insecure,
						     .timeout_ns = 2 * TAYRA_NS_PER_S };

	why[0] = '\0';
	return tayra__wire_open(&options, wire, why, sizeof(why));
}

static struct tayra__drive_result *
ask(struct tayra__wire *wire, uint64_t ms)
{
	const struct tayra__closed_plan plan = { .clients = 3, .length_ns = ms * TAYRA_NS_PER_MS };
	struct tayra__drive_result *result = tayra__mem_alloc(sizeof(*result));

	tayra__hist_init(&result->latency);
	assert_int_equal(tayra__wire_drive_closed(wire, &plan, result), TAYRA_OK);
	return result;
}

/* What comes of a server of that manner that is trusted. */
static struct tayra__drive_result *
met(enum tls_manner manner, size_t body, char first[TAYRA__WIRE_WHY], unsigned *handshakes)
{
	struct tls_server server = { .manner = manner,
				     .names = "DNS:localhost,IP:127.0.0.1",
				     .body = body };
	struct tayra__drive_result *result;
	struct tayra__wire *wire;

	tls_start(&server);
	assert_int_equal(open_to(&server, server.pem, false, &wire), TAYRA_OK);
	result = ask(wire, 200);
	memcpy(first, tayra__wire_errors(wire)->first, TAYRA__WIRE_WHY);
	if (result->ok > 0)
		assert_true(atomic_load(&server.answers) >= result->ok);
	*handshakes = atomic_load(&server.handshakes);
	tayra__wire_close(wire);
	tls_stop(&server);
	return result;
}

static void
a_trusted_server_is_asked_over_connections_that_stay(void **state)
{
	char first[TAYRA__WIRE_WHY];
	unsigned handshakes;
	struct tayra__drive_result *r = met(TLS_GOOD, 100, first, &handshakes);

	(void)state;
	assert_true(r->ok > 20);
	assert_int_equal(r->errors, 0);
	assert_in_range(handshakes, 3, 3);
	tayra__mem_free(r);
}

static void
answers_of_many_records_arrive_whole(void **state)
{
	char first[TAYRA__WIRE_WHY];
	unsigned handshakes;
	struct tayra__drive_result *r = met(TLS_GOOD, 300000, first, &handshakes);

	(void)state;
	assert_true(r->ok > 3);
	assert_int_equal(r->errors, 0);
	tayra__mem_free(r);
	r = met(TLS_SMALL, 1000, first, &handshakes);
	assert_true(r->ok > 3);
	assert_int_equal(r->errors, 0);
	tayra__mem_free(r);
}

static void
one_that_leaves_is_reached_again(void **state)
{
	char first[TAYRA__WIRE_WHY];
	unsigned handshakes;
	struct tayra__drive_result *r = met(TLS_LEAVES, 10, first, &handshakes);

	(void)state;
	assert_true(r->ok > 3);
	assert_true(handshakes >= r->ok);
	tayra__mem_free(r);
}

static void
an_answer_cut_in_half_is_an_error(void **state)
{
	char first[TAYRA__WIRE_WHY];
	unsigned handshakes;
	struct tayra__drive_result *r = met(TLS_CUTS, 1000, first, &handshakes);

	(void)state;
	assert_int_equal(r->ok, 0);
	assert_true(r->errors > 0);
	assert_string_equal(first, "TLS: the connection ended without a goodbye");
	tayra__mem_free(r);
}

/* => the complaint about a server that is not to be had. */
static const char *
refusal(enum tls_manner manner, const char *names, bool trusted)
{
	struct tls_server server = { .manner = manner, .names = names, .body = 10 };
	struct tayra__wire *wire;

	tls_start(&server);
	assert_int_equal(open_to(&server, trusted ? server.pem : NULL, false, &wire), TAYRA_E_IO);
	assert_null(wire);
	assert_int_equal(strncmp(why, server.url, strlen(server.url)), 0);
	tls_stop(&server);
	return why + strlen(server.url);
}

static void
who_is_not_trusted_is_refused_and_said_so(void **state)
{
	struct tls_server server = { .names = "DNS:elsewhere", .body = 10 };
	struct tayra__drive_result *result;
	struct tayra__wire *wire;

	(void)state;
	assert_string_equal(refusal(TLS_GOOD, "IP:127.0.0.1", false),
			    ": TLS: the certificate is not trusted: self-signed certificate");
	assert_string_equal(refusal(TLS_GOOD, "DNS:localhost", true),
			    ": TLS: the certificate is not trusted: IP address mismatch");
	tls_start(&server);
	assert_int_equal(open_to(&server, NULL, true, &wire), TAYRA_OK); /* unless told otherwise */
	result = ask(wire, 50);
	assert_true(result->ok > 0);
	tayra__mem_free(result);
	tayra__wire_close(wire);
	tls_stop(&server);
}

static void
handshakes_that_fail_say_how(void **state)
{
	(void)state;
	assert_non_null(strstr(refusal(TLS_PLAIN, "IP:127.0.0.1", true), "speaks no TLS"));
	assert_non_null(
		strstr(refusal(TLS_STALLS, "IP:127.0.0.1", true), "no connection within 2 s"));
	assert_non_null(strstr(refusal(TLS_CLOSES, "IP:127.0.0.1", true), ": TLS: "));
}

static void
certificates_that_cannot_be_read_are_refused(void **state)
{
	struct tls_server server = { .names = "IP:127.0.0.1" };
	struct tayra__wire *wire;

	(void)state;
	tls_start(&server);
	assert_int_equal(open_to(&server, "/absent/x.pem", false, &wire), TAYRA_E_INVAL);
	assert_string_equal(why, "/absent/x.pem: no certificates in PEM can be read there");
	assert_int_equal(open_to(&server, "/dev/null", false, &wire), TAYRA_E_INVAL);
	tls_stop(&server);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_trusted_server_is_asked_over_connections_that_stay),
		cmocka_unit_test(answers_of_many_records_arrive_whole),
		cmocka_unit_test(one_that_leaves_is_reached_again),
		cmocka_unit_test(an_answer_cut_in_half_is_an_error),
		cmocka_unit_test(who_is_not_trusted_is_refused_and_said_so),
		cmocka_unit_test(handshakes_that_fail_say_how),
		cmocka_unit_test(certificates_that_cannot_be_read_are_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
