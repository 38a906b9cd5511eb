/* SPDX-License-Identifier: Apache-2.0 */
#include "pace/knobs.h"

#include "base/option.h"
#include "pace/decide.h"
#include "pace/options.h"
#include "pace/pace.h"

#include <stdio.h>
#include <string.h>

const char *const tayra__pace_modes[] = { "enforce", "monitor", "off", NULL };
const char *const tayra__pace_limiters[] = { "aimd", "fixed",      "vegas",   "gradient2",
					     "bdp",  "elasticity", "latency", NULL };

#define AT(member) offsetof(struct tayra_pace_options, member)

const struct tayra__knob tayra__pace_knobs[] = {
	{ "mode", TAYRA__KNOB_CHOICE, AT(mode), "enforce|monitor|off", 0, 0, tayra__pace_modes, 0,
	  "enforce", "monitor lets all in and counts; off learns nothing either" },
	{ "limiter", TAYRA__KNOB_CHOICE, AT(limiter), "NAME", 0, 0, tayra__pace_limiters, 0,
	  "elasticity", "how the limit learns" },
	{ "limit", TAYRA__KNOB_NUMBER, AT(limit), "N", 1, TAYRA__PACE_LIMIT_KNOB_MAX, NULL, 0,
	  "2; aimd, fixed 8", "requests at a time, to begin with" },
	{ "limit_min", TAYRA__KNOB_NUMBER, AT(limit_min), "N", 1, TAYRA__PACE_LIMIT_KNOB_MAX, NULL,
	  0, "1", "the limit never falls below" },
	{ "limit_max", TAYRA__KNOB_NUMBER, AT(limit_max), "N", 1, TAYRA__PACE_LIMIT_KNOB_MAX, NULL,
	  0, "1024", "the limit never rises above" },
	TAYRA__PACE_RULE_KNOBS(AT),
	{ "barge", TAYRA__KNOB_NANOSECONDS, AT(barge_ns), "DURATION|off", 0, 0, NULL, 0, "off",
	  "how long a thread that is next may be passed by others while it wakes up", "off", 0 },
	{ "hedge_after", TAYRA__KNOB_NANOSECONDS, AT(hedge_after_ns), "DURATION|auto", 0, 0, NULL,
	  0, "auto: the 95th percentile of the class",
	  "a request that takes longer may be asked a second time", "auto", 0 },
	{ 0 },
};
#undef AT

const char *
tayra_pace_knob(size_t n)
{
	const size_t count = sizeof(tayra__pace_knobs) / sizeof(tayra__pace_knobs[0]) - 1;

	return n < count ? tayra__pace_knobs[n].name : NULL;
}

static const struct tayra__knob *
find(const char *name, char *why, size_t why_len)
{
	const struct tayra__knob *knob = tayra__knob_find(tayra__pace_knobs, name);
	const char *near = knob ? NULL : tayra__knob_nearest(tayra__pace_knobs, name);

	if (near)
		snprintf(why, why_len, "there is no knob '%.64s'; did you mean '%s'?", name, near);
	else if (!knob)
		snprintf(why, why_len, "there is no knob '%.64s'", name);
	return knob;
}

/* What each row allows may still not go together. */
static int
refuse_pair(const struct tayra_pace_options *o, char *why, size_t why_len)
{
	if (o->limit_min > o->limit_max)
		snprintf(why, why_len, "limit_min %g is over limit_max %g", o->limit_min,
			 o->limit_max);
	else
		snprintf(why, why_len, "limit %g is not from limit_min %g to limit_max %g",
			 o->limit, o->limit_min, o->limit_max);
	return TAYRA_E_INVAL;
}

/* What somebody wants to set. */
struct wish {
	const struct tayra__knob *knob;
	struct tayra_pace_options value; /* in the knob's member */
	struct tayra_pace_options given, filled;
};

static int
read_wish(const char *name, const char *text, struct wish *out, char *why, size_t why_len)
{
	char part[440];

	*out = (struct wish){ .value = TAYRA_PACE_OPTIONS_INIT };
	out->knob = find(name, why, why_len);
	if (!out->knob)
		return TAYRA_E_NOT_FOUND;
	if (tayra__knob_set(out->knob, &out->value, text, NULL, NULL, part, sizeof(part)) ==
	    TAYRA_OK)
		return TAYRA_OK;
	snprintf(why, why_len, "%s %s", name, part);
	return TAYRA_E_INVAL;
}

static bool
is_limit(const struct wish *wish)
{
	return wish->knob->offset == offsetof(struct tayra_pace_options, limit);
}

/* Under the lock: does it go with the rest?  What is not asked for, follows. */
static int
weigh(struct tayra_pace *pace, struct wish *wish, char *why, size_t why_len)
{
	wish->given = pace->given;
	wish->given.mode = tayra__word_mode(tayra__pace_word(pace));
	wish->given.limit = pace->limit.now;
	tayra__knob_copy(wish->knob, &wish->given, &wish->value);
	if (!is_limit(wish))
		tayra__options_keep_within(&wish->given);
	if (tayra__options_read(&wish->given, &wish->filled) == TAYRA_OK)
		return TAYRA_OK;
	return refuse_pair(&wish->filled, why, why_len);
}

/* Under the lock. */
static void
grant(struct tayra_pace *pace, const struct wish *wish, uint64_t now_ns,
      struct tayra__list *decided)
{
	const double before = pace->limit.now;

	pace->given = wish->given;
	if (is_limit(wish)) {
		tayra__pace_lift_ceiling(pace);
		tayra__limit_set(&pace->limit, wish->filled.limit);
	}
	tayra__pace_apply(pace, &wish->filled, before, now_ns, decided);
}

int
tayra__pace_check(struct tayra_pace *pace, const char *name, const char *text, char *why,
		  size_t why_len)
{
	struct wish wish;
	int status = read_wish(name, text, &wish, why, why_len);

	if (status != TAYRA_OK)
		return status;
	pthread_mutex_lock(&pace->lock);
	status = weigh(pace, &wish, why, why_len);
	pthread_mutex_unlock(&pace->lock);
	return status;
}

int
tayra_pace_set(struct tayra_pace *pace, const char *name, const char *text, uint64_t now_ns,
	       char *why, size_t why_len)
{
	struct wish wish;
	struct tayra__list decided;
	char nowhere[1];
	int status;

	if (!why || why_len == 0) {
		why = nowhere;
		why_len = sizeof(nowhere);
	}
	why[0] = '\0';
	status = read_wish(name, text, &wish, why, why_len);
	if (status != TAYRA_OK)
		return status;
	tayra__list_init(&decided);
	pthread_mutex_lock(&pace->lock);
	status = weigh(pace, &wish, why, why_len);
	if (status == TAYRA_OK)
		grant(pace, &wish, now_ns, &decided);
	pthread_mutex_unlock(&pace->lock);
	tayra__decide_tell(&decided);
	return status;
}

int
tayra_pace_get(struct tayra_pace *pace, const char *name, char *out, size_t len)
{
	const struct tayra__knob *knob = tayra__knob_find(tayra__pace_knobs, name);
	struct tayra_pace_options now;

	if (!knob)
		return TAYRA_E_NOT_FOUND;
	pthread_mutex_lock(&pace->lock);
	now = pace->options;
	now.mode = tayra__word_mode(tayra__pace_word(pace));
	now.limit = pace->limit.now;
	pthread_mutex_unlock(&pace->lock);
	if (now.queue_max == 0)
		now.queue_max = TAYRA_QUEUE_NONE;
	return tayra__knob_show(knob, &now, out, len) < len ? TAYRA_OK : TAYRA_E_TOO_LARGE;
}
