/* SPDX-License-Identifier: Apache-2.0 */
#include "showcase/host.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/clock.h"
#include "showcase/results.h"

static void
describe_cpu(char *out, size_t room)
{
	FILE *in = fopen("/proc/cpuinfo", "re");
	char line[256];

	snprintf(out, room, "unknown");
	while (in && fgets(line, sizeof(line), in)) {
		char *colon = strchr(line, ':');

		if (!colon || strncmp(line, "model name", 10) != 0)
			continue;
		line[strcspn(line, "\n")] = 0;
		snprintf(out, room, "%s", colon + 2);
		break;
	}
	if (in)
		fclose(in);
}

void
tayra__host_describe(struct tayra__results *results)
{
	long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	struct utsname name;

	describe_cpu(results->cpu, sizeof(results->cpu));
	if (uname(&name) == 0)
		snprintf(results->kernel, sizeof(results->kernel), "%.20s %.60s", name.sysname,
			 name.release);
	results->cores = cores > 0 ? (uint32_t)cores : 1;
	results->memory_gib = (double)pages * (double)size / (double)(1ul << 30);
}

void
tayra__host_use_read(struct tayra__host_use *use)
{
	/* user nice system idle iowait irq softirq steal; guest time is in user already. */
	unsigned long long t[8] = { 0 };
	FILE *in = fopen("/proc/stat", "re");

	*use = (struct tayra__host_use){ .own_ns = tayra__clock_process_cpu_ns() };
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
tayra__host_use_between(const struct tayra__host_use *from, const struct tayra__host_use *to,
			double *foreign, double *steal)
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
