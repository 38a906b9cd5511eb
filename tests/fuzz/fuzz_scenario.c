/* SPDX-License-Identifier: Apache-2.0
 *
 * A scenario of overload, and the beginning of a run of it.  Whatever it is, it is either refused
 * in one line, or every number is within its row's bounds and the pacer takes it.
 */
#include "sim/goal.h"
#include "sim/overload.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void
must(bool holds)
{
	if (!holds)
		abort();
}

static void
check_backend(const struct tayra__backend_shape *b)
{
	size_t knee;

	must(b->rate_per_s >= 1e-3 && b->rate_per_s <= 1e7);
	must(b->servers >= 1 && b->knee >= 1 && b->release >= 1 && b->release <= b->knee);
	must(b->errors >= 0 && b->errors <= 1 && b->error_ns > 0);
	must(isfinite(tayra__backend_law_capacity(b, &knee)) && knee >= 1);
	must(tayra__backend_law_rate(b, 1, false) > 0);
}

static void
check_load(const struct tayra__load_setting *load)
{
	must(load->name && load->name[0]);
	must(load->cls >= TAYRA_CRITICAL && load->cls <= TAYRA_BACKGROUND);
	must(load->kind != TAYRA__LOAD_CLOSED || (load->clients >= 1 && load->clients <= 100000));
	must(load->rate_per_s >= 0 && load->load >= 0 && load->rate_per_s + load->load > 0);
	must(load->backoff_ns >= 1 && load->until_ns > load->from_ns);
	must(load->group >= 1 && load->tenants >= 1 && load->size > 0 && load->faster > 0);
	must(load->burst >= 1 && load->burst_every_ns > 0 && load->burst_for_ns > 0);
	must((load->kind == TAYRA__LOAD_REPLAY) == (load->moment_count > 0));
}

static void
check_goal(const struct tayra__scenario *s, const struct tayra__goal_setting *goal)
{
	must(goal->id && goal->figure >= 0 && goal->figure <= TAYRA__GOAL_SAME_TRACE);
	must(isnan(goal->least) != isnan(goal->most));
	must(goal->from_ns < goal->to_ns && goal->to_ns <= s->length_ns);
}

/* As far as a run goes that was stopped before it began. */
static void
begin_run(const struct tayra__scenario *s)
{
	static struct tayra__overload_result result;
	const struct tayra__contender contender = { .limiter = TAYRA_LIMITER_ELASTICITY };
	const _Atomic bool stop = true;
	int status = tayra__overload_run(s, &contender, 1, &stop, &result);

	must(status == TAYRA_OK || status == TAYRA_E_CANCELLED || status == TAYRA_E_TOO_LARGE);
	must(result.pace.limit >= 1 && result.pace.limit <= 1024);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tayra__scenario s = { 0 };
	char error[256] = "";
	int status = tayra__scenario_read(&s, "a/b.yaml", (const char *)data, size, error,
					  sizeof(error));

	if (status != TAYRA_OK) {
		must(error[0] && !strpbrk(error, "\r\n"));
	} else {
		must(!error[0]);
		must(s.length_ns > s.warmup_ns && s.length_ns <= TAYRA__SCENARIO_LENGTH_NS);
		check_backend(&s.backend);
		must(s.load_count >= 1 && s.load_count <= TAYRA__SCENARIO_LOADS);
		for (size_t i = 0; i < s.load_count; i++)
			check_load(&s.loads[i]);
		must(s.tenants <= TAYRA__SCENARIO_TENANTS);
		for (size_t i = 1; i < s.change_count; i++)
			must(s.changes[i].at_ns >= s.changes[i - 1].at_ns);
		for (size_t i = 0; i < s.goal_count; i++)
			check_goal(&s, &s.goals[i]);
		begin_run(&s);
	}
	tayra__scenario_fini(&s);
	return 0;
}
