#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# check_metrics.sh METRICS: the example's text says what happened: a thousand requests, each a hit or
# a load, each timed.
set -eu
text=$("$1")
value() {
	echo "$text" | sed -n "s/^$1 //p"
}
expect() {
	[ "$2" = "$3" ] || { echo "$1: $2, not $3"; exit 1; }
}
expect requests "$(value tayra_requests_total)" 1000
expect "hits and loads" "$(($(value tayra_hits_total) + $(value tayra_loads_total)))" 1000
expect "loads let in" "$(value 'tayra_pace_admitted_total{origin="echo",class="normal"}')" "$(value tayra_loads_total)"
expect timed "$(value tayra_request_seconds_count)" 1000
expect "items kept" "$(value tayra_cache_items)" "$(value tayra_loads_total)"
expect "refused for want of time" "$(value 'tayra_pace_shed_total{origin="echo",class="low",reason="expired"}')" 0
expect "last line" "$(echo "$text" | tail -n 1)" "# EOF"
