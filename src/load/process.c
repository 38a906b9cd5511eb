/* SPDX-License-Identifier: Apache-2.0
 *
 * process.c: one page that the kernel wipes in a forked child (MADV_WIPEONFORK).  It says something
 * about the process and nothing about any handle, so that all handles share it, and it lives as
 * long as the process does.  Where the kernel has no such page (before 4.14, some emulators) the
 * token is the process id, at the price of a system call.
 */
#include "load/process.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/hash.h"

static pthread_once_t once = PTHREAD_ONCE_INIT;
/* Written once, before any reader gets past `once`. */
static _Atomic uint64_t *page;

static void
map_page(void)
{
	size_t bytes = (size_t)sysconf(_SC_PAGESIZE);
	void *map = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (map == MAP_FAILED)
		return;
	if (madvise(map, bytes, MADV_WIPEONFORK) != 0) {
		munmap(map, bytes);
		return;
	}
	page = map;
}

/* Random, not the pid: a grandchild may get the pid of a process that is gone. */
static uint64_t
renew(void)
{
	uint64_t wiped = 0;
	uint64_t token = tayra__hash_random_seed();

	return atomic_compare_exchange_strong(page, &wiped, token) ? token : wiped;
}

uint64_t
tayra__process_token(void)
{
	uint64_t token;

	pthread_once(&once, map_page);
	if (!page)
		return (uint64_t)getpid();
	token = atomic_load_explicit(page, memory_order_relaxed);
	return token ? token : renew();
}
