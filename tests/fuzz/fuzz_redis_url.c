/* SPDX-License-Identifier: Apache-2.0
 *
 * Whatever the URL is: everything ends within its field, a host or a path is there exactly when it
 * is taken, and neither the complaint nor what is shown ends up with the password in it.
 */
#include "net/redis_url.h"

#include <tayra/base.h>

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool holds)
{
	if (!holds)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), error[160] = "";
	struct tayra__redis_url url;
	int status;

	must(text != NULL);
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	status = tayra__redis_url_parse(text, &url, error, sizeof(error));
	must(strlen(url.host) < sizeof(url.host) && strlen(url.path) < sizeof(url.path));
	must(strlen(url.user) < sizeof(url.user) && strlen(url.password) < sizeof(url.password));
	if (status == TAYRA_OK) {
		must((url.host[0] != '\0') != (url.path[0] != '\0') && error[0] == '\0');
		must(url.path[0] || url.port > 0);
		must(strncmp(url.shown, "redis://", 8) == 0 ||
		     strncmp(url.shown, "unix://", 7) == 0);
	} else {
		must(status == TAYRA_E_INVAL && strncmp(error, "Redis URL: ", 11) == 0);
		must(!strpbrk(error, "\r\n") && url.host[0] == '\0' && url.password[0] == '\0');
	}
	free(text);
	return 0;
}
