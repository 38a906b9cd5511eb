#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# check_demo.sh DEMO: the tour takes seconds with --quick and shows all three parts.  What it measures
# is up to the machine; that the cache answers some of the requests is not.
set -eu
got=$("$1" --quick)
say() {
	echo "$1"
	echo "$got"
	exit 1
}
for part in '1. cache' '2. pace' '3. prove'; do
	echo "$got" | grep -q "^$part: " || say "no part '$part'"
done
[ "$(echo "$got" | grep -cE '^  x.*, 95% interval .*: (SAME|BETTER|WORSE|UNDECIDED)$')" -eq 3 ] || say "not three verdicts"
echo "$got" | grep -qE '^  ([1-9]|[0-9]+\.[1-9]|[1-9][0-9]).*% of the requests were hits' || say "the cache answered nothing"
! "$1" --slow 2>/dev/null || say "an option that does not exist was taken"
