/* SPDX-License-Identifier: Apache-2.0 */
#include "drive/machine.h"

#include <math.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"

void
tayra__machine_use_read(struct tayra__machine_use *use)
{
	/* user nice system idle iowait irq softirq steal; guest time is in user already. */
	unsigned long long t[8] = { 0 };
	FILE *in = fopen("/proc/stat", "re");

	*use = (struct tayra__machine_use){ .own_ns = tayra__clock_process_cpu_ns() +
						      tayra__clock_children_cpu_ns() };
	if (!in)
		return;
	use->known = fscanf(in, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &t[0], &t[1], &t[2],
			    &t[3], &t[4], &t[5], &t[6], &t[7]) == 8;
	fclose(in);
	for (int i = 0; i < 8; i++)
		use->total += t[i];
	use->steal = t[7];
	use->busy = use->total - t[3] - t[4] - t[7];
}

void
tayra__machine_use_between(const struct tayra__machine_use *from,
			   const struct tayra__machine_use *to, double *foreign, double *steal)
{
	double total = (double)(to->total - from->total);
	double per_s = (double)sysconf(_SC_CLK_TCK);
	double own = (double)(to->own_ns - from->own_ns) / 1e9 * per_s;

	*foreign = *steal = 0;
	if (!from->known || !to->known || total <= 0)
		return;
	*foreign = fmax(0, (double)(to->busy - from->busy) - own) / total;
	*steal = (double)(to->steal - from->steal) / total;
}
