/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/config.h"

#include "serve/learning.h"
#include "serve/loading.h"
#include "serve/number.h"
#include "serve/pacing.h"
#include "serve/state.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define TIMEOUT_MAX_S 31536000 /* a year */

typedef size_t (*read_fn)(const struct tayra__server *server, char *out);
typedef const char *(*set_fn)(struct tayra__server *server, const struct tayra__resp_arg *value);

static size_t
print(char *out, uint64_t value)
{
	return (size_t)snprintf(out, TAYRA__CONFIG_TEXT, "%" PRIu64, value);
}

static size_t
read_memory(const struct tayra__server *server, char *out)
{
	return print(out, server->memory_bytes);
}

static size_t
read_policy(const struct tayra__server *server, char *out)
{
	return (size_t)snprintf(out, TAYRA__CONFIG_TEXT, "%s", tayra_policy_name(server->policy));
}

static size_t
read_clients(const struct tayra__server *server, char *out)
{
	return print(out, server->clients_max);
}

static size_t
read_timeout(const struct tayra__server *server, char *out)
{
	return print(out, server->idle_timeout_ms / 1000);
}

static const char *
set_timeout(struct tayra__server *server, const struct tayra__resp_arg *value)
{
	int64_t seconds;

	if (!tayra__integer_read(value->bytes, value->len, &seconds) || seconds < 0 ||
	    seconds > TIMEOUT_MAX_S)
		return "argument must be a number of seconds";
	server->idle_timeout_ms = (uint64_t)seconds * 1000;
	return NULL;
}

static size_t
read_password(const struct tayra__server *server, char *out)
{
	memcpy(out, server->password, server->password_len);
	return server->password_len;
}

static const char *
set_password(struct tayra__server *server, const struct tayra__resp_arg *value)
{
	switch (tayra__server_set_password(server, value->bytes, value->len)) {
	case TAYRA_OK: return NULL;
	case TAYRA_E_TOO_LARGE: return "the password is longer than 512 bytes";
	default: return "others can reach this address: it needs a password";
	}
}

static size_t
read_bulk(const struct tayra__server *server, char *out)
{
	return print(out, server->limits.bulk_bytes);
}

static size_t
read_databases(const struct tayra__server *server, char *out)
{
	(void)server;
	return print(out, TAYRA__DATABASES);
}

static size_t
read_nothing(const struct tayra__server *server, char *out)
{
	(void)server;
	out[0] = '\0';
	return 0;
}

static size_t
read_no(const struct tayra__server *server, char *out)
{
	(void)server;
	return (size_t)snprintf(out, TAYRA__CONFIG_TEXT, "no");
}

/* Nothing is kept on disk: saying so again is no error, asking for it is. */
static const char *
set_nothing(struct tayra__server *server, const struct tayra__resp_arg *value)
{
	(void)server;
	return value->len == 0 ? NULL : "tayra serve keeps nothing on disk";
}

static const char *
set_no(struct tayra__server *server, const struct tayra__resp_arg *value)
{
	(void)server;
	return value->len == 2 && strncasecmp(value->bytes, "no", 2) == 0
		       ? NULL
		       : "tayra serve keeps nothing on disk";
}

static const struct row {
	const char *name;
	read_fn read;
	set_fn set; /* NULL: only at the start */
} rows[] = {
	{ "appendonly", read_no, set_no },
	{ "databases", read_databases, NULL },
	{ "maxclients", read_clients, NULL },
	{ "maxmemory", read_memory, NULL },
	{ "maxmemory-policy", read_policy, NULL },
	{ "proto-max-bulk-len", read_bulk, NULL },
	{ "requirepass", read_password, set_password },
	{ "save", read_nothing, set_nothing },
	{ "timeout", read_timeout, set_timeout },
};

#define ROWS (sizeof(rows) / sizeof(rows[0])) /* then those of learning, of loading, of pacing */

/* Whose row it is, and which of theirs. */
struct place {
	enum { OWN, LEARNING, LOADING, PACING } whose;
	size_t n;
};

static struct place
place_of(const struct tayra__server *server, size_t n)
{
	char room[TAYRA__CONFIG_NAME];
	size_t learning = 0, loading = 0;

	if (n < ROWS)
		return (struct place){ OWN, n };
	n -= ROWS;
	while (tayra__learning_name(learning))
		learning++;
	if (n < learning)
		return (struct place){ LEARNING, n };
	n -= learning;
	while (tayra__loading_name(server, loading, room, sizeof(room)))
		loading++;
	if (n < loading)
		return (struct place){ LOADING, n };
	return (struct place){ PACING, n - loading };
}

const char *
tayra__config_name(const struct tayra__server *server, size_t n, char room[TAYRA__CONFIG_NAME])
{
	const struct place place = place_of(server, n);

	switch (place.whose) {
	case OWN: return rows[place.n].name;
	case LEARNING: return tayra__learning_name(place.n);
	case LOADING: return tayra__loading_name(server, place.n, room, TAYRA__CONFIG_NAME);
	case PACING: break;
	}
	return tayra__pacing_name(server, place.n, room, TAYRA__CONFIG_NAME);
}

size_t
tayra__config_read(const struct tayra__server *server, size_t n, char out[TAYRA__CONFIG_TEXT])
{
	const struct place place = place_of(server, n);

	switch (place.whose) {
	case OWN: return rows[place.n].read(server, out);
	case LEARNING: return tayra__learning_read(server, place.n, out, TAYRA__CONFIG_TEXT);
	case LOADING: return tayra__loading_read(server, place.n, out, TAYRA__CONFIG_TEXT);
	case PACING: break;
	}
	return tayra__pacing_read(server, place.n, out, TAYRA__CONFIG_TEXT);
}

static const char *
set_row(struct tayra__server *server, struct place place, const struct tayra__resp_arg *value)
{
	switch (place.whose) {
	case OWN:
		return rows[place.n].set ? rows[place.n].set(server, value)
					 : "can't set immutable config: it is an option of tayra "
					   "serve";
	case LEARNING: return tayra__learning_set(server, place.n, value->bytes, value->len);
	case LOADING: return tayra__loading_set(server, place.n, value->bytes, value->len);
	case PACING: break;
	}
	return tayra__pacing_set(server, place.n, value->bytes, value->len);
}

const char *
tayra__config_set(struct tayra__server *server, const struct tayra__resp_arg *name,
		  const struct tayra__resp_arg *value)
{
	char room[TAYRA__CONFIG_NAME];
	const char *row;

	for (size_t i = 0; (row = tayra__config_name(server, i, room)); i++)
		if (strlen(row) == name->len && strncasecmp(row, name->bytes, name->len) == 0)
			return set_row(server, place_of(server, i), value);
	return "unknown parameter";
}
