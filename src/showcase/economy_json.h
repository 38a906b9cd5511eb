/* SPDX-License-Identifier: Apache-2.0
 *
 * economy_json.h: efficiency, capacity, money, advice and scores as members of results.json.
 */
#ifndef TAYRA_SHOWCASE_ECONOMY_JSON_H
#define TAYRA_SHOWCASE_ECONOMY_JSON_H

struct tayra__json;
struct tayra__results;

/* Inside the open object of the results. */
void tayra__economy_json_write(struct tayra__json *json, const struct tayra__results *results);

#endif
