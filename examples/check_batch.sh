#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# check_batch.sh BATCH: every key is answered, in about a hundredth of the calls.
set -eu
got=$("$1")
calls=${got##*in }
calls=${calls%% *}
case $got in "990 of 1000 keys found in "*) ;; *) echo "got: $got"; exit 1 ;; esac
[ "$calls" -ge 10 ] && [ "$calls" -le 20 ] || { echo "got: $got"; exit 1; }
