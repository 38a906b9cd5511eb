/* SPDX-License-Identifier: Apache-2.0
 *
 * settings.c: what all origins have in common for their callers.
 */
#include "origin/settings.h"

#include <string.h>

#include "base/option.h"
#include "load/origin.h"
#include "origin/tagging.h"

_Static_assert(sizeof(((struct tayra_origin_stats *)NULL)->trouble) == TAYRA__TROUBLE_TEXT &&
		       sizeof(((struct tayra_origin_stats *)NULL)->refusal) == TAYRA__TROUBLE_TEXT,
	       "a trouble fits");

#define DEFAULT_THREADS   4
#define DEFAULT_MAX_ROWS  1000
#define DEFAULT_MAX_BYTES (8ull << 20)
#define PIPELINE_MAX      256u
#define DEFAULT_KEYS      64u
#define DEFAULT_WINDOW_NS (TAYRA_NS_PER_MS / 2)
#define WINDOW_MAX_NS     (10 * TAYRA_NS_PER_S)

static int
refuse(const struct tayra__complaint *why, const char *what)
{
	tayra__complain(why, "options: %s", what);
	return TAYRA_E_INVAL;
}

int
tayra__origin_settings(const struct tayra_origin_options *given, struct tayra__origin_settings *out,
		       const struct tayra__complaint *why)
{
	struct tayra_origin_options o;
	int status;

	if (tayra__option_struct(given, &o, sizeof(o)) != TAYRA_OK)
		return refuse(why, "the size is not one, or there is more than this version knows");
	if (o.threads > TAYRA__WORKERS_MAX)
		return refuse(why, "over 1,024 threads");
	if ((unsigned)o.shape > TAYRA_SHAPE_JSON)
		return refuse(why, "there is no such shape");
	if (tayra__batch_settings(o.batch_keys_max, o.batch_window_ns, &out->batching) != TAYRA_OK)
		return refuse(why, "a batch of over 1,024 keys, or a window of over 10 s");
	if (o.batch && o.version)
		return refuse(why, "a version does not go with a batch");
	if (o.pipeline > PIPELINE_MAX || (o.pipeline > 1 && (o.batch || o.version)))
		return refuse(why, "a pipeline of over 256, or beside a batch or a version");
	if (o.pipeline > 1)
		out->batching = (struct tayra__batching){ .loads_max = o.pipeline,
							  .in_turn = true };
	out->pipeline = o.pipeline > 1;
	out->version = o.version;
	out->write = o.write;
	out->tags = o.tags;
	out->statements = o.batch || o.version || out->pipeline;
	out->batch = o.batch;
	out->threads = o.threads ? o.threads : DEFAULT_THREADS;
	out->pace = o.pace;
	out->shape.shape = o.shape;
	out->shape.max_rows = o.max_rows ? o.max_rows : DEFAULT_MAX_ROWS;
	out->shape.max_bytes = o.max_bytes ? o.max_bytes : DEFAULT_MAX_BYTES;
	status = tayra__pattern_parse(o.pattern, TAYRA__PATTERN, &out->keys, why);
	if (status == TAYRA_OK && o.batch && out->keys.parts == 0)
		return refuse(why, "a batch of keys without parts");
	return status;
}

int
tayra__batch_settings(uint32_t keys_max, uint64_t window_ns, struct tayra__batching *out)
{
	if (keys_max > TAYRA__WORKERS_BATCH ||
	    (window_ns != TAYRA_OFF && window_ns > WINDOW_MAX_NS))
		return TAYRA_E_INVAL;
	*out = (struct tayra__batching){ .loads_max = keys_max ? keys_max : DEFAULT_KEYS,
					 .window_ns = window_ns == TAYRA_OFF ? 0
						      : window_ns            ? window_ns
									     : DEFAULT_WINDOW_NS };
	return TAYRA_OK;
}

void
tayra_origin_stats(struct tayra_origin *origin, struct tayra_origin_stats *out)
{
	struct tayra_origin_stats stats = TAYRA_ORIGIN_STATS_INIT;
	const size_t size = out->size;

	if (origin) {
		stats.troubles = tayra__trouble_read(&origin->trouble, stats.trouble);
		tayra__trouble_read_refusal(&origin->trouble, stats.refusal);
	}
	stats.size = size;
	memcpy(out, &stats, size < sizeof(stats) ? size : sizeof(stats));
}

void
tayra_origin_close(struct tayra_origin *origin)
{
	struct tayra__tagging *tagging;

	if (!origin)
		return;
	tagging = origin->tagging;
	origin->close(origin);
	tayra__tagging_free(tagging);
}
