/* SPDX-License-Identifier: Apache-2.0
 *
 * The policies against models that are slow and plain: arrays searched from end to end, written
 * from the rules and not from the code.  Hits must agree request by request, at unit and real
 * sizes, with removals in between.
 */
#include "rows.h"

#include "sim/exact.h"

#define KEYS_MAX 400

struct model_queue {
	uint32_t ids[KEYS_MAX]; /* oldest first */
	unsigned count;
};

struct model {
	const char *policy;
	uint64_t capacity;
	const uint64_t *size; /* NULL: all 1 */
	const uint32_t *next_use;
	struct model_queue queue, main, ghost; /* queue: small of s3fifo, and the only one else */
	unsigned hits[KEYS_MAX];
	uint32_t next[KEYS_MAX];
};

static uint64_t
size_of(const struct model *model, uint32_t id)
{
	return model->size ? model->size[id] : 1;
}

static uint64_t
bytes_in(const struct model *model, const struct model_queue *queue)
{
	uint64_t bytes = 0;

	for (unsigned i = 0; i < queue->count; i++)
		bytes += size_of(model, queue->ids[i]);
	return bytes;
}

static int
find(const struct model_queue *queue, uint32_t id)
{
	for (unsigned i = 0; i < queue->count; i++)
		if (queue->ids[i] == id)
			return (int)i;
	return -1;
}

static void
append(struct model_queue *queue, uint32_t id)
{
	assert_true(queue->count < KEYS_MAX);
	queue->ids[queue->count++] = id;
}

/* Take out the entry at that place. */
static uint32_t
pull(struct model_queue *queue, int at)
{
	uint32_t id = queue->ids[at];

	queue->count--;
	memmove(queue->ids + at, queue->ids + at + 1,
		(queue->count - (unsigned)at) * sizeof(queue->ids[0]));
	return id;
}

static void
remember_ghost(struct model *model, uint32_t id)
{
	uint64_t most = model->capacity * 9 / 10;

	if (size_of(model, id) > most)
		return;
	while (bytes_in(model, &model->ghost) + size_of(model, id) > most)
		pull(&model->ghost, 0);
	append(&model->ghost, id);
}

static void
s3fifo_evict(struct model *model)
{
	uint64_t main_share = model->capacity - model->capacity / 10;

	if (bytes_in(model, &model->main) > main_share || model->queue.count == 0) {
		for (;;) {
			uint32_t id = pull(&model->main, 0);

			if (model->hits[id] == 0)
				return;
			model->hits[id] = (model->hits[id] < 3 ? model->hits[id] : 3) - 1;
			append(&model->main, id);
		}
	}
	while (model->queue.count > 0) {
		uint32_t id = pull(&model->queue, 0);

		if (model->hits[id] < 2) {
			remember_ghost(model, id);
			return;
		}
		model->hits[id] = 0;
		append(&model->main, id);
	}
}

static int
furthest(const struct model *model)
{
	int at = 0;

	for (unsigned i = 1; i < model->queue.count; i++)
		if (model->next[model->queue.ids[i]] > model->next[model->queue.ids[at]])
			at = (int)i;
	return at;
}

static void
model_miss(struct model *model, uint32_t id)
{
	bool s3fifo = strcmp(model->policy, "s3fifo") == 0;
	int ghost = find(&model->ghost, id);

	if (s3fifo && ghost >= 0)
		pull(&model->ghost, ghost);
	else if (s3fifo && size_of(model, id) >= model->capacity / 10)
		return;
	while (bytes_in(model, &model->queue) + bytes_in(model, &model->main) + size_of(model, id) >
	       model->capacity) {
		if (s3fifo)
			s3fifo_evict(model);
		else
			pull(&model->queue,
			     strcmp(model->policy, "belady") == 0 ? furthest(model) : 0);
	}
	model->hits[id] = 0;
	append(s3fifo && ghost >= 0 ? &model->main : &model->queue, id);
}

/* Returns whether it hit. */
static bool
model_get(struct model *model, uint32_t id, uint32_t row)
{
	int at = find(&model->queue, id);

	model->next[id] = model->next_use[row];
	if (at < 0 && find(&model->main, id) < 0) {
		model_miss(model, id);
		return false;
	}
	model->hits[id]++;
	if (strcmp(model->policy, "lru") == 0)
		append(&model->queue, pull(&model->queue, at));
	return true;
}

static void
model_remove(struct model *model, uint32_t id)
{
	int at = find(&model->queue, id), in_main = find(&model->main, id);

	if (at >= 0)
		pull(&model->queue, at);
	else if (in_main >= 0)
		pull(&model->main, in_main);
}

static void
compare(const struct tayra__requests *requests, const char *name, uint64_t capacity,
	const uint64_t *size, const uint32_t *next_use)
{
	const struct tayra__exact_policy *policy = tayra__exact_find(name);
	struct model model = {
		.policy = name, .capacity = capacity, .size = size, .next_use = next_use
	};
	struct tayra__exact *exact;
	struct tayra__rng rng;

	tayra__rng_init(&rng, capacity);
	assert_int_equal(policy->create(&(struct tayra__exact_options){ .capacity = capacity,
									.keys = requests->keys,
									.size = size,
									.next_use = next_use },
					&exact),
			 TAYRA_OK);
	for (uint32_t row = 0; row < requests->count; row++) {
		uint32_t id = requests->id[row];
		bool hit = policy->resident(exact, id);

		if (requests->op[row] == TAYRA__TRACE_DELETE) {
			if (hit)
				policy->remove(exact, id);
			model_remove(&model, id);
			continue;
		}
		/* As if it had expired. */
		if (hit && tayra__rng_below(&rng, 10) == 0) {
			policy->remove(exact, id);
			model_remove(&model, id);
			hit = false;
		}
		if (hit)
			policy->hit(exact, id, row);
		else
			policy->miss(exact, id, row);
		if (model_get(&model, id, row) != hit)
			fail_msg("%s at %lu: row %u", name, (unsigned long)capacity, row);
	}
	policy->destroy(exact);
}

static void
compare_all(const char *name)
{
	static const uint64_t capacities[] = { 25, 60, 150, 390 };

	for (uint64_t seed = 1; seed <= 4; seed++) {
		struct tayra__requests *requests = rows_random(seed, 6000, KEYS_MAX, ROWS_EXPIRING);
		uint32_t *next_use = tayra__requests_next_use(requests);

		for (size_t i = 0; i < 4; i++) {
			compare(requests, name, capacities[i], NULL, next_use);
			compare(requests, name, capacities[i] * 25, requests->size_bytes, next_use);
		}
		tayra__mem_free(next_use);
		tayra__requests_destroy(requests);
	}
}

static void
fifo_agrees_with_its_model(void **state)
{
	compare_all("fifo");
}

static void
lru_agrees_with_its_model(void **state)
{
	compare_all("lru");
}

static void
s3fifo_agrees_with_its_model(void **state)
{
	compare_all("s3fifo");
}

static void
belady_agrees_with_its_model(void **state)
{
	compare_all("belady");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fifo_agrees_with_its_model),
		cmocka_unit_test(lru_agrees_with_its_model),
		cmocka_unit_test(s3fifo_agrees_with_its_model),
		cmocka_unit_test(belady_agrees_with_its_model),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
