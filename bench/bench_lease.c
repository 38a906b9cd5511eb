/* SPDX-License-Identifier: Apache-2.0
 *
 * bench_lease.c: what the lease of a key costs where nobody competes for it: loads of keys that are
 * nowhere, one after the other, through a handle that takes leases and one that does not, in turns,
 * over a redis-server of its own on a socket of this machine.  Until the answer is there: storing
 * the value and giving the lease back come after it, on another thread.
 */
#include "bench.h"

#include <stdio.h>
#include <string.h>

#include <tayra/tayra.h>

#include "../tests/net/redis.h"

#define LOADS 500u

static struct redis server;

struct arm {
	const char *name;
	uint64_t lease_ns;
	struct tayra_tier_remote *tier;
	struct tayra *t;
	uint64_t next;
	double us[BENCH_REPEATS];
};

static void
load(struct tayra_load *l, void *arg)
{
	tayra_load_done(l, "value", 5, NULL);
}

static bool
open_arm(struct arm *arm)
{
	struct tayra_tier_remote_options remote = TAYRA_TIER_REMOTE_OPTIONS_INIT;
	struct tayra_options o = TAYRA_OPTIONS_INIT;

	remote.url = server.url;
	remote.prefix = arm->name;
	remote.timeout_ns = 5 * TAYRA_NS_PER_S;
	if (tayra_tier_remote_open(&remote, NULL, 0, &arm->tier) != TAYRA_OK)
		return false;
	o.remote_tier = arm->tier;
	o.lease_ns = arm->lease_ns;
	o.ticker = true;
	return tayra_create(&o, &arm->t) == TAYRA_OK;
}

static uint64_t
now_ns(void)
{
	return tayra__clock_mono_ns(tayra_clock_real());
}

/* => how long a load takes its caller, in microseconds; < 0: it failed. */
static double
run(struct arm *arm)
{
	struct tayra_request r = TAYRA_REQUEST_INIT;
	uint64_t began_ns = now_ns();
	struct tayra_ref ref;

	r.load = load;
	r.key = &arm->next;
	r.key_len = sizeof(arm->next);
	for (unsigned i = 0; i < LOADS; i++) {
		arm->next++;
		if (tayra_get_or_load(arm->t, &r, &ref) != TAYRA_OK)
			return -1;
		tayra_release(&ref);
	}
	return (double)(now_ns() - began_ns) / LOADS / 1e3;
}

static bool
measure(struct arm arms[2])
{
	double ratios[BENCH_REPEATS];

	for (unsigned i = 0; i < BENCH_REPEATS; i++) {
		for (unsigned a = 0; a < 2; a++) {
			poll(NULL, 0, 50); /* the other's values are stored */
			arms[(a + i) % 2].us[i] = run(&arms[(a + i) % 2]);
			if (arms[(a + i) % 2].us[i] < 0)
				return false;
		}
		ratios[i] = arms[1].us[i] / arms[0].us[i];
	}
	bench_print("lease", "load without a lease", "us", arms[0].us);
	bench_print("lease", "load with a lease", "us", arms[1].us);
	bench_print("lease", "with / without", "ratio", ratios);
	return true;
}

int
main(void)
{
	static struct arm arms[2] = { { .name = "off:", .lease_ns = TAYRA_OFF },
				      { .name = "on:" } };
	bool done;

	if (!redis_is_installed()) {
		fprintf(stderr, "bench_lease: redis-server is not installed\n");
		return 77;
	}
	done = redis_up(&server) && open_arm(&arms[0]) && open_arm(&arms[1]) && run(&arms[0]) > 0 &&
	       run(&arms[1]) > 0 && measure(arms);
	for (unsigned a = 0; a < 2; a++) {
		if (arms[a].t)
			tayra_destroy(arms[a].t);
		if (arms[a].tier)
			tayra_tier_remote_close(arms[a].tier);
	}
	redis_down(&server);
	return done ? 0 : 1;
}
