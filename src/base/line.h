/* SPDX-License-Identifier: Apache-2.0
 *
 * line.h: text from outside as one printable line, for whoever reads a terminal or a log.
 */
#ifndef TAYRA_BASE_LINE_H
#define TAYRA_BASE_LINE_H

/* Each control character of ASCII (below 0x20, and 0x7f) in a terminated text becomes `instead`, in
 * place.  Bytes of UTF-8 stay as they are. */
void tayra__line_flatten(char *text, char instead);

#endif
