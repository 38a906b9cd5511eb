#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# check_executor.sh EXECUTOR FILE: the example counts what wc counts, and says what is missing.
set -eu
lines=$(wc -l <"$2")
want="$2: $lines lines
/no/such/file: no such key
$2: $lines lines"
got=$("$1" "$2" /no/such/file "$2")
[ "$got" = "$want" ] || { echo "got: $got"; echo "want: $want"; exit 1; }
