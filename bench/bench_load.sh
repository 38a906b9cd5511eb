#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# bench_load.sh FOLDER: what `make bench-load` runs beside bench_load: what a lease costs, and how
# soon a change feed tells.  One JSON object a line.
set -u
for more in lease feed; do
	[ ! -x "$1/bench/bench_$more" ] || "$1/bench/bench_$more"
done
