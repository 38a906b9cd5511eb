/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/stock.h"

#include "base/mem.h"

#include <string.h>

#define CHUNK 256 /* objects */

struct tayra__stock_chunk {
	struct tayra__stock_chunk *next;
	max_align_t objects[];
};

struct tayra__stock_free {
	struct tayra__stock_free *next;
};

void
tayra__stock_init(struct tayra__stock *stock, size_t bytes_each, size_t most)
{
	const size_t unit = sizeof(max_align_t);

	*stock = (struct tayra__stock){
		.bytes_each = (bytes_each + unit - 1) / unit * unit,
		.most = most,
	};
}

void
tayra__stock_fini(struct tayra__stock *stock)
{
	while (stock->chunks) {
		struct tayra__stock_chunk *next = stock->chunks->next;

		tayra__mem_free(stock->chunks);
		stock->chunks = next;
	}
	stock->spare = NULL;
	stock->used = 0;
}

void
tayra__stock_give(struct tayra__stock *stock, void *object)
{
	struct tayra__stock_free *spare = object;

	spare->next = stock->spare;
	stock->spare = spare;
	stock->used--;
}

static void
grow(struct tayra__stock *stock)
{
	struct tayra__stock_chunk *chunk = tayra__mem_alloc(sizeof(*chunk) +
							    CHUNK * stock->bytes_each);

	if (!chunk)
		return;
	chunk->next = stock->chunks;
	stock->chunks = chunk;
	stock->used += CHUNK;
	for (size_t i = CHUNK; i-- > 0;)
		tayra__stock_give(stock, (char *)chunk->objects + i * stock->bytes_each);
}

void *
tayra__stock_take(struct tayra__stock *stock)
{
	struct tayra__stock_free *object;

	if (stock->used == stock->most)
		return NULL;
	if (!stock->spare)
		grow(stock);
	object = stock->spare;
	if (!object)
		return NULL;
	stock->spare = object->next;
	stock->used++;
	memset(object, 0, stock->bytes_each);
	return object;
}
