/* SPDX-License-Identifier: Apache-2.0
 *
 * glob.h: the patterns of KEYS, SCAN and CONFIG GET: * ? [a-z] [^a] and \ before what is meant
 * literally.
 */
#ifndef TAYRA_SERVE_GLOB_H
#define TAYRA_SERVE_GLOB_H

#include <stdbool.h>
#include <stddef.h>

/* Takes at most pattern_len * len steps: a hostile pattern costs no more. */
bool tayra__glob_match(const char *pattern, size_t pattern_len, const char *text, size_t len);

#endif
