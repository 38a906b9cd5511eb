/* SPDX-License-Identifier: Apache-2.0
 *
 * prices.h: what the reader's money buys, out of a JSON file of theirs.  None is built in.
 */
#ifndef TAYRA_SHOWCASE_PRICES_H
#define TAYRA_SHOWCASE_PRICES_H

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
	char label[200]; /* whose figures these are */
	double value[TAYRA__PRICES];
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

#endif
