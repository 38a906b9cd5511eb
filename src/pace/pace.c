/* SPDX-License-Identifier: Apache-2.0
 *
 * pace.c: tickets and how they move: out -> held, out -> queued -> held or out, held -> out.
 *
 * FAST PATH: one compare-and-swap on `word` to enter and one to leave, relaxed counters, no lock.
 * It is open while nobody waits.
 * LOCK: guards the queue, the limit, the closing of a window, and every move into and out of
 * QUEUED.  `waiting` in the word is set before a ticket can stay queued, so a leave either is seen
 * by the one who queues or sees that somebody waits.
 * CALLBACKS: who decides a ticket under the lock puts it on a list of his own, unlocks, and then
 * tells.  A thread asleep in tayra_pace_enter() is woken under the lock instead, because the
 * condition lives on its stack.
 * WINDOWS: `closing` lets one thread at a time close a window; the sensor is read before the lock.
 */
#include <tayra/pace.h>

#include "base/clock.h"
#include "base/mem.h"
#include "pace/limit.h"
#include "pace/options.h"
#include "pace/queue.h"
#include "pace/service.h"
#include "pace/ticket.h"
#include "pace/window.h"
#include "pace/word.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct tayra_pace {
	_Atomic uint64_t word; /* acquire to enter, release to leave: a slot hands over memory */
	_Atomic uint64_t next_window_ns;
	_Atomic uint32_t queued; /* queue.count, for who holds no lock */
	_Atomic bool closing;
	struct tayra__service service;
	_Atomic uint64_t shed[TAYRA_CLASSES][TAYRA_SHEDS];
	/* Never changed after create. */
	uint64_t window_ns;
	uint32_t queue_max;
	const struct tayra_sensor *sensor;
	const struct tayra_clock *clock;
	/* Under the lock. */
	pthread_mutex_t lock;
	struct tayra__queue queue;
	struct tayra__limit limit;
	struct tayra__limit_window last; /* the window closed last */
	double last_per_s;
	bool opened;                 /* is there a window? */
	uint64_t moves[3];           /* by enum tayra__limit_move */
	struct tayra__window window; /* its own rules */
};

/* Only a bug of the caller comes here; going on would give out slots that do not exist. */
static _Noreturn void
bug(const char *what)
{
	fprintf(stderr, "tayra: pace: %s\n", what);
	abort();
}

static uint64_t
word_read(const struct tayra_pace *pace)
{
	return atomic_load_explicit(&pace->word, memory_order_relaxed);
}

static void
count_shed(struct tayra_pace *pace, enum tayra_class cls, enum tayra_shed why)
{
	atomic_fetch_add_explicit(&pace->shed[cls - 1][why], 1, memory_order_relaxed);
}

static void
note_reached(struct tayra_pace *pace)
{
	if (!atomic_load_explicit(&pace->window.reached, memory_order_relaxed))
		atomic_store_explicit(&pace->window.reached, true, memory_order_relaxed);
}

/*
 * How long serving takes, for judging deadlines.  0 while nothing is in flight: then nothing would
 * ever correct an estimate that is too high, so whoever comes is let in to measure.
 */
static uint64_t
need_ns(const struct tayra_pace *pace, uint64_t word)
{
	return tayra__word_inflight(word) ? tayra__service_need_ns(&pace->service) : 0;
}

static bool
hopeless(uint64_t deadline_ns, uint64_t now_ns, uint64_t need)
{
	return deadline_ns && (now_ns >= deadline_ns || need > deadline_ns - now_ns);
}

/* When those who wait now will have been served, at least 1 ms. */
static uint64_t
retry_after_ns(const struct tayra_pace *pace)
{
	double waiting = atomic_load_explicit(&pace->queued, memory_order_relaxed) + 1.0;
	double ns = waiting * (double)tayra__service_mean_ns(&pace->service) /
		    tayra__word_limit(word_read(pace));

	return ns < 1e6 ? TAYRA_NS_PER_MS : ns < 1e18 ? (uint64_t)ns : (uint64_t)1e18;
}

static void
set_state(struct tayra__ticket *ticket, enum tayra__ticket_state state)
{
	atomic_store_explicit(&ticket->state, state, memory_order_relaxed);
}

static void
hold(struct tayra_pace *pace, struct tayra__ticket *ticket, uint64_t word, uint64_t now_ns)
{
	ticket->held_ns = now_ns;
	ticket->teaches = tayra__word_mode(word) != TAYRA_MODE_OFF;
	ticket->status = TAYRA_OK;
	set_state(ticket, TAYRA__TICKET_HELD);
	tayra__window_admit(&pace->window, ticket->entry.cls);
}

/* Out, with the status that belongs to the reason. */
static int
turn_away(struct tayra_pace *pace, struct tayra__ticket *ticket, enum tayra_shed why,
	  uint64_t now_ns)
{
	const struct tayra__queue_entry *entry = &ticket->entry;
	bool late = entry->deadline_ns && now_ns >= entry->deadline_ns;

	count_shed(pace, entry->cls, why);
	ticket->status = late ? TAYRA_E_TIMEOUT : TAYRA_E_OVERLOAD;
	tayra__ticket_handle(ticket)->retry_after_ns = late ? 0 : retry_after_ns(pace);
	set_state(ticket, TAYRA__TICKET_OUT);
	return ticket->status;
}

/* Tell those who were decided, with no lock held.  A callback that decides more tickets only adds
 * to the list, so that callbacks which leave at once do not pile up on the stack. */
static void
tell(struct tayra__list *decided)
{
	static _Thread_local struct tayra__list *telling; /* by a frame below on this stack */
	struct tayra__list *outer = telling, *node;

	if (!outer)
		telling = decided;
	while ((node = tayra__list_pop_front(decided))) {
		struct tayra__ticket *ticket = TAYRA__LIST_ENTRY(node, struct tayra__ticket,
								 entry.node);

		if (outer)
			tayra__list_push_back(outer, node);
		else
			ticket->decided(tayra__ticket_handle(ticket), ticket->status, ticket->arg);
	}
	telling = outer;
}

/* Under the lock, after any change to the queue. */
static void
publish_queue(struct tayra_pace *pace)
{
	atomic_store_explicit(&pace->queued, pace->queue.count, memory_order_relaxed);
	if (pace->queue.count == 0 && (word_read(pace) & TAYRA__WORD_WAITING))
		atomic_fetch_and_explicit(&pace->word, ~TAYRA__WORD_WAITING, memory_order_relaxed);
}

/* Under the lock: the ticket has its status and is in no list. */
static void
hand_over(struct tayra__ticket *ticket, struct tayra__list *decided)
{
	if (ticket->waiter)
		pthread_cond_signal(ticket->waiter);
	else
		tayra__list_push_back(decided, &ticket->entry.node);
}

static void
turn_away_all(struct tayra_pace *pace, struct tayra__list *shed, uint64_t now_ns,
	      struct tayra__list *decided)
{
	struct tayra__list *node;

	while ((node = tayra__list_pop_front(shed))) {
		struct tayra__ticket *ticket = TAYRA__LIST_ENTRY(node, struct tayra__ticket,
								 entry.node);

		turn_away(pace, ticket, ticket->entry.shed, now_ns);
		hand_over(ticket, decided);
	}
}

/* Under the lock: give every free slot to the next in line. */
static void
dispatch(struct tayra_pace *pace, uint64_t now_ns, struct tayra__list *decided)
{
	struct tayra__queue *queue = &pace->queue;
	struct tayra__list shed;
	uint64_t word = word_read(pace);

	tayra__list_init(&shed);
	if (tayra__word_mode(word) == TAYRA_MODE_ENFORCE)
		tayra__queue_prune(queue, now_ns, need_ns(pace, word), &shed);
	for (; queue->count && tayra__word_open(word); word = word_read(pace)) {
		struct tayra__queue_entry *entry = tayra__word_mode(word) == TAYRA_MODE_ENFORCE
							   ? tayra__queue_take(queue, now_ns,
									       need_ns(pace, word),
									       &shed)
							   : tayra__queue_pop(queue);
		struct tayra__ticket *ticket;

		if (!entry)
			break;
		atomic_fetch_add_explicit(&pace->word, 1, memory_order_acquire);
		ticket = TAYRA__LIST_ENTRY(entry, struct tayra__ticket, entry);
		hold(pace, ticket, word, now_ns);
		hand_over(ticket, decided);
	}
	publish_queue(pace);
	turn_away_all(pace, &shed, now_ns, decided);
}

static void
put_limit(struct tayra_pace *pace)
{
	uint64_t word = word_read(pace);

	while (!atomic_compare_exchange_weak_explicit(&pace->word, &word,
						      tayra__word_with_limit(word, pace->limit.now),
						      memory_order_relaxed, memory_order_relaxed))
		;
}

/* Under the lock. */
static void
start_window(struct tayra_pace *pace, uint64_t now_ns)
{
	pace->opened = true;
	atomic_store_explicit(&pace->next_window_ns, now_ns + pace->window_ns,
			      memory_order_relaxed);
}

/* Under the lock: what did the window say? */
static void
learn(struct tayra_pace *pace, struct tayra_pressure pressure, uint64_t now_ns)
{
	struct tayra__limit_window *last = &pace->last;
	uint64_t length_ns = now_ns - pace->window.opened_ns;

	tayra__window_close(&pace->window, now_ns, last);
	last->pressure = pressure;
	pace->last_per_s = length_ns ? last->answers * 1e9 / (double)length_ns : 0;
	pace->moves[tayra__limit_learn(&pace->limit, last)]++;
	put_limit(pace);
}

static struct tayra_pressure
read_sensor(const struct tayra_pace *pace, uint64_t now_ns)
{
	struct tayra_pressure pressure = { (double)NAN, (double)NAN };

	if (pace->sensor && pace->sensor->read(pace->sensor->ctx, now_ns, &pressure) < 0)
		pressure = (struct tayra_pressure){ (double)NAN, (double)NAN };
	return pressure;
}

static bool
window_due(const struct tayra_pace *pace, uint64_t now_ns)
{
	return now_ns >= atomic_load_explicit(&pace->next_window_ns, memory_order_relaxed);
}

static void
close_window(struct tayra_pace *pace, uint64_t now_ns)
{
	struct tayra__list decided;
	struct tayra_pressure pressure;

	/* acquire and release: what one closer gave the sensor's context, the next one sees. */
	if (atomic_exchange_explicit(&pace->closing, true, memory_order_acquire))
		return;
	tayra__list_init(&decided);
	if (window_due(pace, now_ns)) {
		pressure = read_sensor(pace, now_ns);
		pthread_mutex_lock(&pace->lock);
		if (pace->opened && tayra__word_mode(word_read(pace)) != TAYRA_MODE_OFF)
			learn(pace, pressure, now_ns);
		else
			tayra__window_close(&pace->window, now_ns,
					    &(struct tayra__limit_window){ 0 });
		start_window(pace, now_ns);
		dispatch(pace, now_ns, &decided);
		pthread_mutex_unlock(&pace->lock);
	}
	atomic_store_explicit(&pace->closing, false, memory_order_release);
	tell(&decided);
}

static void
look_at_window(struct tayra_pace *pace, uint64_t now_ns)
{
	if (window_due(pace, now_ns))
		close_window(pace, now_ns);
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
	pace = tayra__mem_alloc(sizeof(*pace));
	if (!pace)
		return TAYRA_E_NOMEM;
	if (pthread_mutex_init(&pace->lock, NULL)) {
		tayra__mem_free(pace);
		return TAYRA_E_NOMEM;
	}
	pace->window_ns = options.window_ns;
	pace->queue_max = options.queue_max;
	pace->sensor = options.sensor;
	pace->clock = options.clock;
	pace->limit = tayra__options_limit(&options);
	pace->last.pressure = (struct tayra_pressure){ (double)NAN, (double)NAN };
	tayra__queue_init(&pace->queue, options.queue_max, options.codel_target_ns,
			  options.codel_interval_ns);
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
	if (tayra__word_inflight(word_read(pace)) || pace->queue.count)
		bug("destroyed while tickets are queued or held");
	pthread_mutex_destroy(&pace->lock);
	tayra__mem_free(pace);
}

/* Make the ticket ours.  => TAYRA_OK, TAYRA_E_INVAL. */
static int
begin(struct tayra_pace *pace, const struct tayra_pace_request *request,
      struct tayra_ticket *handle)
{
	struct tayra__ticket *ticket = tayra__ticket_of(handle);

	if ((unsigned)request->cls > TAYRA_BACKGROUND)
		return TAYRA_E_INVAL;
	if (tayra__ticket_state(ticket) != TAYRA__TICKET_OUT)
		bug("entering with a ticket that is queued or held, or was never zeroed");
	handle->retry_after_ns = 0;
	ticket->pace = pace;
	ticket->entry.cls = request->cls ? request->cls : TAYRA_NORMAL;
	ticket->entry.deadline_ns = request->deadline_ns;
	ticket->waiter = NULL;
	return TAYRA_OK;
}

/*
 * In MONITOR mode what is held beyond the limit stands for the queue.  Counts what would have been
 * turned away at the door; what would have been shed out of the queue cannot be known.
 */
static void
monitor(struct tayra_pace *pace, const struct tayra__queue_entry *entry, uint64_t word,
	uint64_t now_ns)
{
	uint32_t inflight = tayra__word_inflight(word), limit = tayra__word_limit(word);

	if (hopeless(entry->deadline_ns, now_ns, need_ns(pace, word)))
		count_shed(pace, entry->cls, TAYRA_SHED_HOPELESS);
	else if (inflight >= limit && inflight - limit >= pace->queue_max)
		count_shed(pace, entry->cls, TAYRA_SHED_FULL);
}

/* Without the lock.  => TAYRA_OK: held.  TAYRA_PENDING: no room or somebody waits.
 * TAYRA_E_OVERLOAD, TAYRA_E_TIMEOUT: out. */
static int
enter_at_once(struct tayra_pace *pace, struct tayra__ticket *ticket, uint64_t now_ns)
{
	uint64_t word = word_read(pace);

	if (ticket->entry.deadline_ns && tayra__word_mode(word) == TAYRA_MODE_ENFORCE &&
	    hopeless(ticket->entry.deadline_ns, now_ns, need_ns(pace, word)))
		return turn_away(pace, ticket, TAYRA_SHED_HOPELESS, now_ns);
	do {
		if ((word & TAYRA__WORD_WAITING) || !tayra__word_open(word))
			return TAYRA_PENDING;
	} while (!atomic_compare_exchange_weak_explicit(
		&pace->word, &word, word + 1, memory_order_acquire, memory_order_relaxed));
	if (tayra__word_full(word + 1))
		note_reached(pace);
	if (tayra__word_mode(word) == TAYRA_MODE_MONITOR)
		monitor(pace, &ticket->entry, word, now_ns);
	hold(pace, ticket, word, now_ns);
	return TAYRA_OK;
}

/* Under the lock.  => TAYRA_PENDING: queued; else decided already, and told nobody. */
static int
queue_up(struct tayra_pace *pace, struct tayra__ticket *ticket, uint64_t now_ns,
	 struct tayra__list *decided)
{
	dispatch(pace, now_ns, decided);
	note_reached(pace);
	if (!tayra__queue_push(&pace->queue, &ticket->entry, now_ns))
		return turn_away(pace, ticket, TAYRA_SHED_FULL, now_ns);
	set_state(ticket, TAYRA__TICKET_QUEUED);
	/* A leave before this is seen by dispatch(), one after it takes the lock. */
	atomic_fetch_or_explicit(&pace->word, TAYRA__WORD_WAITING, memory_order_relaxed);
	dispatch(pace, now_ns, decided);
	if (tayra__ticket_state(ticket) == TAYRA__TICKET_QUEUED)
		return TAYRA_PENDING;
	if (!ticket->waiter)
		tayra__list_remove(&ticket->entry.node);
	return ticket->status;
}

/* Queue it.  => as queue_up. */
static int
enter_queue(struct tayra_pace *pace, struct tayra__ticket *ticket, uint64_t now_ns)
{
	struct tayra__list decided;
	int status;

	tayra__list_init(&decided);
	pthread_mutex_lock(&pace->lock);
	status = queue_up(pace, ticket, now_ns, &decided);
	pthread_mutex_unlock(&pace->lock);
	tell(&decided);
	return status;
}

int
tayra_pace_try_enter(struct tayra_pace *pace, const struct tayra_pace_request *request,
		     uint64_t now_ns, struct tayra_ticket *handle)
{
	struct tayra__ticket *ticket = tayra__ticket_of(handle);
	int status = begin(pace, request, handle);

	if (status < 0)
		return status;
	look_at_window(pace, now_ns);
	status = enter_at_once(pace, ticket, now_ns);
	if (status != TAYRA_PENDING)
		return status;
	note_reached(pace);
	return turn_away(pace, ticket, TAYRA_SHED_FULL, now_ns);
}

int
tayra_pace_enter_start(struct tayra_pace *pace, const struct tayra_pace_request *request,
		       uint64_t now_ns, struct tayra_ticket *handle)
{
	struct tayra__ticket *ticket = tayra__ticket_of(handle);
	int status = request->decided ? begin(pace, request, handle) : TAYRA_E_INVAL;

	if (status < 0)
		return status;
	ticket->decided = request->decided;
	ticket->arg = request->arg;
	look_at_window(pace, now_ns);
	status = enter_at_once(pace, ticket, now_ns);
	return status == TAYRA_PENDING ? enter_queue(pace, ticket, now_ns) : status;
}

/* Under the lock: take a queued ticket out of the line. */
static void
step_out(struct tayra_pace *pace, struct tayra__ticket *ticket, int status)
{
	tayra__queue_remove(&pace->queue, &ticket->entry);
	publish_queue(pace);
	ticket->status = status;
	set_state(ticket, TAYRA__TICKET_OUT);
}

int
tayra_pace_cancel(struct tayra_pace *pace, struct tayra_ticket *handle, uint64_t now_ns)
{
	struct tayra__ticket *ticket = tayra__ticket_of(handle);
	int status = TAYRA_E_NOT_FOUND;

	(void)now_ns; /* leaving the line makes no room and takes no time */
	pthread_mutex_lock(&pace->lock);
	if (tayra__ticket_state(ticket) == TAYRA__TICKET_QUEUED && ticket->pace == pace) {
		step_out(pace, ticket, TAYRA_E_CANCELLED);
		if (ticket->waiter)
			pthread_cond_signal(ticket->waiter);
		status = TAYRA_OK;
	}
	pthread_mutex_unlock(&pace->lock);
	return status;
}

/* Sleep under the lock until woken or `left_ns` are over; may wake early. */
static void
sleep_on(pthread_cond_t *cond, pthread_mutex_t *lock, uint64_t left_ns)
{
	const uint64_t longest = 3600 * TAYRA_NS_PER_S;
	uint64_t until = tayra__clock_mono_ns(tayra_clock_real());
	struct timespec ts;

	until += left_ns < longest ? left_ns : longest;
	ts.tv_sec = (time_t)(until / TAYRA_NS_PER_S);
	ts.tv_nsec = (long)(until % TAYRA_NS_PER_S);
	pthread_cond_timedwait(cond, lock, &ts);
}

/* Sleep until the ticket is decided.  => its status. */
static int
await(struct tayra_pace *pace, struct tayra__ticket *ticket)
{
	const uint64_t deadline_ns = ticket->entry.deadline_ns;
	int status;

	pthread_mutex_lock(&pace->lock);
	while (tayra__ticket_state(ticket) == TAYRA__TICKET_QUEUED) {
		uint64_t now_ns = deadline_ns ? tayra__clock_mono_ns(pace->clock) : 0;

		if (!deadline_ns) {
			pthread_cond_wait(ticket->waiter, &pace->lock);
		} else if (now_ns < deadline_ns) {
			sleep_on(ticket->waiter, &pace->lock, deadline_ns - now_ns);
		} else {
			step_out(pace, ticket, TAYRA_E_TIMEOUT);
			count_shed(pace, ticket->entry.cls, TAYRA_SHED_EXPIRED);
		}
	}
	status = ticket->status;
	pthread_mutex_unlock(&pace->lock);
	return status;
}

static void
cond_init_monotonic(pthread_cond_t *cond)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(cond, &attr);
	pthread_condattr_destroy(&attr);
}

int
tayra_pace_enter(struct tayra_pace *pace, const struct tayra_pace_request *request,
		 struct tayra_ticket *handle)
{
	struct tayra__ticket *ticket = tayra__ticket_of(handle);
	const uint64_t now_ns = tayra__clock_mono_ns(pace->clock);
	pthread_cond_t cond;
	int status = begin(pace, request, handle);

	if (status < 0)
		return status;
	look_at_window(pace, now_ns);
	status = enter_at_once(pace, ticket, now_ns);
	if (status != TAYRA_PENDING)
		return status;
	cond_init_monotonic(&cond);
	ticket->waiter = &cond;
	status = enter_queue(pace, ticket, now_ns);
	if (status == TAYRA_PENDING)
		status = await(pace, ticket);
	pthread_cond_destroy(&cond);
	return status;
}

static void
count_answer(struct tayra_pace *pace, const struct tayra__ticket *ticket,
	     enum tayra_outcome outcome, uint64_t now_ns)
{
	uint64_t ns = now_ns > ticket->held_ns ? now_ns - ticket->held_ns : 0;

	if (!ticket->teaches || tayra__word_mode(word_read(pace)) == TAYRA_MODE_OFF) {
		tayra__window_quiet(&pace->window, outcome);
		return;
	}
	tayra__window_answer(&pace->window, outcome, ns);
	if (outcome == TAYRA_OUTCOME_OK)
		tayra__service_sample(&pace->service, ns);
}

static void
leave_to_next(struct tayra_pace *pace, uint64_t now_ns)
{
	struct tayra__list decided;

	tayra__list_init(&decided);
	pthread_mutex_lock(&pace->lock);
	atomic_fetch_sub_explicit(&pace->word, 1, memory_order_release);
	dispatch(pace, now_ns, &decided);
	pthread_mutex_unlock(&pace->lock);
	tell(&decided);
}

void
tayra_pace_leave(struct tayra_pace *pace, struct tayra_ticket *handle, enum tayra_outcome outcome,
		 uint64_t now_ns)
{
	struct tayra__ticket *ticket = tayra__ticket_of(handle);
	uint64_t word;

	if (tayra__ticket_state(ticket) != TAYRA__TICKET_HELD || ticket->pace != pace)
		bug("leaving with a ticket that is not held");
	if ((unsigned)outcome >= TAYRA_OUTCOMES)
		bug("leaving with an unknown outcome");
	count_answer(pace, ticket, outcome, now_ns);
	set_state(ticket, TAYRA__TICKET_OUT);
	word = word_read(pace);
	do {
		if (word & TAYRA__WORD_WAITING) {
			leave_to_next(pace, now_ns);
			break;
		}
	} while (!atomic_compare_exchange_weak_explicit(
		&pace->word, &word, word - 1, memory_order_release, memory_order_relaxed));
	look_at_window(pace, now_ns);
}

uint64_t
tayra_pace_tick(struct tayra_pace *pace, uint64_t now_ns)
{
	struct tayra__list decided, shed;
	uint64_t next;

	look_at_window(pace, now_ns);
	next = atomic_load_explicit(&pace->next_window_ns, memory_order_relaxed);
	if (word_read(pace) & TAYRA__WORD_WAITING) {
		uint64_t need, queue_next;

		tayra__list_init(&decided);
		tayra__list_init(&shed);
		pthread_mutex_lock(&pace->lock);
		need = need_ns(pace, word_read(pace));
		tayra__queue_sweep(&pace->queue, now_ns, need, &shed);
		turn_away_all(pace, &shed, now_ns, &decided);
		dispatch(pace, now_ns, &decided);
		queue_next = tayra__queue_next_ns(&pace->queue, need);
		pthread_mutex_unlock(&pace->lock);
		tell(&decided);
		if (queue_next < next)
			next = queue_next;
	}
	return next > now_ns ? next : now_ns + 1;
}

int
tayra_pace_set_limit(struct tayra_pace *pace, double limit, uint64_t now_ns)
{
	struct tayra__list decided;
	int status;

	tayra__list_init(&decided);
	pthread_mutex_lock(&pace->lock);
	status = tayra__limit_set(&pace->limit, limit);
	if (status == TAYRA_OK) {
		put_limit(pace);
		dispatch(pace, now_ns, &decided);
	}
	pthread_mutex_unlock(&pace->lock);
	tell(&decided);
	return status;
}

int
tayra_pace_set_mode(struct tayra_pace *pace, enum tayra_mode mode, uint64_t now_ns)
{
	struct tayra__list decided;
	uint64_t word;

	if ((unsigned)mode > TAYRA_MODE_OFF)
		return TAYRA_E_INVAL;
	tayra__list_init(&decided);
	pthread_mutex_lock(&pace->lock);
	word = word_read(pace);
	while (!atomic_compare_exchange_weak_explicit(&pace->word, &word,
						      tayra__word_with_mode(word, mode),
						      memory_order_relaxed, memory_order_relaxed))
		;
	/* What the other mode measured is no ground for a decision in this one. */
	tayra__window_close(&pace->window, now_ns, &(struct tayra__limit_window){ 0 });
	start_window(pace, now_ns);
	dispatch(pace, now_ns, &decided);
	pthread_mutex_unlock(&pace->lock);
	tell(&decided);
	return TAYRA_OK;
}

/* Under the lock. */
static void
fill_stats(struct tayra_pace *pace, struct tayra_pace_stats *out)
{
	const struct tayra__limit_window *last = &pace->last;

	out->limit = pace->limit.now;
	out->inflight = tayra__word_inflight(word_read(pace));
	for (int c = 0; c < TAYRA_CLASSES; c++) {
		out->queued[c] = pace->queue.classes[c].count;
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
	out->pressure = last->pressure;
	out->raised = pace->moves[TAYRA__LIMIT_RAISED];
	out->lowered = pace->moves[TAYRA__LIMIT_LOWERED];
	out->held = pace->moves[TAYRA__LIMIT_HELD];
	out->reason = pace->limit.reason;
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
