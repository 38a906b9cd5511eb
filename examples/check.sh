#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# check.sh READ_THROUGH FILE: the example says what it should: first from the file, then the cache.
set -eu
lines=$(wc -l <"$2")
want="$2: $lines lines (from the file)
$2: $lines lines (from the cache)"
got=$("$1" "$2")
[ "$got" = "$want" ] || { echo "got: $got"; echo "want: $want"; exit 1; }
if "$1" /no/such/file; then
	echo "a missing file was found"
	exit 1
fi
