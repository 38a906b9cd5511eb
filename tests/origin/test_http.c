/* SPDX-License-Identifier: Apache-2.0 */
#include "asked.h"

#include <stdlib.h>

#include "server.h"

#define SECOND TAYRA_NS_PER_S

static struct tayra_origin *
open_at(unsigned port, const char *pattern, const char *path, const struct tayra_http_options *http)
{
	struct tayra_origin_options o = TAYRA_ORIGIN_OPTIONS_INIT;
	struct tayra_origin *origin;
	char error[200] = "", url[300];

	snprintf(url, sizeof(url), "http://127.0.0.1:%u%s", port, path);
	o.threads = 4;
	o.pattern = pattern;
	o.max_bytes = 1u << 20;
	if (tayra_origin_http(&o, http, url, error, sizeof(error), &origin) != TAYRA_OK)
		fail_msg("%s", error);
	return origin;
}

static struct tayra_request
request_of(struct tayra_origin *origin, const char *key, size_t key_len)
{
	struct tayra_request r = TAYRA_REQUEST_INIT;

	r.key = key;
	r.key_len = key_len;
	r.origin = origin;
	return r;
}

static void
expect_answer(struct tayra_origin *origin, const char *key, size_t key_len, const char *value)
{
	struct tayra_ref ref;

	assert_int_equal(look_up(origin, key, key_len, 0, &ref), TAYRA_OK);
	holds(&ref, value);
	tayra_release(&ref);
}

static void
the_key_s_parts_are_in_the_url_and_change_nothing_around_them(void **state)
{
	const char *evil = "\r\nX-Evil: 1:\r\n\r\nGET /evil HTTP/1.1";
	struct server s;

	server_open(&s);
	struct tayra_origin *origin = open_at(s.port, "{a}:{b}", "/echo/{a}/x?q={b}", NULL);

	expect_answer(origin, "one:two", 7, "/echo/one/x?q=two");
	expect_answer(origin, "a/../b:c&d=e", 12, "/echo/a%2F..%2Fb/x?q=c%26d%3De");
	expect_answer(origin, evil, strlen(evil),
		      "/echo/%0D%0AX-Evil/x?q=%201%3A%0D%0A%0D%0AGET%20%2Fevil%20HTTP%2F1.1");
	assert_null(strstr(s.last, "X-Evil:"));
	expect_answer(origin, "a\0b:\xff", 5, "/echo/a%00b/x?q=%FF");
	tayra_origin_close(origin);
	server_close(&s);
}

static void
a_key_that_is_no_url_asks_nobody(void **state)
{
	struct server s;
	struct tayra_ref ref;

	server_open(&s);
	struct tayra_origin *origin = open_at(s.port, "pkg:{a}", "/echo/{a}", NULL);

	assert_int_equal(look_up(origin, "other", 5, 0, &ref), TAYRA_E_INVAL);
	assert_int_equal(look_up(origin, "pkg:..", 6, 0, &ref), TAYRA_E_INVAL);
	tayra_origin_close(origin);
	origin = open_at(s.port, NULL, "/echo/{key}", NULL);
	assert_int_equal(look_up(origin, "", 0, 0, &ref), TAYRA_E_INVAL);
	expect_answer(origin, "pkg:x", 5, "/echo/pkg%3Ax");
	tayra_origin_close(origin);
	assert_int_equal(atomic_load(&s.requests), 1);
	server_close(&s);
}

static void
each_answer_means_what_it_should(void **state)
{
	static const struct {
		const char *key;
		int status;
		uint64_t retry_after_ns;
		const char *value;
	} rows[] = {
		{ "chunked", TAYRA_OK, 0, "hello" },
		{ "empty", TAYRA_OK, 0, "" },
		{ "404", TAYRA_E_NOT_FOUND, 0, NULL },
		{ "410", TAYRA_E_NOT_FOUND, 0, NULL },
		{ "429", TAYRA_E_OVERLOAD, 7 * SECOND, NULL },
		{ "503", TAYRA_E_OVERLOAD, 0, NULL },
		{ "500", TAYRA_E_ORIGIN, 0, NULL },
		{ "403", TAYRA_E_ORIGIN, 0, NULL },
		{ "204", TAYRA_E_ORIGIN, 0, NULL },
		{ "302", TAYRA_E_ORIGIN, 0, NULL },
		{ "304", TAYRA_E_ORIGIN, 0, NULL }, /* it was not asked for */
		{ "broken", TAYRA_E_ORIGIN, 0, NULL },
		{ "badchunk", TAYRA_E_ORIGIN, 0, NULL },
		{ "garbage", TAYRA_E_ORIGIN, 0, NULL },
		{ "nothing", TAYRA_E_ORIGIN, 0, NULL },
		{ "huge", TAYRA_E_TOO_LARGE, 0, NULL },
		{ "endless", TAYRA_E_TOO_LARGE, 0, NULL },
		{ "chunked", TAYRA_OK, 0, "hello" }, /* none of it did harm */
	};
	struct server s;

	server_open(&s);
	struct tayra_origin *origin = open_at(s.port, NULL, "/{key}", NULL);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct tayra_ref ref;
		int status = look_up(origin, rows[i].key, strlen(rows[i].key), 0, &ref);

		if (status != rows[i].status)
			fail_msg("%s: %s", rows[i].key, tayra_status_name(status));
		assert_int_equal(ref.retry_after_ns, rows[i].retry_after_ns);
		if (rows[i].value)
			holds(&ref, rows[i].value);
		tayra_release(&ref);
	}
	tayra_origin_close(origin);
	server_close(&s);
}

static void
why_it_fails_is_kept(void **state)
{
	char text[TAYRA__TROUBLE_TEXT];
	struct tayra_ref ref;
	struct server s;

	server_open(&s);
	struct tayra_origin *origin = open_at(s.port, NULL, "/{key}", NULL);

	assert_int_equal(look_up(origin, "404", 3, 0, &ref), TAYRA_E_NOT_FOUND);
	assert_int_equal(tayra__trouble_read(&origin->trouble, text), 0);
	assert_int_equal(look_up(origin, "500", 3, 0, &ref), TAYRA_E_ORIGIN);
	assert_int_equal(tayra__trouble_read(&origin->trouble, text), 1);
	assert_string_equal(text, "the server answered with status 500");
	assert_int_equal(look_up(origin, "nothing", 7, 0, &ref), TAYRA_E_ORIGIN);
	assert_int_equal(tayra__trouble_read(&origin->trouble, text), 2);
	assert_true(strlen(text) > 0); /* libcurl's word */
	tayra_origin_close(origin);
	server_close(&s);
}

static void
a_head_without_an_end_is_the_server_s_fault_and_said_so(void **state)
{
	static const char *const keys[] = { "heads-long", "heads-many", "heads-interim" };
	char text[TAYRA__TROUBLE_TEXT];
	struct tayra_ref ref;
	struct server s;

	server_open(&s);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		struct tayra_origin *origin = open_at(s.port, NULL, "/{key}", NULL);
		int status = look_up(origin, keys[i], strlen(keys[i]), 0, &ref);

		tayra__trouble_read(&origin->trouble, text);
		if (status != TAYRA_E_ORIGIN)
			fail_msg("%s: %s, %s", keys[i], tayra_status_name(status), text);
		assert_string_equal(text, "the head of the server's answer is too long");
		tayra_origin_close(origin);
	}
	server_close(&s);
}

static void
connections_are_kept(void **state)
{
	struct server s;

	server_open(&s);
	struct tayra_origin *origin = open_at(s.port, NULL, "/echo/{key}", NULL);

	for (int i = 0; i < 20; i++)
		expect_answer(origin, "x", 1, "/echo/x");
	tayra_origin_close(origin);
	assert_int_equal(atomic_load(&s.requests), 20);
	assert_int_equal(atomic_load(&s.connections), 1);
	server_close(&s);
}

static void
a_load_past_its_deadline_is_broken_off_and_the_origin_works_on(void **state)
{
	struct server s;
	struct tayra_ref ref;

	server_open(&s);
	struct tayra_origin *origin = open_at(s.port, NULL, "/{key}", NULL);

	expect_answer(origin, "echo", 4,
		      "/echo");     /* the first of them has a connection that was kept */
	for (int i = 0; i < 6; i++) /* more than there are transfers: none is lost */
		assert_int_equal(look_up(origin, "slow", 4, 30 * TAYRA_NS_PER_MS, &ref),
				 TAYRA_E_TIMEOUT);
	expect_answer(origin, "echo", 4, "/echo");
	tayra_origin_close(origin);
	server_close(&s);
}

static void
a_load_nobody_waits_for_is_broken_off(void **state)
{
	struct server s;
	struct stage stage;

	server_open(&s);
	stage_open(&stage, NULL); /* its clock stands still: no deadline ends it */
	struct tayra_origin *origin = open_at(s.port, NULL, "/{key}", NULL);
	struct tayra_request r = request_of(origin, "slow", 4);

	r.timeout_ns = TAYRA_OFF;
	start(&stage, &r, NULL);
	while (atomic_load(&s.requests) == 0)
		sched_yield();
	tayra_destroy(stage.t);
	got_status(&stage, TAYRA_E_CLOSED);
	tayra_cq_destroy(stage.cq);
	tayra_origin_close(origin);
	server_close(&s);
}

static void
no_more_requests_run_than_there_are_connections(void **state)
{
	enum { MANY = 40 };
	struct server s;
	struct stage stage;
	struct tayra_completion c[MANY];
	size_t n = 0;

	server_open(&s);
	stage_open(&stage, NULL);
	struct tayra_origin *origin = open_at(s.port, NULL, "/echo/{key}", NULL);

	for (int i = 0; i < MANY; i++) {
		char key[16];
		struct tayra_request r;

		snprintf(key, sizeof(key), "%d", i);
		r = request_of(origin, key, strlen(key));
		assert_int_equal(start(&stage, &r, NULL), TAYRA_PENDING);
	}
	while (n < MANY) {
		size_t got = tayra_cq_wait(stage.cq, c, MANY, 10 * SECOND);

		assert_int_not_equal(got, 0);
		for (size_t i = 0; i < got; i++) {
			assert_int_equal(c[i].status, TAYRA_OK);
			tayra_release(&c[i].ref);
		}
		n += got;
	}
	stage_close(&stage);
	tayra_origin_close(origin);
	assert_int_equal(atomic_load(&s.requests), MANY);
	assert_in_range(atomic_load(&s.connections), 1, 4);
	server_close(&s);
}

static void
a_dead_server_fails_fast_and_is_found_when_it_is_back(void **state)
{
	struct server s;
	struct tayra_ref ref;
	unsigned port = 0;
	int fd = server_listen(&port), status;

	close(fd);
	struct tayra_origin *origin = open_at(port, NULL, "/echo/{key}", NULL);

	assert_int_equal(look_up(origin, "x", 1, 0, &ref), TAYRA_E_ORIGIN);
	assert_in_range(ref.retry_after_ns, 1, SECOND);
	assert_int_equal(look_up(origin, "x", 1, 0, &ref), TAYRA_E_ORIGIN);
	tayra_origin_close(origin);

	server_open(&s);
	origin = open_at(s.port, NULL, "/echo/{key}", NULL);
	expect_answer(origin, "x", 1, "/echo/x");
	unsigned old = s.port;
	server_close(&s); /* and the kept connection with it */
	assert_int_equal(look_up(origin, "x", 1, 0, &ref), TAYRA_E_ORIGIN);
	server_open_at(&s, old);
	for (int i = 0; i < 200; i++) {
		status = look_up(origin, "x", 1, 0, &ref);
		if (status == TAYRA_OK)
			break;
		usleep(10000);
	}
	assert_int_equal(status, TAYRA_OK);
	tayra_release(&ref);
	tayra_origin_close(origin);
	server_close(&s);
}

static void
redirects_are_followed_when_asked_for_and_to_http_alone(void **state)
{
	struct tayra_http_options http = TAYRA_HTTP_OPTIONS_INIT;
	struct server s;
	struct tayra_ref ref;

	server_open(&s);
	http.max_redirects = 2;
	struct tayra_origin *origin = open_at(s.port, NULL, "/{key}", &http);

	expect_answer(origin, "302", 3, "/echo/moved");
	assert_int_equal(look_up(origin, "fileurl", 7, 0, &ref), TAYRA_E_ORIGIN);
	tayra_origin_close(origin);
	server_close(&s);
}

static void
max_age_is_the_ttl_when_asked_for(void **state)
{
	struct tayra_http_options http = TAYRA_HTTP_OPTIONS_INIT;
	struct server s;
	struct stage stage;
	struct tayra_ref ref;

	server_open(&s);
	stage_open(&stage, NULL);
	http.max_age = true;
	struct tayra_origin *origin = open_at(s.port, NULL, "/{key}", &http);
	struct tayra_request r = request_of(origin, "maxage", 6);

	for (int i = 0; i < 2; i++) {
		assert_int_equal(tayra_get_or_load(stage.t, &r, &ref), TAYRA_OK);
		tayra_release(&ref);
		stage_pass_ms(&stage, 4999);
	}
	assert_int_equal(atomic_load(&s.requests), 1);
	assert_int_equal(tayra_get_or_load(stage.t, &r, &ref), TAYRA_OK);
	tayra_release(&ref);
	assert_int_equal(atomic_load(&s.requests), 2);
	r = request_of(origin, "nostore", 7);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(tayra_get_or_load(stage.t, &r, &ref), TAYRA_OK);
		tayra_release(&ref);
	}
	assert_int_equal(atomic_load(&s.requests), 4);
	stage_close(&stage);
	tayra_origin_close(origin);
	server_close(&s);
}

/* A handle whose values are stale at once and kept, and its origin. */
struct visit {
	struct server s;
	struct stage stage;
	struct tayra_origin *origin;
};

static void
visit(struct visit *v, const struct tayra_http_options *http)
{
	server_open(&v->s);
	stage_open(&v->stage, NULL);
	v->origin = open_at(v->s.port, NULL, "/{key}", http);
}

static void
leave(struct visit *v)
{
	while (stats_of(&v->stage).cache.pinned_bytes != 0)
		sched_yield(); /* until the load has let go, after who waited was answered */
	stage_close(&v->stage);
	tayra_origin_close(v->origin);
	server_close(&v->s);
}

/* Asked for anew: what comes, and how often that was sent until then. */
static void
visit_for(struct visit *v, struct tayra *t, const char *key, const char *value, unsigned sent)
{
	struct tayra_request r = request_of(v->origin, key, strlen(key));
	struct tayra_ref ref;

	r.flags = TAYRA_REQUEST_REFRESH;
	r.stale_ms = 60000;
	assert_int_equal(tayra_get_or_load(t, &r, &ref), TAYRA_OK);
	holds(&ref, value);
	assert_false(ref.stale);
	tayra_release(&ref);
	assert_int_equal(atomic_load(&v->s.sent), sent);
}

static void
what_is_cached_is_not_sent_again_until_it_changes(void **state)
{
	static const char *const keys[] = { "tagged", "dated" };
	static const char *const values[][2] = { { "/tagged 0", "/tagged 1" },
						 { "/dated 0", "/dated 1" } };

	for (int i = 0; i < 2; i++) {
		struct visit v;

		visit(&v, NULL);
		for (int again = 0; again < 3; again++)
			visit_for(&v, v.stage.t, keys[i], values[i][0], 1);
		assert_int_equal(stats_of(&v.stage).unchanged, 2);
		atomic_store(&v.s.version, 1);
		for (int again = 0; again < 3; again++)
			visit_for(&v, v.stage.t, keys[i], values[i][1], 2);
		assert_int_equal(stats_of(&v.stage).unchanged, 4);
		assert_int_equal(atomic_load(&v.s.requests), 6);
		leave(&v);
	}
}

static void
what_is_not_the_server_s_is_not_confirmed_by_it(void **state)
{
	struct tayra *other;
	struct visit v;

	visit(&v, NULL);
	visit_for(&v, v.stage.t, "tagged", "/tagged 0", 1);
	assert_int_equal(tayra_put(v.stage.t, "tagged", 6, "mine", 4, 1000, 60000), TAYRA_OK);
	visit_for(&v, v.stage.t, "tagged", "/tagged 0", 2);
	/* Nor the bytes of an older version, which another handle has. */
	assert_int_equal(tayra_create(NULL, &other), TAYRA_OK);
	visit_for(&v, other, "tagged", "/tagged 0", 3);
	atomic_store(&v.s.version, 1);
	visit_for(&v, v.stage.t, "tagged", "/tagged 1", 4);
	visit_for(&v, other, "tagged", "/tagged 1", 5);
	tayra_destroy(other);
	/* Nor what is not there any more. */
	assert_int_equal(tayra_delete(v.stage.t, "tagged", 6), TAYRA_OK);
	visit_for(&v, v.stage.t, "tagged", "/tagged 1", 6);
	leave(&v);
}

static void
an_answer_of_not_modified_says_how_long_that_is_fresh(void **state)
{
	struct tayra_http_options http = TAYRA_HTTP_OPTIONS_INIT;
	struct visit v;

	http.max_age = true;
	visit(&v, &http);
	visit_for(&v, v.stage.t, "tagged", "/tagged 0", 1);
	visit_for(&v, v.stage.t, "tagged", "/tagged 0", 1);
	stage_pass_ms(&v.stage, 8999);
	assert_true(is_fresh(v.stage.t, "tagged"));
	stage_pass_ms(&v.stage, 1);
	assert_false(is_fresh(v.stage.t, "tagged"));
	leave(&v);
}

static void
what_a_redirect_led_to_is_sent_each_time(void **state)
{
	struct tayra_http_options http = TAYRA_HTTP_OPTIONS_INIT;
	struct visit v;

	http.max_redirects = 1;
	visit(&v, &http);
	visit_for(&v, v.stage.t, "moved", "/tagged 0", 1);
	visit_for(&v, v.stage.t, "moved", "/tagged 0", 2);
	leave(&v);
}

static void
what_a_redirect_leads_to_is_not_what_was_cached_for_having_its_etag(void **state)
{
	struct tayra_http_options http = TAYRA_HTTP_OPTIONS_INIT;
	struct visit v;

	http.max_redirects = 1;
	visit(&v, &http);
	visit_for(&v, v.stage.t, "moving", "here", 1);
	atomic_store(&v.s.version, 1);
	visit_for(&v, v.stage.t, "moving", "/tagged 1", 2);
	visit_for(&v, v.stage.t, "moving", "/tagged 1", 3);
	leave(&v);
}

static void
without_memory_for_it_everything_is_sent(void **state)
{
	const char *const headers[] = { "X-Token: abc", NULL };
	struct tayra_http_options http = TAYRA_HTTP_OPTIONS_INIT;
	struct visit v;

	http.headers = headers;
	visit(&v, &http);
	visit_for(&v, v.stage.t, "tagged", "/tagged 0", 1);
	visit_for(&v, v.stage.t, "tagged", "/tagged 0", 1);
	/* The condition is beside the other headers, and of one request alone. */
	assert_non_null(strstr(v.s.last, "X-Token: abc\r\n"));
	assert_non_null(strstr(v.s.last, "If-None-Match: W/\"v0\"\r\n"));
	visit_for(&v, v.stage.t, "echo", "/echo", 1);
	assert_null(strstr(v.s.last, "If-None-Match"));
	leave(&v);
	http.validators_bytes = TAYRA_OFF;
	visit(&v, &http);
	visit_for(&v, v.stage.t, "tagged", "/tagged 0", 1);
	visit_for(&v, v.stage.t, "tagged", "/tagged 0", 2);
	leave(&v);
}

static void
headers_are_sent_and_a_bad_one_is_refused(void **state)
{
	const char *const good[] = { "X-Token: abc", NULL };
	const char *const bad[] = { "X-Token: abc\r\nX-More: 1", NULL };
	struct tayra_http_options http = TAYRA_HTTP_OPTIONS_INIT;
	struct tayra_origin *origin;
	struct server s;
	char error[200];

	server_open(&s);
	http.headers = good;
	origin = open_at(s.port, NULL, "/echo/{key}", &http);
	expect_answer(origin, "x", 1, "/echo/x");
	assert_non_null(strstr(s.last, "X-Token: abc\r\n"));
	tayra_origin_close(origin);
	server_close(&s);
	http.headers = bad;
	assert_int_equal(
		tayra_origin_http(NULL, &http, "http://h/{key}", error, sizeof(error), &origin),
		TAYRA_E_INVAL);
	assert_null(origin);
	assert_non_null(strstr(error, "header"));
}

static void
what_cannot_serve_is_refused_with_one_line_that_says_why(void **state)
{
	struct tayra_origin_options o = TAYRA_ORIGIN_OPTIONS_INIT;
	struct tayra_http_options http = TAYRA_HTTP_OPTIONS_INIT;
	struct tayra_origin *origin;
	char error[200];

	assert_int_equal(tayra_origin_http(&o, NULL, "gopher://h/", error, sizeof(error), &origin),
			 TAYRA_E_INVAL);
	assert_non_null(strstr(error, "http://"));
	assert_int_equal(tayra_origin_http(&o, NULL, NULL, error, sizeof(error), &origin),
			 TAYRA_E_INVAL);
	o.shape = TAYRA_SHAPE_JSON;
	assert_int_equal(tayra_origin_http(&o, NULL, "http://h/", error, sizeof(error), &origin),
			 TAYRA_E_INVAL);
	o.shape = TAYRA_SHAPE_RAW;
	http.validators_bytes = 1;
	assert_int_equal(tayra_origin_http(&o, &http, "http://h/", error, sizeof(error), &origin),
			 TAYRA_E_INVAL);
	o.pattern = "a{";
	assert_int_equal(tayra_origin_http(&o, NULL, "http://h/", error, sizeof(error), &origin),
			 TAYRA_E_INVAL);
	assert_non_null(strstr(error, "byte 2"));
	assert_null(origin);
}

static struct tayra_origin *
open_writer(unsigned port, const char *write, const struct tayra_http_options *http)
{
	struct tayra_origin_options o = TAYRA_ORIGIN_OPTIONS_INIT;
	struct tayra_origin *origin;
	char error[200] = "", url[100];

	snprintf(url, sizeof(url), "http://127.0.0.1:%u/{key}", port);
	o.write = write;
	if (tayra_origin_http(&o, http, url, error, sizeof(error), &origin) != TAYRA_OK)
		fail_msg("%s", error);
	return origin;
}

static int
bring(struct tayra *t, struct tayra_origin *origin, const char *key, const char *value)
{
	struct tayra_request r = request_of(origin, key, strlen(key));

	r.ttl_ms = 60000;
	return tayra_put_through(t, &r, value, strlen(value));
}

static void
is_cached(struct tayra *t, const char *key, const char *value)
{
	struct tayra_ref ref;

	if (!value) {
		assert_int_equal(tayra_get(t, key, strlen(key), &ref), TAYRA_E_NOT_FOUND);
		return;
	}
	assert_int_equal(tayra_get(t, key, strlen(key), &ref), TAYRA_OK);
	holds(&ref, value);
	tayra_release(&ref);
}

static void
a_value_is_brought_with_the_method_and_known_by_its_etag(void **state)
{
	static const char *const methods[] = { "PUT", "POST", "PATCH" };
	static const char *const headers[] = { "Content-Type: text/plain", "X-Who: me", NULL };
	struct tayra_http_options http = TAYRA_HTTP_OPTIONS_INIT;
	struct server s;
	struct tayra *t;

	server_open(&s);
	for (size_t i = 0; i < 3; i++) {
		struct tayra_origin *origin;
		struct tayra_request r;
		struct tayra_ref ref;
		char line[40];

		http.headers = i == 1 ? headers : NULL;
		origin = open_writer(s.port, methods[i], &http);
		assert_int_equal(tayra_create(NULL, &t), TAYRA_OK);
		assert_int_equal(bring(t, origin, "stored", "what is new"), TAYRA_OK);
		snprintf(line, sizeof(line), "%s /stored HTTP/1.1\r\n", methods[i]);
		assert_memory_equal(s.last, line, strlen(line));
		assert_non_null(
			strstr(s.last, i == 1 ? "\r\nContent-Type: text/plain\r\n"
					      : "\r\nContent-Type: application/octet-stream\r\n"));
		assert_null(strstr(s.last, "x-www-form"));
		assert_string_equal(s.stored, "what is new");
		is_cached(t, "stored", "what is new");
		/* Loaded anew it is not sent again, and the request is a GET without a body. */
		r = request_of(origin, "stored", 6);
		r.flags = TAYRA_REQUEST_REFRESH;
		assert_int_equal(tayra_get_or_load(t, &r, &ref), TAYRA_OK);
		holds(&ref, "what is new");
		tayra_release(&ref);
		assert_memory_equal(s.last, "GET /stored HTTP/1.1\r\n", 22);
		assert_null(strstr(s.last, "Content-Length"));
		assert_int_equal(atomic_load(&s.sent), 0);
		assert_int_equal(bring(t, origin, "stored", ""), TAYRA_OK);
		assert_string_equal(s.stored, "");
		is_cached(t, "stored", "");
		tayra_destroy(t);
		tayra_origin_close(origin);
	}
	server_close(&s);
}

static void
each_answer_to_a_write_says_whether_something_has_changed(void **state)
{
	static const struct {
		const char *key;
		int status;
		const char *cached; /* what is cached of "old" then */
	} rows[] = {
		{ "204", TAYRA_OK, "new" },
		{ "201", TAYRA_OK, "new" },
		{ "huge", TAYRA_OK, "new" }, /* it says too much, but has it */
		{ "404", TAYRA_E_NOT_FOUND, "old" },
		{ "409", TAYRA_E_INVAL, "old" },
		{ "403", TAYRA_E_INVAL, "old" },
		{ "413", TAYRA_E_TOO_LARGE, "old" },
		{ "429", TAYRA_E_OVERLOAD, "old" },
		{ "503", TAYRA_E_OVERLOAD, "old" },
		{ "202", TAYRA_E_ORIGIN, NULL }, /* it will, perhaps */
		{ "302", TAYRA_E_ORIGIN, NULL },
		{ "408", TAYRA_E_ORIGIN, NULL },
		{ "500", TAYRA_E_ORIGIN, NULL },
		{ "nothing", TAYRA_E_ORIGIN, NULL },
		{ "slow", TAYRA_E_TIMEOUT, NULL },
		{ "201", TAYRA_OK, "new" }, /* none of it did harm */
	};
	struct server s;
	struct tayra *t;

	server_open(&s);
	struct tayra_origin *origin = open_writer(s.port, "PUT", NULL);

	assert_int_equal(tayra_create(NULL, &t), TAYRA_OK);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *key = rows[i].key;
		struct tayra_request r = request_of(origin, key, strlen(key));
		int status;

		assert_int_equal(tayra_put(t, key, strlen(key), "old", 3, 60000, 0), TAYRA_OK);
		r.timeout_ns = strcmp(key, "slow") == 0 ? 50 * TAYRA_NS_PER_MS : 0;
		status = tayra_put_through(t, &r, "new", 3);
		if (status != rows[i].status)
			fail_msg("%s: %s", key, tayra_status_name(status));
		is_cached(t, key, rows[i].cached);
	}
	assert_int_equal(
		tayra_put_through(t,
				  &(struct tayra_request){ .size = sizeof(struct tayra_request),
							   .key = "..",
							   .key_len = 2,
							   .origin = origin },
				  "x", 1),
		TAYRA_E_INVAL);
	tayra_destroy(t);
	tayra_origin_close(origin);
	server_close(&s);
}

static void
a_method_that_brings_nothing_is_refused(void **state)
{
	struct tayra_origin_options o = TAYRA_ORIGIN_OPTIONS_INIT;
	struct tayra_origin *origin;
	char error[200];

	o.write = "DELETE";
	assert_int_equal(tayra_origin_http(&o, NULL, "http://127.0.0.1:1/{key}", error,
					   sizeof(error), &origin),
			 TAYRA_E_INVAL);
	assert_string_equal(error, "write: an HTTP server takes values with PUT, POST or PATCH");
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(the_key_s_parts_are_in_the_url_and_change_nothing_around_them),
	cmocka_unit_test(a_key_that_is_no_url_asks_nobody),
	cmocka_unit_test(each_answer_means_what_it_should),
	cmocka_unit_test(why_it_fails_is_kept),
	cmocka_unit_test(a_head_without_an_end_is_the_server_s_fault_and_said_so),
	cmocka_unit_test(connections_are_kept),
	cmocka_unit_test(a_load_past_its_deadline_is_broken_off_and_the_origin_works_on),
	cmocka_unit_test(a_load_nobody_waits_for_is_broken_off),
	cmocka_unit_test(no_more_requests_run_than_there_are_connections),
	cmocka_unit_test(a_dead_server_fails_fast_and_is_found_when_it_is_back),
	cmocka_unit_test(redirects_are_followed_when_asked_for_and_to_http_alone),
	cmocka_unit_test(max_age_is_the_ttl_when_asked_for),
	cmocka_unit_test(what_is_cached_is_not_sent_again_until_it_changes),
	cmocka_unit_test(what_is_not_the_server_s_is_not_confirmed_by_it),
	cmocka_unit_test(an_answer_of_not_modified_says_how_long_that_is_fresh),
	cmocka_unit_test(what_a_redirect_led_to_is_sent_each_time),
	cmocka_unit_test(what_a_redirect_leads_to_is_not_what_was_cached_for_having_its_etag),
	cmocka_unit_test(without_memory_for_it_everything_is_sent),
	cmocka_unit_test(headers_are_sent_and_a_bad_one_is_refused),
	cmocka_unit_test(what_cannot_serve_is_refused_with_one_line_that_says_why),
	cmocka_unit_test(a_value_is_brought_with_the_method_and_known_by_its_etag),
	cmocka_unit_test(each_answer_to_a_write_says_whether_something_has_changed),
	cmocka_unit_test(a_method_that_brings_nothing_is_refused),
};

RUN_TESTS(tests)
