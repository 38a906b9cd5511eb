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

static void
write_ms(char text[24], uint64_t ns, struct tayra__resp_argument *out)
{
	/* Rounded up: an expiry of 0 is refused. */
	snprintf(text, 24, "%llu",
		 (unsigned long long)((ns + TAYRA_NS_PER_MS - 1) / TAYRA_NS_PER_MS));
	*out = (struct tayra__resp_argument){ text, strlen(text) };
}

int
tayra__remote_lease_ask(const struct tayra__remote_lease_place *place, uint64_t ns, uint64_t token)
{
	char text[TOKEN_TEXT], ms[24];
	struct tayra__resp_argument set[] = {
		TAYRA__RESP_TEXT("SET"), name_argument(place),   { text, TOKEN_TEXT - 1 },
		TAYRA__RESP_TEXT("NX"),  TAYRA__RESP_TEXT("PX"), { NULL, 0 },
	};

	write_token(text, token);
	write_ms(ms, ns, &set[5]);
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

/* Those that are still ours go to the front of `ours`. */
static int
hear_all(struct tayra__resp_client *client, const struct tayra__remote_leased *leases, size_t n,
	 uint64_t deadline_ns, struct tayra__resp_argument *ours, size_t *count)
{
	struct tayra__resp_element said;
	bool watched;
	int status = tayra__resp_client_receive(client, deadline_ns, NULL, NULL, &said);

	*count = 0;
	watched = status == TAYRA_OK && said.type == TAYRA__RESP_SIMPLE;
	for (size_t i = 0; i < n && status == TAYRA_OK; i++) {
		char text[TOKEN_TEXT];

		status = tayra__resp_client_receive(client, deadline_ns, NULL, NULL, &said);
		write_token(text, leases[i].token);
		if (status == TAYRA_OK && watched && said.type == TAYRA__RESP_BULK &&
		    said.len == TOKEN_TEXT - 1 && memcmp(said.text, text, said.len) == 0)
			ours[(*count)++] = leases[i].name;
	}
	return status;
}

/* Unless somebody has changed one of them since. */
static int
change_all(struct tayra__resp_client *client, const struct tayra__resp_argument *names,
	   size_t count, uint64_t ns, uint64_t deadline_ns)
{
	const struct tayra__resp_argument multi[] = { TAYRA__RESP_TEXT("MULTI") };
	const struct tayra__resp_argument exec[] = { TAYRA__RESP_TEXT("EXEC") };
	struct tayra__resp_argument change[] = { TAYRA__RESP_TEXT("PEXPIRE"),
						 { NULL, 0 },
						 { NULL, 0 } };
	struct tayra__resp_element said;
	char ms[24];
	int status = tayra__resp_client_send(client, multi, 1, deadline_ns);

	write_ms(ms, ns, &change[2]);
	if (ns == 0)
		change[0] = TAYRA__RESP_TEXT("DEL");
	for (size_t i = 0; i < count && status == TAYRA_OK; i++) {
		change[1] = names[i];
		status = tayra__resp_client_send(client, change, ns ? 3 : 2, deadline_ns);
	}
	if (status == TAYRA_OK)
		status = tayra__resp_client_send(client, exec, 1, deadline_ns);
	for (size_t i = 0; i < count + 2 && status == TAYRA_OK; i++)
		status = tayra__resp_client_receive(client, deadline_ns, NULL, NULL, &said);
	return status;
}

int
tayra__remote_lease_settle(struct tayra__resp_client *client,
			   const struct tayra__remote_leased *leases, size_t count, uint64_t ns,
			   uint64_t deadline_ns)
{
	const struct tayra__resp_argument unwatch[] = { TAYRA__RESP_TEXT("UNWATCH") };
	struct tayra__resp_argument ours[TAYRA__TIER_LEASES];
	struct tayra__resp_element said;
	size_t n;
	int status;

	assert(count <= TAYRA__TIER_LEASES);
	status = ask_all(client, leases, count, deadline_ns);
	if (status == TAYRA_OK)
		status = hear_all(client, leases, count, deadline_ns, ours, &n);
	if (status != TAYRA_OK)
		return status;
	return n > 0 ? change_all(client, ours, n, ns, deadline_ns)
		     : tayra__resp_client_call(client, unwatch, 1, deadline_ns, &said);
}
