/* SPDX-License-Identifier: Apache-2.0 */
#include "origin/pg_error.h"

#include <ctype.h>
#include <string.h>

#include <tayra/base.h>

/* A state of five characters, or a class of two.  The first row that fits counts. */
static const struct {
	const char *state;
	int status;
} meanings[] = {
	{ "22021", TAYRA_E_NOT_FOUND }, /* no text in the database's encoding: no key of its */
	{ "40001", TAYRA_E_OVERLOAD },  /* serialization_failure */
	{ "40P01", TAYRA_E_OVERLOAD },  /* deadlock_detected */
	{ "53100", TAYRA_E_ORIGIN },    /* disk_full: asking less does not help */
	{ "53", TAYRA_E_OVERLOAD },     /* insufficient resources */
	{ "55P03", TAYRA_E_OVERLOAD },  /* lock_not_available */
	{ "57014", TAYRA_E_TIMEOUT },   /* query_canceled: by statement_timeout, if not by us */
	{ "XX001", TAYRA_E_CORRUPT },   /* data_corrupted */
	{ "XX002", TAYRA_E_CORRUPT },   /* index_corrupted */
};

/* In the one line "unnamed portal parameter $1 = '...'", in whatever language: the server did not
 * get as far as running the statement. */
static bool
is_parameter(const char *context)
{
	const char *dollar = context ? strchr(context, '$') : NULL;

	return dollar && dollar[1] >= '1' && dollar[1] <= '9' && !strchr(context, '\n');
}

int
tayra__pg_status(const char *sqlstate, const char *context)
{
	if (strncmp(sqlstate, "22", 2) == 0 && is_parameter(context))
		return TAYRA_E_NOT_FOUND;
	for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++)
		if (strncmp(sqlstate, meanings[i].state, strlen(meanings[i].state)) == 0)
			return meanings[i].status;
	return TAYRA_E_ORIGIN;
}

bool
tayra__pg_is_connection(const char *sqlstate)
{
	return strncmp(sqlstate, "08", 2) == 0 || strncmp(sqlstate, "57P", 3) == 0;
}

bool
tayra__pg_is_unprepared(const char *sqlstate)
{
	/* invalid_sql_statement_name, behind a pooler; and "cached plan must not change result
	 * type", after ALTER TABLE, which has no state of its own. */
	return strcmp(sqlstate, "26000") == 0 || strcmp(sqlstate, "0A000") == 0;
}

bool
tayra__pg_is_data(const char *sqlstate)
{
	/* Cardinality, data, constraints, and what functions in PL/pgSQL raise. */
	static const char *const classes[] = { "21", "22", "23", "P0" };

	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
		if (strncmp(sqlstate, classes[i], 2) == 0)
			return true;
	return false;
}

bool
tayra__pg_refused_too_many(const char *message)
{
	return strstr(message, " 53300: ") != NULL;
}

/* Behind "connection to server at .. failed: FATAL:  3D000: "; NULL: no server said anything. */
static const char *
said_by_server(const char *message)
{
	static const char front[] = " failed: FATAL:  ";
	const char *said = strstr(message, front);
	size_t state = 0;

	if (!said)
		return NULL;
	said += strlen(front);
	while (isalnum((unsigned char)said[state]))
		state++;
	return state == 5 && said[5] == ':' && said[6] == ' ' ? said + 7 : said;
}

void
tayra__pg_complain_refused(const char *message, const struct tayra__complaint *why)
{
	const char *said = said_by_server(message);
	char text[512];
	size_t len = 0;

	if (said) {
		tayra__complain(why, "PostgreSQL refuses: %.*s", (int)strcspn(said, "\n"), said);
		return;
	}
	/* A line a host; lines that begin with a tab ask whether the server is running. */
	while (*message && len < sizeof(text) - 1) {
		if (message[0] == '\n' && message[1] == '\t')
			message += 1 + strcspn(message + 1, "\n");
		else
			text[len++] = *message++;
	}
	text[len] = '\0';
	tayra__complain(why, "PostgreSQL: %s", text);
}
