/* SPDX-License-Identifier: Apache-2.0
 *
 * status.c: the one table of status codes, and the names of the other shared enumerations.
 */
#include <tayra/base.h>

#define ROWS                                                                                       \
	ROW(TAYRA_OK, "ok")                                                                        \
	ROW(TAYRA_PENDING, "in progress, the completion will arrive on the queue")                 \
	ROW(TAYRA_E_NOT_FOUND, "no such key")                                                      \
	ROW(TAYRA_E_INVAL, "an argument or option is out of range")                                \
	ROW(TAYRA_E_NOMEM, "out of memory")                                                        \
	ROW(TAYRA_E_TOO_LARGE, "key or value over its size limit")                                 \
	ROW(TAYRA_E_FULL, "no room: everything that could be evicted is pinned")                   \
	ROW(TAYRA_E_TIMEOUT, "the deadline passed")                                                \
	ROW(TAYRA_E_OVERLOAD, "shed: the backend is at its limit")                                 \
	ROW(TAYRA_E_CANCELLED, "taken back by the caller")                                         \
	ROW(TAYRA_E_ORIGIN, "the origin failed")                                                   \
	ROW(TAYRA_E_WOULD_DEADLOCK, "a blocking call from inside a loader")                        \
	ROW(TAYRA_E_IO, "reading or writing failed")                                               \
	ROW(TAYRA_E_CORRUPT, "the bytes are not what they should be")                              \
	ROW(TAYRA_E_CLOSED, "the handle is being destroyed")                                       \
	ROW(TAYRA_E_FORKED, "the handle belongs to the parent process")                            \
	ROW(TAYRA_E_UNSUPPORTED, "this build was made without that feature")                       \
	ROW(TAYRA_E_INTERNAL, "internal error, please report it")

const char *
tayra_status_name(int status)
{
	switch (status) {
#define ROW(code, text)                                                                            \
	case code: return #code;
		ROWS
#undef ROW
	}
	return "unknown status";
}

const char *
tayra_status_text(int status)
{
	switch (status) {
#define ROW(code, text)                                                                            \
	case code: return text;
		ROWS
#undef ROW
	}
	return "unknown status";
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

#define STR(x)  #x
#define XSTR(x) STR(x)

const char *
tayra_version(void)
{
	return XSTR(TAYRA_VERSION_MAJOR) "." XSTR(TAYRA_VERSION_MINOR) "." XSTR(
		TAYRA_VERSION_PATCH);
}
