/* SPDX-License-Identifier: Apache-2.0
 *
 * What is taken as prices is within their bounds; what is not is complained of in one line.
 */
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "prove/prices.h"

#include <tayra/base.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(int holds)
{
	if (!holds)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tayra__prices prices;
	char error[200] = "";
	int status = tayra__prices_parse((const char *)data, size, "file", &prices, error,
					 sizeof(error));

	require(prices.given == (status == TAYRA_OK));
	if (status != TAYRA_OK) {
		require(status == TAYRA_E_CORRUPT && strncmp(error, "file: ", 6) == 0);
		return 0;
	}
	require(prices.currency[0] != 0);
	require(prices.value[TAYRA__PRICE_REQUESTS_PER_MONTH] >= 1);
	require(prices.value[TAYRA__PRICE_ENGINEER_HOURS_TO_ADOPT] > 0);
	for (int i = 0; i < TAYRA__PRICES; i++)
		require(isfinite(prices.value[i]) && prices.lo[i] >= 0 &&
			prices.lo[i] <= prices.value[i] && prices.value[i] <= prices.hi[i]);
	return 0;
}
