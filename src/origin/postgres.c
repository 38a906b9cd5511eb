/* SPDX-License-Identifier: Apache-2.0
 *
 * postgres.c: one connection a worker.  A worker whose connection is gone makes a new one for the
 * load it has in hand; when that load cannot wait for it any longer, it is failed, and the worker
 * goes on connecting for the next.
 */
#include <stdatomic.h>
#include "base/clock.h"
#include "base/mem.h"
#include "load/origin.h"
#include "origin/pg_connection.h"
#include "origin/reach.h"
#include "origin/settings.h"
#include "origin/tagging.h"
#include "origin/version.h"
#include "origin/worker.h"

/* How long a worker that got no connection because there are too many leaves the server alone. */
#define TOO_MANY_NS (250 * TAYRA_NS_PER_MS)

struct seat {
	struct tayra__pg pg;
	struct tayra__spread *spread; /* with a batch */
	struct tayra__keylist list;
	uint64_t retry_ns; /* there were too many connections: not before */
};

struct postgres {
	struct tayra_origin origin;     /* first: the caller's pointer */
	struct tayra__trouble *trouble; /* its own, or its reader's */
	struct postgres *writer;        /* of one that writes: its connections for that */
	struct tayra__workers *workers;
	struct tayra__pattern keys;
	struct tayra__shape shape;
	struct tayra__pg_target target;
	struct tayra__reach reach;
	_Atomic bool closing; /* set by close, read by workers that connect; nothing hangs on it */
	char *conninfo, *sql, *batch, *version;
	uint64_t connect_ns; /* how long connecting and preparing may take */
	uint32_t count;
	struct seat seats[];
};

/* Loads on a worker, and how long what is done for them may go on. */
struct task {
	struct postgres *p;
	struct tayra_load *const *loads;
	uint32_t count;    /* 0: failed already */
	uint64_t until_ns; /* of the real clock */
};

/* Fail the loads if nobody waits for any of them, or all their deadlines passed. */
static void
look_after(struct task *task)
{
	for (uint32_t i = 0; i < task->count; i++)
		if (tayra__load_over(task->loads[i]) == TAYRA_OK)
			return;
	for (uint32_t i = 0; i < task->count; i++) {
		int status = tayra__load_over(task->loads[i]);

		/* Wanted again in this very moment: it is begun anew. */
		tayra_load_fail(task->loads[i], status == TAYRA_OK ? TAYRA_E_CANCELLED : status, 0);
	}
	task->count = 0;
}

/* A connection is worth having without the load. */
static bool
go_on_connecting(void *arg)
{
	struct task *task = arg;

	look_after(task);
	return tayra__clock_real_ns() < task->until_ns &&
	       !atomic_load_explicit(&task->p->closing, memory_order_relaxed);
}

static bool
go_on_asking(void *arg)
{
	struct task *task = arg;

	look_after(task);
	return task->count > 0;
}

static void
fail(struct task *task, int status, uint64_t retry_after_ns)
{
	for (uint32_t i = 0; i < task->count; i++)
		tayra_load_fail(task->loads[i], status, retry_after_ns);
	task->count = 0;
}

/* Connect, knowing what others found.  => as tayra__pg_open(); *wait_ns: not before. */
static int
reach(struct task *task, struct seat *seat, uint64_t *wait_ns, const struct tayra__complaint *why)
{
	struct tayra__pg_patience patience = { go_on_connecting, task };
	struct postgres *p = task->p;
	enum tayra__reach_try try;
	int status;

	if (tayra__clock_real_ns() < seat->retry_ns) {
		*wait_ns = seat->retry_ns - tayra__clock_real_ns();
		return TAYRA_E_OVERLOAD;
	}
	try = tayra__reach_begin(&p->reach, tayra__clock_real_ns(), wait_ns);
	if (try == TAYRA__REACH_NO)
		return TAYRA_E_ORIGIN;
	task->until_ns = tayra__clock_real_ns() + p->connect_ns;
	status = tayra__pg_open(&seat->pg, &p->target, &patience, why);
	*wait_ns = tayra__reach_end(&p->reach, try, tayra__clock_real_ns(),
				    status == TAYRA_E_ORIGIN || status == TAYRA_E_CANCELLED
					    ? TAYRA__REACH_FAILED
					    : TAYRA__REACH_CAME);
	if (status == TAYRA_E_OVERLOAD) {
		*wait_ns = TOO_MANY_NS;
		seat->retry_ns = tayra__clock_real_ns() + TOO_MANY_NS;
	}
	return status;
}

static void
complain_of_silence(const struct postgres *p, const struct tayra__complaint *why)
{
	tayra__complain(why, "PostgreSQL: no answer within %u s",
			(unsigned)(p->connect_ns / TAYRA_NS_PER_S));
}

/* => whether there is a connection and a load still wants it; else they are failed. */
static bool
sit_down(struct task *task, struct seat *seat)
{
	char trouble[TAYRA__TROUBLE_TEXT] = "";
	const struct tayra__complaint why = { trouble, sizeof(trouble) };
	uint64_t wait_ns = 0;
	int status;

	if (tayra__pg_alive(&seat->pg))
		return true;
	tayra__pg_close(&seat->pg);
	status = reach(task, seat, &wait_ns, &why);
	if (status == TAYRA_OK) {
		if (seat->pg.batch_refused)
			tayra__trouble_note(task->p->trouble, TAYRA_E_ORIGIN, trouble);
		return task->count > 0;
	}
	if (status == TAYRA_E_CANCELLED)
		complain_of_silence(task->p, &why);
	/* A statement that cannot be prepared, or a connection that takes too long: not the key's
	 * fault. */
	if (status == TAYRA_E_INVAL || status == TAYRA_E_CANCELLED)
		status = TAYRA_E_ORIGIN;
	tayra__trouble_note(task->p->trouble, status, trouble);
	fail(task, status, wait_ns);
	return false;
}

/* => TAYRA_OK: *version; 0: none is known. */
static int
ask_version(struct task *task, struct seat *seat, const struct tayra__part *parts,
	    uint64_t *version, const struct tayra__complaint *why)
{
	const struct tayra__shape raw = { TAYRA_SHAPE_RAW, 1, task->p->shape.max_bytes };
	struct tayra__pg_patience patience = { go_on_asking, task };
	struct tayra__result result;
	const void *bytes;
	size_t len;
	int status;

	tayra__result_begin(&result, &raw);
	status = tayra__pg_ask_version(&seat->pg, parts, task->p->keys.parts, &result, &patience,
				       why);
	if (status == TAYRA_OK)
		status = tayra__result_end(&result, &bytes, &len);
	if (status == TAYRA_OK)
		*version = tayra__version_of(bytes, len);
	tayra__result_fini(&result);
	return status == TAYRA_E_NOT_FOUND ? TAYRA_OK : status;
}

static void
answer(struct task *task, struct tayra__result *result, uint64_t version)
{
	struct tayra_load_result known = TAYRA_LOAD_RESULT_INIT;
	const void *value;
	size_t len;
	int status = tayra__result_end(result, &value, &len);

	if (task->count == 0)
		return;
	known.version = version;
	if (status == TAYRA_OK)
		tayra_load_done(task->loads[0], value, len, &known);
	else
		tayra_load_fail(task->loads[0], status, 0);
}

/* => TAYRA_OK: answered, or failed by look_after(). */
static int
ask(struct task *task, struct seat *seat, const struct tayra__part *parts,
    const struct tayra__complaint *why)
{
	struct tayra__pg_patience patience = { go_on_asking, task };
	struct tayra__result result;
	uint64_t version = 0;
	int status = TAYRA_OK;

	/* Before the value, which then is of that version or newer. */
	if (task->p->version)
		status = ask_version(task, seat, parts, &version, why);
	if (status != TAYRA_OK || task->count == 0)
		return status;
	if (tayra__version_is_cached(task->loads[0], version)) {
		tayra_load_unchanged(task->loads[0], NULL);
		return TAYRA_OK;
	}
	tayra__result_begin(&result, &task->p->shape);
	status = tayra__pg_ask(&seat->pg, parts, task->p->keys.parts, &result, &patience, why);
	if (status == TAYRA_OK)
		answer(task, &result, version);
	tayra__result_fini(&result);
	return status;
}

static void
work(void *arg, uint32_t worker, struct tayra_load *load)
{
	struct postgres *p = arg;
	struct seat *seat = &p->seats[worker];
	struct task task = { .p = p, .loads = &load, .count = 1 };
	struct tayra__part parts[TAYRA__PATTERN_PARTS];
	char trouble[TAYRA__TROUBLE_TEXT] = "";
	const struct tayra__complaint why = { trouble, sizeof(trouble) };
	size_t key_len;
	const void *key = tayra_load_key(load, &key_len);
	int status;

	if (!tayra__pattern_match(&p->keys, key, key_len, parts)) {
		tayra_load_fail(load, TAYRA_E_INVAL, 0);
		return;
	}
	if (!sit_down(&task, seat))
		return;
	status = ask(&task, seat, parts, &why);
	/* The table was altered under the statement, and nothing was run. */
	if (seat->pg.unprepared && task.count && sit_down(&task, seat))
		status = ask(&task, seat, parts, &why);
	if (status != TAYRA_OK && task.count)
		tayra__trouble_note(p->trouble, status, trouble);
	if (status != TAYRA_OK)
		fail(&task, status, 0);
}

/* One query for all of them; task->count is 0 if they were failed. */
static void
ask_together(struct task *task, struct seat *seat, struct tayra__outcome *outcome)
{
	struct tayra__pg_patience patience = { go_on_asking, task };
	char trouble[TAYRA__TROUBLE_TEXT] = "";
	const struct tayra__complaint why = { trouble, sizeof(trouble) };
	int tries = 2;

	do {
		if (!sit_down(task, seat))
			return;
		if (seat->pg.batch_refused) {
			*outcome = (struct tayra__outcome){ TAYRA_E_ORIGIN, true };
			return;
		}
		outcome->status = tayra__pg_ask_many(&seat->pg, seat->spread, &seat->list,
						     &patience, &why);
		outcome->data = seat->pg.of_data;
	} while (seat->pg.unprepared && task->count && --tries > 0);
	if (task->count)
		tayra__trouble_note(task->p->trouble, outcome->status, trouble);
}

/* What is told of each that is asked for in a pipeline. */
struct in_turn {
	struct task *task;
	struct tayra__spread *spread;
	const struct tayra__complaint *why;
};

static void
take_answer(void *arg, uint32_t i, int status)
{
	const struct in_turn *turn = arg;

	if (turn->task->count == 0)
		return;
	status = tayra__spread_finish(turn->spread, i, status);
	tayra__trouble_note(&turn->task->p->origin.trouble, status, turn->why->text);
	tayra__complain(turn->why, "%s", "");
	turn->task->loads++;
	turn->task->count--;
}

/* A query for each, one behind the other; what was not answered is asked for alone.  task->count is
 * 0 if all are finished. */
static void
ask_each(struct task *task, struct seat *seat, struct tayra__outcome *outcome)
{
	struct tayra__pg_patience patience = { go_on_asking, task };
	char trouble[TAYRA__TROUBLE_TEXT] = "";
	const struct tayra__complaint why = { trouble, sizeof(trouble) };
	struct in_turn turn = { task, seat->spread, &why };
	uint32_t next = seat->spread->count;
	int status;

	if (!sit_down(task, seat))
		return;
	status = tayra__pg_ask_each(&seat->pg, seat->spread, take_answer, &turn, &patience, &why);
	if (task->count == 0)
		return;
	/* Whoever was next may be why. */
	next -= task->count;
	if (status != TAYRA_OK)
		take_answer(&turn, next, status);
	*outcome = (struct tayra__outcome){ TAYRA_E_ORIGIN, true };
}

static void
work_many(void *arg, uint32_t worker, struct tayra_load **loads, uint32_t n)
{
	struct postgres *p = arg;
	struct seat *seat = &p->seats[worker];
	struct tayra__outcome outcome = { TAYRA_OK, false };
	struct task task = { .p = p };

	task.count = tayra__spread_begin(seat->spread, loads, n);
	task.loads = tayra__spread_loads(seat->spread);
	if (task.count)
		(p->batch ? ask_together : ask_each)(&task, seat, &outcome);
	if (task.count == 0)
		tayra__spread_drop(seat->spread);
	tayra__spread_end(seat->spread, &outcome, work, p, worker);
}

/* The load is not failed meanwhile: it is over when the server is not at it any more. */
static bool
go_on_writing(void *arg)
{
	const struct task *task = arg;

	return tayra__load_over(task->loads[0]) == TAYRA_OK;
}

static int
write_value(struct task *task, struct seat *seat, const struct tayra__part *parts,
	    const struct tayra__complaint *why)
{
	struct tayra__pg_patience patience = { go_on_writing, task };
	size_t len;
	const void *value = tayra__load_value(task->loads[0], &len);

	return tayra__pg_write(&seat->pg, parts, task->p->keys.parts, value, len, &patience, why);
}

static void
work_write(void *arg, uint32_t worker, struct tayra_load *load)
{
	struct postgres *p = arg;
	struct seat *seat = &p->seats[worker];
	struct task task = { .p = p, .loads = &load, .count = 1 };
	struct tayra__part parts[TAYRA__PATTERN_PARTS];
	char trouble[TAYRA__TROUBLE_TEXT] = "";
	const struct tayra__complaint why = { trouble, sizeof(trouble) };
	size_t key_len;
	const void *key = tayra_load_key(load, &key_len);
	int status;

	if (!tayra__pattern_match(&p->keys, key, key_len, parts)) {
		tayra_load_fail(load, TAYRA_E_INVAL, 0);
		return;
	}
	if (!sit_down(&task, seat))
		return;
	status = write_value(&task, seat, parts, &why);
	/* The table was altered under the statement, and nothing was run. */
	if (seat->pg.unprepared) {
		if (!sit_down(&task, seat))
			return;
		status = write_value(&task, seat, parts, &why);
	}
	tayra__trouble_note(p->trouble, status, trouble);
	if (status == TAYRA_OK)
		tayra__load_written(load);
	else
		tayra_load_fail(load, status, 0);
}

static void
write_load(struct tayra_origin *origin, struct tayra_load *l)
{
	tayra__workers_push(((struct postgres *)origin)->writer->workers, l);
}

static void
load(struct tayra_origin *origin, struct tayra_load *l)
{
	tayra__workers_push(((struct postgres *)origin)->workers, l);
}

static void
close_postgres(struct tayra_origin *origin)
{
	struct postgres *p = (struct postgres *)origin;

	if (p->writer)
		close_postgres(&p->writer->origin);
	atomic_store_explicit(&p->closing, true, memory_order_relaxed);
	if (p->workers)
		tayra__workers_destroy(p->workers);
	for (uint32_t i = 0; i < p->count; i++) {
		tayra__pg_fini(&p->seats[i].pg);
		tayra__spread_destroy(p->seats[i].spread);
		tayra__keylist_fini(&p->seats[i].list);
	}
	tayra__reach_fini(&p->reach);
	tayra__trouble_fini(&p->origin.trouble);
	tayra__mem_free(p->conninfo);
	tayra__mem_free(p->sql);
	tayra__mem_free(p->batch);
	tayra__mem_free(p->version);
	tayra__mem_free(p);
}

static struct postgres *
create(const struct tayra__origin_settings *settings, const char *conninfo, const char *sql)
{
	struct postgres *p = tayra__mem_alloc(sizeof(*p) + settings->threads * sizeof(p->seats[0]));

	if (!p)
		return NULL;
	p->origin = (struct tayra_origin){ "postgres", load, close_postgres, settings->pace };
	tayra__trouble_init(&p->origin.trouble);
	p->trouble = &p->origin.trouble;
	p->keys = settings->keys;
	p->shape = settings->shape;
	p->count = settings->threads;
	tayra__reach_init(&p->reach, tayra__clock_real_ns());
	p->conninfo = tayra__mem_strdup(conninfo);
	p->sql = tayra__mem_strdup(sql);
	if (!p->conninfo || !p->sql) {
		close_postgres(&p->origin);
		return NULL;
	}
	p->target = (struct tayra__pg_target){
		.conninfo = p->conninfo,
		.sql = p->sql,
		.parts = p->keys.parts,
		.shape = p->shape.shape,
	};
	return p;
}

static int
set_batch(struct postgres *p, const struct tayra__origin_settings *settings)
{
	int status = TAYRA_OK;

	if (!settings->batch && !settings->pipeline)
		return TAYRA_OK;
	for (uint32_t i = 0; i < p->count && status == TAYRA_OK; i++)
		status = tayra__spread_create(&p->keys, &p->shape, settings->batching.loads_max,
					      &p->seats[i].spread);
	p->target.spread = p->seats[0].spread;
	if (!settings->batch || status != TAYRA_OK)
		return status;
	p->target.batch = p->batch = tayra__mem_strdup(settings->batch);
	return p->batch ? TAYRA_OK : TAYRA_E_NOMEM;
}

static int
set_version(struct postgres *p, const struct tayra__origin_settings *settings)
{
	if (!settings->version)
		return TAYRA_OK;
	p->target.version = p->version = tayra__mem_strdup(settings->version);
	return p->version ? TAYRA_OK : TAYRA_E_NOMEM;
}

/* The first connection shows whether the statement is one.  => TAYRA_OK also when the server
 * cannot be reached: it may come. */
static int
try_statement(struct postgres *p, const struct tayra__complaint *why)
{
	struct task task = { .p = p };
	uint64_t wait_ns;
	int status = reach(&task, &p->seats[0], &wait_ns, why);

	if (status == TAYRA_E_CANCELLED)
		complain_of_silence(p, why);
	if (p->seats[0].pg.batch_refused)
		return TAYRA_E_INVAL;
	return status == TAYRA_E_INVAL || status == TAYRA_E_NOMEM ? status : TAYRA_OK;
}

/* What writes is an origin of its own, with other connections, that nobody asks. */
static int
set_write(struct postgres *p, const struct tayra__origin_settings *settings,
	  const struct tayra__complaint *why)
{
	char text[200] = "";
	const struct tayra__complaint wrong = { text, sizeof(text) };
	int status;

	if (!settings->write)
		return TAYRA_OK;
	p->writer = create(settings, p->conninfo, settings->write);
	if (!p->writer)
		return TAYRA_E_NOMEM;
	p->writer->trouble = &p->origin.trouble;
	p->writer->connect_ns = p->connect_ns;
	p->writer->target.writes = true;
	status = try_statement(p->writer, &wrong);
	if (text[0])
		tayra__complain(why, "write: %s", text);
	if (status == TAYRA_OK)
		status = tayra__workers_create(settings->threads, work_write, p->writer,
					       &p->writer->workers);
	p->origin.write = write_load;
	return status;
}

int
tayra_origin_postgres(const struct tayra_origin_options *given, const char *conninfo,
		      const char *sql, char *error, size_t error_len, struct tayra_origin **out)
{
	const struct tayra__complaint why = { error, error_len };
	struct tayra__origin_settings settings;
	struct postgres *p;
	int status;

	tayra__complain(&why, "%s", "");
	if (!out)
		return TAYRA_E_INVAL;
	*out = NULL;
	if (!conninfo || !sql) {
		tayra__complain(&why, "the connection or the SQL is missing");
		return TAYRA_E_INVAL;
	}
	status = tayra__origin_settings(given, &settings, &why);
	if (status != TAYRA_OK)
		return status;
	p = create(&settings, conninfo, sql);
	if (!p)
		return TAYRA_E_NOMEM;
	status = set_batch(p, &settings);
	if (status == TAYRA_OK)
		status = set_version(p, &settings);
	if (status == TAYRA_OK)
		status = tayra__pg_conninfo(conninfo, &p->connect_ns, &why);
	if (status == TAYRA_OK)
		status = try_statement(p, &why);
	if (status == TAYRA_OK)
		status = set_write(p, &settings, &why);
	if (status == TAYRA_OK && (settings.batch || settings.pipeline))
		status = tayra__workers_create_many(settings.threads, &settings.batching, work_many,
						    p, &p->workers);
	else if (status == TAYRA_OK)
		status = tayra__workers_create(settings.threads, work, p, &p->workers);
	if (status != TAYRA_OK) {
		close_postgres(&p->origin);
		return status;
	}
	return tayra__tagging_attach(&p->origin, &settings, &why, out);
}
