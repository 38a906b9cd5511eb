/* SPDX-License-Identifier: Apache-2.0
 *
 * patterns.c: how the keys of a handle are used, told to people.
 */
#include <stdio.h>

#include <tayra/tayra.h>

#include "base/json.h"
#include "base/mem.h"
#include "learn/hints.h"
#include "load/handle.h"
#include "load/learner.h"
#include "load/store.h"

static int
write_json(const struct tayra__hints *hints, FILE *out)
{
	struct tayra__json json;

	tayra__json_init(&json, out, TAYRA__JSON_PRETTY);
	tayra__json_object(&json, NULL);
	tayra__hints_json(hints, &json);
	tayra__json_end(&json);
	return tayra__json_finish(&json);
}

/* => TAYRA_E_UNSUPPORTED: nothing was ever told of patterns. */
static int
take(struct tayra *t, struct tayra__hints *hints)
{
	struct tayra__learner *learner = tayra__learner_of(t);
	int status = TAYRA_E_UNSUPPORTED;

	if (!learner)
		return status;
	pthread_mutex_lock(&learner->lock);
	if (learner->patterns) {
		tayra__hints_take(learner->patterns, tayra__handle_now_ns(t), hints);
		status = TAYRA_OK;
	}
	pthread_mutex_unlock(&learner->lock);
	return status;
}

int
tayra_patterns_write(struct tayra *t, enum tayra_patterns_format format, FILE *out)
{
	struct tayra__hints *hints;
	int status;

	if (!t || !out || (unsigned)format > TAYRA_PATTERNS_JSON)
		return TAYRA_E_INVAL;
	if (tayra__handle_forked(t))
		return TAYRA_E_FORKED;
	hints = tayra__mem_alloc(sizeof(*hints));
	if (!hints)
		return TAYRA_E_NOMEM;
	status = take(t, hints);
	if (status == TAYRA_OK && format == TAYRA_PATTERNS_JSON)
		status = write_json(hints, out);
	else if (status == TAYRA_OK)
		tayra__hints_text(hints, out);
	if (status == TAYRA_OK && ferror(out))
		status = TAYRA_E_IO;
	tayra__mem_free(hints);
	return status;
}

int
tayra_patterns_each(struct tayra *t, tayra_hint_fn fn, void *arg)
{
	struct tayra__hints *hints;
	int status;

	if (!t || !fn)
		return TAYRA_E_INVAL;
	if (tayra__handle_forked(t))
		return TAYRA_E_FORKED;
	hints = tayra__mem_alloc(sizeof(*hints));
	if (!hints)
		return TAYRA_E_NOMEM;
	status = take(t, hints);
	for (unsigned i = 0; status == TAYRA_OK && i < hints->hint_count; i++) {
		const struct tayra__hint *hint = &hints->hints[i];

		fn(arg, &(struct tayra_hint){
				.size = sizeof(struct tayra_hint),
				.kind = tayra__hint_kind_name(hint->kind),
				.subject = hint->subject[0] ? hint->subject : NULL,
				.sentence = hint->sentence,
				.requests_per_s = hint->saving.requests_per_s,
				.loads_per_s = hint->saving.loads_per_s,
				.origin_ms_per_s = hint->saving.origin_ms_per_s,
				.stale_per_s = hint->saving.stale_per_s,
				.bytes = hint->saving.bytes,
			});
	}
	tayra__mem_free(hints);
	return status;
}

unsigned
tayra__store_hints(struct tayra *t)
{
	struct tayra__hints *hints = tayra__mem_alloc(sizeof(*hints));
	unsigned count = 0;

	if (hints && take(t, hints) == TAYRA_OK)
		count = hints->hint_count;
	tayra__mem_free(hints);
	return count;
}
