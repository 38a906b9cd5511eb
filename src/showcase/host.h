/* SPDX-License-Identifier: Apache-2.0
 *
 * host.h: what the machine is.
 */
#ifndef TAYRA_SHOWCASE_HOST_H
#define TAYRA_SHOWCASE_HOST_H

struct tayra__results;

/* Fill the fields of the machine. */
void tayra__host_describe(struct tayra__results *results);

#endif
