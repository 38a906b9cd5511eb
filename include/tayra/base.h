/* SPDX-License-Identifier: Apache-2.0
 *
 * base.h: the words every part of tayra shares: status codes, priority classes, outcomes, clocks.
 *
 * Status codes.  A call returns an int from enum tayra_status: >= 0 went well, < 0 did not.
 * On failure the outputs are zero or NULL and the object is as it was before the call.
 *
 * Options structs begin with `size`; set it with the struct's _INIT macro.  Zero means the
 * documented default.  A struct from a newer header than the library is taken when the tail it
 * does not know is zero, and refused with TAYRA_E_INVAL otherwise.
 */
#ifndef TAYRA_BASE_H
#define TAYRA_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TAYRA_VERSION_MAJOR 0
#define TAYRA_VERSION_MINOR 1
#define TAYRA_VERSION_PATCH 0

#define TAYRA_API __attribute__((visibility("default")))

/* What the _INIT macros are made of: all zero but the size.  C++ warns of fields that are not
 * named, where C does not. */
#ifdef __cplusplus
#if __cplusplus >= 201402L
#define TAYRA__CONSTEXPR constexpr
#else
#define TAYRA__CONSTEXPR inline
#endif
extern "C++" { /* also where somebody includes this within extern "C" */
template <class sized>
TAYRA__CONSTEXPR sized
tayra__sized()
{
	sized zero = sized();

	zero.size = sizeof(sized);
	return zero;
}
}
#define TAYRA__SIZED(type) tayra__sized<type>()
#else
#define TAYRA__SIZED(type)                                                                         \
	{                                                                                          \
		.size = sizeof(type)                                                               \
	}
#endif

#ifdef __cplusplus
extern "C" {
#endif

enum tayra_status {
	TAYRA_OK = 0,
	TAYRA_PENDING = 1,      /* not an error: the completion will arrive on the queue */
	TAYRA_E_NOT_FOUND = -1, /* no such key: not cached, or the origin says it does not exist */
	TAYRA_E_INVAL = -2,     /* an argument or option is out of range */
	TAYRA_E_NOMEM = -3,     /* the process is out of memory */
	TAYRA_E_TOO_LARGE = -4, /* key or value over its limit */
	TAYRA_E_FULL = -5,      /* no room: everything that could be evicted is pinned */
	TAYRA_E_TIMEOUT = -6,   /* the deadline passed */
	TAYRA_E_OVERLOAD = -7,  /* shed: the backend is at its limit; see retry_after_ns */
	TAYRA_E_CANCELLED = -8, /* the caller took the request back */
	TAYRA_E_ORIGIN = -9,    /* the origin failed */
	TAYRA_E_WOULD_DEADLOCK =
		-10,               /* a blocking call made from inside a loader or a completion */
	TAYRA_E_IO = -11,          /* reading or writing failed; errno says why */
	TAYRA_E_CORRUPT = -12,     /* stored or received bytes are not what they should be */
	TAYRA_E_CLOSED = -13,      /* the handle is being destroyed */
	TAYRA_E_FORKED = -14,      /* the handle belongs to the parent of this process */
	TAYRA_E_UNSUPPORTED = -15, /* this build, or this origin, cannot do that */
	TAYRA_E_INTERNAL = -16,    /* a bug in tayra */
};

/* "TAYRA_E_TIMEOUT"; "unknown status" for anything else.  Static text, any thread. */
TAYRA_API const char *tayra_status_name(int status);
/* One line for a person, no full stop: "the deadline passed".  Static text, any thread. */
TAYRA_API const char *tayra_status_text(int status);

/* Who goes first.  Zero in a request means NORMAL. */
enum tayra_class {
	TAYRA_CLASS_DEFAULT = 0,
	TAYRA_CRITICAL = 1,
	TAYRA_HIGH = 2,
	TAYRA_NORMAL = 3,
	TAYRA_LOW = 4,
	TAYRA_BACKGROUND = 5,
};
#define TAYRA_CLASSES 5
/* "critical" .. "background"; "default" for 0; NULL for anything else. */
TAYRA_API const char *tayra_class_name(enum tayra_class cls);

/* How a request to a backend ended, as a limiter needs to know it. */
enum tayra_outcome {
	TAYRA_OUTCOME_OK = 0,
	TAYRA_OUTCOME_TIMEOUT =
		1, /* no answer in time: counts against the limit, gives no latency sample */
	TAYRA_OUTCOME_OVERLOAD = 2, /* the backend said "too much" (429, 503) */
	TAYRA_OUTCOME_ERROR = 3,    /* failed for another reason; counts as error, not as latency */
	TAYRA_OUTCOME_IGNORE = 4,   /* teaches nothing */
	TAYRA_OUTCOME_CANCELLED = 5, /* given up by the caller: latency is a lower bound only */
};
#define TAYRA_OUTCOMES 6
TAYRA_API const char *tayra_outcome_name(enum tayra_outcome outcome);

/*
 * Time, injected.  mono_ns never goes back and measures durations; wall_ms is Unix time in
 * milliseconds and is used for what outlives the process.  Both are called from any thread.
 */
struct tayra_clock {
	uint64_t (*mono_ns)(void *ctx);
	uint64_t (*wall_ms)(void *ctx);
	void *ctx;
};
/* CLOCK_MONOTONIC and CLOCK_REALTIME.  Static, any thread. */
TAYRA_API const struct tayra_clock *tayra_clock_real(void);

#define TAYRA_NS_PER_US 1000ull
#define TAYRA_NS_PER_MS 1000000ull
#define TAYRA_NS_PER_S  1000000000ull

/* "0.1.0".  Static text. */
TAYRA_API const char *tayra_version(void);

#ifdef __cplusplus
}
#endif
#endif
