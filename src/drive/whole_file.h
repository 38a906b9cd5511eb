/* SPDX-License-Identifier: Apache-2.0
 *
 * whole_file.h: a file of bounded size in memory.
 */
#ifndef TAYRA_DRIVE_WHOLE_FILE_H
#define TAYRA_DRIVE_WHOLE_FILE_H

#include <stddef.h>

/* Read all of it, with a byte 0 behind; of one that is longer than `most`, one byte more than that.
 * The caller frees it (base/mem.h).  => NULL: `why` is "PATH: what". */
char *tayra__whole_file(const char *path, size_t most, size_t *len, char *why, size_t why_size);

#endif
