/* SPDX-License-Identifier: Apache-2.0
 *
 * trigger.c: what a table has to be made to say so that a feed hears of its changes.
 *
 * PostgreSQL: triggers for each statement and not for each row, so that one that changes a million
 * rows does not queue a million notes: over ROWS_MAX of them, it says the prefix.  A note has less
 * than 8,000 bytes, or the writer's transaction would fail: a longer key is the prefix too.
 *
 * SQLite: triggers that write keys into a table, of which the newest KEPT stay.
 */
#include "feed/trigger.h"

#include <inttypes.h>
#include <string.h>

#include <tayra/tayra.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/option.h"

#define ROWS_MAX   "1000"
#define NOTE_BYTES "7999"
#define KEPT       "10000"

static int
refuse(const struct tayra__complaint *why, const char *what)
{
	tayra__complain(why, "feed: %s", what);
	return TAYRA_E_INVAL;
}

int
tayra__trigger_channel(const char *channel, const struct tayra__complaint *why)
{
	if (!channel || !*channel)
		return refuse(why, "the channel is missing");
	if (strlen(channel) > TAYRA__TRIGGER_CHANNEL_MAX)
		return refuse(why, "the channel's name has over 56 bytes");
	return TAYRA_OK;
}

static void
name_it(struct tayra__trigger *trigger, const char *keys, const char *table, const char *for_whom)
{
	uint64_t hash = tayra__hash_bytes(keys, strlen(keys), 1);

	hash = tayra__hash_bytes(table, strlen(table), hash);
	hash = tayra__hash_bytes(for_whom, strlen(for_whom), hash);
	snprintf(trigger->name, sizeof(trigger->name), "tayra_feed_%016" PRIx64, hash);
}

int
tayra__trigger_read(enum tayra__quote_dialect dialect, const char *keys, const char *table,
		    const char *for_whom, struct tayra__trigger *out,
		    const struct tayra__complaint *why)
{
	const char *dot;
	int status;

	if (!keys || !table)
		return refuse(why, "the keys' pattern or the table is missing");
	status = tayra__pattern_parse(keys, TAYRA__PATTERN, &out->keys, why);
	if (status != TAYRA_OK)
		return status;
	dot = dialect == TAYRA__QUOTE_POSTGRES ? strchr(table, '.') : NULL;
	out->schema = (struct tayra__part){ table, dot ? (size_t)(dot - table) : 0 };
	out->table.bytes = dot ? dot + 1 : table;
	out->table.len = strlen(out->table.bytes);
	if (out->table.len == 0 || (dot && out->schema.len == 0))
		return refuse(why, "the table has no name");
	if (out->table.len > 63 || out->schema.len > 63)
		return refuse(why, "a name of over 63 bytes");
	name_it(out, keys, table, for_whom);
	return TAYRA_OK;
}

/* Into `room` bytes, which are enough. */
static int
write_lacking(enum tayra__quote_dialect dialect, const struct tayra_feed_table *tables,
	      size_t count, const char *for_whom, char *sql, size_t room,
	      const struct tayra__complaint *why)
{
	FILE *out = fmemopen(sql, room, "w");
	int status = out ? TAYRA_OK : TAYRA_E_NOMEM;

	for (size_t i = 0; i < count && status == TAYRA_OK; i++) {
		struct tayra__trigger t;

		status = tayra__trigger_read(dialect, tables[i].keys, tables[i].table, for_whom, &t,
					     why);
		if (status != TAYRA_OK)
			break;
		fputs(i ? " UNION ALL SELECT " : "SELECT t FROM (SELECT ", out);
		tayra__quote_text(out, dialect, tables[i].table, strlen(tables[i].table));
		fputs(" || ' for ' || ", out);
		tayra__quote_text(out, dialect, tables[i].keys, strlen(tables[i].keys));
		fprintf(out, " AS t, '%s' AS n", t.name);
	}
	if (!out)
		return status;
	fprintf(out,
		") AS w WHERE (SELECT count(*) FROM %s IN "
		"(n || '_INSERT', n || '_UPDATE', n || '_DELETE')) < 3 LIMIT 1",
		dialect == TAYRA__QUOTE_POSTGRES
			? "pg_catalog.pg_trigger WHERE tgenabled <> 'D' AND tgname::text"
			: "sqlite_master WHERE type = 'trigger' AND name");
	fclose(out);
	return status;
}

int
tayra__trigger_lacking(enum tayra__quote_dialect dialect, const struct tayra_feed_options *options,
		       const char *for_whom, char **out, const struct tayra__complaint *why)
{
	struct tayra_feed_options o;
	size_t room = 400;
	int status;

	*out = NULL;
	if (tayra__option_struct(options, &o, sizeof(o)) != TAYRA_OK ||
	    (o.table_count && !o.tables))
		return refuse(why, "options that are none");
	if (o.table_count == 0)
		return TAYRA_OK;
	/* Each byte twice, and what is around them. */
	for (size_t i = 0; i < o.table_count; i++) {
		if (!o.tables[i].table || !o.tables[i].keys)
			return refuse(why, "the keys' pattern or the table is missing");
		room += 2 * (strlen(o.tables[i].table) + strlen(o.tables[i].keys)) + 100;
	}
	*out = tayra__mem_alloc(room);
	if (!*out)
		return TAYRA_E_NOMEM;
	status = write_lacking(dialect, o.tables, o.table_count, for_whom, *out, room, why);
	if (status != TAYRA_OK) {
		tayra__mem_free(*out);
		*out = NULL;
	}
	return status;
}

/* Something whose schema is the table's. */
static void
put_name(FILE *out, const struct tayra__trigger *t, const char *name, size_t len)
{
	if (t->schema.len) {
		tayra__quote_name(out, t->schema.bytes, t->schema.len);
		putc('.', out);
	}
	tayra__quote_name(out, name, len);
}

/* The key of a row, as an expression. */
static void
put_key(FILE *out, const struct tayra__trigger *t, enum tayra__quote_dialect dialect,
	const char *row)
{
	for (uint32_t i = 0; i <= t->keys.parts; i++) {
		const struct tayra__part literal = tayra__pattern_literal(&t->keys, i);

		fputs(i ? " || " : "", out);
		tayra__quote_text(out, dialect, literal.bytes, literal.len);
		if (i == t->keys.parts)
			break;
		fprintf(out, dialect == TAYRA__QUOTE_POSTGRES ? " || %s" : " || CAST(%s", row);
		tayra__quote_name(out, t->keys.names[i], strlen(t->keys.names[i]));
		fputs(dialect == TAYRA__QUOTE_POSTGRES ? "::text" : " AS TEXT)", out);
	}
}

/* A dollar quote that nothing in the function's body can end. */
static void
choose_tag(char tag[24], const char *keys, const char *channel)
{
	unsigned n = 0;

	do
		snprintf(tag, 24, "$tayra%u$", n++);
	while (strstr(keys, tag) || strstr(channel, tag));
}

static void
put_channel(FILE *out, const char *channel, const char *suffix)
{
	char name[TAYRA__TRIGGER_CHANNEL_MAX + 8];

	tayra__quote_text(out, TAYRA__QUOTE_POSTGRES, name,
			  (size_t)snprintf(name, sizeof(name), "%s%s", channel, suffix));
}

static void
put_keys_of(FILE *out, const struct tayra__trigger *t, const char *rows)
{
	fputs("SELECT ", out);
	put_key(out, t, TAYRA__QUOTE_POSTGRES, "");
	fprintf(out, " FROM %s", rows);
}

static void
put_function(FILE *out, const struct tayra__trigger *t, const char *channel, const char *tag)
{
	const struct tayra__part prefix = tayra__pattern_literal(&t->keys, 0);

	fputs("CREATE OR REPLACE FUNCTION ", out);
	put_name(out, t, t->name, strlen(t->name));
	fprintf(out, "() RETURNS trigger LANGUAGE plpgsql AS %s\nDECLARE\n\tkeys text[];\n", tag);
	fputs("BEGIN\n\tIF TG_OP = 'INSERT' THEN\n\t\tkeys := ARRAY(", out);
	put_keys_of(out, t, "tayra_new LIMIT " ROWS_MAX " + 1");
	fputs(");\n\tELSIF TG_OP = 'DELETE' THEN\n\t\tkeys := ARRAY(", out);
	put_keys_of(out, t, "tayra_old LIMIT " ROWS_MAX " + 1");
	fputs(");\n\tELSIF TG_OP = 'UPDATE' THEN\n\t\tkeys := ARRAY(", out);
	put_keys_of(out, t, "tayra_old");
	fputs("\n\t\t\tUNION ", out);
	put_keys_of(out, t, "tayra_new LIMIT " ROWS_MAX " + 1");
	fputs(");\n\tEND IF;\n"
	      "\tIF keys IS NULL OR pg_catalog.cardinality(keys) > " ROWS_MAX " THEN\n"
	      "\t\tPERFORM pg_catalog.pg_notify(",
	      out);
	put_channel(out, channel, "_prefix");
	fputs(", ", out);
	tayra__quote_text(out, TAYRA__QUOTE_POSTGRES, prefix.bytes, prefix.len);
	fputs(");\n\tELSE\n"
	      "\t\tPERFORM CASE WHEN pg_catalog.octet_length(k) <= " NOTE_BYTES "\n"
	      "\t\t\tTHEN pg_catalog.pg_notify(",
	      out);
	put_channel(out, channel, "");
	fputs(", k)\n\t\t\tELSE pg_catalog.pg_notify(", out);
	put_channel(out, channel, "_prefix");
	fputs(", ", out);
	tayra__quote_text(out, TAYRA__QUOTE_POSTGRES, prefix.bytes, prefix.len);
	fputs(") END\n\t\t\tFROM pg_catalog.unnest(keys) AS k WHERE k <> '';\n"
	      "\tEND IF;\n\tRETURN NULL;\nEND\n",
	      out);
	fprintf(out, "%s;\n", tag);
}

static void
put_trigger(FILE *out, const struct tayra__trigger *t, const char *operation, const char *rows)
{
	char name[64];
	size_t len = (size_t)snprintf(name, sizeof(name), "%s_%s", t->name, operation);

	fputs("DROP TRIGGER IF EXISTS ", out);
	tayra__quote_name(out, name, len);
	fputs(" ON ", out);
	put_name(out, t, t->table.bytes, t->table.len);
	fputs(";\nCREATE TRIGGER ", out);
	tayra__quote_name(out, name, len);
	fprintf(out, " AFTER %s ON ", operation);
	put_name(out, t, t->table.bytes, t->table.len);
	fprintf(out, "%s\n\tFOR EACH STATEMENT EXECUTE PROCEDURE ", rows);
	put_name(out, t, t->name, strlen(t->name));
	fputs("();\n", out);
}

int
tayra_feed_postgres_sql(const char *keys, const char *table, const char *channel, char *error,
			size_t error_len, FILE *out)
{
	const struct tayra__complaint why = { error, error_len };
	struct tayra__trigger t;
	char tag[24];
	int status;

	tayra__complain(&why, "%s", "");
	status = out ? tayra__trigger_channel(channel, &why) : TAYRA_E_INVAL;
	if (status == TAYRA_OK)
		status = tayra__trigger_read(TAYRA__QUOTE_POSTGRES, keys, table, channel, &t, &why);
	if (status != TAYRA_OK)
		return status;
	choose_tag(tag, keys, channel);
	/* That there is nothing yet to be dropped is no news. */
	fputs("BEGIN;\nSET LOCAL client_min_messages = warning;\n", out);
	put_function(out, &t, channel, tag);
	put_trigger(out, &t, "INSERT", " REFERENCING NEW TABLE AS tayra_new");
	put_trigger(out, &t, "UPDATE",
		    " REFERENCING OLD TABLE AS tayra_old NEW TABLE AS tayra_new");
	put_trigger(out, &t, "DELETE", " REFERENCING OLD TABLE AS tayra_old");
	put_trigger(out, &t, "TRUNCATE", "");
	fputs("COMMIT;\n", out);
	return ferror(out) ? TAYRA_E_IO : TAYRA_OK;
}

static void
put_row_trigger(FILE *out, const struct tayra__trigger *t, const char *changes,
		const char *operation, const char *row, const char *other)
{
	char name[64];
	size_t len = (size_t)snprintf(name, sizeof(name), "%s_%s", t->name, operation);

	fputs("DROP TRIGGER IF EXISTS ", out);
	tayra__quote_name(out, name, len);
	fputs(";\nCREATE TRIGGER ", out);
	tayra__quote_name(out, name, len);
	fprintf(out, " AFTER %s ON ", operation);
	tayra__quote_name(out, t->table.bytes, t->table.len);
	fputs(" BEGIN\n\tINSERT INTO ", out);
	tayra__quote_name(out, changes, strlen(changes));
	fputs(" (key)\n\t\tSELECT key FROM (SELECT ", out);
	put_key(out, t, TAYRA__QUOTE_SQLITE, row);
	fputs(" AS key", out);
	if (other) {
		fputs(" UNION SELECT ", out);
		put_key(out, t, TAYRA__QUOTE_SQLITE, other);
	}
	fputs(") WHERE key <> '';\n\tDELETE FROM ", out);
	tayra__quote_name(out, changes, strlen(changes));
	fputs(" WHERE id <= (SELECT max(id) FROM ", out);
	tayra__quote_name(out, changes, strlen(changes));
	fputs(") - " KEPT ";\nEND;\n", out);
}

int
tayra_feed_sqlite_sql(const char *keys, const char *table, const char *changes, char *error,
		      size_t error_len, FILE *out)
{
	const struct tayra__complaint why = { error, error_len };
	struct tayra__trigger t;
	int status;

	tayra__complain(&why, "%s", "");
	if (!out || !changes || !*changes)
		return refuse(&why, "the table of changes has no name");
	status = tayra__trigger_read(TAYRA__QUOTE_SQLITE, keys, table, changes, &t, &why);
	if (status != TAYRA_OK)
		return status;
	fputs("BEGIN;\nCREATE TABLE IF NOT EXISTS ", out);
	tayra__quote_name(out, changes, strlen(changes));
	fputs(" (id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL);\n", out);
	put_row_trigger(out, &t, changes, "INSERT", "NEW.", NULL);
	put_row_trigger(out, &t, changes, "UPDATE", "OLD.", "NEW.");
	put_row_trigger(out, &t, changes, "DELETE", "OLD.", NULL);
	fputs("COMMIT;\n", out);
	return ferror(out) ? TAYRA_E_IO : TAYRA_OK;
}
