/* SPDX-License-Identifier: Apache-2.0
 *
 * popular.c: a table of keys with what they weigh; their bytes lie in blocks behind each other.
 */
#include "sim/popular.h"

#include <tayra/base.h>

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "sim/format.h"
#include "sim/input.h"

#define BLOCK_BYTES (256u << 10)
#define FIRST_SLOTS 1024u
#define KEYS_MAX    (1u << 30)
#define LOOK_BYTES  1024u

const char *const tayra__popular_format_names[] = { "auto", "list", "csv", "twitter", NULL };

struct block {
	struct block *next;
	size_t used;
	char bytes[BLOCK_BYTES]; /* holds the longest line */
};

struct table {
	struct tayra__popular popular; /* first: the caller's pointer */
	struct block *blocks;
	uint32_t *slots; /* index + 1 of a key; 0: free.  At most half of them are used */
	uint32_t slot_count, room;
	uint64_t seed;
};

static uint32_t *
find_slot(const struct table *t, const char *bytes, size_t len)
{
	uint32_t mask = t->slot_count - 1;
	uint32_t at = (uint32_t)tayra__hash_bytes(bytes, len, t->seed) & mask;

	for (; t->slots[at]; at = (at + 1) & mask) {
		const struct tayra__popular_key *key = &t->popular.keys[t->slots[at] - 1];

		if (key->len == len && memcmp(key->bytes, bytes, len) == 0)
			break;
	}
	return &t->slots[at];
}

/* Twice the slots, and room for half as many keys. */
static int
grow(struct table *t)
{
	uint32_t slots = t->slot_count ? t->slot_count * 2 : FIRST_SLOTS;
	struct tayra__popular_key *keys;

	if (slots / 2 > KEYS_MAX)
		return TAYRA_E_NOMEM;
	keys = tayra__mem_resize(t->popular.keys, (size_t)slots / 2 * sizeof(*keys));
	if (!keys)
		return TAYRA_E_NOMEM;
	t->popular.keys = keys;
	t->room = slots / 2;
	tayra__mem_free(t->slots);
	t->slot_count = 0;
	t->slots = tayra__mem_array(slots, sizeof(*t->slots));
	if (!t->slots)
		return TAYRA_E_NOMEM;
	t->slot_count = slots;
	for (uint32_t i = 0; i < t->popular.count; i++)
		*find_slot(t, keys[i].bytes, keys[i].len) = i + 1;
	return TAYRA_OK;
}

static char *
copy(struct table *t, const char *bytes, size_t len)
{
	struct block *b = t->blocks;
	char *at;

	if (!b || BLOCK_BYTES - b->used < len) {
		b = tayra__mem_alloc(sizeof(*b));
		if (!b)
			return NULL;
		b->next = t->blocks;
		t->blocks = b;
	}
	at = b->bytes + b->used;
	memcpy(at, bytes, len);
	b->used += len;
	return at;
}

static int
add(struct table *t, const char *bytes, size_t len, double weight)
{
	struct tayra__popular_key *key;
	uint32_t *slot;
	char *kept;

	if (t->popular.count == t->room && grow(t) != TAYRA_OK)
		return TAYRA_E_NOMEM;
	slot = find_slot(t, bytes, len);
	if (*slot) {
		t->popular.keys[*slot - 1].weight += weight;
		return TAYRA_OK;
	}
	kept = copy(t, bytes, len);
	if (!kept)
		return TAYRA_E_NOMEM;
	key = &t->popular.keys[t->popular.count];
	*key = (struct tayra__popular_key){ kept, len, weight };
	*slot = (uint32_t)++t->popular.count;
	return TAYRA_OK;
}

static int
no_memory(const struct tayra__trace *trace, struct tayra__trace_error *error)
{
	return tayra__trace_fail(trace, error, TAYRA_E_NOMEM, "%s",
				 tayra_status_text(TAYRA_E_NOMEM));
}

static int
take_line(struct table *t, const struct tayra__trace *list, struct tayra__field line,
	  struct tayra__trace_error *error)
{
	const char *tab = line.len ? memrchr(line.text, '\t', line.len) : NULL;
	double weight = 1;

	if (tab) {
		struct tayra__field number = { tab + 1, (size_t)(line.text + line.len - tab) - 1 };

		if (tayra__field_decimal(number, &weight) != TAYRA_OK)
			return tayra__trace_fail(list, error, TAYRA_E_CORRUPT,
						 "priority %s is not a number of at least 0",
						 tayra__field_quote(number).text);
		line.len = (size_t)(tab - line.text);
		if (line.len == 0)
			return tayra__trace_fail(list, error, TAYRA_E_CORRUPT,
						 "a priority without a key");
	}
	if (line.len == 0)
		return TAYRA_OK;
	return add(t, line.text, line.len, weight) == TAYRA_OK ? TAYRA_OK : no_memory(list, error);
}

/* => TAYRA_E_NOT_FOUND at the end. */
static int
read_list(struct table *t, struct tayra__input *input, const char *name,
	  struct tayra__trace_error *error)
{
	struct tayra__trace list = { .input = input, .name = name };
	struct tayra__field line;
	int status;

	while ((status = tayra__trace_line(&list, &line, error)) == TAYRA_OK &&
	       (status = take_line(t, &list, line, error)) == TAYRA_OK)
		continue;
	return status;
}

/* Takes the input over. */
static int
read_trace(struct table *t, struct tayra__input *input, const char *name,
	   enum tayra__trace_format format, struct tayra__trace_error *error)
{
	struct tayra__trace_request row;
	struct tayra__trace *trace;
	int status = tayra__trace_begin(input, name, format, &trace, error);

	if (status != TAYRA_OK)
		return status;
	while ((status = tayra__trace_next(trace, &row, error)) == TAYRA_OK) {
		if (row.op != TAYRA__TRACE_GET || row.key_len == 0)
			continue;
		if (add(t, row.key_text, row.key_len, 1) != TAYRA_OK) {
			status = no_memory(trace, error);
			break;
		}
	}
	tayra__trace_close(trace);
	return status;
}

/* Has it the header of a trace? */
static bool
looks_like_csv(const unsigned char *bytes, size_t len)
{
	const unsigned char *newline = memchr(bytes, '\n', len);
	struct tayra__field fields[TAYRA__CSV_COLUMNS_MAX];
	struct tayra__field line = { (const char *)bytes,
				     newline ? (size_t)(newline - bytes) : len };
	size_t count = tayra__field_split(line, fields, TAYRA__CSV_COLUMNS_MAX), found = 0;

	for (size_t i = 0; i < count && i < TAYRA__CSV_COLUMNS_MAX; i++)
		found += (fields[i].len == 6 && memcmp(fields[i].text, "time_s", 6) == 0) ||
			 (fields[i].len == 3 && memcmp(fields[i].text, "key", 3) == 0);
	return found >= 2;
}

static int
detect(struct tayra__input *input, const struct tayra__trace *nameless,
       enum tayra__popular_format *format, struct tayra__trace_error *error)
{
	const unsigned char *bytes;
	size_t len;
	int status = tayra__input_peek(input, LOOK_BYTES, &bytes, &len);

	if (status != TAYRA_OK)
		return tayra__trace_fail_input(nameless, error, status);
	if (*format != TAYRA__POPULAR_AUTO)
		return TAYRA_OK;
	*format = tayra__twitter_look(bytes, len) ? TAYRA__POPULAR_TWITTER
		  : looks_like_csv(bytes, len)    ? TAYRA__POPULAR_CSV
						  : TAYRA__POPULAR_LIST;
	if (*format != TAYRA__POPULAR_LIST || !memchr(bytes, '\0', len))
		return TAYRA_OK;
	return tayra__trace_fail(nameless, error, TAYRA_E_CORRUPT,
				 tayra__oraclegeneral_look(bytes, len)
					 ? "a trace of hashes: it does not say what the keys were"
					 : "binary data where a list of keys should be");
}

static int
by_weight(const void *a, const void *b, void *keys)
{
	const uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
	const struct tayra__popular_key *k = keys;

	if (k[i].weight != k[j].weight)
		return k[i].weight > k[j].weight ? -1 : 1;
	return (i > j) - (i < j);
}

/* The slots are no longer needed, and hold the order. */
static int
sort(struct table *t, size_t keep)
{
	struct tayra__popular *p = &t->popular;
	struct tayra__popular_key *sorted;
	size_t count = keep && keep < p->count ? keep : p->count;

	sorted = tayra__mem_array(count, sizeof(*sorted));
	if (!sorted)
		return TAYRA_E_NOMEM;
	for (uint32_t i = 0; i < p->count; i++)
		t->slots[i] = i;
	qsort_r(t->slots, p->count, sizeof(t->slots[0]), by_weight, p->keys);
	for (size_t i = 0; i < count; i++)
		sorted[i] = p->keys[t->slots[i]];
	tayra__mem_free(p->keys);
	tayra__mem_free(t->slots);
	t->slots = NULL;
	p->keys = sorted;
	p->distinct = p->count;
	p->count = count;
	return TAYRA_OK;
}

/* Takes the input over. */
static int
read_input(struct tayra__input *input, const char *name, enum tayra__popular_format format,
	   size_t keep, struct tayra__popular **out, struct tayra__trace_error *error)
{
	const struct tayra__trace nameless = { .name = name };
	struct table *t = tayra__mem_alloc(sizeof(*t));
	int status;

	if (!t) {
		tayra__input_close(input);
		return no_memory(&nameless, error);
	}
	t->seed = tayra__hash_random_seed();
	status = detect(input, &nameless, &format, error);
	if (status != TAYRA_OK || format == TAYRA__POPULAR_LIST) {
		if (status == TAYRA_OK)
			status = read_list(t, input, name, error);
		tayra__input_close(input);
	} else {
		status = read_trace(t, input, name,
				    format == TAYRA__POPULAR_CSV ? TAYRA__TRACE_CSV
								 : TAYRA__TRACE_TWITTER,
				    error);
	}
	if (status == TAYRA_E_NOT_FOUND && t->popular.count == 0)
		status = tayra__trace_fail(&nameless, error, TAYRA_E_CORRUPT, "no key is in it");
	else if (status == TAYRA_E_NOT_FOUND)
		status = sort(t, keep) == TAYRA_OK ? TAYRA_OK : no_memory(&nameless, error);
	if (status != TAYRA_OK)
		tayra__popular_destroy(&t->popular);
	else
		*out = &t->popular;
	return status;
}

int
tayra__popular_read(const char *path, enum tayra__popular_format format, size_t keep,
		    struct tayra__popular **out, struct tayra__trace_error *error)
{
	const struct tayra__trace nameless = { .name = path };
	struct tayra__input *input;
	int status = tayra__input_open(path, &input);

	*out = NULL;
	if (status != TAYRA_OK)
		return tayra__trace_fail_input(&nameless, error, status);
	return read_input(input, strcmp(path, "-") == 0 ? "stdin" : path, format, keep, out, error);
}

int
tayra__popular_read_memory(const void *bytes, size_t len, const char *name,
			   enum tayra__popular_format format, size_t keep,
			   struct tayra__popular **out, struct tayra__trace_error *error)
{
	const struct tayra__trace nameless = { .name = name };
	struct tayra__input *input;
	int status = tayra__input_open_memory(bytes, len, &input);

	*out = NULL;
	if (status != TAYRA_OK)
		return tayra__trace_fail_input(&nameless, error, status);
	return read_input(input, name, format, keep, out, error);
}

void
tayra__popular_destroy(struct tayra__popular *popular)
{
	struct table *t = (struct table *)(void *)popular;

	if (!t)
		return;
	while (t->blocks) {
		struct block *next = t->blocks->next;

		tayra__mem_free(t->blocks);
		t->blocks = next;
	}
	tayra__mem_free(t->popular.keys);
	tayra__mem_free(t->slots);
	tayra__mem_free(t);
}
