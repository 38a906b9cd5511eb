/* SPDX-License-Identifier: Apache-2.0 */
#include "drive/machine.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"

#define TEXT_MAX 512 /* of a file's beginning */

static const char *const stalls[TAYRA__STALLS] = { "cpu", "io", "memory" };

/* "": it cannot be read. */
static void
read_text(const char *proc, const char *folder, const char *name, char text[TEXT_MAX])
{
	char path[4096];
	size_t got = 0;
	FILE *in = NULL;

	if (snprintf(path, sizeof(path), "%s%s/%s", proc, folder, name) < (int)sizeof(path))
		in = fopen(path, "re");
	if (in) {
		got = fread(text, 1, TEXT_MAX - 1, in);
		fclose(in);
	}
	text[got] = '\0';
}

bool
tayra__machine_parse_stall(const char *text, uint64_t *total_us)
{
	const char *line = strncmp(text, "some ", 5) == 0 ? text : strstr(text, "\nsome ");
	const char *total = line ? strstr(line, " total=") : NULL;
	const char *end = line ? strchr(line + 1, '\n') : NULL;
	int64_t value;

	/* A digit: scanf takes a sign, and what is on the next line. */
	if (!total || (end && total > end) || !strchr("0123456789", total[7]) || !total[7] ||
	    sscanf(total + 7, "%18" SCNd64, &value) != 1)
		return false;
	*total_us = (uint64_t)value;
	return true;
}

/* user nice system idle iowait irq softirq steal; guest time is in user already. */
static void
read_ticks(const char *proc, struct tayra__machine_use *use)
{
	char text[TEXT_MAX];
	int64_t t[8];

	read_text(proc, "", "stat", text);
	use->known = sscanf(text,
			    "cpu %18" SCNd64 " %18" SCNd64 " %18" SCNd64 " %18" SCNd64 " %18" SCNd64
			    " %18" SCNd64 " %18" SCNd64 " %18" SCNd64,
			    &t[0], &t[1], &t[2], &t[3], &t[4], &t[5], &t[6], &t[7]) == 8;
	for (int i = 0; i < 8 && use->known; i++)
		use->known = t[i] >= 0;
	if (!use->known)
		return;
	for (int i = 0; i < 8; i++)
		use->total += (uint64_t)t[i];
	use->steal = (uint64_t)t[7];
	use->busy = use->total - (uint64_t)(t[3] + t[4] + t[7]);
}

void
tayra__machine_use_read(const char *proc, struct tayra__machine_use *use)
{
	char text[TEXT_MAX];

	*use = (struct tayra__machine_use){ .self_ns = tayra__clock_process_cpu_ns(),
					    .at_ns = tayra__clock_real_ns() };
	use->own_ns = use->self_ns + tayra__clock_children_cpu_ns();
	read_ticks(proc, use);
	for (int i = 0; i < TAYRA__STALLS; i++) {
		read_text(proc, "/pressure", stalls[i], text);
		use->stalls_known[i] = tayra__machine_parse_stall(text, &use->stalled_us[i]);
	}
}

static double
passed(uint64_t from, uint64_t to)
{
	return to > from ? (double)(to - from) : 0;
}

void
tayra__machine_use_between(const struct tayra__machine_use *from,
			   const struct tayra__machine_use *to, struct tayra__machine_share *out)
{
	double total = passed(from->total, to->total);
	double seconds = passed(from->at_ns, to->at_ns) / 1e9;
	double own = passed(from->own_ns, to->own_ns) / 1e9 * (double)sysconf(_SC_CLK_TCK);

	out->foreign = out->steal = out->self = nan("");
	if (from->known && to->known && total > 0) {
		out->foreign = fmax(0, passed(from->busy, to->busy) - own) / total;
		out->steal = passed(from->steal, to->steal) / total;
	}
	if (seconds > 0)
		out->self = passed(from->self_ns, to->self_ns) / 1e9 / seconds;
	for (int i = 0; i < TAYRA__STALLS; i++)
		out->stalled[i] = seconds > 0 && from->stalls_known[i] && to->stalls_known[i]
					  ? fmin(1, passed(from->stalled_us[i], to->stalled_us[i]) /
							    1e6 / seconds)
					  : nan("");
}

void
tayra__machine_json(struct tayra__json *json, const struct tayra__machine_share *share)
{
	char key[40];

	tayra__json_double(json, "foreign_cpu_ratio", share->foreign, 4);
	tayra__json_double(json, "steal_ratio", share->steal, 4);
	for (int i = 0; i < TAYRA__STALLS; i++) {
		snprintf(key, sizeof(key), "%s_pressure_ratio", stalls[i]);
		tayra__json_double(json, key, share->stalled[i], 4);
	}
	tayra__json_double(json, "generator_cpus", share->self, 4);
}

/* A part of a sentence, if its figure is known. */
static void
put_part(char text[300], const char *before, double value, int digits, const char *after)
{
	size_t used = strlen(text);

	if (!isnan(value))
		snprintf(text + used, 300 - used, "%s%s%.*f%s", used ? ", " : "", before, digits,
			 value, after);
}

const char *
tayra__machine_sentence(const struct tayra__machine_share *share, char text[300])
{
	static const char *const before[TAYRA__STALLS] = { "waited for cpu ", "io ", "memory " };

	text[0] = '\0';
	put_part(text, "others used ", 100 * share->foreign, 0, "% of the machine");
	put_part(text, "stolen ", 100 * share->steal, 0, "%");
	for (int i = 0; i < TAYRA__STALLS; i++)
		put_part(text, before[i], 100 * share->stalled[i], 0, "%");
	put_part(text, "own use ", share->self, 2, " processors");
	if (!text[0])
		snprintf(text, 300, "nothing is known of the machine");
	return text;
}
