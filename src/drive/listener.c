/* SPDX-License-Identifier: Apache-2.0 */
#include "drive/listener.h"

#include <tayra/base.h>

#include <dirent.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/option.h"

#define INODES_MAX 64
#define LISTENING  0x0a

/* Sockets that listen. */
struct sockets {
	unsigned long inode[INODES_MAX];
	size_t count;
};

static void
read_table(const char *proc, const char *name, uint16_t port, struct sockets *out)
{
	char path[PATH_MAX], line[512];
	FILE *in;

	snprintf(path, sizeof(path), "%s/net/%s", proc, name);
	in = fopen(path, "re");
	while (in && out->count < INODES_MAX && fgets(line, sizeof(line), in)) {
		unsigned at = 0, state = 0;
		unsigned long inode = 0;

		/* sl local remote state queues timer retransmits uid timeout inode */
		if (sscanf(line, " %*u: %*[0-9A-Fa-f]:%x %*s %x %*s %*s %*s %*s %*s %lu", &at,
			   &state, &inode) == 3 &&
		    at == port && state == LISTENING && inode)
			out->inode[out->count++] = inode;
	}
	if (in)
		fclose(in);
}

static bool
is_one_of(const struct sockets *sockets, const char *link)
{
	unsigned long inode;

	if (sscanf(link, "socket:[%lu]", &inode) != 1)
		return false;
	for (size_t i = 0; i < sockets->count; i++)
		if (sockets->inode[i] == inode)
			return true;
	return false;
}

static bool
holds_one(const char *proc, const char *pid, const struct sockets *sockets)
{
	char path[PATH_MAX], link[64];
	bool found = false;
	struct dirent *entry;
	DIR *folder;

	snprintf(path, sizeof(path), "%s/%s/fd", proc, pid);
	folder = opendir(path);
	while (folder && !found && (entry = readdir(folder))) {
		ssize_t len = readlinkat(dirfd(folder), entry->d_name, link, sizeof(link) - 1);

		if (len <= 0)
			continue;
		link[len] = '\0';
		found = is_one_of(sockets, link);
	}
	if (folder)
		closedir(folder);
	return found;
}

size_t
tayra__listener_find(const char *proc, uint16_t port, pid_t pids[TAYRA__LISTENER_PIDS_MAX])
{
	struct sockets sockets = { .count = 0 };
	struct dirent *entry;
	size_t found = 0;
	DIR *folder;

	read_table(proc, "tcp", port, &sockets);
	read_table(proc, "tcp6", port, &sockets);
	folder = sockets.count ? opendir(proc) : NULL;
	while (folder && found < TAYRA__LISTENER_PIDS_MAX && (entry = readdir(folder))) {
		uint64_t pid;

		if (tayra__option_u64(entry->d_name, 1, INT_MAX, &pid) == TAYRA_OK &&
		    holds_one(proc, entry->d_name, &sockets))
			pids[found++] = (pid_t)pid;
	}
	if (folder)
		closedir(folder);
	return found;
}

uint16_t
tayra__listener_local_port(const char *url)
{
	static const struct {
		const char *scheme;
		uint16_t port;
	} schemes[] = { { "http", 80 }, { "https", 443 }, { "redis", 6379 } };
	static const char *const hosts[] = { "127.", "localhost", "[::1]" };
	const char *host = strstr(url, "://"), *end, *colon;
	char text[8];
	uint64_t port = 0;
	bool local = false;

	if (!host)
		return 0;
	for (size_t i = 0; i < 3; i++)
		if ((size_t)(host - url) == strlen(schemes[i].scheme) &&
		    strncmp(url, schemes[i].scheme, strlen(schemes[i].scheme)) == 0)
			port = schemes[i].port;
	host += 3;
	for (size_t i = 0; i < 3; i++)
		local |= strncmp(host, hosts[i], strlen(hosts[i])) == 0;
	if (!local || !port)
		return 0;
	end = host + strcspn(host, "/?#");
	colon = host[0] == '[' ? strchr(host, ']') + 1 : memchr(host, ':', (size_t)(end - host));
	if (!colon || colon >= end || *colon != ':')
		return (uint16_t)port;
	snprintf(text, sizeof(text), "%.*s", (int)(end - colon - 1), colon + 1);
	return tayra__option_u64(text, 1, UINT16_MAX, &port) == TAYRA_OK ? (uint16_t)port : 0;
}

uint64_t
tayra__listener_cpu_ns(const pid_t *pids, size_t n)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += tayra__clock_process_cpu_of_ns(pids[i]);
	return sum;
}
