#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# bench_pace.sh FOLDER: what `make bench-pace` runs beside bench_pace: the goals in simulation, and the
# limiters in front of a real PostgreSQL and SQLite (ten minutes).  One JSON object a line.
set -u
"$1/tayra" pace sim --all --json || echo "bench_pace: not all goals were reached in simulation" >&2
for contest in postgres sqlite; do
	[ ! -x "$1/bench/bench_pace_$contest" ] || "$1/bench/bench_pace_$contest"
done
