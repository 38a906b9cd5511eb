/* SPDX-License-Identifier: Apache-2.0
 *
 * status.c: the one table of status codes, and the names of the other shared enumerations.
 */
#include <tayra/base.h>

static const struct row {
	int status;
	const char *name, *text;
} rows[] = {
	{ TAYRA_OK, "TAYRA_OK", "ok" },
	{ TAYRA_PENDING, "TAYRA_PENDING", "in progress, the completion will arrive on the queue" },
	{ TAYRA_E_NOT_FOUND, "TAYRA_E_NOT_FOUND", "no such key" },
	{ TAYRA_E_INVAL, "TAYRA_E_INVAL", "an argument or option is out of range" },
	{ TAYRA_E_NOMEM, "TAYRA_E_NOMEM", "out of memory" },
	{ TAYRA_E_TOO_LARGE, "TAYRA_E_TOO_LARGE", "key or value over its size limit" },
	{ TAYRA_E_FULL, "TAYRA_E_FULL", "no room: everything that could be evicted is pinned" },
	{ TAYRA_E_TIMEOUT, "TAYRA_E_TIMEOUT", "the deadline passed" },
	{ TAYRA_E_OVERLOAD, "TAYRA_E_OVERLOAD", "shed: the backend is at its limit" },
	{ TAYRA_E_CANCELLED, "TAYRA_E_CANCELLED", "taken back by the caller" },
	{ TAYRA_E_ORIGIN, "TAYRA_E_ORIGIN", "the origin failed" },
	{ TAYRA_E_WOULD_DEADLOCK, "TAYRA_E_WOULD_DEADLOCK",
	  "a blocking call from inside a loader" },
	{ TAYRA_E_IO, "TAYRA_E_IO", "reading or writing failed" },
	{ TAYRA_E_CORRUPT, "TAYRA_E_CORRUPT", "the bytes are not what they should be" },
	{ TAYRA_E_CLOSED, "TAYRA_E_CLOSED", "the handle is being destroyed" },
	{ TAYRA_E_FORKED, "TAYRA_E_FORKED", "the handle belongs to the parent process" },
	{ TAYRA_E_UNSUPPORTED, "TAYRA_E_UNSUPPORTED",
	  "this build, or this origin, cannot do that" },
	{ TAYRA_E_INTERNAL, "TAYRA_E_INTERNAL", "internal error, please report it" },
};

static const struct row *
row_of(int status)
{
	static const struct row unknown = { 0, "unknown status", "unknown status" };

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (rows[i].status == status)
			return &rows[i];
	return &unknown;
}

const char *
tayra_status_name(int status)
{
	return row_of(status)->name;
}

const char *
tayra_status_text(int status)
{
	return row_of(status)->text;
}

const char *
tayra_class_name(enum tayra_class cls)
{
	static const char *const names[] = { "default", "critical", "high",
					     "normal",  "low",      "background" };

	return (unsigned)cls < sizeof(names) / sizeof(*names) ? names[cls] : NULL;
}

const char *
tayra_outcome_name(enum tayra_outcome outcome)
{
	static const char *const names[] = { "ok",    "timeout", "overload",
					     "error", "ignore",  "cancelled" };

	return (unsigned)outcome < sizeof(names) / sizeof(*names) ? names[outcome] : NULL;
}

#define TEXT_OF(x)       #x
#define VERSION(a, b, c) TEXT_OF(a) "." TEXT_OF(b) "." TEXT_OF(c)

const char *
tayra_version(void)
{
	return VERSION(TAYRA_VERSION_MAJOR, TAYRA_VERSION_MINOR, TAYRA_VERSION_PATCH);
}
