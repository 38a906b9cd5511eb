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
/* Written once. */
static _Atomic uint64_t *_Atomic page;

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
	atomic_store_explicit(&page, map, memory_order_release);
}

/* Random, not the pid: a grandchild may get the pid of a process that is gone. */
static uint64_t
renew(_Atomic uint64_t *token)
{
	uint64_t wiped = 0;
	uint64_t fresh = tayra__hash_random_seed();

	return atomic_compare_exchange_strong(token, &wiped, fresh) ? fresh : wiped;
}

/* Not yet, or never: there is no such page. */
static uint64_t
without_page(void)
{
	_Atomic uint64_t *token;

	pthread_once(&once, map_page);
	token = atomic_load_explicit(&page, memory_order_acquire);
	return token ? tayra__process_token() : (uint64_t)getpid();
}

uint64_t
tayra__process_token(void)
{
	/* acquire: the page is there */
	_Atomic uint64_t *token = atomic_load_explicit(&page, memory_order_acquire);
	uint64_t value;

	if (!token)
		return without_page();
	value = atomic_load_explicit(token, memory_order_relaxed);
	return value ? value : renew(token);
}
