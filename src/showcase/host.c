/* SPDX-License-Identifier: Apache-2.0 */
#include "showcase/host.h"

#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

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
