/* SPDX-License-Identifier: Apache-2.0 */
#include "showcase/arm_clock.h"

#include "base/clock.h"

uint64_t
tayra__arm_clock_ns(const struct tayra__arm_clock *clock)
{
	/* Pairs with the release in start: whoever sees it running sees its offset, and reads the
	 * real time after that, so no reader goes back behind where it stood. */
	uint64_t still = atomic_load_explicit(&clock->still_ns, memory_order_acquire);
	uint64_t offset;

	if (still)
		return still;
	offset = atomic_load_explicit(&clock->offset_ns, memory_order_acquire);
	return tayra__clock_real_ns() - offset;
}

static uint64_t
mono_ns(void *ctx)
{
	return tayra__arm_clock_ns(ctx);
}

static uint64_t
wall_ms(void *ctx)
{
	return tayra__arm_clock_ns(ctx) / TAYRA_NS_PER_MS;
}

void
tayra__arm_clock_init(struct tayra__arm_clock *clock)
{
	atomic_init(&clock->still_ns, TAYRA_NS_PER_S);
	atomic_init(&clock->offset_ns, 0);
	clock->clock = (struct tayra_clock){ mono_ns, wall_ms, clock };
}

void
tayra__arm_clock_start(struct tayra__arm_clock *clock)
{
	uint64_t still = atomic_load_explicit(&clock->still_ns, memory_order_relaxed);

	if (!still)
		return;
	atomic_store_explicit(&clock->offset_ns, tayra__clock_real_ns() - still,
			      memory_order_release);
	atomic_store_explicit(&clock->still_ns, 0, memory_order_release);
}

void
tayra__arm_clock_stop(struct tayra__arm_clock *clock)
{
	if (!atomic_load_explicit(&clock->still_ns, memory_order_relaxed))
		atomic_store_explicit(&clock->still_ns, tayra__arm_clock_ns(clock),
				      memory_order_release);
}
