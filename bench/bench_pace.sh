#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# bench_pace.sh FOLDER: what `make bench-pace` runs beside bench_pace: every goal that can be measured,
# quick ones first: two threads, simulation, SQLite, PostgreSQL, PostgreSQL with a mix that steps (an
# hour in all; PACE_MIX="6 5" makes steps of 5 s out of 30 and half an hour).  One JSON object a line.
set -u
"$1/bench/bench_pace_threads"
"$1/tayra" pace sim --all --json || echo "bench_pace: not all goals were reached in simulation" >&2
for contest in sqlite postgres; do
	[ ! -x "$1/bench/bench_pace_$contest" ] || "$1/bench/bench_pace_$contest"
done
bench/bench_pace_postgres_mix.sh "$1"
