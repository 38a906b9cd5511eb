/* SPDX-License-Identifier: Apache-2.0 */
#include <tayra/prove.h>

const char *
tayra_verdict_name(enum tayra_verdict verdict)
{
	switch (verdict) {
	case TAYRA_INVALID: return "INVALID";
	case TAYRA_SAME: return "SAME";
	case TAYRA_BETTER: return "BETTER";
	case TAYRA_WORSE: return "WORSE";
	case TAYRA_UNDECIDED: return "UNDECIDED";
	}
	return "unknown verdict";
}
