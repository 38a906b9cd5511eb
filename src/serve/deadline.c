/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/deadline.h"

#include "serve/state.h"

#define PRESENT 8u /* so that PX, which is none of the others, is not 0 */

static bool
refuse(const struct tayra__call *call)
{
	tayra__call_error(call, "ERR invalid expire time in '%s' command", call->command->name);
	return false;
}

bool
tayra__deadline_read(const struct tayra__call *call, size_t index, uint32_t how, int64_t *out)
{
	int64_t when;

	if (!tayra__call_integer(call, index, &when))
		return false;
	if ((how & TAYRA__DEADLINE_POSITIVE) && when <= 0)
		return refuse(call);
	if ((how & TAYRA__DEADLINE_SECONDS) && __builtin_mul_overflow(when, 1000, &when))
		return refuse(call);
	if (!(how & TAYRA__DEADLINE_ABSOLUTE) &&
	    __builtin_add_overflow(when, tayra__keyspace_wall_ms(&call->server->keyspace), &when))
		return refuse(call);
	*out = when < TAYRA__NO_EXPIRY ? when : TAYRA__NO_EXPIRY - 1;
	return true;
}

uint32_t
tayra__deadline_option(const struct tayra__call *call, size_t index)
{
	const uint32_t any = PRESENT | TAYRA__DEADLINE_POSITIVE;

	if (tayra__call_is(call, index, "ex"))
		return any | TAYRA__DEADLINE_SECONDS;
	if (tayra__call_is(call, index, "px"))
		return any;
	if (tayra__call_is(call, index, "exat"))
		return any | TAYRA__DEADLINE_SECONDS | TAYRA__DEADLINE_ABSOLUTE;
	if (tayra__call_is(call, index, "pxat"))
		return any | TAYRA__DEADLINE_ABSOLUTE;
	return 0;
}
