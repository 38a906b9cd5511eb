/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/contender.h"

#include "base/option.h"

#include <stdio.h>
#include <string.h>

#define LIMIT_MAX 1024 /* the default of pace too */

/* The limiters' names in the order of the enum, then "none", ended by NULL.  Returns how many
 * limiters. */
static size_t
names_of(const char *names[TAYRA__CONTENDERS + 2])
{
	size_t n = 0;

	while (n < TAYRA__CONTENDERS && (names[n] = tayra_limiter_name((enum tayra_limiter)n)))
		n++;
	names[n] = "none";
	names[n + 1] = NULL;
	return n;
}

static int
unknown(const char *name, const char *const *names, char *why, size_t why_len)
{
	const char *near = tayra__option_nearest(name, names);
	char list[256] = "";

	for (size_t i = 0; names[i]; i++) {
		size_t used = strlen(list);

		snprintf(list + used, sizeof(list) - used, "%s%s", i ? " " : "", names[i]);
	}
	if (near)
		snprintf(why, why_len, "does not exist (did you mean '%s'?); there are: %s", near,
			 list);
	else
		snprintf(why, why_len, "does not exist; there are: %s", list);
	return TAYRA_E_INVAL;
}

int
tayra__contender_read(const char *text, struct tayra__contender *out, char *why, size_t why_len)
{
	const size_t len = strcspn(text, ":");
	const char *names[TAYRA__CONTENDERS + 2];
	char name[sizeof(out->text)];
	size_t i = 0, limiters;

	*out = (struct tayra__contender){ 0 };
	snprintf(out->text, sizeof(out->text), "%s", text);
	snprintf(name, sizeof(name), "%.*s", (int)(len < sizeof(name) ? len : sizeof(name)), text);
	limiters = names_of(names);
	while (names[i] && strcmp(names[i], name) != 0)
		i++;
	if (!names[i])
		return unknown(name, names, why, why_len);
	out->none = i == limiters;
	out->limiter = out->none ? TAYRA_LIMITER_FIXED : (enum tayra_limiter)i;
	if (text[len] == '\0' && (out->none || out->limiter != TAYRA_LIMITER_FIXED))
		return TAYRA_OK;
	if (text[len] && !out->none &&
	    tayra__option_double(text + len + 1, 1, LIMIT_MAX, &out->limit) == TAYRA_OK)
		return TAYRA_OK;
	if (out->none)
		snprintf(why, why_len, "has no limit to begin with");
	else
		snprintf(why, why_len, "has no limit: %s:N, N from 1 to %d", name, LIMIT_MAX);
	return TAYRA_E_INVAL;
}

int
tayra__contender_check(const struct tayra__contender *contender,
		       const struct tayra_pace_options *pace, char *why, size_t why_len)
{
	const double min = pace->limit_min > 0 ? pace->limit_min : 1;
	const double max = pace->limit_max > 0 ? pace->limit_max : LIMIT_MAX;

	if (contender->limiter == TAYRA_LIMITER_FIXED || contender->limit <= 0 ||
	    (contender->limit >= min && contender->limit <= max))
		return TAYRA_OK;
	snprintf(why, why_len, "does not begin from limit_min %g to limit_max %g", min, max);
	return TAYRA_E_INVAL;
}

size_t
tayra__contender_all(struct tayra__contender out[TAYRA__CONTENDERS])
{
	const char *names[TAYRA__CONTENDERS + 2];
	const size_t first = ((struct tayra_pace_options)TAYRA_PACE_OPTIONS_INIT).limiter;
	char why[64];
	size_t n = 0, limiters = names_of(names);

	tayra__contender_read(names[first], &out[n++], why, sizeof(why));
	for (size_t i = 0; i < limiters; i++)
		if (i != TAYRA_LIMITER_FIXED && i != first &&
		    tayra__contender_read(names[i], &out[n], why, sizeof(why)) == TAYRA_OK)
			n++;
	return n;
}
