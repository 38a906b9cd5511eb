#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# check_production.sh PRODUCTION: what is asked twice is computed once, in every mode of the limiter,
# and a bad start is refused.
set -eu
for mode in enforce monitor off; do
	got=$("$1" 10 $mode)
	want="primes below 100000: 9592 (computed)
primes below 100000: 9592 (from the cache)
important operation: 42
hits 1 of 2, loads 1, limit 10, let in at high priority 2"
	[ "$got" = "$want" ] || { echo "$mode: got: $got"; echo "want: $want"; exit 1; }
done
! "$1" 1000 2>/dev/null || { echo "a limit over its maximum was taken"; exit 1; }
! "$1" 10 always 2>/dev/null || { echo "a mode that does not exist was taken"; exit 1; }
