/* SPDX-License-Identifier: Apache-2.0
 *
 * portfolio.h: the technical portfolio: what was built, measured and found, as a Markdown document
 * written from a results.json and nothing else.
 */
#ifndef TAYRA_SHOWCASE_PORTFOLIO_H
#define TAYRA_SHOWCASE_PORTFOLIO_H

#include <stddef.h>
#include <stdio.h>

/*
 * `results` is read to its end.  What is not in it is left out or shown as "-".
 * => TAYRA_OK; TAYRA_E_CORRUPT: not results of this version, and `error` gets one line.
 *    TAYRA_E_IO.
 */
int tayra__portfolio_write(FILE *results, FILE *out, char *error, size_t error_len);

#endif
