/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/capacity.h"

#include <tayra/base.h>

#include <ctype.h>
#include <math.h>
#include <string.h>

#include "base/option.h"

#define TEXT_MAX   63
#define AMOUNT_MAX (UINT64_C(1) << 62)

static int
parse_share(char *text, size_t len, struct tayra__capacity *out, const char **why)
{
	double percent;

	text[len - 1] = '\0';
	*why = "is not a percentage: write it like 0.1%";
	if (tayra__option_double(text, -HUGE_VAL, HUGE_VAL, &percent))
		return TAYRA_E_INVAL;
	*why = "is not above 0%";
	if (percent <= 0)
		return TAYRA_E_INVAL;
	*why = "is over 100%";
	if (percent > 100)
		return TAYRA_E_INVAL;
	*out = (struct tayra__capacity){ .kind = TAYRA__CAPACITY_SHARE, .percent = percent };
	return TAYRA_OK;
}

static int
parse_amount(const char *text, size_t len, struct tayra__capacity *out, const char **why)
{
	bool suffixed = isalpha((unsigned char)text[len - 1]);
	uint64_t amount;

	*why = text[0] == '-' ? "is negative"
			      : "is not one: write a share (1%), objects (1000) or bytes (64M)";
	out->kind = suffixed ? TAYRA__CAPACITY_BYTES : TAYRA__CAPACITY_OBJECTS;
	if (suffixed ? tayra__option_bytes(text, &amount)
		     : tayra__option_u64(text, 0, UINT64_MAX, &amount)) {
		if (strspn(text, "0123456789") == len)
			*why = "is too large";
		return TAYRA_E_INVAL;
	}
	*why = amount ? "is too large" : "is 0: there must be room for something";
	if (amount == 0 || amount > AMOUNT_MAX)
		return TAYRA_E_INVAL;
	out->amount = amount;
	return TAYRA_OK;
}

int
tayra__capacity_parse(const char *text, size_t len, struct tayra__capacity *out, const char **why)
{
	struct tayra__capacity parsed = { 0 };
	char copy[TEXT_MAX + 1];
	int status;

	*why = len ? "is too long" : "is empty";
	if (len == 0 || len > TEXT_MAX)
		return TAYRA_E_INVAL;
	*why = "has a NUL byte";
	if (memchr(text, 0, len))
		return TAYRA_E_INVAL;
	memcpy(copy, text, len);
	copy[len] = '\0';
	status = copy[len - 1] == '%' ? parse_share(copy, len, &parsed, why)
				      : parse_amount(copy, len, &parsed, why);
	if (!status)
		*out = parsed;
	return status;
}

int
tayra__capacity_resolve(const struct tayra__capacity *capacity, enum tayra__sizes sizes,
			uint64_t keys, uint64_t footprint_bytes, uint64_t *out, const char **why)
{
	uint64_t whole = sizes == TAYRA__SIZES_REAL ? footprint_bytes : keys;
	uint64_t share;

	switch (capacity->kind) {
	case TAYRA__CAPACITY_OBJECTS:
		*why = "counts objects, but sizes are real: add a byte suffix (64K, 10M, 100B) "
		       "or use --sizes unit";
		if (sizes == TAYRA__SIZES_REAL)
			return TAYRA_E_INVAL;
		*out = capacity->amount;
		return TAYRA_OK;
	case TAYRA__CAPACITY_BYTES:
		*why = "counts bytes, but every object is 1: drop the suffix or use --sizes real";
		if (sizes != TAYRA__SIZES_REAL)
			return TAYRA_E_INVAL;
		*out = capacity->amount;
		return TAYRA_OK;
	case TAYRA__CAPACITY_SHARE: break;
	}
	share = (uint64_t)llroundl((long double)whole * (long double)capacity->percent / 100.0L);
	*out = share ? share : 1;
	return TAYRA_OK;
}
