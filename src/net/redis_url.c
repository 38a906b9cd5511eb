/* SPDX-License-Identifier: Apache-2.0 */
#include "net/redis_url.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <tayra/base.h>

#include "base/option.h"

#define DEFAULT_PORT 6379
#define DB_MAX       1000000

struct complaint {
	char *text;
	size_t len;
};

static int
refuse(const struct complaint *to, const char *why)
{
	if (to->text && to->len)
		snprintf(to->text, to->len, "Redis URL: %s", why);
	return TAYRA_E_INVAL;
}

static int
digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* => whether it is well-formed, fits, and has no byte 0. */
static bool
decode(const char *text, size_t len, char out[TAYRA__REDIS_URL_SECRET])
{
	size_t to = 0;

	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		if (c == '%') {
			if (i + 2 >= len || digit(text[i + 1]) < 0 || digit(text[i + 2]) < 0)
				return false;
			c = (char)(digit(text[i + 1]) << 4 | digit(text[i + 2]));
			i += 2;
		}
		if (c == '\0' || to + 1 >= TAYRA__REDIS_URL_SECRET)
			return false;
		out[to++] = c;
	}
	out[to] = '\0';
	return true;
}

/* Copies a part; => whether it fits. */
static bool
copy(char *out, size_t room, const char *text, size_t len)
{
	if (len >= room)
		return false;
	memcpy(out, text, len);
	out[len] = '\0';
	return true;
}

/* "user:password@" from *text on, if it is there; moves behind it. */
static int
read_user(const char **text, const char *end, struct tayra__redis_url *out,
	  const struct complaint *why)
{
	/* The last '@': people forget to encode one in a password. */
	const char *at = end > *text ? memrchr(*text, '@', (size_t)(end - *text)) : NULL;
	const char *colon;
	size_t user_len;

	if (!at)
		return TAYRA_OK;
	colon = memchr(*text, ':', (size_t)(at - *text));
	user_len = (size_t)((colon ? colon : at) - *text);
	if (!decode(*text, user_len, out->user))
		return refuse(why, "the user is too long, or '%' is not followed by two hex digits "
				   "(a '%' itself is written %25)");
	if (colon && !decode(colon + 1, (size_t)(at - colon - 1), out->password))
		return refuse(why, "the password is too long, or '%' in it is not followed by two "
				   "hex digits (a '%' itself is written %25)");
	if (out->user[0] && !out->password[0])
		return refuse(why, "a user without a password");
	*text = at + 1;
	return TAYRA_OK;
}

static int
read_unix(const char *text, struct tayra__redis_url *out, const struct complaint *why)
{
	const char *end = text + strlen(text);
	const char *slash = strchr(text, '/');
	int status = read_user(&text, slash ? slash : end, out, why);

	if (status != TAYRA_OK)
		return status;
	if (text[0] != '/')
		return refuse(why, "behind unix:// comes an absolute path: unix:///run/redis.sock");
	if (strchr(text, '?'))
		return refuse(why, "a unix:// URL has no parameters");
	if (!copy(out->path, sizeof(out->path), text, strlen(text)))
		return refuse(why, "the path is over the 107 bytes that a socket's can have");
	snprintf(out->shown, sizeof(out->shown), "unix://%s", out->path);
	return TAYRA_OK;
}

/* "host" or "[v6]", up to `end`; moves behind it. */
static int
read_host(const char **text, const char *end, struct tayra__redis_url *out,
	  const struct complaint *why)
{
	bool bracket = **text == '[';
	const char *begin = *text + bracket;
	const char *stop = begin;

	while (stop < end && *stop != (bracket ? ']' : ':'))
		stop++;
	if (bracket && stop == end)
		return refuse(why, "'[' without ']' around the host");
	if (stop == begin)
		return refuse(why, "there is no host in it");
	for (const char *c = begin; c < stop; c++)
		if (*c <= ' ' || *c == 0x7f || strchr("?#%\"\\", *c))
			return refuse(why, "a byte that no host's name has");
	if (!copy(out->host, sizeof(out->host), begin, (size_t)(stop - begin)))
		return refuse(why, "the host's name is over 255 bytes");
	*text = stop + bracket;
	if (*text < end && **text != ':')
		return refuse(why, "something between the host and its port");
	return TAYRA_OK;
}

static int
read_number(const char *text, size_t len, uint64_t min, uint64_t max, uint64_t *out)
{
	char digits[16];

	if (!copy(digits, sizeof(digits), text, len))
		return TAYRA_E_INVAL;
	return tayra__option_u64(digits, min, max, out);
}

static int
read_tcp(const char *text, struct tayra__redis_url *out, const struct complaint *why)
{
	/* A password may have any byte but '/', so that the path begins at the first one. */
	const char *slash = strchr(text, '/');
	const char *end = slash ? slash : text + strlen(text);
	uint64_t port = DEFAULT_PORT, db = 0;
	int status = read_user(&text, end, out, why);

	if (status == TAYRA_OK)
		status = read_host(&text, end, out, why);
	if (status != TAYRA_OK)
		return status;
	if (text < end &&
	    read_number(text + 1, (size_t)(end - text - 1), 1, 65535, &port) != TAYRA_OK)
		return refuse(why, "the port is not a number from 1 to 65535");
	if (slash && slash[1] && read_number(slash + 1, strlen(slash + 1), 0, DB_MAX, &db))
		return refuse(why, "behind the host comes the number of a database, as in "
				   "redis://localhost/0 (a '/' in a password is written %2F)");
	out->port = (uint16_t)port;
	out->db = (uint32_t)db;
	snprintf(out->shown, sizeof(out->shown),
		 strchr(out->host, ':') ? "redis://[%s]:%u/%u" : "redis://%s:%u/%u", out->host,
		 (unsigned)out->port, (unsigned)out->db);
	return TAYRA_OK;
}

int
tayra__redis_url_parse(const char *text, struct tayra__redis_url *out, char *error,
		       size_t error_len)
{
	const struct complaint why = { error, error_len };
	int status;

	memset(out, 0, sizeof(*out));
	if (!text)
		status = refuse(&why, "there is none");
	else if (strncmp(text, "redis://", 8) == 0)
		status = read_tcp(text + 8, out, &why);
	else if (strncmp(text, "unix://", 7) == 0)
		status = read_unix(text + 7, out, &why);
	else if (strncmp(text, "rediss://", 9) == 0)
		status = refuse(&why,
				"rediss:// is Redis over TLS, which tayra does not speak yet");
	else
		status = refuse(&why, "it begins with neither redis:// nor unix://");
	if (status != TAYRA_OK)
		memset(out, 0, sizeof(*out));
	return status;
}
