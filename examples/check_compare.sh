#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# check_compare.sh COMPARE: the example finds that words are faster, and says that in words and in JSON.
# A quiet machine needs a second or two of the twenty.
set -eu
got=$("$1" 20)
echo "$got" | grep -q '^  words is FASTER: ' || { echo "got: $got"; exit 1; }
echo "$got" | grep -q '^  bytes again ' || { echo "no A/A: $got"; exit 1; }
got=$("$1" 20 --json)
echo "$got" | grep -q '^{"verdict":"FASTER","metric":"cpu","ratio":0\.' || { echo "got: $got"; exit 1; }
# Too little time is no verdict.
got=$("$1" .00001 2>&1)
echo "$got" | grep -q 'budget_ns is' || { echo "got: $got"; exit 1; }
