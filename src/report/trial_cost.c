/* SPDX-License-Identifier: Apache-2.0 */
#include "report/trial_cost.h"

#include <tayra/base.h>

#include "base/mem.h"

int
tayra__trial_cost(const struct tayra__trial_report *r, const struct tayra__prices *prices,
		  struct tayra__cost costs[TAYRA__TRIAL_ARMS_MAX])
{
	uint32_t rounds = r->trial->session.rounds;
	double *room = tayra__mem_array((size_t)rounds + 1, 2 * sizeof(*room));
	int status = room ? TAYRA_OK : TAYRA_E_NOMEM;

	for (size_t i = 1; i < r->arms && status == TAYRA_OK; i++) {
		uint32_t n = tayra__trial_pairs(r->trial, r->of, i, rounds, room, room + rounds);

		costs[i] = (struct tayra__cost){ .a = r->name[0],
						 .b = r->name[i],
						 .prices = prices };
		status = tayra__saving_compute(room, room + rounds, n, r->trial->ab[i].verdict,
					       prices, r->seed, &costs[i].saving);
	}
	tayra__mem_free(room);
	return status;
}
