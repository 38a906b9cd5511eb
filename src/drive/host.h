/* SPDX-License-Identifier: Apache-2.0
 *
 * host.h: what the machine is.
 */
#ifndef TAYRA_DRIVE_HOST_H
#define TAYRA_DRIVE_HOST_H

#include <stdint.h>

struct tayra__host {
	char cpu[96], kernel[96]; /* "unknown" where it is not told */
	uint32_t cores;
	double memory_gib;
};

void tayra__host_describe(struct tayra__host *host);

#endif
