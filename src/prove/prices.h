/* SPDX-License-Identifier: Apache-2.0
 *
 * prices.h: what the reader's money buys, out of a JSON file or a plan of theirs.  None is built
 * in. A price that nobody knows exactly is a range: [0.03, 0.05] in JSON, 0.03..0.05 in a plan.
 */
#ifndef TAYRA_PROVE_PRICES_H
#define TAYRA_PROVE_PRICES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum tayra__price {
	TAYRA__PRICE_CPU_HOUR,
	TAYRA__PRICE_MEMORY_GIB_HOUR,
	TAYRA__PRICE_ORIGIN_MILLION_CALLS,
	TAYRA__PRICE_REQUESTS_PER_MONTH,
	TAYRA__PRICE_ENGINEER_HOUR,
	TAYRA__PRICE_ENGINEER_HOURS_TO_ADOPT,
	TAYRA__PRICE_ENGINEER_HOURS_PER_MONTH,
	TAYRA__PRICE_MONTHS,
	TAYRA__PRICES,
};

struct tayra__prices {
	bool given;
	char currency[16];
	char label[200];             /* whose figures these are */
	double value[TAYRA__PRICES]; /* of a range, its middle; NaN: not given yet */
	double lo[TAYRA__PRICES], hi[TAYRA__PRICES];
};

/* The name in the file, and a sentence; NULL when out of range. */
const char *tayra__price_name(uint32_t price);
const char *tayra__price_sentence(uint32_t price);

/* One line an error, naming the file and what is wrong in it.
 * => TAYRA_OK; TAYRA_E_IO, TAYRA_E_CORRUPT, TAYRA_E_NOMEM, and prices->given is false. */
int tayra__prices_read(const char *path, struct tayra__prices *prices, char *error,
		       size_t error_len);
/* The same of a text; `name` stands for the file. */
int tayra__prices_parse(const char *text, size_t len, const char *name,
			struct tayra__prices *prices, char *error, size_t error_len);

/* Nothing is given yet. */
void tayra__prices_init(struct tayra__prices *prices);
/* One of them by its name in the file, as text.  => TAYRA_OK, TAYRA_E_CORRUPT with what is wrong in
 * one line. */
int tayra__prices_take(struct tayra__prices *prices, const char *name, const char *text,
		       char *error, size_t error_len);
/* After the last of them: are they all there?  prices->given says so too.  => as above. */
int tayra__prices_check(struct tayra__prices *prices, char *error, size_t error_len);
/* The name of a price that is a range; NULL: none is. */
const char *tayra__prices_range(const struct tayra__prices *prices);

#endif
