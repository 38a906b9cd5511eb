/* SPDX-License-Identifier: Apache-2.0
 *
 * utf8.h: which bytes are UTF-8 (RFC 3629: no overlong forms, no surrogates).
 */
#ifndef TAYRA_BASE_UTF8_H
#define TAYRA_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* Length of the valid sequence at s, of which n bytes are there (SIZE_MAX: it is terminated): 1 to
 * 4; 0 if there is none. */
size_t tayra__utf8_length(const unsigned char *s, size_t n);
/* All of it is, and a database takes it as a text: it has no byte 0. */
bool tayra__utf8_is_text(const void *bytes, size_t len);

#endif
