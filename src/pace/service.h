/* SPDX-License-Identifier: Apache-2.0
 *
 * service.h: how long the backend takes: a smoothed mean and mean deviation, as TCP keeps its
 * round-trip time (Jacobson 1988, RFC 6298).  Any thread, no lock: two samples at once may lose
 * one of them, which an average does not mind.
 *
 * Of a class also the 95th percentile, by stochastic approximation (Robbins, Monro 1951): each
 * sample above it moves it up by 19 steps, each other down by one.  A step is a 256th, which leaves
 * it within some 10% of the truth.
 *
 * An estimate that no sample has confirmed for TAYRA__SERVICE_STALE_NS is forgotten.  Otherwise one
 * that is too high would turn everybody away, and nobody would be left to correct it.
 */
#ifndef TAYRA_PACE_SERVICE_H
#define TAYRA_PACE_SERVICE_H

#include <stdatomic.h>
#include <stdint.h>

#define TAYRA__SERVICE_STALE_NS 1000000000ull

struct tayra__service {
	_Atomic uint64_t mean_ns, dev_ns; /* relaxed: none of them orders anything */
	_Atomic uint64_t sampled_ns;      /* when the last sample came */
	_Atomic uint64_t p95_ns;          /* of a class */
};

static inline uint64_t
tayra__service_mean_ns(const struct tayra__service *service)
{
	return atomic_load_explicit(&service->mean_ns, memory_order_relaxed);
}

static inline uint64_t
tayra__service_dev_ns(const struct tayra__service *service)
{
	return atomic_load_explicit(&service->dev_ns, memory_order_relaxed);
}

static inline int
tayra__service_stale(const struct tayra__service *service, uint64_t now_ns)
{
	uint64_t sampled = atomic_load_explicit(&service->sampled_ns, memory_order_relaxed);

	/* Signed: threads read their clocks in one order and come here in another. */
	return (int64_t)(now_ns - sampled) > (int64_t)TAYRA__SERVICE_STALE_NS;
}

/* Mean + so many deviations (0 .. 1e6): with 2, what a request needs nearly always.  0: nothing is
 * known. */
static inline uint64_t
tayra__service_need_ns(const struct tayra__service *service, double deviations, uint64_t now_ns)
{
	double ns;

	if (tayra__service_stale(service, now_ns))
		return 0;
	ns = (double)tayra__service_mean_ns(service) +
	     deviations * (double)tayra__service_dev_ns(service);
	return ns < 0x1p62 ? (uint64_t)ns : 1ull << 62;
}

/* What may be a sample: 1 to 2^60. */
static inline uint64_t
tayra__service_clip(uint64_t ns)
{
	const uint64_t longest = 1ull << 60;

	return ns == 0 ? 1 : ns < longest ? ns : longest;
}

static inline void
tayra__service_sample(struct tayra__service *service, uint64_t ns, uint64_t now_ns)
{
	int64_t x = (int64_t)ns;
	int64_t mean = (int64_t)tayra__service_mean_ns(service);
	int64_t dev = (int64_t)tayra__service_dev_ns(service);
	int64_t error = x > mean ? x - mean : mean - x;

	if (mean == 0 || tayra__service_stale(service, now_ns)) {
		mean = x;
		dev = x / 2;
		/* It comes down from there when there are enough to say so. */
		atomic_store_explicit(&service->p95_ns, 2 * ns, memory_order_relaxed);
	} else {
		dev += (error - dev) / 4;
		mean += (x - mean) / 8;
	}
	atomic_store_explicit(&service->dev_ns, (uint64_t)dev, memory_order_relaxed);
	atomic_store_explicit(&service->mean_ns, (uint64_t)mean, memory_order_relaxed);
	atomic_store_explicit(&service->sampled_ns, now_ns, memory_order_relaxed);
}

/* The same sample, for the percentile; afterwards. */
static inline void
tayra__service_sample_tail(struct tayra__service *service, uint64_t ns)
{
	const uint64_t p95 = atomic_load_explicit(&service->p95_ns, memory_order_relaxed);
	const uint64_t step = (p95 >> 8) + 1;

	atomic_store_explicit(&service->p95_ns, ns > p95 ? p95 + 19 * step : p95 - step,
			      memory_order_relaxed);
}

/* 0: nothing is known. */
static inline uint64_t
tayra__service_p95_ns(const struct tayra__service *service, uint64_t now_ns)
{
	if (tayra__service_stale(service, now_ns))
		return 0;
	return atomic_load_explicit(&service->p95_ns, memory_order_relaxed);
}

#endif
