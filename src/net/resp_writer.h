/* SPDX-License-Identifier: Apache-2.0
 *
 * resp_writer.h: writes RESP2 and RESP3 to the end of a buffer.  What RESP2 has no type for is
 * written as what Redis writes then: a map as a flat array, null as the null bulk.
 * A buffer that fails says so itself (buffer.h).
 */
#ifndef TAYRA_NET_RESP_WRITER_H
#define TAYRA_NET_RESP_WRITER_H

#include "net/buffer.h"

#include <stdint.h>

enum tayra__resp_version { TAYRA__RESP2 = 2, TAYRA__RESP3 = 3 };

void tayra__resp_simple(struct tayra__buffer *out, const char *text);
/* "-" and one line: what cannot stand in a line is written as a blank.  At most 512 bytes. */
__attribute__((format(printf, 2, 3))) void tayra__resp_error(struct tayra__buffer *out,
							     const char *format, ...);
void tayra__resp_integer(struct tayra__buffer *out, int64_t value);
void tayra__resp_bulk(struct tayra__buffer *out, const void *bytes, size_t len);
void tayra__resp_text(struct tayra__buffer *out, const char *text); /* a bulk */
void tayra__resp_null(struct tayra__buffer *out, enum tayra__resp_version version);
void tayra__resp_null_array(struct tayra__buffer *out, enum tayra__resp_version version);
void tayra__resp_array(struct tayra__buffer *out, uint64_t count);
void tayra__resp_map(struct tayra__buffer *out, enum tayra__resp_version version, uint64_t pairs);
void tayra__resp_set(struct tayra__buffer *out, enum tayra__resp_version version, uint64_t count);
/* Plain text for people: "txt:" in RESP3, a bulk in RESP2. */
void tayra__resp_verbatim(struct tayra__buffer *out, enum tayra__resp_version version,
			  const char *text, size_t len);

#endif
