/* SPDX-License-Identifier: Apache-2.0 */
#include "showcase/catalogue.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "showcase/packages.h"
#include "showcase/source.h"

#include <tayra/base.h>

#define WORDS_MAX   5000u
#define CHUNK_BYTES (256u << 10)

/* fsync is off: the files live as long as the process, so it would only add the disk's noise. */
static const char schema[] =
	"PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF; PRAGMA temp_store=MEMORY;"
	"CREATE TABLE packages(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, version TEXT,"
	" section TEXT, priority TEXT, size INTEGER, installed_size INTEGER, summary TEXT,"
	" description TEXT, maintainer TEXT, revision INTEGER NOT NULL, updated_ms INTEGER NOT "
	"NULL);"
	"CREATE TABLE depends(package INTEGER NOT NULL, depends_on INTEGER NOT NULL,"
	" PRIMARY KEY(package, depends_on)) WITHOUT ROWID;"
	"CREATE VIRTUAL TABLE search USING fts5(name, summary, description, content='packages',"
	" content_rowid='id');"
	"BEGIN";
static const char finish[] = "CREATE INDEX users ON depends(depends_on, package);"
			     "INSERT INTO search(search) VALUES('rebuild'); COMMIT; ANALYZE;"
			     "PRAGMA wal_checkpoint(TRUNCATE)";

/* What is only needed while building. */
struct build {
	struct tayra__catalogue *catalogue;
	sqlite3 *db;
	sqlite3_stmt *insert;
	char **relations; /* by package: Pre-Depends and Depends */
	size_t relations_room;
	struct tayra__names virtuals; /* provided names */
	uint32_t *provider;           /* by virtual: the first package that provides it */
	size_t provider_room;
	struct tayra__edge *edges;
	size_t edges_room;
	uint64_t edge_count;
	const _Atomic bool *stop;
	char *error;
	size_t error_len;
};

static int
sql_failed(struct build *b)
{
	if (b->stop && atomic_load_explicit(b->stop, memory_order_relaxed))
		return TAYRA_E_CANCELLED;
	snprintf(b->error, b->error_len, "building the database: %s", sqlite3_errmsg(b->db));
	return TAYRA_E_IO;
}

/* Room for one more of what `array` holds.  => TAYRA_OK, TAYRA_E_NOMEM. */
static int
room_for(void **array, size_t *room, size_t count, size_t each)
{
	size_t want = *room ? *room * 2 : 4096;
	void *moved;

	if (count < *room)
		return TAYRA_OK;
	moved = tayra__mem_resize(*array, want * each);
	if (!moved)
		return TAYRA_E_NOMEM;
	*array = moved;
	*room = want;
	return TAYRA_OK;
}

static int
note_virtuals(struct build *b, const char *provides, uint32_t package)
{
	const char *name;
	uint32_t number, before;
	size_t len;
	int alternative;

	while (tayra__packages_relation(&provides, &name, &len, &alternative)) {
		before = b->virtuals.count;
		if (tayra__names_add(&b->virtuals, name, len, &number) < 0 ||
		    room_for((void **)&b->provider, &b->provider_room, number,
			     sizeof(*b->provider)) < 0)
			return TAYRA_E_NOMEM;
		if (b->virtuals.count > before)
			b->provider[number] = package;
	}
	return TAYRA_OK;
}

/* Plain words of four to twelve letters, for users to search. */
static int
note_words(struct tayra__names *words, const char *summary)
{
	while (*summary && words->count < WORDS_MAX) {
		size_t len = 0;
		uint32_t number;
		char word[12];

		for (; isalpha((unsigned char)summary[len]); len++)
			if (len < sizeof(word))
				word[len] = (char)tolower((unsigned char)summary[len]);
		if (len >= 4 && len <= sizeof(word) &&
		    tayra__names_add(words, word, len, &number) < 0)
			return TAYRA_E_NOMEM;
		summary += len ? len : 1;
	}
	return TAYRA_OK;
}

static int
insert_package(struct build *b, const struct tayra__packages_stanza *stanza, uint32_t id,
	       int summary_len)
{
	const char *const *field = stanza->field;
	const char *description = field[TAYRA__PACKAGES_DESCRIPTION];

	sqlite3_bind_int64(b->insert, 1, id + 1l);
	sqlite3_bind_text(b->insert, 2, field[TAYRA__PACKAGES_NAME], -1, SQLITE_STATIC);
	sqlite3_bind_text(b->insert, 3, field[TAYRA__PACKAGES_VERSION], -1, SQLITE_STATIC);
	sqlite3_bind_text(b->insert, 4, field[TAYRA__PACKAGES_SECTION], -1, SQLITE_STATIC);
	sqlite3_bind_text(b->insert, 5, field[TAYRA__PACKAGES_PRIORITY], -1, SQLITE_STATIC);
	sqlite3_bind_int64(b->insert, 6, (sqlite3_int64)stanza->size_bytes);
	sqlite3_bind_int64(b->insert, 7, (sqlite3_int64)stanza->installed_kib);
	sqlite3_bind_text(b->insert, 8, description, summary_len, SQLITE_STATIC);
	sqlite3_bind_text(b->insert, 9, description + summary_len, -1, SQLITE_STATIC);
	sqlite3_bind_text(b->insert, 10, field[TAYRA__PACKAGES_MAINTAINER], -1, SQLITE_STATIC);
	if (sqlite3_step(b->insert) != SQLITE_DONE || sqlite3_reset(b->insert) != SQLITE_OK)
		return sql_failed(b);
	return TAYRA_OK;
}

static int
take_stanza(void *ctx, const struct tayra__packages_stanza *stanza)
{
	struct build *b = ctx;
	struct tayra__names *names = &b->catalogue->names;
	const char *const *field = stanza->field;
	const char *name = field[TAYRA__PACKAGES_NAME];
	uint32_t before = names->count, id;
	size_t summary_len = strcspn(field[TAYRA__PACKAGES_DESCRIPTION], "\n"), room;
	char *relations;

	if (tayra__names_add(names, name, strlen(name), &id) < 0 ||
	    room_for((void **)&b->relations, &b->relations_room, id, sizeof(char *)) < 0)
		return TAYRA_E_NOMEM;
	if (names->count == before) { /* an older version of a package that was there */
		b->catalogue->duplicates++;
		return TAYRA_OK;
	}
	b->relations[id] = NULL;
	room = strlen(field[TAYRA__PACKAGES_PRE_DEPENDS]) + strlen(field[TAYRA__PACKAGES_DEPENDS]) +
	       2;
	relations = tayra__mem_alloc(room);
	if (!relations)
		return TAYRA_E_NOMEM;
	snprintf(relations, room, "%s,%s", field[TAYRA__PACKAGES_PRE_DEPENDS],
		 field[TAYRA__PACKAGES_DEPENDS]);
	b->relations[id] = relations;
	if (note_virtuals(b, field[TAYRA__PACKAGES_PROVIDES], id) < 0 ||
	    (id % 7 == 0 &&
	     note_words(&b->catalogue->words, field[TAYRA__PACKAGES_DESCRIPTION]) < 0))
		return TAYRA_E_NOMEM;
	return insert_package(b, stanza, id, (int)summary_len);
}

static int
read_source(struct build *b, const char *data_path)
{
	struct tayra__source source;
	struct tayra__packages reader;
	struct tayra__sha256 sha;
	int status = tayra__source_open(&source, data_path, b->error, b->error_len);
	char *chunk = tayra__mem_alloc(CHUNK_BYTES);
	ssize_t got = 0;

	if (status < 0 || !chunk) {
		tayra__mem_free(chunk);
		return status < 0 ? status : TAYRA_E_NOMEM;
	}
	snprintf(b->catalogue->source, sizeof(b->catalogue->source), "%s", source.what);
	tayra__packages_init(&reader, take_stanza, b);
	tayra__sha256_init(&sha);
	while (status == TAYRA_OK && (got = tayra__source_read(&source, chunk, CHUNK_BYTES)) > 0) {
		tayra__sha256_add(&sha, chunk, (size_t)got);
		status = tayra__packages_feed(&reader, chunk, (size_t)got);
		if (b->stop && atomic_load_explicit(b->stop, memory_order_relaxed))
			status = TAYRA_E_CANCELLED;
	}
	if (got < 0) {
		snprintf(b->error, b->error_len, "%s: %m", source.what);
		status = TAYRA_E_IO;
	}
	if (status == TAYRA_OK)
		status = tayra__packages_finish(&reader);
	if (status == TAYRA_E_CORRUPT)
		snprintf(b->error, b->error_len, "%s: %s", source.what, reader.error);
	b->catalogue->bytes = sha.bytes;
	tayra__sha256_hex(&sha, b->catalogue->sha256);
	if (tayra__source_close(&source) < 0 && status == TAYRA_OK) {
		snprintf(b->error, b->error_len, "%s failed", source.what);
		status = TAYRA_E_IO;
	}
	tayra__packages_fini(&reader);
	tayra__mem_free(chunk);
	return status;
}

static uint32_t
resolve(const struct build *b, const char *name, size_t len)
{
	uint32_t id = tayra__names_find(&b->catalogue->names, name, len);
	uint32_t number;

	if (id != TAYRA__NAMES_NONE)
		return id;
	number = tayra__names_find(&b->virtuals, name, len);
	return number == TAYRA__NAMES_NONE ? TAYRA__NAMES_NONE : b->provider[number];
}

/* Of "a | b" the first that exists is taken, as apt would on an empty machine. */
static int
resolve_package(struct build *b, uint32_t package)
{
	const char *cursor = b->relations[package], *name;
	bool settled = true;
	size_t len;
	int alternative;

	while (tayra__packages_relation(&cursor, &name, &len, &alternative)) {
		uint32_t to;

		if (alternative && settled)
			continue;
		b->catalogue->unresolved += !settled && !alternative;
		to = resolve(b, name, len);
		settled = to != TAYRA__NAMES_NONE;
		if (!settled)
			continue;
		if (room_for((void **)&b->edges, &b->edges_room, b->edge_count, sizeof(*b->edges)) <
		    0)
			return TAYRA_E_NOMEM;
		b->edges[b->edge_count++] = (struct tayra__edge){ package, to };
	}
	b->catalogue->unresolved += !settled;
	return TAYRA_OK;
}

static int
build_graph(struct build *b)
{
	struct tayra__catalogue *c = b->catalogue;
	int status = TAYRA_OK;

	for (uint32_t i = 0; i < c->names.count && status == TAYRA_OK; i++)
		status = resolve_package(b, i);
	if (status == TAYRA_OK)
		status = tayra__graph_create(&c->depends, c->names.count, b->edges, b->edge_count);
	if (status == TAYRA_OK)
		status = tayra__graph_turn(&c->depends, &c->users);
	return status;
}

static int
insert_edges(struct build *b)
{
	const struct tayra__graph *graph = &b->catalogue->depends;
	sqlite3_stmt *insert;
	int status = TAYRA_OK;

	if (sqlite3_prepare_v2(b->db, "INSERT INTO depends VALUES(?1, ?2)", -1, &insert, NULL) !=
	    SQLITE_OK)
		return sql_failed(b);
	for (uint32_t i = 0; i < graph->nodes && status == TAYRA_OK; i++)
		for (uint32_t e = graph->first[i]; e < graph->first[i + 1]; e++) {
			sqlite3_bind_int64(insert, 1, i + 1l);
			sqlite3_bind_int64(insert, 2, graph->to[e] + 1l);
			if (sqlite3_step(insert) != SQLITE_DONE)
				status = sql_failed(b);
			sqlite3_reset(insert);
		}
	sqlite3_finalize(insert);
	return status;
}

static int
stopped(void *ctx)
{
	const struct build *b = ctx;

	return b->stop && atomic_load_explicit(b->stop, memory_order_relaxed);
}

static int
fill(struct build *b, const char *data_path)
{
	struct tayra__catalogue *c = b->catalogue;
	int status;

	if (sqlite3_open(c->path, &b->db) != SQLITE_OK ||
	    sqlite3_exec(b->db, schema, NULL, NULL, NULL) != SQLITE_OK ||
	    sqlite3_prepare_v2(b->db,
			       "INSERT INTO packages VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,1,0)",
			       -1, &b->insert, NULL) != SQLITE_OK)
		return sql_failed(b);
	sqlite3_progress_handler(b->db, 10000, stopped, b);
	status = read_source(b, data_path);
	if (status < 0)
		return status;
	if (c->names.count < 2) {
		if (data_path)
			snprintf(b->error, b->error_len, "%s: holds no packages", data_path);
		else
			snprintf(b->error, b->error_len,
				 "the package index of this machine is empty: run apt-get update, "
				 "or give a Packages file with --data");
		return TAYRA_E_NOT_FOUND;
	}
	status = build_graph(b);
	if (status == TAYRA_OK)
		status = insert_edges(b);
	if (status == TAYRA_OK && c->words.count == 0)
		status = tayra__names_add(&c->words, "package", 7, &(uint32_t){ 0 });
	sqlite3_finalize(b->insert);
	b->insert = NULL;
	if (status == TAYRA_OK && sqlite3_exec(b->db, finish, NULL, NULL, NULL) != SQLITE_OK)
		status = sql_failed(b);
	return status;
}

static void
build_fini(struct build *b)
{
	sqlite3_finalize(b->insert);
	sqlite3_close(b->db);
	for (uint32_t i = 0; i < b->catalogue->names.count && b->relations; i++)
		tayra__mem_free(b->relations[i]);
	tayra__mem_free(b->relations);
	tayra__names_fini(&b->virtuals);
	tayra__mem_free(b->provider);
	tayra__mem_free(b->edges);
}

int
tayra__catalogue_create(struct tayra__catalogue *catalogue, const char *data_path,
			const _Atomic bool *stop, char *error, size_t error_len)
{
	struct build b = {
		.catalogue = catalogue, .stop = stop, .error = error, .error_len = error_len
	};
	const char *tmp = getenv("TMPDIR");
	uint64_t began = tayra__clock_mono_ns(tayra_clock_real());
	int status;

	*catalogue = (struct tayra__catalogue){ 0 };
	snprintf(error, error_len, "out of memory");
	if (!tmp || strlen(tmp) > 30)
		tmp = "/tmp";
	snprintf(catalogue->dir, sizeof(catalogue->dir), "%s/tayra-showcase-XXXXXX", tmp);
	if (!mkdtemp(catalogue->dir)) {
		snprintf(error, error_len, "%s: %m", catalogue->dir);
		return TAYRA_E_IO;
	}
	snprintf(catalogue->path, sizeof(catalogue->path), "%s/base.db", catalogue->dir);
	tayra__names_init(&catalogue->names);
	tayra__names_init(&catalogue->words);
	tayra__names_init(&b.virtuals);
	status = fill(&b, data_path);
	build_fini(&b);
	catalogue->load_s = (double)(tayra__clock_mono_ns(tayra_clock_real()) - began) * 1e-9;
	if (status == TAYRA_E_CANCELLED)
		snprintf(error, error_len, "interrupted");
	if (status < 0)
		tayra__catalogue_fini(catalogue);
	return status;
}

static void
remove_database(const char *dir, const char *name)
{
	static const char *const suffixes[] = { "", "-wal", "-shm", "-journal" };
	char path[160];

	for (size_t i = 0; i < 4; i++) {
		snprintf(path, sizeof(path), "%s/%s.db%s", dir, name, suffixes[i]);
		unlink(path);
	}
}

void
tayra__catalogue_fini(struct tayra__catalogue *catalogue)
{
	tayra__names_fini(&catalogue->names);
	tayra__names_fini(&catalogue->words);
	tayra__graph_fini(&catalogue->depends);
	tayra__graph_fini(&catalogue->users);
	remove_database(catalogue->dir, "base");
	for (uint32_t i = 0; i < catalogue->copies; i++)
		remove_database(catalogue->dir, catalogue->copy[i]);
	rmdir(catalogue->dir);
}

static int
copy_bytes(int from, int to)
{
	struct stat st;
	ssize_t got = 1;

	if (fstat(from, &st) < 0)
		return TAYRA_E_IO;
	for (off_t left = st.st_size; left > 0; left -= got) {
		got = sendfile(to, from, NULL, (size_t)left);
		if (got <= 0)
			return TAYRA_E_IO;
	}
	return TAYRA_OK;
}

int
tayra__catalogue_copy(struct tayra__catalogue *catalogue, const char *name, char *path,
		      size_t path_len, char *error, size_t error_len)
{
	int from, to, status = TAYRA_E_IO;

	if (catalogue->copies == TAYRA__CATALOGUE_COPIES)
		return TAYRA_E_INVAL;
	snprintf(path, path_len, "%s/%s.db", catalogue->dir, name);
	snprintf(catalogue->copy[catalogue->copies++], sizeof(catalogue->copy[0]), "%s", name);
	from = open(catalogue->path, O_RDONLY | O_CLOEXEC);
	to = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (from >= 0 && to >= 0)
		status = copy_bytes(from, to);
	if (status < 0)
		snprintf(error, error_len, "%s: %m", path);
	if (from >= 0)
		close(from);
	if (to >= 0)
		close(to);
	return status;
}

uint32_t
tayra__catalogue_popular(const struct tayra__catalogue *catalogue, uint32_t most, uint32_t *users)
{
	uint32_t best = 0;

	*users = 0;
	for (uint32_t i = 0; i < catalogue->users.nodes; i++) {
		uint32_t reach;

		/* A walk costs a millisecond, so only those that many need directly are tried. */
		if (tayra__graph_degree(&catalogue->users, i) < most / 50)
			continue;
		reach = tayra__graph_reach(&catalogue->users, i, most);
		if (reach <= most && reach > *users) {
			*users = reach;
			best = i;
		}
	}
	return best;
}
