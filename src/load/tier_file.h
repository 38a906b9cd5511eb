/* SPDX-License-Identifier: Apache-2.0
 *
 * tier_file.h: what can be said of a file tier's directory without opening it.
 */
#ifndef TAYRA_LOAD_TIER_FILE_H
#define TAYRA_LOAD_TIER_FILE_H

#include <stddef.h>

/* Whether tayra_tier_file_open() would refuse a directory that is there for what is in it.  Makes,
 * changes and locks nothing.
 * => TAYRA_OK; TAYRA_E_INVAL (something else's), TAYRA_E_UNSUPPORTED (of another format),
 *    TAYRA_E_IO, TAYRA_E_NOMEM: `error` has one line, which begins with the path. */
int tayra__tier_file_check(const char *path, char *error, size_t error_len);

#endif
