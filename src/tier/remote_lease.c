/* SPDX-License-Identifier: Apache-2.0 */
#include "tier/remote_lease.h"

#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "tier/tier.h"

#define TOKEN_TEXT 17 /* 16 digits and the terminating 0 */

static struct tayra__resp_argument
name_argument(const struct tayra__remote_lease_place *place)
{
	return (struct tayra__resp_argument){ place->name, place->name_len };
}

static void
write_token(char text[TOKEN_TEXT], uint64_t token)
{
	snprintf(text, TOKEN_TEXT, "%016llx", (unsigned long long)token);
}

int
tayra__remote_lease_ask(const struct tayra__remote_lease_place *place, uint64_t ns, uint64_t token)
{
	char text[TOKEN_TEXT], px[24];
	struct tayra__resp_argument set[] = {
		TAYRA__RESP_TEXT("SET"), name_argument(place),   { text, TOKEN_TEXT - 1 },
		TAYRA__RESP_TEXT("NX"),  TAYRA__RESP_TEXT("PX"), { px, 0 },
	};

	write_token(text, token);
	/* Rounded up: an expiry of 0 is refused. */
	snprintf(px, sizeof(px), "%llu",
		 (unsigned long long)((ns + TAYRA_NS_PER_MS - 1) / TAYRA_NS_PER_MS));
	set[5].len = strlen(px);
	return tayra__resp_client_send(place->client, set, 6, place->deadline_ns);
}

int
tayra__remote_lease_hear(const struct tayra__remote_lease_place *place, uint64_t token,
			 struct tayra__tier_lease *lease)
{
	struct tayra__resp_element said;
	int status = tayra__resp_client_receive(place->client, place->deadline_ns, NULL, NULL,
						&said);

	if (status != TAYRA_OK)
		return status;
	/* An error is neither: it may not be written there, and nobody waits for it. */
	lease->token = said.type == TAYRA__RESP_SIMPLE ? token : 0;
	lease->held = said.type == TAYRA__RESP_NULL;
	return TAYRA_OK;
}

/* Ask what lies under each, watching them all from before that. */
static int
ask_all(struct tayra__resp_client *client, const struct tayra__remote_leased *leases, size_t count,
	uint64_t deadline_ns)
{
	struct tayra__resp_argument watch[1 + TAYRA__TIER_LEASES] = { TAYRA__RESP_TEXT("WATCH") };
	int status;

	for (size_t i = 0; i < count; i++)
		watch[1 + i] = leases[i].name;
	status = tayra__resp_client_send(client, watch, 1 + count, deadline_ns);
	for (size_t i = 0; i < count && status == TAYRA_OK; i++) {
		const struct tayra__resp_argument get[] = { TAYRA__RESP_TEXT("GET"),
							    leases[i].name };

		status = tayra__resp_client_send(client, get, 2, deadline_ns);
	}
	return status;
}

/* DEL of those that are still ours.  *count is of its words, 1: none is. */
static int
hear_all(struct tayra__resp_client *client, const struct tayra__remote_leased *leases, size_t n,
	 uint64_t deadline_ns, struct tayra__resp_argument *del, size_t *count)
{
	struct tayra__resp_element said;
	bool watched;
	int status = tayra__resp_client_receive(client, deadline_ns, NULL, NULL, &said);

	*count = 1;
	watched = status == TAYRA_OK && said.type == TAYRA__RESP_SIMPLE;
	for (size_t i = 0; i < n && status == TAYRA_OK; i++) {
		char text[TOKEN_TEXT];

		status = tayra__resp_client_receive(client, deadline_ns, NULL, NULL, &said);
		write_token(text, leases[i].token);
		if (status == TAYRA_OK && watched && said.type == TAYRA__RESP_BULK &&
		    said.len == TOKEN_TEXT - 1 && memcmp(said.text, text, said.len) == 0)
			del[(*count)++] = leases[i].name;
	}
	return status;
}

static int
drop_all(struct tayra__resp_client *client, const struct tayra__resp_argument *del, size_t count,
	 uint64_t deadline_ns)
{
	const struct tayra__resp_argument multi[] = { TAYRA__RESP_TEXT("MULTI") };
	const struct tayra__resp_argument exec[] = { TAYRA__RESP_TEXT("EXEC") };
	struct tayra__resp_element said;
	int status = tayra__resp_client_send(client, multi, 1, deadline_ns);

	if (status == TAYRA_OK)
		status = tayra__resp_client_send(client, del, count, deadline_ns);
	if (status == TAYRA_OK)
		status = tayra__resp_client_send(client, exec, 1, deadline_ns);
	for (unsigned i = 0; i < 3 && status == TAYRA_OK; i++)
		status = tayra__resp_client_receive(client, deadline_ns, NULL, NULL, &said);
	return status;
}

int
tayra__remote_lease_give_back(struct tayra__resp_client *client,
			      const struct tayra__remote_leased *leases, size_t count,
			      uint64_t deadline_ns)
{
	const struct tayra__resp_argument unwatch[] = { TAYRA__RESP_TEXT("UNWATCH") };
	struct tayra__resp_argument del[1 + TAYRA__TIER_LEASES] = { TAYRA__RESP_TEXT("DEL") };
	struct tayra__resp_element said;
	size_t words;
	int status;

	assert(count <= TAYRA__TIER_LEASES);
	status = ask_all(client, leases, count, deadline_ns);
	if (status == TAYRA_OK)
		status = hear_all(client, leases, count, deadline_ns, del, &words);
	if (status != TAYRA_OK)
		return status;
	return words > 1 ? drop_all(client, del, words, deadline_ns)
			 : tayra__resp_client_call(client, unwatch, 1, deadline_ns, &said);
}
