/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/status_page.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

int
tayra__status_page_address(const char *text, struct tayra__address *out, char *why, size_t size)
{
	int status = tayra__address_parse(text, out);

	if (status != TAYRA_OK) {
		tayra__address_explain(text, why, size);
		return status;
	}
	if (tayra__address_loopback(out))
		return TAYRA_OK;
	snprintf(why, size,
		 "%s can be reached from other machines, and the page has no "
		 "password: give an address of 127.0.0.1",
		 text);
	return TAYRA_E_INVAL;
}

int
tayra__status_page_open(const struct tayra__address *address, struct tayra__admin_options *options,
			struct tayra__admin **out, char url[TAYRA__STATUS_PAGE_URL])
{
	char text[TAYRA__ADDRESS_TEXT], *colon;
	struct tayra__address bound = *address;
	int status;

	tayra__address_text(address, text);
	colon = strrchr(text, ':');
	*colon = '\0';
	options->port = ntohs(address->any.sa_family == AF_INET ? address->v4.sin_port
								: address->v6.sin6_port);
	options->address = text;
	if (text[0] == '[') {
		options->address = text + 1;
		colon[-1] = '\0';
	}
	status = tayra__admin_create(options, out);
	options->address = NULL;
	if (status != TAYRA_OK)
		return status;
	if (bound.any.sa_family == AF_INET)
		bound.v4.sin_port = htons(tayra__admin_port(*out));
	else
		bound.v6.sin6_port = htons(tayra__admin_port(*out));
	tayra__address_text(&bound, text);
	snprintf(url, TAYRA__STATUS_PAGE_URL, "http://%s/", text);
	return TAYRA_OK;
}
