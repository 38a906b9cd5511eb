/* SPDX-License-Identifier: Apache-2.0
 *
 * The openssl program as an HTTPS server with a certificate of its own making; skipped where it is
 * not installed.
 */
#include "../load/stage.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "server.h"

static char folder[] = "/tmp/tayra-tls-XXXXXX", ca_file[64], port_text[32];
static unsigned port;
static pid_t server;

static pid_t
spawn(const char *const *arguments)
{
	pid_t pid = fork();

	if (pid == 0) {
		int null = open("/dev/null", O_RDWR);

		dup2(null, 0);
		dup2(null, 1);
		dup2(null, 2);
		if (chdir(folder) == 0)
			execvp(arguments[0], (char *const *)(uintptr_t)arguments);
		_exit(127);
	}
	return pid;
}

static bool
run(const char *const *arguments)
{
	int status;
	pid_t pid = spawn(arguments);

	return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
	       WEXITSTATUS(status) == 0;
}

static bool
answers(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	bool does;

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	does = connect(fd, (void *)&a, sizeof(a)) == 0;
	close(fd);
	return does;
}

static int
start_server(void **state)
{
	const char *const make[] = { "openssl",
				     "req",
				     "-x509",
				     "-newkey",
				     "ec",
				     "-pkeyopt",
				     "ec_paramgen_curve:P-256",
				     "-nodes",
				     "-keyout",
				     "key.pem",
				     "-out",
				     "cert.pem",
				     "-days",
				     "2",
				     "-subj",
				     "/CN=tayra",
				     "-addext",
				     "subjectAltName=IP:127.0.0.1",
				     NULL };
	const char *const serve[] = { "openssl", "s_server", "-quiet", "-www",
				      "-cert",   "cert.pem", "-key",   "key.pem",
				      "-accept", port_text,  NULL };

	assert_non_null(mkdtemp(folder));
	if (!run(make))
		return 0;
	close(server_listen(&port));
	snprintf(port_text, sizeof(port_text), "127.0.0.1:%u", port);
	snprintf(ca_file, sizeof(ca_file), "%s/cert.pem", folder);
	server = spawn(serve);
	for (int i = 0; i < 1000 && !answers(); i++)
		usleep(10000);
	return 0;
}

static int
stop_server(void **state)
{
	const char *const rm[] = { "rm", "-rf", folder, NULL };

	if (server > 0) {
		kill(server, SIGKILL);
		waitpid(server, NULL, 0);
	}
	return run(rm) ? 0 : -1;
}

static int
look_up(const char *host, const char *trusted, struct tayra_ref *ref)
{
	struct tayra_http_options http = TAYRA_HTTP_OPTIONS_INIT;
	struct tayra_request r = TAYRA_REQUEST_INIT;
	struct tayra_origin *origin;
	struct tayra *t;
	char url[100], error[200] = "";
	int status;

	http.ca_file = trusted;
	snprintf(url, sizeof(url), "https://%s:%u/{key}", host, port);
	if (tayra_origin_http(NULL, &http, url, error, sizeof(error), &origin) != TAYRA_OK)
		fail_msg("%s", error);
	assert_int_equal(tayra_create(NULL, &t), TAYRA_OK);
	r.key = "x", r.key_len = 1, r.origin = origin;
	status = tayra_get_or_load(t, &r, ref);
	tayra_destroy(t);
	tayra_origin_close(origin);
	return status;
}

static void
a_certificate_nobody_vouches_for_is_refused(void **state)
{
	struct tayra_ref ref;

	if (server <= 0)
		skip();
	assert_int_equal(look_up("127.0.0.1", NULL, &ref), TAYRA_E_ORIGIN);
}

static void
a_certificate_for_another_name_is_refused(void **state)
{
	struct tayra_ref ref;

	if (server <= 0)
		skip();
	assert_int_equal(look_up("localhost", ca_file, &ref), TAYRA_E_ORIGIN);
}

static void
a_certificate_that_is_trusted_is_taken(void **state)
{
	struct tayra_ref ref;

	if (server <= 0)
		skip();
	assert_int_equal(look_up("127.0.0.1", ca_file, &ref), TAYRA_OK);
	assert_true(ref.value_len > 0);
	tayra_release(&ref);
}

static void
certificates_that_cannot_be_read_are_refused_at_once(void **state)
{
	struct tayra_http_options http = TAYRA_HTTP_OPTIONS_INIT;
	struct tayra_origin *origin;
	char error[200];

	http.ca_file = "/no/such/file.pem";
	assert_int_equal(tayra_origin_http(NULL, &http, "https://127.0.0.1/{key}", error,
					   sizeof(error), &origin),
			 TAYRA_E_INVAL);
	assert_string_equal(error, "ca_file /no/such/file.pem: No such file or directory");
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(certificates_that_cannot_be_read_are_refused_at_once),
	cmocka_unit_test(a_certificate_nobody_vouches_for_is_refused),
	cmocka_unit_test(a_certificate_for_another_name_is_refused),
	cmocka_unit_test(a_certificate_that_is_trusted_is_taken),
};

int
main(void)
{
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, start_server, stop_server);
}
