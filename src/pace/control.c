/* SPDX-License-Identifier: Apache-2.0
 *
 * control.c: what is set from outside, what a window teaches, and what can be seen.
 *
 * WINDOWS: `closing` lets one thread at a time close a window; the sensor is read before the lock
 * is taken.  The new limit is put into the word, and whoever has room now is let in.
 */
#include "pace/pace.h"

#include "base/mem.h"
#include "pace/decide.h"
#include "pace/options.h"

#include <math.h>
#include <string.h>

/* Under the lock. */
static void
put_limit(struct tayra_pace *pace)
{
	uint64_t word = tayra__pace_word(pace), next;

	do {
		next = tayra__word_with_limit(word, pace->limit.now);
		if (next == word)
			return;
	} while (!atomic_compare_exchange_weak_explicit(
		&pace->word, &word, next, memory_order_relaxed, memory_order_relaxed));
	tayra__window_turn(&pace->window, tayra__word_inflight(word));
}

/* Under the lock. */
static void
start_window(struct tayra_pace *pace, uint64_t now_ns)
{
	pace->opened = true;
	atomic_store_explicit(&pace->next_window_ns, now_ns + pace->options.window_ns,
			      memory_order_relaxed);
}

/* Under the lock: the limit was `before`. */
static void
note_change(struct tayra_pace *pace, double before, uint64_t now_ns)
{
	if (pace->limit.now == before)
		return;
	pace->changes[pace->change_count++ % TAYRA_PACE_CHANGES] = (struct tayra_pace_change){
		.at_ns = now_ns,
		.from = before,
		.to = pace->limit.now,
		.reason = pace->limit.reason,
	};
}

/* Under the lock: how far the limit may go, until the next window. */
static void
set_ceiling(struct tayra_pace *pace)
{
	const double most = pace->options.limit_max;

	pace->limit.rule.max = pace->ceiling.most > 0 ? fmin(most, pace->ceiling.most) : most;
}

/* Under the lock: the window moved the limit so; how did it move in the end? */
static enum tayra__limit_move
keep_below(struct tayra_pace *pace, enum tayra__limit_move move)
{
	struct tayra__limit *limit = &pace->limit;
	const double before = limit->now;

	if (limit->ops->unbound)
		return move;
	tayra__ceiling_update(&pace->ceiling, &limit->rule, &pace->last.pressure, limit->learned,
			      pace->last.length_ns);
	set_ceiling(pace);
	tayra__limit_bound(limit, pace->ceiling.reason);
	if (limit->now < before)
		return TAYRA__LIMIT_LOWERED;
	if (pace->ceiling.most > 0 && limit->learned >= limit->rule.max)
		limit->reason = pace->ceiling.reason;
	return move;
}

/* Under the lock: is there memory for those who can wait? */
static void
look_at_memory(struct tayra_pace *pace)
{
	tayra__scarcity_update(&pace->scarcity, &pace->limit.rule, &pace->last.pressure,
			       pace->last.length_ns);
	atomic_store_explicit(&pace->scarce, pace->scarcity.now, memory_order_relaxed);
}

/* Under the lock: how many were turned away in this window because they would have been late? */
static uint32_t
take_hopeless(struct tayra_pace *pace)
{
	const uint64_t before = pace->hopeless;

	pace->hopeless = 0;
	for (int c = 0; c < TAYRA_CLASSES; c++)
		pace->hopeless += atomic_load_explicit(&pace->shed[c][TAYRA_SHED_HOPELESS],
						       memory_order_relaxed);
	return (uint32_t)(pace->hopeless - before);
}

/* Under the lock: what did the window say? */
static void
learn(struct tayra_pace *pace, struct tayra_pressure pressure, uint64_t now_ns)
{
	struct tayra__limit_window *last = &pace->last;
	uint64_t length_ns = now_ns - pace->window.opened_ns;
	const double before = pace->limit.now;

	tayra__window_close(&pace->window, now_ns, last);
	last->pressure = pressure;
	last->hopeless = take_hopeless(pace);
	last->inflight_now = tayra__word_inflight(tayra__pace_word(pace));
	pace->last_per_s = length_ns ? last->answers * 1e9 / (double)length_ns : 0;
	pace->moves[keep_below(pace, tayra__limit_learn(&pace->limit, last))]++;
	note_change(pace, before, now_ns);
	look_at_memory(pace);
	tayra__queue_set_patient(&pace->queue, pace->limit.starting);
	put_limit(pace);
}

static struct tayra_pressure
read_sensor(const struct tayra_pace *pace, uint64_t now_ns)
{
	struct tayra_pressure pressure = tayra__limit_no_pressure();

	if (pace->sensor && pace->sensor->read(pace->sensor->ctx, now_ns, &pressure) < 0)
		pressure = tayra__limit_no_pressure();
	return pressure;
}

/* Under the lock.  Asks again whether it is due: a change of mode may have begun a new window. */
static void
end_window(struct tayra_pace *pace, struct tayra_pressure pressure, uint64_t now_ns)
{
	if (!tayra__pace_window_due(pace, now_ns))
		return;
	if (pace->opened && tayra__word_mode(tayra__pace_word(pace)) != TAYRA_MODE_OFF)
		learn(pace, pressure, now_ns);
	else
		tayra__window_close(&pace->window, now_ns, &(struct tayra__limit_window){ 0 });
	start_window(pace, now_ns);
}

void
tayra__pace_end_window(struct tayra_pace *pace, uint64_t now_ns, struct tayra__list *decided)
{
	struct tayra_pressure pressure;

	/* acquire and release: what one closer gave the sensor's context, the next one sees. */
	if (atomic_exchange_explicit(&pace->closing, true, memory_order_acquire))
		return;
	if (tayra__pace_window_due(pace, now_ns)) {
		pressure = read_sensor(pace, now_ns);
		pthread_mutex_lock(&pace->lock);
		end_window(pace, pressure, now_ns);
		if (pace->scarcity.now)
			tayra__decide_send_away(pace, TAYRA_BACKGROUND, TAYRA_SHED_MEMORY, now_ns,
						decided);
		tayra__decide_dispatch(pace, now_ns, decided);
		pthread_mutex_unlock(&pace->lock);
	}
	atomic_store_explicit(&pace->closing, false, memory_order_release);
}

void
tayra__pace_close_window(struct tayra_pace *pace, uint64_t now_ns)
{
	struct tayra__list decided;

	tayra__list_init(&decided);
	tayra__pace_end_window(pace, now_ns, &decided);
	tayra__decide_tell(&decided);
}

/* Under the lock: what is read without it. */
static void
publish(struct tayra_pace *pace)
{
	atomic_store_explicit(&pace->queue_max, pace->options.queue_max, memory_order_relaxed);
	atomic_store_explicit(&pace->deadline_deviations, pace->options.deadline_deviations,
			      memory_order_relaxed);
	atomic_store_explicit(&pace->hedge_after_ns, pace->options.hedge_after_ns,
			      memory_order_relaxed);
}

/* Under the lock. */
static struct tayra__queue_rule
queue_rule(const struct tayra_pace *pace)
{
	return (struct tayra__queue_rule){
		.max = pace->options.queue_max,
		.target_ns = pace->options.codel_target_ns,
		.interval_ns = pace->options.codel_interval_ns,
		.share_critical = pace->options.share_critical,
		.share_min = pace->options.share_min,
	};
}

/* Under the lock. */
static void
set_queue_rule(struct tayra_pace *pace)
{
	const struct tayra__queue_rule rule = queue_rule(pace);

	tayra__queue_set_rule(&pace->queue, &rule);
}

bool
tayra__pace_queue_rule(struct tayra_pace *pace, struct tayra__queue_rule *out)
{
	bool patient;

	pthread_mutex_lock(&pace->lock);
	*out = queue_rule(pace);
	patient = pace->limit.starting ||
		  tayra__word_mode(tayra__pace_word(pace)) != TAYRA_MODE_ENFORCE;
	pthread_mutex_unlock(&pace->lock);
	return patient;
}

int
tayra_pace_create(const struct tayra_pace_options *given, struct tayra_pace **out)
{
	struct tayra_pace_options options;
	struct tayra_pace *pace;
	int status = tayra__options_read(given, &options);

	*out = NULL;
	if (status < 0)
		return status;
	pace = tayra__mem_aligned(_Alignof(struct tayra_pace), sizeof(*pace));
	if (!pace)
		return TAYRA_E_NOMEM;
	if (pthread_mutex_init(&pace->lock, NULL)) {
		tayra__mem_free(pace);
		return TAYRA_E_NOMEM;
	}
	tayra__options_copy(given, &pace->given);
	pace->options = options;
	publish(pace);
	pace->retries = tayra__allowance_of(0.1);
	pace->hedges = tayra__allowance_of(0.05);
	pace->sensor = options.sensor;
	pace->clock = options.clock;
	pace->limit = tayra__options_limit(&options);
	pace->last.pressure = tayra__limit_no_pressure();
	tayra__queue_init(&pace->queue, &(struct tayra__queue_rule){ 0 });
	set_queue_rule(pace);
	tayra__queue_set_patient(&pace->queue, pace->limit.starting);
	atomic_init(&pace->word,
		    tayra__word_with_mode(tayra__word_with_limit(0, options.limit), options.mode));
	*out = pace;
	return TAYRA_OK;
}

void
tayra_pace_destroy(struct tayra_pace *pace)
{
	if (!pace)
		return;
	if (tayra__word_inflight(tayra__pace_word(pace)) || pace->queue.count)
		tayra__pace_bug("destroyed while tickets are queued or held");
	pthread_mutex_destroy(&pace->lock);
	tayra__mem_free(pace);
}

void
tayra__pace_lift_ceiling(struct tayra_pace *pace)
{
	pace->ceiling = (struct tayra__ceiling){ 0 };
	set_ceiling(pace);
}

int
tayra_pace_set_limit(struct tayra_pace *pace, double limit, uint64_t now_ns)
{
	struct tayra__list decided;
	double before;
	int status;

	tayra__list_init(&decided);
	pthread_mutex_lock(&pace->lock);
	before = pace->limit.now;
	/* A ceiling is lifted by who sets a limit, not by who is refused. */
	status = limit >= pace->options.limit_min && limit <= pace->options.limit_max
			 ? TAYRA_OK
			 : TAYRA_E_INVAL;
	if (status == TAYRA_OK) {
		tayra__pace_lift_ceiling(pace);
		tayra__limit_set(&pace->limit, limit);
		note_change(pace, before, now_ns);
		put_limit(pace);
		tayra__decide_dispatch(pace, now_ns, &decided);
	}
	pthread_mutex_unlock(&pace->lock);
	tayra__decide_tell(&decided);
	return status;
}

/* Under the lock.  What the other mode measured is no ground for a decision in this one. */
static void
put_mode(struct tayra_pace *pace, enum tayra_mode mode, uint64_t now_ns)
{
	uint64_t word = tayra__pace_word(pace);

	while (!atomic_compare_exchange_weak_explicit(&pace->word, &word,
						      tayra__word_with_mode(word, mode),
						      memory_order_relaxed, memory_order_relaxed))
		;
	tayra__window_close(&pace->window, now_ns, &(struct tayra__limit_window){ 0 });
	start_window(pace, now_ns);
}

int
tayra_pace_set_mode(struct tayra_pace *pace, enum tayra_mode mode, uint64_t now_ns)
{
	struct tayra__list decided;

	if ((unsigned)mode > TAYRA_MODE_OFF)
		return TAYRA_E_INVAL;
	tayra__list_init(&decided);
	pthread_mutex_lock(&pace->lock);
	put_mode(pace, mode, now_ns);
	tayra__decide_dispatch(pace, now_ns, &decided);
	pthread_mutex_unlock(&pace->lock);
	tayra__decide_tell(&decided);
	return TAYRA_OK;
}

void
tayra__pace_apply(struct tayra_pace *pace, const struct tayra_pace_options *options, double before,
		  uint64_t now_ns, struct tayra__list *decided)
{
	pace->options = *options;
	publish(pace);
	set_queue_rule(pace);
	tayra__options_steer(options, &pace->limit);
	if (pace->limit.ops->unbound)
		tayra__pace_lift_ceiling(pace);
	set_ceiling(pace);
	note_change(pace, before, now_ns);
	tayra__queue_set_patient(&pace->queue, pace->limit.starting);
	put_limit(pace);
	if (options->mode != tayra__word_mode(tayra__pace_word(pace)))
		put_mode(pace, options->mode, now_ns);
	else if (pace->opened && !tayra__pace_window_due(pace, now_ns + options->window_ns))
		start_window(pace, now_ns); /* it would end later than a new one */
	tayra__decide_dispatch(pace, now_ns, decided);
}

/* Under the lock. */
static void
fill_stats(struct tayra_pace *pace, struct tayra_pace_stats *out)
{
	struct tayra__limit_insight insight = { .elasticity = (double)NAN,
						.knee_spread = (double)NAN };
	const struct tayra__limit_window *last = &pace->last;

	if (pace->limit.ops->tell)
		pace->limit.ops->tell(&pace->limit, &insight);
	out->limit = pace->limit.now;
	out->limit_learned = pace->limit.learned;
	out->ceiling = pace->ceiling.most;
	out->inflight = tayra__word_inflight(tayra__pace_word(pace));
	for (int c = 0; c < TAYRA_CLASSES; c++) {
		out->service_p95_ns[c] = atomic_load_explicit(&pace->by_class[c].p95_ns,
							      memory_order_relaxed);
		out->queued[c] = pace->queue.lines[c].count;
		out->admit_ratio[c] = pace->queue.lines[c].gate.admit;
		out->shed_level[c] = atomic_load_explicit(&pace->shed[c][TAYRA_SHED_LEVEL],
							  memory_order_relaxed);
		for (int s = 0; s < TAYRA_SHEDS; s++)
			out->shed[c][s] = atomic_load_explicit(&pace->shed[c][s],
							       memory_order_relaxed);
	}
	tayra__window_sums(&pace->window, out->admitted, out->outcomes);
	out->service_mean_ns = tayra__service_mean_ns(&pace->service);
	out->service_dev_ns = tayra__service_dev_ns(&pace->service);
	out->window_p90_ns = last->p90_ns;
	out->window_per_s = pace->last_per_s;
	out->window_error_ratio = last->answers ? (double)last->errors / last->answers : 0;
	out->shed_memory = atomic_load_explicit(
		&pace->shed[TAYRA_BACKGROUND - 1][TAYRA_SHED_MEMORY], memory_order_relaxed);
	out->pressure = last->pressure;
	out->raised = pace->moves[TAYRA__LIMIT_RAISED];
	out->lowered = pace->moves[TAYRA__LIMIT_LOWERED];
	out->held = pace->moves[TAYRA__LIMIT_HELD];
	out->reason = pace->limit.reason;
	out->window_answers = last->answers;
	out->window_mean_ns = last->own_mean_ns;
	out->window_inflight = last->inflight;
	out->elasticity = insight.elasticity;
	out->knee_spread = insight.knee_spread;
	out->base_ns = (uint64_t)insight.base_ns;
	out->peak_per_s = insight.peak_per_s;
}

size_t
tayra_pace_changes(struct tayra_pace *pace, uint64_t *seen, struct tayra_pace_change *out,
		   size_t max)
{
	size_t n = 0;

	pthread_mutex_lock(&pace->lock);
	if (*seen + TAYRA_PACE_CHANGES < pace->change_count)
		*seen = pace->change_count - TAYRA_PACE_CHANGES;
	while (n < max && *seen < pace->change_count)
		out[n++] = pace->changes[(*seen)++ % TAYRA_PACE_CHANGES];
	pthread_mutex_unlock(&pace->lock);
	return n;
}

void
tayra_pace_stats(struct tayra_pace *pace, struct tayra_pace_stats *out)
{
	struct tayra_pace_stats all = { 0 };
	size_t size = out->size < sizeof(all) ? out->size : sizeof(all);

	all.size = out->size;
	pthread_mutex_lock(&pace->lock);
	fill_stats(pace, &all);
	pthread_mutex_unlock(&pace->lock);
	memcpy(out, &all, size);
}
