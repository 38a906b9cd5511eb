/* SPDX-License-Identifier: Apache-2.0
 *
 * pg_connection.c: libpq without blocking.  Rows are read one at a time, so that a result over its
 * limits is cancelled and not collected.
 */
#include "origin/pg_connection.h"

#include <poll.h>
#include <string.h>

#include <libpq-fe.h>

#include <tayra/tayra.h>

#include "base/clock.h"
#include "base/mem.h"
#include "origin/pg_cancel.h"
#include "origin/pg_error.h"

#define PLAIN    "tayra"
#define BATCH    "tayra_batch"
#define VERSION  "tayra_version"
#define SLICE_MS 10
/* How long a server may take to end a statement it was told to cancel. */
#define CANCEL_NS TAYRA_NS_PER_S
/* Rows that are read and dropped rather than telling the server to stop. */
#define SURPLUS 100u
/* Of every connection: origins read, and what comes back has one form. */
#define SETTINGS "SET default_transaction_read_only TO on; SET bytea_output TO hex"
/* But of those that write. */
#define SETTINGS_OF_WRITER "SET default_transaction_read_only TO off"

/* Types whose text form is not a string: OIDs are fixed (src/include/catalog/pg_type.dat). */
static const struct {
	Oid type;
	enum tayra__cell_kind kind;
} kinds[] = {
	{ 16, TAYRA__CELL_BOOL },     /* bool */
	{ 20, TAYRA__CELL_NUMBER },   /* int8 */
	{ 21, TAYRA__CELL_NUMBER },   /* int2 */
	{ 23, TAYRA__CELL_NUMBER },   /* int4 */
	{ 26, TAYRA__CELL_NUMBER },   /* oid */
	{ 114, TAYRA__CELL_JSON },    /* json */
	{ 700, TAYRA__CELL_NUMBER },  /* float4 */
	{ 701, TAYRA__CELL_NUMBER },  /* float8 */
	{ 1700, TAYRA__CELL_NUMBER }, /* numeric */
	{ 3802, TAYRA__CELL_JSON },   /* jsonb */
};
#define BYTEA 17
/* Types that are no array, but that who forgot ANY() or unnest() compares with one. */
static const Oid scalars[] = { 16, 17, 19, 20, 21, 23, 25, 26, 1042, 1043, 1700, 2950 };
/* Of texts, whose binary form is what they are: name, text, bpchar, varchar. */
static const Oid texts[] = { 19, 25, 1042, 1043 };

static bool
is_among(Oid type, const Oid *types, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (types[i] == type)
			return true;
	return false;
}

static enum tayra__cell_kind
kind_of(Oid type)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kinds[i].type == type)
			return kinds[i].kind;
	return TAYRA__CELL_TEXT;
}

static void
forget_columns(struct tayra__pg_statement *st)
{
	for (int i = 0; st->names && i < st->columns; i++)
		tayra__mem_free(st->names[i]);
	tayra__mem_free(st->names);
	tayra__mem_free(st->kinds);
	tayra__mem_free(st->cells);
	*st = (struct tayra__pg_statement){ 0 };
}

void
tayra__pg_close(struct tayra__pg *pg)
{
	PQfinish(pg->conn);
	forget_columns(&pg->plain);
	forget_columns(&pg->batch);
	forget_columns(&pg->version);
	tayra__mem_free(pg->text);
	*pg = (struct tayra__pg){ .errand = pg->errand };
}

void
tayra__pg_fini(struct tayra__pg *pg)
{
	tayra__pg_close(pg);
	tayra__pg_errand_forget(&pg->errand);
}

/* => false: given up.  Whether there is anything to be had is for the caller to see. */
static bool
wait_for(const struct tayra__pg *pg, short events, const struct tayra__pg_patience *patience)
{
	struct pollfd fd = { .fd = PQsocket(pg->conn), .events = events };

	if (fd.fd >= 0)
		poll(&fd, 1, SLICE_MS);
	return patience->go_on(patience->arg);
}

/* => TAYRA_OK: all of it is sent.  TAYRA_E_ORIGIN, TAYRA_E_CANCELLED. */
static int
flush(struct tayra__pg *pg, const struct tayra__pg_patience *patience)
{
	int left;

	while ((left = PQflush(pg->conn)) > 0) {
		/* The server may wait for us to read before it reads on. */
		if (!PQconsumeInput(pg->conn))
			return TAYRA_E_ORIGIN;
		if (!wait_for(pg, POLLIN | POLLOUT, patience))
			return TAYRA_E_CANCELLED;
	}
	return left == 0 ? TAYRA_OK : TAYRA_E_ORIGIN;
}

/* => TAYRA_OK: *out is the next result, NULL behind the last.  TAYRA_E_ORIGIN: no connection any
 * more.  TAYRA_E_CANCELLED. */
static int
next(struct tayra__pg *pg, const struct tayra__pg_patience *patience, PGresult **out)
{
	*out = NULL;
	while (PQisBusy(pg->conn)) {
		if (!wait_for(pg, POLLIN, patience))
			return TAYRA_E_CANCELLED;
		if (!PQconsumeInput(pg->conn))
			return TAYRA_E_ORIGIN;
	}
	*out = PQgetResult(pg->conn);
	return PQstatus(pg->conn) == CONNECTION_OK || *out ? TAYRA_OK : TAYRA_E_ORIGIN;
}

static const char *
state_of(const PGresult *result)
{
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);

	return state ? state : "08000"; /* libpq's own errors, of connections, have none */
}

static bool
is_error(const PGresult *result)
{
	ExecStatusType is = PQresultStatus(result);

	return is != PGRES_COMMAND_OK && is != PGRES_TUPLES_OK && is != PGRES_SINGLE_TUPLE &&
	       is != PGRES_PIPELINE_SYNC && is != PGRES_COPY_BOTH;
}

/*
 * After something was sent: wait for its end.
 * => TAYRA_OK: *last is its last result, to be cleared.  TAYRA_E_INVAL: an SQL error.
 */
static int
finish(struct tayra__pg *pg, const struct tayra__pg_patience *patience, PGresult **last,
       const struct tayra__complaint *why)
{
	PGresult *result;
	int status = flush(pg, patience), outcome = TAYRA_OK;

	*last = NULL;
	while (status == TAYRA_OK && (status = next(pg, patience, &result)) == TAYRA_OK && result) {
		PQclear(*last);
		*last = result;
		if (is_error(result)) {
			const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);

			outcome = tayra__pg_is_connection(state_of(result)) ? TAYRA_E_ORIGIN
									    : TAYRA_E_INVAL;
			tayra__complain(why, "SQL: %s",
					message ? message : PQerrorMessage(pg->conn));
		}
		if (PQresultStatus(result) == PGRES_COPY_BOTH)
			break;
	}
	if (status == TAYRA_E_ORIGIN)
		tayra__complain(why, "PostgreSQL: %s", PQerrorMessage(pg->conn));
	return status == TAYRA_OK ? outcome : status;
}

/* `keys` columns at the front are a key's parts. */
static int
learn_columns(struct tayra__pg_statement *st, const PGresult *about, int keys,
	      enum tayra_shape shape, const struct tayra__complaint *why)
{
	st->columns = PQnfields(about);
	st->names = tayra__mem_array((size_t)st->columns, sizeof(st->names[0]));
	st->kinds = tayra__mem_array((size_t)st->columns, sizeof(st->kinds[0]));
	st->cells = tayra__mem_array((size_t)st->columns, sizeof(st->cells[0]));
	if (!st->names || !st->kinds || !st->cells)
		return TAYRA_E_NOMEM;
	for (int i = 0; i < st->columns; i++) {
		st->kinds[i] = kind_of(PQftype(about, i));
		st->names[i] = tayra__mem_strdup(PQfname(about, i));
		if (!st->names[i])
			return TAYRA_E_NOMEM;
	}
	st->binary = shape == TAYRA_SHAPE_RAW && PQftype(about, keys) == BYTEA;
	return tayra__shape_names(shape, (const char *const *)st->names + keys,
				  (uint32_t)(st->columns - keys), why);
}

static int
check_statement(const PGresult *about, uint32_t parts, const struct tayra__complaint *why)
{
	if (PQnparams(about) != (int)parts)
		tayra__complain_parameters(why, PQnparams(about), parts);
	else if (PQnfields(about) == 0)
		tayra__complain(why, "SQL: it returns no column");
	else
		return TAYRA_OK;
	return TAYRA_E_INVAL;
}

/* The keys' columns must be texts where the value is bytes, for a statement has one form. */
static bool
has_binary_keys(const PGresult *about, int keys)
{
	for (int i = 0; i < keys; i++)
		if (!is_among(PQftype(about, i), texts, sizeof(texts) / sizeof(texts[0])))
			return false;
	return true;
}

static int
check_batch(const PGresult *about, const struct tayra__pg_target *target,
	    const struct tayra__complaint *why)
{
	const int keys = (int)target->parts;
	int status = check_statement(about, target->parts, why);

	if (status != TAYRA_OK)
		return status;
	for (int i = 0; i < keys; i++)
		if (is_among(PQparamtype(about, i), scalars,
			     sizeof(scalars) / sizeof(scalars[0]))) {
			tayra__complain(why,
					"SQL: $%d must be an array, as in ANY($%d) or "
					"unnest($%d::text[])",
					i + 1, i + 1, i + 1);
			return TAYRA_E_INVAL;
		}
	if (PQnfields(about) <= keys)
		tayra__complain(why, "SQL: it returns no column behind those of the key");
	else if (target->shape == TAYRA_SHAPE_RAW && PQftype(about, keys) == BYTEA &&
		 !has_binary_keys(about, keys))
		tayra__complain(why,
				"SQL: the columns of the key must be texts, for bytea follows");
	else
		return TAYRA_OK;
	return TAYRA_E_INVAL;
}

/* What one of libpq's sending calls returned, and its end; *last is replaced. */
static int
step(struct tayra__pg *pg, int sent, const struct tayra__pg_patience *patience, PGresult **last,
     const struct tayra__complaint *why)
{
	PQclear(*last);
	*last = NULL;
	if (sent)
		return finish(pg, patience, last, why);
	tayra__complain(why, "PostgreSQL: %s", PQerrorMessage(pg->conn));
	return TAYRA_E_ORIGIN;
}

int
tayra__pg_run(struct tayra__pg *pg, const char *sql, const struct tayra__pg_patience *patience,
	      const struct tayra__complaint *why)
{
	PGresult *last;
	int status = tayra__pg_query(pg, sql, patience, &last, why);

	PQclear(last);
	return status;
}

int
tayra__pg_query(struct tayra__pg *pg, const char *sql, const struct tayra__pg_patience *patience,
		PGresult **out, const struct tayra__complaint *why)
{
	*out = NULL;
	return step(pg, PQsendQuery(pg->conn, sql), patience, out, why);
}

/* => TAYRA_OK: *about describes it, to be cleared in any case. */
static int
prepare_one(struct tayra__pg *pg, const char *name, const char *sql,
	    const struct tayra__pg_patience *patience, PGresult **about,
	    const struct tayra__complaint *why)
{
	int status = step(pg, PQsendPrepare(pg->conn, name, sql, 0, NULL), patience, about, why);

	if (status == TAYRA_OK)
		status = step(pg, PQsendDescribePrepared(pg->conn, name), patience, about, why);
	return status;
}

static int
prepare(struct tayra__pg *pg, const struct tayra__pg_target *target,
	const struct tayra__pg_patience *patience, const struct tayra__complaint *why)
{
	PGresult *last = NULL;
	int status = step(pg, PQsendQuery(pg->conn, SETTINGS), patience, &last, why);

	if (status == TAYRA_OK)
		status = prepare_one(pg, PLAIN, target->sql, patience, &last, why);
	if (status == TAYRA_OK)
		status = check_statement(last, target->parts, why);
	if (status == TAYRA_OK)
		status = learn_columns(&pg->plain, last, 0, target->shape, why);
	PQclear(last);
	return status;
}

static int
prepare_write(struct tayra__pg *pg, const struct tayra__pg_target *target,
	      const struct tayra__pg_patience *patience, const struct tayra__complaint *why)
{
	const int parameters = (int)target->parts + 1;
	PGresult *last = NULL;
	int status = step(pg, PQsendQuery(pg->conn, SETTINGS_OF_WRITER), patience, &last, why);

	if (status == TAYRA_OK)
		status = prepare_one(pg, PLAIN, target->sql, patience, &last, why);
	if (status == TAYRA_OK && PQnparams(last) != parameters) {
		tayra__complain(why,
				"SQL: it takes %d parameters, and must take %d, the key's and "
				"behind them the value",
				PQnparams(last), parameters);
		status = TAYRA_E_INVAL;
	}
	if (status == TAYRA_OK)
		pg->binary_value = PQparamtype(last, parameters - 1) == BYTEA;
	PQclear(last);
	return status;
}

static int
prepare_batch(struct tayra__pg *pg, const struct tayra__pg_target *target,
	      const struct tayra__pg_patience *patience, const struct tayra__complaint *why)
{
	char text[200] = "";
	const struct tayra__complaint wrong = { text, sizeof(text) };
	PGresult *last = NULL;
	int status = prepare_one(pg, BATCH, target->batch, patience, &last, &wrong);

	if (status == TAYRA_OK)
		status = check_batch(last, target, &wrong);
	if (status == TAYRA_OK)
		status = learn_columns(&pg->batch, last, (int)target->parts, target->shape, &wrong);
	if (status == TAYRA_OK)
		status = tayra__spread_columns(target->spread, (const char *const *)pg->plain.names,
					       (uint32_t)pg->plain.columns,
					       (const char *const *)pg->batch.names,
					       (uint32_t)pg->batch.columns, &wrong);
	PQclear(last);
	if (status != TAYRA_OK)
		tayra__complain(why, "batch: %s", text);
	pg->batch_refused = status == TAYRA_E_INVAL;
	return pg->batch_refused ? TAYRA_OK : status;
}

static int
prepare_version(struct tayra__pg *pg, const struct tayra__pg_target *target,
		const struct tayra__pg_patience *patience, const struct tayra__complaint *why)
{
	char text[200] = "";
	const struct tayra__complaint wrong = { text, sizeof(text) };
	PGresult *last = NULL;
	int status = prepare_one(pg, VERSION, target->version, patience, &last, &wrong);

	if (status == TAYRA_OK)
		status = check_statement(last, target->parts, &wrong);
	if (status == TAYRA_OK)
		status = learn_columns(&pg->version, last, 0, TAYRA_SHAPE_RAW, &wrong);
	PQclear(last);
	if (status != TAYRA_OK)
		tayra__complain(why, "version: %s", text);
	return status;
}

int
tayra__pg_open(struct tayra__pg *pg, const struct tayra__pg_target *target,
	       const struct tayra__pg_patience *patience, const struct tayra__complaint *why)
{
	int status = tayra__pg_connect(pg, target->conninfo, false, patience, why);

	if (status == TAYRA_OK)
		status = target->writes ? prepare_write(pg, target, patience, why)
					: prepare(pg, target, patience, why);
	if (status == TAYRA_OK && target->batch)
		status = prepare_batch(pg, target, patience, why);
	if (status == TAYRA_OK && target->version)
		status = prepare_version(pg, target, patience, why);
	if (status != TAYRA_OK)
		tayra__pg_close(pg);
	return status;
}

/* A server that ends a connection says why, and only behind that comes the end. */
bool
tayra__pg_alive(struct tayra__pg *pg)
{
	struct pollfd fd = { .fd = pg->conn ? PQsocket(pg->conn) : -1, .events = POLLIN };

	if (fd.fd < 0)
		return false;
	for (int reads = 0; reads < 10 && poll(&fd, 1, 0) > 0; reads++)
		if (!PQconsumeInput(pg->conn) || PQstatus(pg->conn) != CONNECTION_OK ||
		    PQtransactionStatus(pg->conn) != PQTRANS_IDLE)
			return false;
	return true;
}

/* => TAYRA_OK: values[n] are filled, inside pg->text. */
static int
terminate(struct tayra__pg *pg, const struct tayra__part *parts, uint32_t n, const char **values)
{
	size_t need = 1;
	char *at;

	for (uint32_t i = 0; i < n; i++) {
		if (memchr(parts[i].bytes, '\0', parts[i].len)) /* no text of PostgreSQL has one */
			return TAYRA_E_INVAL;
		need += parts[i].len + 1;
	}
	if (need > pg->text_room) {
		at = tayra__mem_resize(pg->text, need);
		if (!at)
			return TAYRA_E_NOMEM;
		pg->text = at;
		pg->text_room = need;
	}
	at = pg->text;
	for (uint32_t i = 0; i < n; i++) {
		values[i] = at;
		memcpy(at, parts[i].bytes, parts[i].len);
		at[parts[i].len] = '\0';
		at += parts[i].len + 1;
	}
	return TAYRA_OK;
}

static enum tayra__rows
take_row(const struct tayra__pg_statement *st, const PGresult *row, const struct tayra__sink *sink)
{
	int columns = PQnfields(row) < st->columns ? PQnfields(row) : st->columns;

	for (int i = 0; i < columns; i++)
		st->cells[i] = (struct tayra__cell){
			.kind = PQgetisnull(row, 0, i) ? TAYRA__CELL_NULL : st->kinds[i],
			.bytes = PQgetvalue(row, 0, i),
			.len = (size_t)PQgetlength(row, 0, i),
		};
	return sink->row(sink->into, (const char *const *)st->names, st->cells, (uint32_t)columns);
}

static bool
until(void *until_ns)
{
	return tayra__clock_mono_ns(tayra_clock_real()) < *(uint64_t *)until_ns;
}

/*
 * Tell the server to stop, and read what is left.  A cancel request that comes too late would hit
 * the next statement: unless this one says that it was hit, the connection goes.
 */
static void
cancel(struct tayra__pg *pg)
{
	uint64_t until_ns = tayra__clock_mono_ns(tayra_clock_real()) + CANCEL_NS;
	struct tayra__pg_patience patience = { until, &until_ns };
	bool sent = tayra__pg_cancel(&pg->errand, pg->conn, until_ns), hit = false;
	PGresult *result = NULL;

	while (sent && next(pg, &patience, &result) == TAYRA_OK && result) {
		hit = hit || (is_error(result) && strcmp(state_of(result), "57014") == 0);
		PQclear(result);
	}
	if (!hit || PQtransactionStatus(pg->conn) != PQTRANS_IDLE)
		tayra__pg_close(pg);
}

/* The server's message; those about data (classes 22, 23) and of functions (P0) hold values: of
 * them nothing behind the first quote or colon, but for the name of a constraint or column. */
static void
complain_of(const PGresult *error, const struct tayra__complaint *why)
{
	const char *message = PQresultErrorField(error, PG_DIAG_MESSAGE_PRIMARY);
	const char *state = state_of(error);
	bool holds_values = strncmp(state, "22", 2) == 0 || strncmp(state, "23", 2) == 0 ||
			    strncmp(state, "P0", 2) == 0;
	int len = !message ? 0 : (int)(holds_values ? strcspn(message, "\":") : strlen(message));
	const char *constraint = PQresultErrorField(error, PG_DIAG_CONSTRAINT_NAME);
	const char *column = PQresultErrorField(error, PG_DIAG_COLUMN_NAME);
	const char *name = constraint ? constraint : column;

	while (len > 0 && message[len - 1] == ' ')
		len--;
	if (holds_values && name)
		tayra__complain(why, "%.*s %s (SQLSTATE %s)", len, message ? message : "", name,
				state);
	else
		tayra__complain(why, "%.*s (SQLSTATE %s)", len, message ? message : "", state);
}

/* => as tayra__pg_ask(). */
static int
read_rows(struct tayra__pg *pg, const struct tayra__pg_statement *st,
	  const struct tayra__sink *sink, const struct tayra__pg_patience *patience,
	  const struct tayra__complaint *why)
{
	int status = TAYRA_OK, outcome = TAYRA_OK;
	uint32_t surplus = 0;
	PGresult *row;

	while ((status = next(pg, patience, &row)) == TAYRA_OK && row) {
		if (is_error(row)) {
			outcome = tayra__pg_status(state_of(row),
						   PQresultErrorField(row, PG_DIAG_CONTEXT));
			pg->unprepared = tayra__pg_is_unprepared(state_of(row));
			pg->of_data = tayra__pg_is_data(state_of(row));
			complain_of(row, why);
		} else if (PQntuples(row) > 0 && take_row(st, row, sink) == TAYRA__ROWS_ENOUGH) {
			surplus++;
		}
		PQclear(row);
		pg->flooded = surplus > SURPLUS;
		if (pg->flooded)
			return outcome;
	}
	return status == TAYRA_OK ? outcome : status;
}

static void
begin(struct tayra__pg *pg)
{
	pg->unprepared = pg->of_data = pg->flooded = false;
}

/* After a statement: nothing is under way on the connection, or it is closed. */
static void
settle(struct tayra__pg *pg, int status, const struct tayra__complaint *why)
{
	if (PQstatus(pg->conn) != CONNECTION_OK)
		tayra__complain(why, "the connection broke");
	if (status == TAYRA_E_CANCELLED || pg->flooded) {
		cancel(pg);
	} else if (pg->conn && (PQstatus(pg->conn) != CONNECTION_OK || pg->unprepared ||
				PQtransactionStatus(pg->conn) != PQTRANS_IDLE)) {
		bool unprepared = pg->unprepared;

		tayra__pg_close(pg);
		pg->unprepared = unprepared;
	}
}

static int
ask(struct tayra__pg *pg, const char *name, const char *const *values, uint32_t n,
    const struct tayra__sink *sink, const struct tayra__pg_patience *patience,
    const struct tayra__complaint *why)
{
	const struct tayra__pg_statement *st = strcmp(name, BATCH) == 0     ? &pg->batch
					       : strcmp(name, VERSION) == 0 ? &pg->version
									    : &pg->plain;
	int status = TAYRA_E_ORIGIN;

	if (PQsendQueryPrepared(pg->conn, name, (int)n, values, NULL, NULL, st->binary) &&
	    PQsetSingleRowMode(pg->conn))
		status = flush(pg, patience);
	if (status == TAYRA_OK)
		status = read_rows(pg, st, sink, patience, why);
	settle(pg, status, why);
	return status;
}

static int
ask_one(struct tayra__pg *pg, const char *name, const struct tayra__part *parts, uint32_t n,
	struct tayra__result *result, const struct tayra__pg_patience *patience,
	const struct tayra__complaint *why)
{
	const struct tayra__sink sink = tayra__result_sink(result);
	const char *values[TAYRA__PATTERN_PARTS];
	int status = terminate(pg, parts, n, values);

	begin(pg);
	return status == TAYRA_OK ? ask(pg, name, values, n, &sink, patience, why) : status;
}

int
tayra__pg_ask(struct tayra__pg *pg, const struct tayra__part *parts, uint32_t n,
	      struct tayra__result *result, const struct tayra__pg_patience *patience,
	      const struct tayra__complaint *why)
{
	return ask_one(pg, PLAIN, parts, n, result, patience, why);
}

int
tayra__pg_ask_version(struct tayra__pg *pg, const struct tayra__part *parts, uint32_t n,
		      struct tayra__result *result, const struct tayra__pg_patience *patience,
		      const struct tayra__complaint *why)
{
	return ask_one(pg, VERSION, parts, n, result, patience, why);
}

int
tayra__pg_ask_many(struct tayra__pg *pg, struct tayra__spread *spread, struct tayra__keylist *list,
		   const struct tayra__pg_patience *patience, const struct tayra__complaint *why)
{
	const struct tayra__sink sink = tayra__spread_sink(spread);
	const char *values[TAYRA__PATTERN_PARTS];
	size_t starts[TAYRA__PATTERN_PARTS];
	int status = tayra__keylist_arrays(list, spread, starts);

	begin(pg);
	if (status != TAYRA_OK)
		return status;
	for (uint32_t i = 0; i < spread->keys->parts; i++)
		values[i] = list->text + starts[i];
	return ask(pg, BATCH, values, spread->keys->parts, &sink, patience, why);
}

/* => TAYRA_OK: all are on their way. */
static int
send_each(struct tayra__pg *pg, const struct tayra__spread *spread,
	  const struct tayra__pg_patience *patience)
{
	if (!PQenterPipelineMode(pg->conn))
		return TAYRA_E_ORIGIN;
	for (uint32_t i = 0; i < spread->count; i++) {
		const char *values[TAYRA__PATTERN_PARTS];
		int status = terminate(pg, spread->wanted[i].parts, spread->keys->parts, values);

		if (status != TAYRA_OK)
			return status;
		/* With an end behind each, so that none is lost to the error of another. */
		if (!PQsendQueryPrepared(pg->conn, PLAIN, (int)spread->keys->parts, values, NULL,
					 NULL, pg->plain.binary) ||
		    !PQpipelineSync(pg->conn))
			return TAYRA_E_ORIGIN;
	}
	return flush(pg, patience);
}

/* The rows of the next, and the end behind them. */
static int
read_next(struct tayra__pg *pg, struct tayra__result *result,
	  const struct tayra__pg_patience *patience, int *outcome,
	  const struct tayra__complaint *why)
{
	const struct tayra__sink sink = tayra__result_sink(result);
	PGresult *sync = NULL;
	int status;

	begin(pg);
	if (!PQsetSingleRowMode(pg->conn))
		return TAYRA_E_ORIGIN;
	*outcome = read_rows(pg, &pg->plain, &sink, patience, why);
	if (*outcome == TAYRA_E_CANCELLED)
		return TAYRA_E_CANCELLED;
	if (PQstatus(pg->conn) != CONNECTION_OK)
		return TAYRA_E_ORIGIN;
	if (pg->flooded || pg->unprepared)
		return TAYRA_OK;
	status = next(pg, patience, &sync);
	if (status == TAYRA_OK && (!sync || PQresultStatus(sync) != PGRES_PIPELINE_SYNC))
		status = TAYRA_E_ORIGIN;
	PQclear(sync);
	return status;
}

/* The server need not go on with it. */
static void
leave(struct tayra__pg *pg)
{
	bool unprepared = pg->unprepared;

	tayra__pg_cancel(&pg->errand, pg->conn,
			 tayra__clock_mono_ns(tayra_clock_real()) + CANCEL_NS);
	tayra__pg_close(pg);
	pg->unprepared = unprepared;
}

int
tayra__pg_ask_each(struct tayra__pg *pg, struct tayra__spread *spread,
		   void (*answered)(void *arg, uint32_t i, int status), void *arg,
		   const struct tayra__pg_patience *patience, const struct tayra__complaint *why)
{
	int status = send_each(pg, spread, patience), outcome;
	uint32_t n = 0;
	bool usable = true;

	while (status == TAYRA_OK && usable && n < spread->count) {
		status = read_next(pg, &spread->wanted[n].result, patience, &outcome, why);
		usable = !pg->flooded && !pg->unprepared;
		if (status == TAYRA_OK && !pg->unprepared)
			answered(arg, n++, outcome);
	}
	if (PQstatus(pg->conn) != CONNECTION_OK)
		tayra__complain(why, "the connection broke");
	if (status != TAYRA_OK || !usable || !PQexitPipelineMode(pg->conn))
		leave(pg);
	return status;
}

/* => TAYRA_OK, or what it failed with; rows that it returns nobody wants. */
static int
read_outcome(struct tayra__pg *pg, const struct tayra__pg_patience *patience,
	     const struct tayra__complaint *why)
{
	int status, outcome = TAYRA_OK;
	PGresult *result;

	while ((status = next(pg, patience, &result)) == TAYRA_OK && result) {
		if (is_error(result)) {
			outcome = tayra__pg_is_data(state_of(result))
					  ? TAYRA_E_INVAL
					  : tayra__pg_status(state_of(result), NULL);
			pg->unprepared = tayra__pg_is_unprepared(state_of(result));
			complain_of(result, why);
		} else if (strcmp(PQcmdTuples(result), "0") == 0 &&
			   PQresultStatus(result) != PGRES_SINGLE_TUPLE) {
			outcome = TAYRA_E_NOT_FOUND;
		}
		PQclear(result);
	}
	return status == TAYRA_OK ? outcome : status;
}

int
tayra__pg_write(struct tayra__pg *pg, const struct tayra__part *parts, uint32_t n,
		const void *value, size_t len, const struct tayra__pg_patience *patience,
		const struct tayra__complaint *why)
{
	struct tayra__part all[TAYRA__PATTERN_PARTS + 1];
	const char *values[TAYRA__PATTERN_PARTS + 1];
	int lengths[TAYRA__PATTERN_PARTS + 1] = { 0 };
	int formats[TAYRA__PATTERN_PARTS + 1] = { 0 };
	int status;

	for (uint32_t i = 0; i < n; i++)
		all[i] = parts[i];
	all[n] = (struct tayra__part){ value, len };
	begin(pg);
	status = terminate(pg, all, pg->binary_value ? n : n + 1, values);
	if (status != TAYRA_OK)
		return status;
	if (pg->binary_value) {
		values[n] = value;
		lengths[n] = (int)len;
		formats[n] = 1;
	}
	status = TAYRA_E_ORIGIN;
	if (PQsendQueryPrepared(pg->conn, PLAIN, (int)n + 1, values, lengths, formats, 0) &&
	    PQsetSingleRowMode(pg->conn))
		status = flush(pg, patience);
	if (status == TAYRA_OK)
		status = read_outcome(pg, patience, why);
	settle(pg, status, why);
	return status;
}
