/* SPDX-License-Identifier: Apache-2.0
 *
 * registry.lock guards the lists and the scratch space.  It is taken before a family's lock is,
 * never after.
 */
#include "watch/registry.h"

#include <tayra/base.h>

#include <math.h>
#include <pthread.h>
#include <string.h>

#include "base/hist.h"
#include "base/list.h"
#include "base/mem.h"
#include "watch/family.h"

#define SNAPSHOT_MAX (64u << 10)

/* One thing a table reads. */
struct instance {
	struct tayra__list node;
	void *ctx;
	void *snapshot;
	char name[TAYRA__WATCH_LABEL_MAX + 1];
};

/* A table with its instances, or a family. */
struct entry {
	struct tayra__list node;
	const struct tayra__watch_table *table;
	struct tayra__list instances;
	uint32_t instance_count;
	struct tayra__family *family;
};

struct tayra__registry {
	pthread_mutex_t lock;
	struct tayra__list entries;
	struct tayra__family *others;
	struct tayra__hist scratch;
};

static const struct tayra__watch_row others_row = {
	.name = "tayra_watch_other",
	.sentence = "Label values that went to the series of others: more than the metric may "
		    "have, or too long",
	.type = TAYRA__WATCH_COUNTER,
	.labels = { "metric" },
};

static void
entry_destroy(struct entry *entry)
{
	struct tayra__list *node;

	while ((node = tayra__list_pop_front(&entry->instances))) {
		struct instance *instance = TAYRA__LIST_ENTRY(node, struct instance, node);

		tayra__mem_free(instance->snapshot);
		tayra__mem_free(instance);
	}
	tayra__family_destroy(entry->family);
	tayra__mem_free(entry);
}

static struct entry *
entry_create(const struct tayra__watch_table *table)
{
	struct entry *entry = tayra__mem_alloc(sizeof(*entry));

	if (!entry)
		return NULL;
	entry->table = table;
	tayra__list_init(&entry->node);
	tayra__list_init(&entry->instances);
	return entry;
}

int
tayra__registry_create(struct tayra__registry **out)
{
	struct tayra__registry *registry = tayra__mem_alloc(sizeof(*registry));
	int status;

	*out = NULL;
	if (!registry)
		return TAYRA_E_NOMEM;
	pthread_mutex_init(&registry->lock, NULL);
	tayra__list_init(&registry->entries);
	status = tayra__registry_add_family(registry, &others_row, 0, &registry->others);
	if (status < 0) {
		tayra__registry_destroy(registry);
		return status;
	}
	*out = registry;
	return TAYRA_OK;
}

void
tayra__registry_destroy(struct tayra__registry *registry)
{
	struct tayra__list *node;

	if (!registry)
		return;
	while ((node = tayra__list_pop_front(&registry->entries)))
		entry_destroy(TAYRA__LIST_ENTRY(node, struct entry, node));
	pthread_mutex_destroy(&registry->lock);
	tayra__mem_free(registry);
}

static const struct tayra__watch_row *
find_in(const struct entry *entry, const char *name)
{
	if (entry->family) {
		const struct tayra__watch_row *row = tayra__family_row(entry->family);

		return strcmp(row->name, name) == 0 ? row : NULL;
	}
	for (size_t i = 0; i < entry->table->row_count; i++)
		if (strcmp(entry->table->rows[i].name, name) == 0)
			return &entry->table->rows[i];
	return NULL;
}

static const struct tayra__watch_row *
find(const struct tayra__registry *registry, const char *name)
{
	const struct tayra__list *node = registry->entries.next;
	const struct tayra__watch_row *row = NULL;

	for (; node != &registry->entries && !row; node = node->next)
		row = find_in(TAYRA__LIST_ENTRY(node, const struct entry, node), name);
	return row;
}

const struct tayra__watch_row *
tayra__registry_find(struct tayra__registry *registry, const char *name)
{
	const struct tayra__watch_row *row;

	pthread_mutex_lock(&registry->lock);
	row = find(registry, name);
	pthread_mutex_unlock(&registry->lock);
	return row;
}

static bool
label_is_taken(const struct tayra__watch_row *row, const char *label)
{
	for (size_t i = 0; i < 2; i++)
		if (row->dims[i].label && strcmp(row->dims[i].label, label) == 0)
			return true;
	return strcmp(label, "le") == 0;
}

static size_t
field_bytes(enum tayra__watch_field field)
{
	return field == TAYRA__WATCH_U32 ? sizeof(uint32_t) : sizeof(uint64_t);
}

/* The whole array of the row lies in the snapshot. */
static bool
fits(const struct tayra__watch_row *row, size_t snapshot_bytes)
{
	uint64_t end = row->offset + field_bytes(row->field);

	for (size_t i = 0; i < 2 && row->dims[i].label; i++)
		end += (uint64_t)(row->dims[i].count - 1) * row->dims[i].stride;
	return row->offset <= SNAPSHOT_MAX && end <= snapshot_bytes;
}

/* Under the lock. */
static int
check_table(const struct tayra__registry *registry, const struct tayra__watch_table *table)
{
	const char *label = table->instance_label;

	if (table->row_count == 0 || table->snapshot_bytes > SNAPSHOT_MAX || !table->read ||
	    (label && !tayra__watch_name_ok(label)))
		return TAYRA_E_INVAL;
	for (size_t i = 0; i < table->row_count; i++) {
		const struct tayra__watch_row *row = &table->rows[i];

		if (tayra__watch_row_check(row) < 0 || row->field == TAYRA__WATCH_NO_FIELD ||
		    (label && label_is_taken(row, label)) || !fits(row, table->snapshot_bytes) ||
		    find(registry, row->name))
			return TAYRA_E_INVAL;
		for (size_t j = 0; j < i; j++)
			if (strcmp(table->rows[j].name, row->name) == 0)
				return TAYRA_E_INVAL;
	}
	return TAYRA_OK;
}

static struct entry *
entry_of(const struct tayra__registry *registry, const struct tayra__watch_table *table)
{
	struct tayra__list *node = registry->entries.next;

	for (; node != &registry->entries; node = node->next) {
		struct entry *entry = TAYRA__LIST_ENTRY(node, struct entry, node);

		if (entry->table == table)
			return entry;
	}
	return NULL;
}

static bool
has_instance(const struct entry *entry, const char *name)
{
	struct tayra__list *node = entry->instances.next;

	for (; node != &entry->instances; node = node->next)
		if (strcmp(TAYRA__LIST_ENTRY(node, struct instance, node)->name, name) == 0)
			return true;
	return false;
}

static int
add_instance(struct entry *entry, const char *name, void *ctx)
{
	struct instance *instance;

	if (entry->instance_count == TAYRA__REGISTRY_INSTANCES)
		return TAYRA_E_FULL;
	instance = tayra__mem_alloc(sizeof(*instance));
	if (!instance)
		return TAYRA_E_NOMEM;
	instance->snapshot = tayra__mem_alloc(entry->table->snapshot_bytes);
	if (!instance->snapshot) {
		tayra__mem_free(instance);
		return TAYRA_E_NOMEM;
	}
	instance->ctx = ctx;
	memcpy(instance->name, name, strlen(name) + 1);
	tayra__list_push_back(&entry->instances, &instance->node);
	entry->instance_count++;
	return TAYRA_OK;
}

/* Under the lock. */
static int
add_table(struct tayra__registry *registry, const struct tayra__watch_table *table,
	  const char *name, void *ctx)
{
	struct entry *entry = entry_of(registry, table);
	int status;

	if (entry)
		return !table->instance_label || has_instance(entry, name)
			       ? TAYRA_E_INVAL
			       : add_instance(entry, name, ctx);
	status = check_table(registry, table);
	if (status < 0)
		return status;
	entry = entry_create(table);
	if (!entry)
		return TAYRA_E_NOMEM;
	status = add_instance(entry, name, ctx);
	if (status < 0) {
		entry_destroy(entry);
		return status;
	}
	tayra__list_push_back(&registry->entries, &entry->node);
	return TAYRA_OK;
}

int
tayra__registry_add_table(struct tayra__registry *registry, const struct tayra__watch_table *table,
			  const char *instance, void *ctx)
{
	char name[TAYRA__WATCH_LABEL_MAX + 1] = "";
	int status;

	if ((instance != NULL) != (table->instance_label != NULL) ||
	    (instance && !tayra__watch_label_clean(instance, name)))
		return TAYRA_E_INVAL;
	pthread_mutex_lock(&registry->lock);
	status = add_table(registry, table, name, ctx);
	pthread_mutex_unlock(&registry->lock);
	return status;
}

/* Under the lock. */
static int
add_family(struct tayra__registry *registry, const struct tayra__watch_row *row,
	   uint32_t series_max, struct tayra__family **out)
{
	struct tayra__series *others = NULL;
	struct entry *entry;
	int status;

	if (tayra__watch_row_check(row) < 0 || row->field != TAYRA__WATCH_NO_FIELD ||
	    find(registry, row->name))
		return TAYRA_E_INVAL;
	entry = entry_create(NULL);
	if (!entry)
		return TAYRA_E_NOMEM;
	if (registry->others && row->labels[0])
		others = tayra__family_series(registry->others, &row->name);
	status = tayra__family_create(row, series_max, others, &entry->family);
	if (status < 0) {
		entry_destroy(entry);
		return status;
	}
	tayra__list_push_back(&registry->entries, &entry->node);
	*out = entry->family;
	return TAYRA_OK;
}

int
tayra__registry_add_family(struct tayra__registry *registry, const struct tayra__watch_row *row,
			   uint32_t series_max, struct tayra__family **out)
{
	int status;

	*out = NULL;
	pthread_mutex_lock(&registry->lock);
	status = add_family(registry, row, series_max, out);
	pthread_mutex_unlock(&registry->lock);
	return status;
}

/* What lies in a snapshot at `at`, into the sample.  => false: it is not known. */
static bool
take(const struct tayra__watch_row *row, const char *at, struct tayra__watch_sample *sample)
{
	uint64_t u64 = 0;
	uint32_t u32 = 0;
	double kept = 0;

	switch (row->field) {
	case TAYRA__WATCH_HIST:
		memcpy(&sample->hist, at, sizeof(sample->hist));
		return sample->hist != NULL;
	case TAYRA__WATCH_U64:
		memcpy(&u64, at, sizeof(u64));
		kept = (double)u64;
		break;
	case TAYRA__WATCH_U32:
		memcpy(&u32, at, sizeof(u32));
		kept = u32;
		break;
	case TAYRA__WATCH_DOUBLE: memcpy(&kept, at, sizeof(kept)); break;
	case TAYRA__WATCH_NO_FIELD:
	default: return false;
	}
	sample->value = tayra__watch_scaled(row, kept);
	return !isnan(sample->value);
}

/* Every element of the row's array, through its dimensions from `depth` on. */
static void
visit_row(const struct tayra__watch_row *row, unsigned depth, const char *at,
	  struct tayra__watch_sample *sample, const struct tayra__watch_visitor *visitor)
{
	const struct tayra__watch_dim *dim = &row->dims[depth < 2 ? depth : 0];

	if (depth == 2 || !dim->label) {
		if (take(row, at, sample))
			visitor->sample(visitor->arg, sample);
		return;
	}
	for (uint32_t i = 0; i < dim->count; i++) {
		sample->labels[sample->label_count++] = (struct tayra__watch_label){
			dim->label, dim->values[i]
		};
		visit_row(row, depth + 1, at + (size_t)i * dim->stride, sample, visitor);
		sample->label_count--;
	}
}

static void
visit_instances(const struct entry *entry, const struct tayra__watch_row *row,
		const struct tayra__watch_visitor *visitor)
{
	struct tayra__list *node = entry->instances.next;

	if (visitor->family)
		visitor->family(visitor->arg, row);
	for (; !row->absent && node != &entry->instances; node = node->next) {
		const struct instance *instance = TAYRA__LIST_ENTRY(node, struct instance, node);
		struct tayra__watch_sample sample = { .row = row };

		if (entry->table->instance_label)
			sample.labels[sample.label_count++] = (struct tayra__watch_label){
				entry->table->instance_label, instance->name
			};
		visit_row(row, 0, (const char *)instance->snapshot + row->offset, &sample, visitor);
	}
}

static void
visit_table(struct entry *entry, const struct tayra__watch_visitor *visitor)
{
	struct tayra__list *node = entry->instances.next;

	for (; node != &entry->instances; node = node->next) {
		struct instance *instance = TAYRA__LIST_ENTRY(node, struct instance, node);

		memset(instance->snapshot, 0, entry->table->snapshot_bytes);
		entry->table->read(instance->ctx, instance->snapshot);
	}
	for (size_t i = 0; i < entry->table->row_count; i++)
		visit_instances(entry, &entry->table->rows[i], visitor);
}

static void
visit_entry(struct tayra__registry *registry, struct entry *entry,
	    const struct tayra__watch_visitor *visitor)
{
	if (entry->family)
		tayra__family_visit(entry->family, visitor, &registry->scratch);
	else
		visit_table(entry, visitor);
}

/* Our own family, which came first, is of least interest and comes last. */
void
tayra__registry_visit(struct tayra__registry *registry, const struct tayra__watch_visitor *visitor)
{
	struct tayra__list *own, *node;

	pthread_mutex_lock(&registry->lock);
	own = registry->entries.next;
	for (node = own->next; node != &registry->entries; node = node->next)
		visit_entry(registry, TAYRA__LIST_ENTRY(node, struct entry, node), visitor);
	visit_entry(registry, TAYRA__LIST_ENTRY(own, struct entry, node), visitor);
	pthread_mutex_unlock(&registry->lock);
}
