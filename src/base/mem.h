/* SPDX-License-Identifier: Apache-2.0
 *
 * mem.h: the heap, with a switch that lets a test fail the n-th allocation.  Everything outside the
 * arena that can be refused is allocated here.  Thread-safe.
 */
#ifndef TAYRA_BASE_MEM_H
#define TAYRA_BASE_MEM_H

#include <stddef.h>
#include <stdint.h>

/* NULL when there is no memory; zeroed otherwise.  Sizes that overflow give NULL. */
void *tayra__mem_alloc(size_t bytes);
void *tayra__mem_array(size_t count, size_t bytes_each);
/* The same for a type that is to lie at a multiple of a power of two: of a cache line. */
void *tayra__mem_aligned(size_t align, size_t bytes);
/* As realloc; the new part is not zeroed. */
void *tayra__mem_resize(void *ptr, size_t bytes);
char *tayra__mem_strdup(const char *text);
void tayra__mem_free(void *ptr);

/* Tests: fail the n-th allocation from now on (1: the next) and every later one; 0: none, and do
 * not count; UINT64_MAX: none, but count. */
void tayra__mem_fail_after(uint64_t n);
/* Tests: allocations asked for since tayra__mem_fail_after() was last called with other than 0. */
uint64_t tayra__mem_count(void);

#endif
