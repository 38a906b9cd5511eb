/* SPDX-License-Identifier: Apache-2.0
 *
 * page_text.h: status.html, put into the program when it is built (tools/embed).
 */
#ifndef TAYRA_WATCH_PAGE_TEXT_H
#define TAYRA_WATCH_PAGE_TEXT_H

extern const char tayra__page_text[];

#endif
