/* SPDX-License-Identifier: Apache-2.0
 *
 * The /proc parsers of the sensor: any bytes are either refused, leaving the output as it was, or
 * give numbers in range.
 */
#include "pace/sensor.h"

#include <stdlib.h>

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tayra__sensor_cpu cpu = { 3, 2 }; /* what no good text gives */
	struct tayra__psi_line line = { 2, 2 };
	double memory = 2;

	if (tayra__sensor_parse_stat((const char *)data, size, &cpu) == TAYRA_OK) {
		if (cpu.busy > cpu.total)
			abort();
	} else if (cpu.busy != 3 || cpu.total != 2) {
		abort();
	}
	if (tayra__sensor_parse_meminfo((const char *)data, size, &memory) == TAYRA_OK) {
		if (!(memory >= 0 && memory <= 1))
			abort();
	} else if (memory != 2) {
		abort();
	}
	if (tayra__psi_parse((const char *)data, size, "some", &line) == TAYRA_OK) {
		if (!(line.avg10 >= 0 && line.avg10 <= 1))
			abort();
	} else if (line.avg10 != 2 || line.total_us != 2) {
		abort();
	}
	return 0;
}
