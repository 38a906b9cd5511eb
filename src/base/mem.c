/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* Process-wide on purpose: a test fails the allocations of whatever runs.  Zero: never fail. */
static _Atomic uint64_t fail_at;
static _Atomic uint64_t allocations;

static int
refused(void)
{
	uint64_t at = atomic_load_explicit(&fail_at, memory_order_relaxed);

	if (at == 0)
		return 0;
	return atomic_fetch_add_explicit(&allocations, 1, memory_order_relaxed) + 1 >= at;
}

void *
tayra__mem_alloc(size_t bytes)
{
	return refused() ? NULL : calloc(1, bytes ? bytes : 1);
}

void *
tayra__mem_array(size_t count, size_t bytes_each)
{
	size_t bytes;

	if (__builtin_mul_overflow(count, bytes_each, &bytes))
		return NULL;
	return tayra__mem_alloc(bytes);
}

void *
tayra__mem_aligned(size_t align, size_t bytes)
{
	size_t whole;
	void *ptr;

	if (__builtin_add_overflow(bytes, align - 1, &whole) || refused())
		return NULL;
	whole &= ~(align - 1);
	ptr = aligned_alloc(align, whole);
	return ptr ? memset(ptr, 0, whole) : NULL;
}

void *
tayra__mem_resize(void *ptr, size_t bytes)
{
	return refused() ? NULL : realloc(ptr, bytes ? bytes : 1);
}

char *
tayra__mem_strdup(const char *text)
{
	size_t bytes = strlen(text) + 1;
	char *copy = tayra__mem_alloc(bytes);

	if (copy)
		memcpy(copy, text, bytes);
	return copy;
}

void
tayra__mem_free(void *ptr)
{
	free(ptr);
}

void
tayra__mem_fail_after(uint64_t n)
{
	atomic_store_explicit(&allocations, 0, memory_order_relaxed);
	atomic_store_explicit(&fail_at, n, memory_order_relaxed);
}

uint64_t
tayra__mem_count(void)
{
	return atomic_load_explicit(&allocations, memory_order_relaxed);
}
