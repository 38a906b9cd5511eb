/* SPDX-License-Identifier: Apache-2.0
 *
 * keygroup.h: what kind of key is it?  Keys are grouped by how they are written: up to the last ':'
 * ("user:42:name" and "user:7:name" are both "user:#:*"), or all of it where there is none; a run
 * of digits is '#'.  Control bytes and bytes above 0x7e make it "(binary)", which is one group.
 */
#ifndef TAYRA_LEARN_KEYGROUP_H
#define TAYRA_LEARN_KEYGROUP_H

#include <stddef.h>

#define TAYRA__KEYGROUP_MAX  64
#define TAYRA__KEYGROUP_LOOK 256 /* bytes of the key that are looked at */

/* The group's text, not terminated.  => its length, at least 1; what is longer is cut. */
size_t tayra__keygroup(const void *key, size_t len, char out[TAYRA__KEYGROUP_MAX]);

#endif
