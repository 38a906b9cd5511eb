/* SPDX-License-Identifier: Apache-2.0 */
#include "tier/remote_lease.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "net/resp_client.h"
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

/* Send `count` commands of at most two words, receive as many answers, the last in *said. */
static int
say(const struct tayra__remote_lease_place *place, const struct tayra__resp_argument (*words)[2],
    const size_t *lengths, size_t count, struct tayra__resp_element *said)
{
	int status = TAYRA_OK;

	for (size_t i = 0; i < count && status == TAYRA_OK; i++)
		status = tayra__resp_client_send(place->client, words[i], lengths[i],
						 place->deadline_ns);
	for (size_t i = 0; i < count && status == TAYRA_OK; i++)
		status = tayra__resp_client_receive(place->client, place->deadline_ns, NULL, NULL,
						    said);
	return status;
}

int
tayra__remote_lease_give_back(const struct tayra__remote_lease_place *place, uint64_t token)
{
	const struct tayra__resp_argument look[][2] = {
		{ TAYRA__RESP_TEXT("WATCH"), name_argument(place) },
		{ TAYRA__RESP_TEXT("GET"), name_argument(place) },
	};
	const struct tayra__resp_argument leave[][2] = { { TAYRA__RESP_TEXT("UNWATCH") } };
	const struct tayra__resp_argument drop[][2] = {
		{ TAYRA__RESP_TEXT("MULTI") },
		{ TAYRA__RESP_TEXT("DEL"), name_argument(place) },
		{ TAYRA__RESP_TEXT("EXEC") },
	};
	const size_t looking[] = { 2, 2 }, leaving[] = { 1 }, dropping[] = { 1, 2, 1 };
	struct tayra__resp_element said;
	char text[TOKEN_TEXT];
	bool ours;
	int status = say(place, look, looking, 2, &said);

	if (status != TAYRA_OK)
		return status;
	write_token(text, token);
	ours = said.type == TAYRA__RESP_BULK && said.len == TOKEN_TEXT - 1 &&
	       memcmp(said.text, text, said.len) == 0;
	return ours ? say(place, drop, dropping, 3, &said) : say(place, leave, leaving, 1, &said);
}
