/* SPDX-License-Identifier: Apache-2.0
 *
 * What lies under a key of ours in a Redis.  The first byte chooses: as it is; or with the checks
 * made right, so that what lies behind them is reached.  What is taken is, byte for byte, what
 * would be made of it again.
 */
#include "tier/remote_record.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"

#define EPOCH 0x0807060504030201u
#define MAGIC 0x52796174u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool holds)
{
	if (!holds)
		abort();
}

static void
put_check(uint8_t *at, uint64_t check)
{
	for (int i = 0; i < 8; i++)
		at[i] = (uint8_t)(check >> (8 * i));
}

static void
make_right(uint8_t *bytes, size_t len)
{
	const uint64_t key = tayra__hash_bytes("k", 1, MAGIC);

	if (len >= TAYRA__REMOTE_RECORD_HEAD)
		put_check(bytes + 40, tayra__hash_bytes(bytes, 40, key));
	if (len >= TAYRA__REMOTE_RECORD_HEADER)
		put_check(bytes + 88, tayra__hash_bytes(bytes + TAYRA__REMOTE_RECORD_HEADER,
							len - TAYRA__REMOTE_RECORD_HEADER,
							tayra__hash_bytes(bytes, 88, key)));
}

static void
check_value(const uint8_t *bytes, size_t len, const struct tayra__remote_head *head,
	    const struct tayra__tier_value *value)
{
	size_t again_len;
	uint8_t *again = tayra__remote_record_make(head, "k", 1, value->data, value->len,
						   &value->meta, &again_len);

	must(again && again_len == len && memcmp(again, bytes, len) == 0);
	must(!head->removed && head->epoch == EPOCH);
	tayra__mem_free(again);
}

static void
check_removal(const uint8_t *bytes, size_t len, const struct tayra__remote_head *head)
{
	unsigned char again[TAYRA__REMOTE_RECORD_HEAD];

	tayra__remote_record_removed(head, "k", 1, again);
	must(len == sizeof(again) && memcmp(again, bytes, len) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tayra__remote_head head;
	struct tayra__tier_value value;
	size_t len = size ? size - 1 : 0;
	uint8_t *bytes = malloc(len ? len : 1);
	int status, of_head;

	must(bytes != NULL);
	if (len)
		memcpy(bytes, data + 1, len);
	if (size && data[0] % 2)
		make_right(bytes, len);
	of_head = tayra__remote_record_head(bytes, len, "k", 1, &head);
	status = tayra__remote_record_read(bytes, len, EPOCH, "k", 1, &value);
	must(of_head == TAYRA_OK || (of_head == TAYRA_E_CORRUPT && status == TAYRA_E_CORRUPT));
	must(status == TAYRA_OK || status == TAYRA_E_CORRUPT || status == TAYRA_E_NOT_FOUND);
	if (status == TAYRA_OK)
		check_value(bytes, len, &head, &value);
	else
		must(value.block == NULL);
	if (status == TAYRA_E_NOT_FOUND && head.removed)
		check_removal(bytes, len, &head);
	tayra__tier_value_free(&value);
	free(bytes);
	return 0;
}
