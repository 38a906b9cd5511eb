/* SPDX-License-Identifier: Apache-2.0 */
#include "load/level.h"

#include "base/clock.h"
#include "load/handle.h"

/* A moment of one clock on the other, given what both say now.  What lies before the other's
 * beginning is 0. */
static uint64_t
carry_over(uint64_t moment, uint64_t from_now, uint64_t to_now)
{
	if (moment == UINT64_MAX)
		return moment;
	if (moment >= from_now)
		return tayra__add_sat(to_now, moment - from_now);
	return to_now > from_now - moment ? to_now - (from_now - moment) : 0;
}

static uint64_t
wall_ms(const struct tayra *t)
{
	return tayra__clock_wall_ms(&t->clock);
}

static void
note_time(struct tayra *t, const struct tayra__level *level, enum tayra__count of_file,
	  enum tayra__count of_remote, uint64_t began_ns)
{
	tayra__counters_add(&t->counters, level->which == TAYRA_TIER_FILE ? of_file : of_remote,
			    tayra__handle_now_ns(t) - began_ns);
}

/* => TAYRA_E_NOT_FOUND when it is older than the handle's clock, whose age could not be told. */
static int
date(const struct tayra *t, struct tayra__found *found)
{
	const struct tayra__tier_meta *m = &found->value.meta;
	uint64_t wall = wall_ms(t), now_ms = tayra__handle_now_ns(t) / TAYRA_NS_PER_MS;

	if (m->born_ms > wall || wall - m->born_ms > now_ms || m->expire_ms <= wall ||
	    m->tags > TAYRA_TAGS_MAX || m->tags * sizeof(uint64_t) > found->value.len)
		return TAYRA_E_NOT_FOUND;
	found->meta = (struct tayra_item_meta){
		.born_ms = carry_over(m->born_ms, wall, now_ms),
		.fresh_ms = carry_over(m->fresh_ms, wall, now_ms),
		.expire_ms = carry_over(m->expire_ms, wall, now_ms),
		.cost_ns = m->cost_ns,
		.version = m->version,
		.flags = m->tags << TAYRA__ITEM_TAGS_SHIFT | (m->absent ? TAYRA__ITEM_ABSENT : 0),
	};
	found->value.len -= tayra__item_tag_bytes(found->meta.flags);
	return TAYRA_OK;
}

static bool
is_believed(const struct tayra *t, const void *key, size_t key_len, struct tayra__found *found)
{
	const struct tayra__suspect suspect = { key, key_len, found->value.data, found->value.len };

	return tayra__doubts_judge_found(&t->doubts, &suspect, &found->meta);
}

/* lease: NULL, or asked for as well. */
static int
get(struct tayra *t, const struct tayra__level *level, const void *key, size_t key_len,
    struct tayra__tier_lease *lease, struct tayra__found *out)
{
	const struct tayra__tier_ops *ops = level->tier->ops;
	uint64_t began_ns = tayra__handle_now_ns(t), wall = wall_ms(t);
	int status;

	*out = (struct tayra__found){ .tier = level->which };
	status = lease ? ops->lease(level->tier, key, key_len, wall, lease, &out->value)
		       : ops->get(level->tier, key, key_len, wall, &out->value);
	note_time(t, level, TAYRA__COUNT_FILE_READ_NS, TAYRA__COUNT_REMOTE_READ_NS, began_ns);
	if (status == TAYRA_OK)
		status = date(t, out);
	if (status == TAYRA_OK && !is_believed(t, key, key_len, out))
		status = TAYRA_E_NOT_FOUND;
	if (status != TAYRA_OK)
		tayra__tier_value_free(&out->value);
	return status;
}

int
tayra__level_get(struct tayra *t, const struct tayra__level *level, const void *key, size_t key_len,
		 struct tayra__found *out)
{
	return get(t, level, key, key_len, NULL, out);
}

int
tayra__level_lease(struct tayra *t, const struct tayra__level *level, const void *key,
		   size_t key_len, struct tayra__tier_lease *lease, struct tayra__found *out)
{
	return get(t, level, key, key_len, lease, out);
}

void
tayra__level_release(const struct tayra__level *level, const struct tayra__tier_leased *leases,
		     size_t count)
{
	level->tier->ops->release(level->tier, leases, count);
}

void
tayra__level_renew(const struct tayra__level *level, const struct tayra__tier_leased *leases,
		   size_t count, uint64_t ns)
{
	level->tier->ops->renew(level->tier, leases, count, ns);
}

int
tayra__level_put(struct tayra *t, const struct tayra__level *level, const void *key, size_t key_len,
		 const void *value, size_t value_len, const struct tayra_item_meta *meta,
		 enum tayra__level_how how)
{
	const struct tayra__tier_ops *ops = level->tier->ops;
	uint64_t began_ns = tayra__handle_now_ns(t), wall = wall_ms(t);
	uint64_t now_ms = began_ns / TAYRA_NS_PER_MS;
	struct tayra__tier_meta m = {
		.born_ms = carry_over(meta->born_ms, now_ms, wall),
		.fresh_ms = carry_over(meta->fresh_ms, now_ms, wall),
		.expire_ms = carry_over(meta->expire_ms, now_ms, wall),
		.version = meta->version,
		.cost_ns = meta->cost_ns,
		.tags = tayra__item_tag_count(meta->flags),
		.absent = meta->flags & TAYRA__ITEM_ABSENT,
	};
	int status;

	value_len += tayra__item_tag_bytes(meta->flags);
	status = how == TAYRA__LEVEL_OFFER && ops->offer
			 ? ops->offer(level->tier, key, key_len, value, value_len, &m, wall)
			 : ops->put(level->tier, key, key_len, value, value_len, &m, wall);

	note_time(t, level, TAYRA__COUNT_FILE_WRITE_NS, TAYRA__COUNT_REMOTE_WRITE_NS, began_ns);
	return status;
}

int
tayra__level_remove(struct tayra *t, const struct tayra__level *level, const void *key,
		    size_t key_len)
{
	return level->tier->ops->remove(level->tier, key, key_len, wall_ms(t));
}

int
tayra__level_clear(struct tayra *t, const struct tayra__level *level, const void *prefix,
		   size_t prefix_len)
{
	return level->tier->ops->clear(level->tier, prefix, prefix_len, wall_ms(t));
}

void
tayra__level_tick(struct tayra *t, const struct tayra__level *level)
{
	level->tier->ops->tick(level->tier, wall_ms(t));
}

void
tayra__level_stats(struct tayra *t, const struct tayra__level *level, struct tayra_tier_stats *out)
{
	const bool file = level->which == TAYRA_TIER_FILE;
	struct tayra__tier_stats s;

	if (!level->tier)
		return;
	level->tier->ops->stats(level->tier, &s);
	*out = (struct tayra_tier_stats){
		.hits = s.hits,
		.misses = s.misses,
		.puts = s.puts,
		.deletes = s.deletes,
		.refused = s.refused,
		.items = s.items,
		.bytes = s.bytes,
		.limit_bytes = s.limit_bytes,
		.index_bytes = s.index_bytes,
		.read_ns = tayra__counters_sum(&t->counters, file ? TAYRA__COUNT_FILE_READ_NS
								  : TAYRA__COUNT_REMOTE_READ_NS),
		.write_ns = tayra__counters_sum(&t->counters, file ? TAYRA__COUNT_FILE_WRITE_NS
								   : TAYRA__COUNT_REMOTE_WRITE_NS),
		.read_bytes = s.read_bytes,
		.written_bytes = s.written_bytes,
		.corrupt = s.corrupt,
		.io_errors = s.io_errors,
		.out = s.out,
	};
}
