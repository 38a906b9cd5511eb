/* SPDX-License-Identifier: Apache-2.0
 *
 * no_sqlite.c: in place of catalogue.c and database.c in a build without that feature.  No
 * catalogue can be made, so nothing else here is ever called but for taking back what is not there.
 */
#include <stdio.h>
#include <string.h>

#include <tayra/base.h>

#include "showcase/catalogue.h"
#include "showcase/database.h"

static int
refuse(char *error, size_t error_len)
{
	if (error && error_len > 0)
		snprintf(error, error_len, "this build was made without SQLite");
	return TAYRA_E_UNSUPPORTED;
}

int
tayra__catalogue_create(struct tayra__catalogue *catalogue, const char *data_path,
			const _Atomic bool *stop, char *error, size_t error_len)
{
	memset(catalogue, 0, sizeof(*catalogue));
	return refuse(error, error_len);
}

void
tayra__catalogue_fini(struct tayra__catalogue *catalogue)
{
}

int
tayra__catalogue_copy(struct tayra__catalogue *catalogue, const char *name, char *path,
		      size_t path_len, char *error, size_t error_len)
{
	return refuse(error, error_len);
}

uint32_t
tayra__catalogue_popular(const struct tayra__catalogue *catalogue, uint32_t most, uint32_t *users)
{
	*users = 0;
	return 0;
}

int
tayra__database_open(const char *path, struct tayra__database **out, char *error, size_t error_len)
{
	*out = NULL;
	return refuse(error, error_len);
}

void
tayra__database_close(struct tayra__database *db)
{
}

void
tayra__database_set_timeout(struct tayra__database *db, uint64_t timeout_ns)
{
}

void
tayra__database_set_bound(struct tayra__database *db, uint32_t users)
{
}

void
tayra__database_set_fault(struct tayra__database *db, enum tayra__database_fault fault)
{
}

void
tayra__database_counts(struct tayra__database *db, struct tayra__database_counts *out)
{
	*out = (struct tayra__database_counts){ 0 };
}

int
tayra__database_fetch(void *arg, const void *key, size_t key_len, void **value, size_t *len)
{
	return TAYRA_E_UNSUPPORTED;
}

int
tayra__database_update(struct tayra__database *db, uint32_t package, uint64_t now_ms,
		       uint32_t *revision)
{
	return TAYRA_E_UNSUPPORTED;
}

int
tayra__database_read_then_write(struct tayra__database *db, uint32_t package, uint64_t now_ms,
				uint32_t *revision)
{
	return TAYRA_E_UNSUPPORTED;
}
