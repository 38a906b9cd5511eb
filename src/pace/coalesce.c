/* SPDX-License-Identifier: Apache-2.0
 *
 * coalesce.c: like tasks in one call.  Those of a kind wait in a queue of the kind's own, a
 * pace/queue.h like pace's, so that they are ordered and shed by the same rules.  What goes through
 * pace is a carrier: a task of the executor's own, with one ticket for all it will carry.  Whom it
 * carries is decided when a thread runs it: those who are next, as many as fit.
 *
 * So tickets and members are never tied to one another: a member that is cancelled leaves its queue
 * and no ticket, a carrier that is shed leaves as many members too many, not certain ones, and
 * nothing has to be handed over when both happen at once.
 *
 * LOCK: executor.lock guards all of it.  A carrier is entered with no lock held; one that is queued
 * in pace may be made dearer under it (tayra__pace_revise), so what is counted here is true.
 * ENOUGH: while somebody waits there is a carrier on its way for him, unless all of his class are
 * in use (then each that ends launches the next) or he waits for max_wait_ns (then the timer does).
 */
#include "pace/executor.h"

#include "base/mem.h"
#include "base/option.h"
#include "pace/decide.h"
#include "pace/pace.h"

#define DEFAULT_BATCH 64u
#define SPARE         4u /* carriers of a class beyond one a thread: to wait in pace meanwhile */

struct carrier {
	struct tayra_task task; /* the executor's and pace's view of it */
	struct tayra_task_kind *kind;
	struct tayra__list idle;
	struct tayra__list carried; /* members, once a thread has begun it */
	uint32_t cost;              /* of its ticket */
	bool empty;                 /* on its way, and still to be filled */
};

/* Of one class of a kind. */
struct crowd {
	struct tayra__list idle; /* carriers */
	struct carrier
		*last;     /* of those on their way, the last to begin; NULL: it is not any more */
	uint32_t carriers; /* on their way, still to be filled */
	uint64_t carriers_cost; /* of their tickets */
	uint64_t cost;          /* of who waits, as they gave it */
	uint64_t latest_ns;     /* no deadline of who waits is later; UINT64_MAX: one has none */
};

struct tayra_task_kind {
	struct tayra_executor *executor;
	struct tayra__list in_kinds;
	struct tayra_task_kind_options rule;
	struct tayra__queue queue; /* who waits; its entries are those in the tasks' tickets */
	struct crowd crowds[TAYRA_CLASSES];
	struct carrier carriers[];
};

static int carry(void *arg);

static struct tayra_task *
member_of(struct tayra__line_entry *entry)
{
	struct tayra__ticket *ticket = TAYRA__LIST_ENTRY(entry, struct tayra__ticket, entry);

	return TAYRA__LIST_ENTRY(tayra__ticket_handle(ticket), struct tayra_task, ticket);
}

static struct tayra__line_entry *
entry_of(struct tayra_task *member)
{
	return &tayra__ticket_of(&member->ticket)->entry;
}

static struct tayra__line_entry *
entry_in(struct tayra__list *node)
{
	return TAYRA__LIST_ENTRY(node, struct tayra__line_entry, node);
}

static struct carrier *
carrier_of(struct tayra__task *task)
{
	return TAYRA__LIST_ENTRY(tayra__task_handle(task), struct carrier, task);
}

static struct crowd *
crowd_of(struct tayra_task_kind *kind, enum tayra_class cls)
{
	return &kind->crowds[cls - 1];
}

struct tayra_executor *
tayra__coalesce_executor(const struct tayra_task_kind *kind)
{
	return kind->executor;
}

/* How long serving takes while all that is in flight is in flight, but for `own` slots. */
static struct tayra__needs
needs_now(const struct tayra_executor *ex, uint32_t own, uint64_t now_ns)
{
	uint64_t word = tayra__pace_word(ex->pace);

	if (tayra__word_mode(word) != TAYRA_MODE_ENFORCE)
		return (struct tayra__needs){ 0 };
	return tayra__decide_needs(ex->pace, word - own, now_ns);
}

/* Leaving the queue.  The lock is held in all that follows. */

/* It is out of the queue already, and in no list. */
static void
stop_waiting(struct tayra_executor *ex, struct tayra_task *member)
{
	crowd_of(tayra__task_of(member)->kind, entry_of(member)->cls)->cost -= member->cost;
	ex->waiting--;
}

static void
shed(struct tayra_executor *ex, struct tayra__line_entry *entry, int status)
{
	struct tayra_task *member = member_of(entry);

	stop_waiting(ex, member);
	ex->stats.shed++;
	tayra__task_end(ex, tayra__task_of(member), status);
}

static void
shed_all(struct tayra_executor *ex, struct tayra__list *list, uint64_t now_ns)
{
	struct tayra__list *node;

	while ((node = tayra__list_pop_front(list))) {
		struct tayra__line_entry *entry = entry_in(node);
		int status = tayra__pace_turn_away(ex->pace, &member_of(entry)->ticket, entry->shed,
						   now_ns);

		shed(ex, entry, status);
	}
}

void
tayra__coalesce_cancel(struct tayra_executor *ex, struct tayra__task *task)
{
	struct tayra_task *member = tayra__task_handle(task);

	tayra__queue_remove(&task->kind->queue, entry_of(member));
	stop_waiting(ex, member);
	ex->stats.cancelled++;
	tayra__task_end(ex, task, TAYRA_E_CANCELLED);
}

/* Joining it. */

/* The last carrier, if it still waits in pace, comes to cost what it may have to carry, and waits
 * for as long as they do. */
static void
join(struct tayra_executor *ex, struct crowd *crowd, uint64_t deadline_ns)
{
	uint64_t until_ns = deadline_ns ? deadline_ns : UINT64_MAX, cost;
	bool later = until_ns > crowd->latest_ns;
	struct carrier *last = crowd->last;

	if (later)
		crowd->latest_ns = until_ns;
	if (!last || (!later && crowd->cost <= crowd->carriers_cost))
		return;
	cost = last->cost;
	if (crowd->cost > crowd->carriers_cost)
		cost += crowd->cost - crowd->carriers_cost;
	if (cost > TAYRA_COST_MAX)
		cost = last->cost;
	until_ns = crowd->latest_ns == UINT64_MAX ? 0 : crowd->latest_ns;
	if (!tayra__pace_revise(ex->pace, &last->task.ticket, (uint32_t)cost, until_ns))
		return;
	crowd->carriers_cost += cost - last->cost;
	last->cost = (uint32_t)cost;
}

int
tayra__coalesce_admit(struct tayra_executor *ex, struct tayra_task *member)
{
	const uint64_t now_ns = tayra__executor_now_ns(ex);
	const struct tayra__needs needs = needs_now(ex, 0, now_ns);
	struct tayra_task_kind *kind = member->kind;
	struct tayra__line_entry *entry = entry_of(member);
	struct tayra__list displaced;
	struct crowd *crowd;
	bool scarce = tayra__decide_scarce(ex->pace, member->cls) &&
		      tayra__word_mode(tayra__pace_word(ex->pace)) == TAYRA_MODE_ENFORCE;
	int status = TAYRA_OK;

	tayra__pace_begin(ex->pace,
			  &(struct tayra_pace_request){ .cls = member->cls,
							.deadline_ns = member->deadline_ns,
							.tenant = member->tenant,
							.level = member->level,
							.cost = member->cost },
			  &member->ticket);
	tayra__list_init(&displaced);
	entry->shed = scarce ? TAYRA_SHED_MEMORY : TAYRA_SHED_HOPELESS;
	if (scarce ||
	    tayra__decide_hopeless(entry->deadline_ns, now_ns, needs.ns[entry->cls - 1]) ||
	    !tayra__queue_push(&kind->queue, entry, now_ns, &displaced))
		status = tayra__pace_turn_away(ex->pace, &member->ticket, entry->shed, now_ns);
	shed_all(ex, &displaced, now_ns);
	if (status != TAYRA_OK) {
		ex->stats.refused++;
		return member->status = status;
	}
	crowd = crowd_of(kind, entry->cls);
	if (kind->queue.lines[entry->cls - 1].count == 1)
		crowd->latest_ns = 0;
	tayra__task_begin(ex, member, kind, TAYRA__TASK_CARRIED);
	crowd->cost += member->cost;
	join(ex, crowd, member->deadline_ns);
	return TAYRA_OK;
}

/* Carriers. */

/* It is not on its way any more, or will carry nobody. */
static void
count_out(struct crowd *crowd, struct carrier *carrier)
{
	if (!carrier->empty)
		return;
	carrier->empty = false;
	crowd->carriers--;
	crowd->carriers_cost -= carrier->cost;
	if (crowd->last == carrier)
		crowd->last = NULL;
}

/* How many wait for whom there is no carrier on its way. */
static uint64_t
too_many(const struct tayra_task_kind *kind, const struct crowd *crowd, uint32_t waiting)
{
	uint64_t room = (uint64_t)crowd->carriers * kind->rule.max_batch;

	return waiting > room ? waiting - room : 0;
}

/* When that class needs another carrier; UINT64_MAX: it does not. */
static uint64_t
launch_at_ns(const struct tayra_task_kind *kind, int i)
{
	const struct tayra__line *line = &kind->queue.lines[i];
	const struct crowd *crowd = &kind->crowds[i];
	uint64_t extra = too_many(kind, crowd, line->count), at_ns;

	if (kind->executor->closing || line->count == 0 || tayra__list_empty(&crowd->idle))
		return UINT64_MAX;
	if (extra == 0)
		return crowd->cost > crowd->carriers_cost ? 0 : UINT64_MAX;
	if (extra >= kind->rule.max_batch)
		return 0;
	return __builtin_add_overflow(tayra__line_oldest(line)->at_ns, kind->rule.max_wait_ns,
				      &at_ns)
		       ? UINT64_MAX
		       : at_ns;
}

/* What the ticket has to cost: a like part of what is not paid for, where more than one are to
 * begin, but not less than who is next. */
static uint32_t
price(const struct tayra_task_kind *kind, const struct crowd *crowd, const struct tayra__line *line,
      const struct tayra_task *next)
{
	uint64_t owed = crowd->cost > crowd->carriers_cost ? crowd->cost - crowd->carriers_cost : 0;
	uint64_t parts = (too_many(kind, crowd, line->count) + kind->rule.max_batch - 1) /
			 kind->rule.max_batch;

	if (parts > 1)
		owed = (owed + parts - 1) / parts;
	if (owed < next->cost)
		owed = next->cost;
	if (owed > TAYRA_COST_MAX)
		owed = TAYRA_COST_MAX;
	return owed ? (uint32_t)owed : 1;
}

static struct carrier *
begin_carrier(struct tayra_executor *ex, struct tayra_task_kind *kind, int i)
{
	struct crowd *crowd = &kind->crowds[i];
	const struct tayra__line *line = &kind->queue.lines[i];
	const struct tayra_task *next = member_of(tayra__line_first(line));
	struct carrier *carrier = TAYRA__LIST_ENTRY(tayra__list_pop_front(&crowd->idle),
						    struct carrier, idle);

	carrier->cost = price(kind, crowd, line, next);
	carrier->empty = true;
	carrier->task = (struct tayra_task){
		.fn = carry,
		.arg = carrier,
		.cls = (enum tayra_class)(i + 1),
		.deadline_ns = crowd->latest_ns == UINT64_MAX ? 0 : crowd->latest_ns,
		.tenant = next->tenant,
		.level = next->level,
		.cost = carrier->cost,
	};
	crowd->last = carrier;
	crowd->carriers++;
	crowd->carriers_cost += carrier->cost;
	tayra__task_begin(ex, &carrier->task, kind, TAYRA__TASK_CARRIER);
	return carrier;
}

/* The timer is to look at that time, or before. */
static void
ask_to_look(struct tayra_executor *ex, uint64_t at_ns)
{
	if (at_ns >= ex->look_ns)
		return;
	ex->look_ns = at_ns;
	pthread_cond_signal(&ex->hurry);
}

/* One that is due has begun; NULL: none is, and the timer knows when the next will be. */
static struct carrier *
begin_due(struct tayra_executor *ex, struct tayra_task_kind *kind)
{
	uint64_t next_ns = UINT64_MAX;

	for (int i = 0; i < TAYRA_CLASSES; i++) {
		uint64_t at_ns = launch_at_ns(kind, i);

		if (at_ns != UINT64_MAX && at_ns <= tayra__executor_now_ns(ex))
			return begin_carrier(ex, kind, i);
		if (at_ns < next_ns)
			next_ns = at_ns;
	}
	ask_to_look(ex, next_ns);
	return NULL;
}

void
tayra__coalesce_turned_away(struct tayra_executor *ex, struct tayra__task *task, int status,
			    enum tayra__victim victim)
{
	struct tayra_task_kind *kind = task->kind;
	struct tayra_task *handle = tayra__task_handle(task);
	struct crowd *crowd = crowd_of(kind, handle->cls);
	struct tayra__line *line = &kind->queue.lines[handle->cls - 1];

	count_out(crowd, carrier_of(task));
	/* Too late for those it was to carry at first is not too late for those who came since. */
	if (victim == TAYRA__OLDEST &&
	    (status == TAYRA_E_TIMEOUT ||
	     tayra__ticket_of(&handle->ticket)->entry.shed == TAYRA_SHED_HOPELESS))
		return;
	for (uint64_t n = too_many(kind, crowd, line->count); n > 0; n--) {
		struct tayra__line_entry *entry = entry_in(
			victim == TAYRA__OLDEST ? line->waiting.next : line->waiting.prev);

		member_of(entry)->ticket.retry_after_ns = handle->ticket.retry_after_ns;
		tayra__queue_remove(&kind->queue, entry);
		shed(ex, entry, status);
	}
}

void
tayra__coalesce_over(struct tayra_executor *ex, struct tayra__task *task)
{
	struct carrier *carrier = carrier_of(task);
	struct crowd *crowd = crowd_of(task->kind, carrier->task.cls);
	struct tayra__list *node;

	count_out(crowd, carrier);
	while ((node = tayra__list_pop_front(&carrier->carried))) {
		struct tayra__task *member = TAYRA__LIST_ENTRY(node, struct tayra__task, link);

		ex->stats.ran++;
		tayra__task_end(ex, member, member->said);
	}
	tayra__list_push_back(&crowd->idle, &carrier->idle);
}

/* A call.  No lock is held. */

static size_t
fill(struct tayra_executor *ex, struct carrier *carrier, void **args)
{
	const uint64_t now_ns = tayra__executor_now_ns(ex);
	struct tayra_task_kind *kind = carrier->kind;
	const int i = carrier->task.cls - 1;
	const struct tayra__needs needs = needs_now(ex, carrier->cost, now_ns);
	struct tayra__line *line = &kind->queue.lines[i];
	struct tayra__line_entry *entry;
	struct tayra__list late;
	uint32_t room = carrier->cost;
	size_t n = 0;

	tayra__list_init(&late);
	tayra__line_judge(line, now_ns);
	while (n < kind->rule.max_batch && (entry = tayra__line_first(line))) {
		struct tayra_task *member = member_of(entry);

		if (tayra__line_too_late(line, entry, now_ns, needs.ns[i])) {
			tayra__queue_remove(&kind->queue, entry);
			tayra__list_push_back(&late, &entry->node);
			continue;
		}
		if (member->cost > room)
			break;
		room -= member->cost;
		tayra__line_charge(line, entry);
		tayra__queue_remove(&kind->queue, entry);
		stop_waiting(ex, member);
		tayra__task_of(member)->state = TAYRA__TASK_RUNNING;
		tayra__list_push_back(&carrier->carried, &tayra__task_of(member)->link);
		args[n++] = member->arg;
	}
	shed_all(ex, &late, now_ns);
	count_out(&kind->crowds[i], carrier);
	ex->stats.calls += n > 0;
	return n;
}

/* The task's function of a carrier. */
static int
carry(void *arg)
{
	struct carrier *carrier = arg;
	struct tayra_task_kind *kind = carrier->kind;
	struct tayra_executor *ex = kind->executor;
	void *args[TAYRA_BATCH_MAX];
	int statuses[TAYRA_BATCH_MAX], status, *said = statuses;
	struct tayra__list *head = &carrier->carried;
	size_t n;

	pthread_mutex_lock(&ex->lock);
	n = fill(ex, carrier, args);
	pthread_mutex_unlock(&ex->lock);
	if (n == 0)
		return TAYRA_E_CANCELLED;
	for (size_t i = 0; i < n; i++)
		statuses[i] = TAYRA_PENDING;
	status = kind->rule.call(kind->rule.ctx, args, statuses, n);
	/* Nobody else looks at who is carried. */
	for (struct tayra__list *node = head->next; node != head; node = node->next, said++)
		TAYRA__LIST_ENTRY(node, struct tayra__task, link)->said = *said == TAYRA_PENDING
										  ? status
										  : *said;
	return status;
}

bool
tayra__coalesce_carries_nobody(struct tayra__task *carrier)
{
	return tayra__list_empty(&carrier_of(carrier)->carried);
}

void
tayra__coalesce_launch(struct tayra_executor *ex, struct tayra_task_kind *kind)
{
	struct carrier *carrier;

	do {
		pthread_mutex_lock(&ex->lock);
		carrier = begin_due(ex, kind);
		pthread_mutex_unlock(&ex->lock);
		if (carrier)
			tayra__task_enter(ex, &carrier->task, TAYRA__FORGET_REFUSED);
	} while (carrier);
}

/* Kinds.  They are only ever added, at the end. */

static struct tayra_task_kind *
kind_after(struct tayra_executor *ex, struct tayra_task_kind *kind)
{
	struct tayra__list *node;

	pthread_mutex_lock(&ex->lock);
	node = kind ? kind->in_kinds.next : ex->kinds.next;
	pthread_mutex_unlock(&ex->lock);
	return node == &ex->kinds ? NULL
				  : TAYRA__LIST_ENTRY(node, struct tayra_task_kind, in_kinds);
}

void
tayra__coalesce_launch_all(struct tayra_executor *ex)
{
	for (struct tayra_task_kind *kind = NULL; (kind = kind_after(ex, kind));)
		tayra__coalesce_launch(ex, kind);
}

/* As pace's own queue is kept, but that a call can gather even where nobody may wait there. */
static struct tayra__queue_rule
rule_now(const struct tayra_task_kind *kind, bool *patient)
{
	struct tayra__queue_rule rule;

	*patient = tayra__pace_queue_rule(kind->executor->pace, &rule);
	if (rule.max < kind->rule.max_batch)
		rule.max = kind->rule.max_batch;
	return rule;
}

static void
follow_pace(struct tayra_task_kind *kind)
{
	bool patient;
	const struct tayra__queue_rule rule = rule_now(kind, &patient);

	tayra__queue_set_rule(&kind->queue, &rule);
	tayra__queue_set_patient(&kind->queue, patient);
}

static void
end_hopeless(struct tayra_executor *ex, struct tayra_task_kind *kind)
{
	const uint64_t now_ns = tayra__executor_now_ns(ex);
	const struct tayra__needs needs = needs_now(ex, 0, now_ns);
	struct tayra__list late;

	tayra__list_init(&late);
	follow_pace(kind);
	tayra__queue_sweep(&kind->queue, now_ns, &needs, &late);
	shed_all(ex, &late, now_ns);
}

void
tayra__coalesce_tend(struct tayra_executor *ex)
{
	for (struct tayra_task_kind *kind = NULL; (kind = kind_after(ex, kind));) {
		pthread_mutex_lock(&ex->lock);
		end_hopeless(ex, kind);
		pthread_mutex_unlock(&ex->lock);
		tayra__coalesce_launch(ex, kind);
	}
}

static void
init(struct tayra_task_kind *kind, struct tayra_executor *ex, uint32_t carriers)
{
	struct tayra__queue_rule rule;
	bool patient;

	kind->executor = ex;
	rule = rule_now(kind, &patient);
	tayra__queue_init(&kind->queue, &rule);
	tayra__queue_set_patient(&kind->queue, patient);
	for (int c = 0; c < TAYRA_CLASSES; c++)
		tayra__list_init(&kind->crowds[c].idle);
	for (uint32_t i = 0; i < carriers; i++) {
		struct carrier *carrier = &kind->carriers[i];

		carrier->kind = kind;
		tayra__list_init(&carrier->carried);
		tayra__list_push_back(&kind->crowds[i % TAYRA_CLASSES].idle, &carrier->idle);
	}
}

int
tayra_task_kind_create(struct tayra_executor *ex, const struct tayra_task_kind_options *given,
		       struct tayra_task_kind **out)
{
	struct tayra_task_kind_options o;
	struct tayra_task_kind *kind;
	uint32_t carriers;

	if (!out)
		return TAYRA_E_INVAL;
	*out = NULL;
	if (!ex || !given || tayra__option_struct(given, &o, sizeof(o)) != TAYRA_OK || !o.call ||
	    o.max_batch > TAYRA_BATCH_MAX)
		return TAYRA_E_INVAL;
	if (tayra__executor_forked(ex))
		return TAYRA_E_FORKED;
	carriers = TAYRA_CLASSES * (ex->threads + SPARE);
	kind = tayra__mem_alloc(sizeof(*kind) + carriers * sizeof(kind->carriers[0]));
	if (!kind)
		return TAYRA_E_NOMEM;
	kind->rule = o;
	if (!o.max_batch)
		kind->rule.max_batch = DEFAULT_BATCH;
	init(kind, ex, carriers);
	pthread_mutex_lock(&ex->lock);
	tayra__list_push_back(&ex->kinds, &kind->in_kinds);
	pthread_mutex_unlock(&ex->lock);
	*out = kind;
	return TAYRA_OK;
}

void
tayra__coalesce_free_kinds(struct tayra_executor *ex)
{
	struct tayra__list *node;

	while ((node = tayra__list_pop_front(&ex->kinds)))
		tayra__mem_free(TAYRA__LIST_ENTRY(node, struct tayra_task_kind, in_kinds));
}
