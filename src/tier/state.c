/* SPDX-License-Identifier: Apache-2.0 */
#include "tier/state.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <tayra/base.h>

#include "base/hash.h"
#include "tier/record.h"

static const char magic[16] = "tayra file tier\n"; /* no room for the NUL, and none needed */

uint64_t
tayra__state_boot(void)
{
	char text[64];
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text));

	if (fd >= 0)
		close(fd);
	return n > 0 ? tayra__hash_bytes(text, (size_t)n, 0) | 1 : 0;
}

static uint64_t
check_of(const struct tayra__state *state)
{
	return tayra__hash_bytes(state, offsetof(struct tayra__state, check), 0);
}

int
tayra__state_read(const struct tayra__io *io, int dir, struct tayra__state *out)
{
	int fd = io->open(io->ctx, dir, TAYRA__STATE_NAME, O_RDONLY);
	int status;

	memset(out, 0, sizeof(*out));
	if (fd < 0)
		return errno == ENOENT ? TAYRA_E_NOT_FOUND : TAYRA_E_IO;
	status = tayra__io_read_all(io, fd, out, sizeof(*out), 0);
	io->close(io->ctx, fd);
	if (status == TAYRA_E_IO)
		return status;
	if (memcmp(out->magic, magic, sizeof(magic)) != 0)
		return TAYRA_E_INVAL;
	if (status != TAYRA_OK)
		return TAYRA_E_CORRUPT;
	if (out->format != TAYRA__TIER_FORMAT && out->format != TAYRA__TIER_FORMAT_1)
		return TAYRA_E_UNSUPPORTED;
	return out->check == check_of(out) ? TAYRA_OK : TAYRA_E_CORRUPT;
}

int
tayra__state_write(const struct tayra__io *io, int dir, struct tayra__state *state)
{
	int fd = io->open(io->ctx, dir, TAYRA__STATE_NEW_NAME, O_RDWR | O_CREAT | O_TRUNC);
	int status;

	if (fd < 0)
		return TAYRA_E_IO;
	memcpy(state->magic, magic, sizeof(magic));
	state->format = TAYRA__TIER_FORMAT;
	state->check = check_of(state);
	status = tayra__io_write_all(io, fd, state, sizeof(*state), 0);
	if (status == TAYRA_OK && io->sync(io->ctx, fd) < 0)
		status = TAYRA_E_IO;
	if (io->close(io->ctx, fd) < 0)
		status = TAYRA_E_IO;
	if (status == TAYRA_OK &&
	    io->rename(io->ctx, dir, TAYRA__STATE_NEW_NAME, TAYRA__STATE_NAME) < 0)
		status = TAYRA_E_IO;
	if (status == TAYRA_OK && io->sync(io->ctx, dir) < 0)
		status = TAYRA_E_IO;
	return status;
}
