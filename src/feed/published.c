/* SPDX-License-Identifier: Apache-2.0
 *
 * published.c: of an updated or deleted row the server sends what identifies it (its replica
 * identity), and of an updated one only where that has changed.  So the parts of a key have to be
 * among it; where they are not any more, the prefix is told.
 */
#include "feed/published.h"

#include <string.h>

#include "base/mem.h"

struct telling {
	int (*tell)(void *arg, bool prefix, const char *bytes, size_t len);
	void *arg;
};

enum made { KEY, NO_KEY, UNKNOWN };

static int
init_table(struct tayra__published_table *table, const struct tayra_feed_table *given,
	   const struct tayra__complaint *why)
{
	table->name = given->table ? tayra__mem_strdup(given->table) : NULL;
	if (given->table && !table->name)
		return TAYRA_E_NOMEM;
	return tayra__trigger_read(TAYRA__QUOTE_POSTGRES, given->keys, table->name, "",
				   &table->made, why);
}

int
tayra__published_name(const char *publication, const struct tayra__complaint *why)
{
	if (publication && *publication && strlen(publication) <= 63)
		return TAYRA_OK;
	tayra__complain(why, "feed: the publication's name is missing, or over 63 bytes");
	return TAYRA_E_INVAL;
}

int
tayra__published_init(struct tayra__published *published, const struct tayra_feed_table *tables,
		      size_t count, const struct tayra__complaint *why)
{
	int status = TAYRA_OK;

	*published = (struct tayra__published){
		.tables = tayra__mem_array(count ? count : 1, sizeof(*published->tables))
	};
	if (!tables || count == 0) {
		tayra__complain(why, "feed: there is no table");
		status = TAYRA_E_INVAL;
	}
	for (int i = 0; i < 2; i++)
		published->keys[i] = tayra__mem_alloc(TAYRA_KEY_MAX);
	if (!published->tables || !published->keys[0] || !published->keys[1])
		status = TAYRA_E_NOMEM;
	for (size_t i = 0; i < count && status == TAYRA_OK; i++) {
		published->count = i + 1;
		status = init_table(&published->tables[i], &tables[i], why);
	}
	if (status != TAYRA_OK)
		tayra__published_fini(published);
	return status;
}

void
tayra__published_fini(struct tayra__published *published)
{
	for (size_t i = 0; i < published->count; i++)
		tayra__mem_free(published->tables[i].name);
	tayra__mem_free(published->tables);
	for (int i = 0; i < 2; i++)
		tayra__mem_free(published->keys[i]);
	*published = (struct tayra__published){ NULL };
}

void
tayra__published_forget(struct tayra__published *published)
{
	for (size_t i = 0; i < published->count; i++)
		published->tables[i].relation = 0;
}

static void
put_text(FILE *out, const char *text, size_t len)
{
	tayra__quote_text(out, TAYRA__QUOTE_POSTGRES, text, len);
}

static void
put_table(FILE *out, const struct tayra__trigger *made)
{
	if (made->schema.len) {
		tayra__quote_name(out, made->schema.bytes, made->schema.len);
		putc('.', out);
	}
	tayra__quote_name(out, made->table.bytes, made->table.len);
}

/* As the text of a literal: what to_regclass() reads. */
static void
put_regclass(FILE *out, const struct tayra__published_table *table)
{
	char name[2 * (2 * 63 + 2) + 2];
	FILE *text = fmemopen(name, sizeof(name), "w");

	if (!text)
		return;
	put_table(text, &table->made);
	fflush(text);
	put_text(out, name, (size_t)ftell(text));
	fclose(text);
}

static void
put_parts(FILE *out, const struct tayra__pattern *keys)
{
	fputs("(SELECT k FROM pg_catalog.unnest(ARRAY[", out);
	for (uint32_t i = 0; i < keys->parts; i++) {
		fputs(i ? ", " : "", out);
		put_text(out, keys->names[i], strlen(keys->names[i]));
	}
	fputs("]::text[]) AS k WHERE NOT EXISTS (SELECT 1 FROM ", out);
}

void
tayra__published_ask(const struct tayra__published_table *table, const char *publication, FILE *out)
{
	fputs("SELECT n.nspname, CASE WHEN EXISTS (SELECT 1 FROM pg_catalog.pg_publication "
	      "WHERE pubname = ",
	      out);
	put_text(out, publication, strlen(publication));
	fputs(") THEN EXISTS (SELECT 1 FROM pg_catalog.pg_publication_tables AS p "
	      "JOIN pg_catalog.pg_publication AS b ON b.pubname = p.pubname AND b.pubinsert "
	      "AND b.pubupdate AND b.pubdelete AND b.pubtruncate WHERE p.pubname = ",
	      out);
	put_text(out, publication, strlen(publication));
	fputs(" AND p.schemaname = n.nspname AND p.tablename = c.relname) END, ", out);
	put_parts(out, &table->made.keys);
	fputs("pg_catalog.pg_attribute AS a WHERE a.attrelid = c.oid AND a.attname = k "
	      "AND a.attnum > 0 AND NOT a.attisdropped) LIMIT 1), ",
	      out);
	put_parts(out, &table->made.keys);
	fputs("pg_catalog.pg_index AS i JOIN pg_catalog.pg_attribute AS a "
	      "ON a.attrelid = c.oid AND a.attnum = ANY (i.indkey) "
	      "WHERE i.indrelid = c.oid AND a.attname = k AND CASE c.relreplident "
	      "WHEN 'd' THEN i.indisprimary WHEN 'i' THEN i.indisreplident ELSE false END) "
	      "AND c.relreplident <> 'f' LIMIT 1) "
	      "FROM pg_catalog.pg_class AS c "
	      "JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace "
	      "WHERE c.oid = pg_catalog.to_regclass(",
	      out);
	put_regclass(out, table);
	fputs(")", out);
}

int
tayra__published_found(struct tayra__published_table *table, const char *publication,
		       const char *const row[TAYRA__PUBLISHED_COLUMNS],
		       const struct tayra__complaint *why)
{
	const char *schema = row ? row[TAYRA__PUBLISHED_SCHEMA] : NULL;

	if (!schema || strlen(schema) >= sizeof(table->schema))
		tayra__complain(why, "feed: there is no table %.130s", table->name);
	else if (row[TAYRA__PUBLISHED_MISSING])
		tayra__complain(why, "feed: table %.130s has no column %.63s", table->name,
				row[TAYRA__PUBLISHED_MISSING]);
	else if (!row[TAYRA__PUBLISHED_LISTED])
		tayra__complain(why, "feed: no publication '%.63s'", publication);
	else if (*row[TAYRA__PUBLISHED_LISTED] != 't')
		tayra__complain(why,
				"feed: publication %.63s does not have table %.130s, or not all of "
				"its changes",
				publication, table->name);
	else if (row[TAYRA__PUBLISHED_UNIDENTIFIED])
		tayra__complain(why,
				"feed: column %.63s is not in the replica identity of table %.130s "
				"(ALTER TABLE .. REPLICA IDENTITY FULL)",
				row[TAYRA__PUBLISHED_UNIDENTIFIED], table->name);
	else {
		memcpy(table->schema, schema, strlen(schema) + 1);
		return TAYRA_OK;
	}
	return TAYRA_E_INVAL;
}

static bool
is_text(const struct tayra__part *part, const char *bytes, size_t len)
{
	return part->len == len && memcmp(part->bytes, bytes, len) == 0;
}

/* Where the parts of its keys are in a row. */
static void
learn(struct tayra__published_table *table, const struct tayra__pgoutput *m)
{
	struct tayra__pgoutput_walk columns = m->list;
	struct tayra__pgoutput_column column;
	const struct tayra__pattern *keys = &table->made.keys;
	uint32_t found = 0;

	table->relation = m->relation;
	table->identified = true;
	for (uint16_t at = 0; tayra__pgoutput_column(&columns, &column); at++)
		for (uint32_t i = 0; i < keys->parts; i++)
			if (is_text(&column.name, keys->names[i], strlen(keys->names[i]))) {
				table->columns[i] = at;
				table->identified &= column.identifies || m->full;
				found++;
			}
	table->whole = found == keys->parts;
}

static bool
is_of(const struct tayra__published_table *table, const struct tayra__pgoutput *m)
{
	return is_text(&m->schema, table->schema, strlen(table->schema)) &&
	       is_text(&m->table, table->made.table.bytes, table->made.table.len);
}

/* The cells of a row that are parts of a key. */
static uint32_t
pick(const struct tayra__published_table *table, struct tayra__pgoutput_walk row,
     struct tayra__pgoutput_cell cells[TAYRA__PATTERN_PARTS])
{
	struct tayra__pgoutput_cell cell;
	uint32_t found = 0;

	for (uint16_t at = 0; tayra__pgoutput_cell(&row, &cell); at++)
		for (uint32_t i = 0; i < table->made.keys.parts; i++)
			if (table->columns[i] == at) {
				cells[i] = cell;
				found++;
			}
	return found;
}

static bool
append(char *key, size_t *len, const struct tayra__part *part)
{
	if (part->len > TAYRA_KEY_MAX - *len)
		return false;
	memcpy(key + *len, part->bytes, part->len);
	*len += part->len;
	return true;
}

/* The key of a row.  One that is longer than a key can be is none of ours. */
static enum made
make_key(const struct tayra__published_table *table, struct tayra__pgoutput_walk row, char *key,
	 size_t *len)
{
	const struct tayra__pattern *keys = &table->made.keys;
	struct tayra__pgoutput_cell cells[TAYRA__PATTERN_PARTS];
	enum made made = KEY;

	if (!table->whole || pick(table, row, cells) != keys->parts)
		return UNKNOWN;
	*len = 0;
	for (uint32_t i = 0; i <= keys->parts; i++) {
		const struct tayra__part literal = tayra__pattern_literal(keys, i);

		if (!append(key, len, &literal))
			made = NO_KEY;
		if (i == keys->parts)
			break;
		if (cells[i].kind == TAYRA__PGOUTPUT_NULL)
			return NO_KEY;
		if (cells[i].kind != TAYRA__PGOUTPUT_TEXT)
			return UNKNOWN;
		if (!append(key, len, &cells[i].value))
			made = NO_KEY;
	}
	return made;
}

static int
tell_prefix(const struct tayra__published_table *table, const struct telling *to)
{
	const struct tayra__part front = tayra__pattern_literal(&table->made.keys, 0);

	return to->tell(to->arg, true, front.bytes, front.len);
}

/* Keys as the row was and as it is: which of them a change has. */
static int
tell_keys(const struct tayra__published_table *table, const struct tayra__published *published,
	  const struct tayra__pgoutput *m, const struct telling *to)
{
	enum made old = NO_KEY, new = NO_KEY;
	size_t old_len = 0, new_len = 0;
	int status = TAYRA_OK;

	if (m->has_old)
		old = make_key(table, m->old, published->keys[0], &old_len);
	if (m->kind != TAYRA__PGOUTPUT_DELETE)
		new = make_key(table, m->new, published->keys[1], &new_len);
	if (old == UNKNOWN || new == UNKNOWN)
		return tell_prefix(table, to);
	if (old == KEY)
		status = to->tell(to->arg, false, published->keys[0], old_len);
	if (status != TAYRA_OK || new != KEY)
		return status;
	if (old == KEY && old_len == new_len &&
	    memcmp(published->keys[0], published->keys[1], old_len) == 0)
		return TAYRA_OK;
	return to->tell(to->arg, false, published->keys[1], new_len);
}

static int
tell_change(struct tayra__published_table *table, const struct tayra__published *published,
	    const struct tayra__pgoutput *m, const struct telling *to)
{
	if (table->rows > TAYRA__PUBLISHED_ROWS_MAX)
		return TAYRA_OK; /* the prefix was told */
	table->rows++;
	if (table->rows > TAYRA__PUBLISHED_ROWS_MAX)
		return tell_prefix(table, to);
	if (m->kind != TAYRA__PGOUTPUT_INSERT && !table->identified)
		return tell_prefix(table, to);
	return tell_keys(table, published, m, to);
}

static int
tell_truncation(const struct tayra__published_table *table, struct tayra__pgoutput_walk relations,
		const struct telling *to)
{
	uint32_t relation;

	while (tayra__pgoutput_relation(&relations, &relation))
		if (relation == table->relation)
			return tell_prefix(table, to);
	return TAYRA_OK;
}

int
tayra__published_take(struct tayra__published *published, const struct tayra__pgoutput *message,
		      int (*tell)(void *arg, bool prefix, const char *bytes, size_t len), void *arg)
{
	const struct telling to = { tell, arg };
	int status = TAYRA_OK;

	for (size_t i = 0; i < published->count && status == TAYRA_OK; i++) {
		struct tayra__published_table *table = &published->tables[i];
		const bool ours = table->relation && table->relation == message->relation;

		switch (message->kind) {
		case TAYRA__PGOUTPUT_BEGIN: table->rows = 0; break;
		case TAYRA__PGOUTPUT_RELATION:
			if (is_of(table, message))
				learn(table, message);
			break;
		case TAYRA__PGOUTPUT_INSERT:
		case TAYRA__PGOUTPUT_UPDATE:
		case TAYRA__PGOUTPUT_DELETE:
			if (ours)
				status = tell_change(table, published, message, &to);
			break;
		case TAYRA__PGOUTPUT_TRUNCATE:
			if (table->relation)
				status = tell_truncation(table, message->list, &to);
			break;
		case TAYRA__PGOUTPUT_COMMIT:
		case TAYRA__PGOUTPUT_OTHER: break;
		}
	}
	return status;
}

/* A table may have several kinds of keys: was it named before? */
static bool
is_listed(const struct tayra__published *published, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(published->tables[i].name, published->tables[n].name) == 0)
			return true;
	return false;
}

/* What is written to a partition, by whatever name, is told as its table's: PostgreSQL 13 and
 * later, before which there is no publishing a partitioned table. */
static void
put_via_root(FILE *out, const char *publication)
{
	char body[600];
	FILE *text = fmemopen(body, sizeof(body), "w");

	if (!text)
		return;
	fputs("BEGIN IF pg_catalog.current_setting('server_version_num')::int >= 130000 THEN "
	      "EXECUTE pg_catalog.format('ALTER PUBLICATION %I SET (publish_via_partition_root)', ",
	      text);
	put_text(text, publication, strlen(publication));
	fputs("); END IF; END", text);
	fflush(text);
	fputs("DO ", out);
	put_text(out, body, (size_t)ftell(text));
	fputs(";\n", out);
	fclose(text);
}

int
tayra_feed_postgres_publication_sql(const char *publication, const struct tayra_feed_table *tables,
				    size_t count, char *error, size_t error_len, FILE *out)
{
	const struct tayra__complaint why = { error, error_len };
	struct tayra__published published;
	int status;

	tayra__complain(&why, "%s", "");
	status = out ? tayra__published_name(publication, &why) : TAYRA_E_INVAL;
	if (status == TAYRA_OK)
		status = tayra__published_init(&published, tables, count, &why);
	if (status != TAYRA_OK)
		return status;
	fputs("BEGIN;\nSET LOCAL client_min_messages = warning;\nDROP PUBLICATION IF EXISTS ", out);
	tayra__quote_name(out, publication, strlen(publication));
	fputs(";\nCREATE PUBLICATION ", out);
	tayra__quote_name(out, publication, strlen(publication));
	for (size_t i = 0; i < count; i++) {
		if (is_listed(&published, i))
			continue;
		fputs(i ? ", " : " FOR TABLE ", out);
		put_table(out, &published.tables[i].made);
	}
	fputs(";\n", out);
	put_via_root(out, publication);
	fputs("COMMIT;\n", out);
	tayra__published_fini(&published);
	return ferror(out) ? TAYRA_E_IO : TAYRA_OK;
}
