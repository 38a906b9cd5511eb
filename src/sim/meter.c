/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/meter.h"

#include <math.h>
#include <string.h>

const char *
tayra__fate_name(enum tayra__fate fate)
{
	static const char *const names[] = {
		"good", "late", "timeout", "overload", "error", "shed"
	};

	return names[fate];
}

void
tayra__meter_init(struct tayra__meter *meter, uint64_t length_ns, uint64_t warmup_ns)
{
	memset(meter, 0, sizeof(*meter));
	meter->warmup_ns = warmup_ns;
	meter->bucket_ns = (length_ns + TAYRA__METER_BUCKETS - 1) / TAYRA__METER_BUCKETS;
	for (int c = 0; c < TAYRA__METER_LOADS; c++)
		tayra__hist_init(&meter->latency[c]);
	tayra__hist_init(&meter->backend);
	tayra__hist_init(&meter->open);
}

static void
close_bucket(struct tayra__meter *meter)
{
	struct tayra__meter_bucket *bucket = &meter->buckets[meter->bucket];

	if (meter->open.count) {
		bucket->p50_ns = tayra__hist_quantile(&meter->open, 0.5);
		bucket->p99_ns = tayra__hist_quantile(&meter->open, 0.99);
		tayra__hist_init(&meter->open);
	}
}

static struct tayra__meter_bucket *
bucket_at(struct tayra__meter *meter, uint64_t now_ns)
{
	size_t at = (size_t)(now_ns / meter->bucket_ns);

	if (at >= TAYRA__METER_BUCKETS)
		at = TAYRA__METER_BUCKETS - 1;
	if (at != meter->bucket) {
		close_bucket(meter);
		meter->bucket = at;
	}
	return &meter->buckets[at];
}

void
tayra__meter_arrived(struct tayra__meter *meter, uint32_t load, uint64_t now_ns)
{
	bucket_at(meter, now_ns)->arrived++;
	if (now_ns >= meter->warmup_ns)
		meter->arrived[load]++;
}

void
tayra__meter_started(struct tayra__meter *meter, uint64_t waited_ns, uint64_t now_ns)
{
	if (now_ns >= meter->warmup_ns && waited_ns > meter->longest_wait_ns)
		meter->longest_wait_ns = waited_ns;
}

void
tayra__meter_ended(struct tayra__meter *meter, const struct tayra__meter_end *end, uint64_t now_ns)
{
	struct tayra__meter_bucket *bucket = bucket_at(meter, now_ns);
	const uint32_t c = end->load;
	bool good = end->fate == TAYRA__FATE_GOOD;

	bucket->fates[end->fate]++;
	bucket->good[c] += good;
	if (good || end->fate == TAYRA__FATE_LATE)
		tayra__hist_add(&meter->open, end->latency_ns);
	if (now_ns < meter->warmup_ns)
		return;
	meter->fates[c][end->fate]++;
	meter->by_tenant[end->tenant] += good;
	if (!good && end->fate != TAYRA__FATE_LATE)
		return;
	tayra__hist_add(&meter->latency[c], end->latency_ns);
	tayra__hist_add(&meter->backend, end->backend_ns);
}

void
tayra__meter_look(struct tayra__meter *meter, const struct tayra_pace_stats *stats, uint64_t now_ns)
{
	struct tayra__meter_bucket *bucket = bucket_at(meter, now_ns);

	bucket->looks++;
	bucket->limit += stats->limit;
	bucket->limit_squares += stats->limit * stats->limit;
	bucket->limit_max = fmax(bucket->limit_max, stats->limit);
	bucket->inflight += stats->inflight;
	for (int c = 0; c < TAYRA_CLASSES; c++)
		bucket->queued += stats->queued[c];
}

void
tayra__meter_close(struct tayra__meter *meter)
{
	close_bucket(meter);
}

static void
add_bucket(struct tayra__meter_sum *sum, const struct tayra__meter_bucket *bucket)
{
	sum->arrived += bucket->arrived;
	sum->good += bucket->fates[TAYRA__FATE_GOOD];
	for (int f = 0; f < TAYRA__FATES; f++)
		sum->fates[f] += bucket->fates[f];
	for (int c = 0; c < TAYRA__METER_LOADS; c++)
		sum->by_load[c] += bucket->good[c];
	sum->limit += bucket->limit;
	sum->limit_max = fmax(sum->limit_max, bucket->limit_max);
	sum->inflight += bucket->inflight;
	sum->queued += bucket->queued;
}

struct tayra__meter_sum
tayra__meter_sum(const struct tayra__meter *meter, uint64_t from_ns, uint64_t to_ns)
{
	struct tayra__meter_sum sum = { 0 };
	const uint64_t half_ns = meter->bucket_ns / 2;
	size_t first = (size_t)((from_ns + half_ns) / meter->bucket_ns);
	size_t end = (size_t)((to_ns + half_ns) / meter->bucket_ns);
	double looks = 0, squares = 0;

	for (size_t i = first; i < end && i < TAYRA__METER_BUCKETS; i++) {
		add_bucket(&sum, &meter->buckets[i]);
		looks += meter->buckets[i].looks;
		squares += meter->buckets[i].limit_squares;
		sum.seconds += (double)meter->bucket_ns / 1e9;
	}
	if (looks == 0)
		return sum;
	sum.limit /= looks;
	sum.inflight /= looks;
	sum.queued /= looks;
	sum.limit_cv = sqrt(fmax(0, squares / looks - sum.limit * sum.limit)) / sum.limit;
	return sum;
}

double
tayra__meter_jain(const struct tayra__meter *meter, uint32_t tenants)
{
	double sum = 0, squares = 0;

	for (uint32_t i = 0; i < tenants; i++) {
		double good = (double)meter->by_tenant[i];

		sum += good;
		squares += good * good;
	}
	return squares > 0 ? sum * sum / (tenants * squares) : nan("");
}

uint64_t
tayra__meter_quantile_ns(const struct tayra__meter *meter, double q)
{
	struct tayra__hist all = meter->latency[0];

	for (int c = 1; c < TAYRA__METER_LOADS; c++)
		tayra__hist_merge(&all, &meter->latency[c]);
	return tayra__hist_quantile(&all, q);
}
