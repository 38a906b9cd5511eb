#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# bench_pace_postgres_mix.sh FOLDER: the run whose mix steps; PACE_MIX="6 5" for steps of 5 s.
set -u
# shellcheck disable=SC2086
[ ! -x "$1/bench/bench_pace_postgres" ] || exec "$1/bench/bench_pace_postgres" mix ${PACE_MIX:-}
