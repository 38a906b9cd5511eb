/* SPDX-License-Identifier: Apache-2.0
 *
 * function.c: a blocking C function as an origin.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "base/option.h"
#include "load/origin.h"
#include "origin/settings.h"
#include "origin/tagging.h"
#include "origin/worker.h"

struct function {
	struct tayra_origin origin; /* first: the caller's pointer */
	tayra_fetch_fn fetch;
	void *arg;
	tayra_write_fn write;
	void *write_arg;
	struct tayra__workers *workers;
};

static void
write_one(const struct function *f, struct tayra_load *load)
{
	size_t key_len, len;
	const void *key = tayra_load_key(load, &key_len), *value = tayra__load_value(load, &len);
	int status = f->write(f->write_arg, key, key_len, value, len);

	if (status == TAYRA_OK)
		tayra__load_written(load);
	else
		tayra_load_fail(load, status < 0 ? status : TAYRA_E_ORIGIN, 0);
}

static void
work(void *arg, uint32_t worker, struct tayra_load *load)
{
	const struct function *f = arg;
	void *value = NULL;
	size_t len = 0, key_len;
	const void *key = tayra_load_key(load, &key_len);
	int status;

	if (tayra__load_writes(load)) {
		write_one(f, load);
		return;
	}
	status = f->fetch(f->arg, key, key_len, &value, &len);
	if (status == TAYRA_OK && (value || len == 0))
		tayra_load_done(load, value ? value : "", len, NULL);
	else
		tayra_load_fail(load, status < 0 ? status : TAYRA_E_ORIGIN, 0);
	free(value); /* the caller's malloc, not ours */
}

static void
load(struct tayra_origin *origin, struct tayra_load *l)
{
	tayra__workers_push(((struct function *)origin)->workers, l);
}

static void
close_function(struct tayra_origin *origin)
{
	struct function *f = (struct function *)origin;

	tayra__workers_destroy(f->workers);
	tayra__trouble_fini(&f->origin.trouble);
	tayra__mem_free(f);
}

int
tayra_origin_function(const struct tayra_origin_options *given, tayra_fetch_fn fetch, void *arg,
		      struct tayra_origin **out)
{
	const struct tayra__complaint nowhere = { NULL, 0 };
	struct tayra__origin_settings settings;
	struct tayra_origin_options o;
	struct function *f;
	int status;

	if (!out)
		return TAYRA_E_INVAL;
	*out = NULL;
	status = tayra__origin_settings(given, &settings, &nowhere);
	if (status != TAYRA_OK || !fetch)
		return TAYRA_E_INVAL;
	/* It gets keys whole and says itself what comes back. */
	tayra__option_struct(given, &o, sizeof(o));
	if ((o.pattern && !o.tags) || o.shape || o.max_rows || o.max_bytes || settings.statements)
		return TAYRA_E_INVAL;
	f = tayra__mem_alloc(sizeof(*f));
	if (!f)
		return TAYRA_E_NOMEM;
	f->origin = (struct tayra_origin){ "function", load, close_function, settings.pace };
	tayra__trouble_init(&f->origin.trouble);
	f->fetch = fetch;
	f->arg = arg;
	status = tayra__workers_create(settings.threads, work, f, &f->workers);
	if (status != TAYRA_OK) {
		tayra__trouble_fini(&f->origin.trouble);
		tayra__mem_free(f);
		return status;
	}
	return tayra__tagging_attach(&f->origin, &settings, &nowhere, out);
}

int
tayra_origin_function_write(struct tayra_origin *function, tayra_write_fn write, void *arg)
{
	struct function *f = (struct function *)function;

	if (!function || function->load != load || !write || f->write)
		return TAYRA_E_INVAL;
	f->write = write;
	f->write_arg = arg;
	f->origin.write = load;
	return TAYRA_OK;
}
