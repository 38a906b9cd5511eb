/* SPDX-License-Identifier: Apache-2.0
 *
 * truth.h: what every record's revision really is and since when, so that answers of the wrong age
 * are found.  Any thread.
 */
#ifndef TAYRA_SHOWCASE_TRUTH_H
#define TAYRA_SHOWCASE_TRUTH_H

#include <stdbool.h>
#include <stdint.h>

struct tayra__truth;

/* Every record is at revision 1.  NULL without memory. */
struct tayra__truth *tayra__truth_create(uint32_t packages);
void tayra__truth_destroy(struct tayra__truth *truth);

/* The record has had this revision since now_ms at the latest.  Revisions may arrive out of order
 * by less than TAYRA__TRUTH_KEPT. */
#define TAYRA__TRUTH_KEPT 8
void tayra__truth_changed(struct tayra__truth *truth, uint32_t package, uint32_t revision,
			  uint64_t now_ms);

/* How long before now_ms this revision had certainly been replaced; 0: not certainly at all. */
uint64_t tayra__truth_outdated_ms(struct tayra__truth *truth, uint32_t package, uint32_t revision,
				  uint64_t now_ms);

#endif
