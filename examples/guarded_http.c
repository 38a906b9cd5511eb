/* SPDX-License-Identifier: Apache-2.0
 *
 * guarded_http.c: an HTTP client that never asks more at once than the server bears: forty threads,
 * one limit that learns.
 *
 *     cc guarded_http.c $(pkg-config --cflags --libs tayra libcurl) -lpthread -o guarded_http
 *     ./guarded_http http://localhost:8080/ 1000
 */
#include <curl/curl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include <tayra/pace.h>

static struct tayra_pace *pace;
static const char *url;
static long wanted;

static size_t
drop(char *bytes, size_t size, size_t n, void *ctx)
{
	return size * n;
}

/* How it went, in the words a limit understands. */
static enum tayra_outcome
ask(CURL *curl)
{
	CURLcode code = curl_easy_perform(curl);
	long status = 0;

	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	if (code == CURLE_OPERATION_TIMEDOUT)
		return TAYRA_OUTCOME_TIMEOUT;
	if (status == 429 || status == 503)
		return TAYRA_OUTCOME_OVERLOAD;
	return code == CURLE_OK && status < 400 ? TAYRA_OUTCOME_OK : TAYRA_OUTCOME_ERROR;
}

static void *
client(void *arg)
{
	const struct tayra_clock *clock = tayra_clock_real();
	struct tayra_pace_request request = { .cls = TAYRA_NORMAL };
	CURL *curl = curl_easy_init();

	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, drop);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, 2000L);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	while (__atomic_sub_fetch(&wanted, 1, __ATOMIC_RELAXED) >= 0) {
		struct tayra_ticket ticket = { 0 };

		/* Five seconds are what our own caller would wait. */
		request.deadline_ns = clock->mono_ns(clock->ctx) + 5000000000u;
		if (tayra_pace_enter(pace, &request, &ticket) != TAYRA_OK)
			continue; /* shed: better now than when nobody waits any more */
		tayra_pace_leave(pace, &ticket, ask(curl), clock->mono_ns(clock->ctx));
	}
	curl_easy_cleanup(curl);
	return NULL;
}

int
main(int argc, char **argv)
{
	struct tayra_pace_stats stats = TAYRA_PACE_STATS_INIT;
	pthread_t threads[40];

	if (argc != 3 || (wanted = strtol(argv[2], NULL, 10)) < 1 ||
	    tayra_pace_create(NULL, &pace) != TAYRA_OK) {
		fputs("usage: guarded_http URL REQUESTS\n", stderr);
		return 2;
	}
	url = argv[1];
	curl_global_init(CURL_GLOBAL_DEFAULT);
	for (int i = 0; i < 40; i++)
		pthread_create(&threads[i], NULL, client, NULL);
	for (int i = 0; i < 40; i++)
		pthread_join(threads[i], NULL);
	tayra_pace_stats(pace, &stats);
	printf("%llu answered well, %llu not; limit %.1f: %s\n",
	       (unsigned long long)stats.outcomes[TAYRA_OUTCOME_OK],
	       (unsigned long long)(stats.outcomes[TAYRA_OUTCOME_ERROR] +
				    stats.outcomes[TAYRA_OUTCOME_TIMEOUT] +
				    stats.outcomes[TAYRA_OUTCOME_OVERLOAD]),
	       stats.limit, stats.reason ? stats.reason : "nothing learned yet");
	tayra_pace_destroy(pace);
	return 0;
}
