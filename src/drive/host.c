/* SPDX-License-Identifier: Apache-2.0 */
#include "drive/host.h"

#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

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
tayra__host_describe(struct tayra__host *host)
{
	long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	struct utsname name;

	*host = (struct tayra__host){ .kernel = "unknown" };
	describe_cpu(host->cpu, sizeof(host->cpu));
	if (uname(&name) == 0)
		snprintf(host->kernel, sizeof(host->kernel), "%.20s %.60s", name.sysname,
			 name.release);
	host->cores = cores > 0 ? (uint32_t)cores : 1;
	host->memory_gib = (double)pages * (double)size / (double)(1ul << 30);
}
