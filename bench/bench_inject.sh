#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# bench_inject.sh FOLDER: is 5% more work in a server found, by the server's processor time?  Two private
# redis-servers run the same script; how often it goes round a loop is a key, so that the second server
# works 5% longer for a request, or not at all.  SESSIONS comparisons of BUDGET each, found and not found,
# and as many of equal servers.  A JSON object each.
set -eu
command -v redis-server >/dev/null || { echo "bench_inject: no redis-server: skipped" >&2; exit 0; }
tayra=$(realpath "$1/tayra")
sessions=${SESSIONS:-10} budget=${BUDGET:-20s}
dir=$(mktemp -d)
trap 'kill "$(cat "$dir/a.pid" 2>/dev/null)" "$(cat "$dir/b.pid" 2>/dev/null)" 2>/dev/null || true; rm -rf "$dir"' EXIT
port=$((20000 + $$ % 20000))
for server in a b; do
	redis-server --port 0 --unixsocket "$dir/$server" --pidfile "$dir/$server.pid" --daemonize yes --save '' \
		--dir "$dir" --logfile /dev/null
done
redis-server --version | cut -d' ' -f3 >&2
port_a=$port port_b=$((port + 1))
for server in a b; do
	until redis-cli -s "$dir/$server" ping >/dev/null 2>&1; do sleep 0.1; done
done
redis-cli -s "$dir/a" config set port $port_a >/dev/null
redis-cli -s "$dir/b" config set port $port_b >/dev/null
a=redis://127.0.0.1:$port_a b=redis://127.0.0.1:$port_b
script="EVAL 'local x=0 for i=1,tonumber(redis.call(\"GET\",\"n\")) do x=x+i end return x' 0"

# turns SERVER N: its script goes round N times.
turns() {
	redis-cli -s "$dir/$1" set n "$2" >/dev/null
}
# cost SERVER: processor time of a request in us.
cost() {
	"$tayra" bench run --url "$1" --command "$script" --connections 10 --duration 3s --json 2>/dev/null |
		tail -n 1 | sed -n 's/.*"efficiency":\([0-9.]*\).*/\1/p' | awk '{ print 1e6 / $1 }'
}
# compare SEED: the last line of a comparison.
compare() {
	"$tayra" bench run --url a="$a" --url b="$b" --command "$script" --connections 10 --metric cpu --budget "$budget" \
		--seed "$1" --json 2>/dev/null | tail -n 1
}
# report NAME VERDICT SENTENCE: of the lines in the file called NAME.
report() {
	awk -v name="$1" -v verdict="$2" -v sessions="$sessions" '
	function field(key) { match($0, "\"" key "\":[^,}]*"); return substr($0, RSTART + length(key) + 3, RLENGTH - length(key) - 3) }
	{
		hit += field("verdict") == "\"" verdict "\""
		same += field("verdict") == "\"SAME\""
		pairs += field("pairs"); ratio += log(field("ratio")); mde += field("mde")
	}
	END {
		printf "{\"bench\":\"inject\",\"metric\":\"%s\",\"value\":%d,\"unit\":\"sessions\",\"of\":%d,\"same\":%d,\"pairs\":%.0f,\"ratio\":%.4f,\"mde\":%.4f,\"repeat\":\"make bench-inject\"}\n",
			name, hit, NR, same, pairs / NR, exp(ratio / NR), mde / NR
	}' "$dir/$1"
}

turns a 0
none=$(cost "$a")
turns a 500
many=$(cost "$a")
n=$(awk -v none="$none" -v many="$many" 'BEGIN { printf "%.0f", 0.05 * none / ((many - none) / 500) }')
echo "a request costs $none us, a turn of the loop $(awk -v n="$none" -v m="$many" 'BEGIN { print (m - n) * 2 }') ns: $n turns are 5%" >&2
turns a 0
for session in $(seq "$sessions"); do
	turns b "$n"
	compare "$session" >>"$dir/found_5_percent"
	turns b 0
	compare "$session" >>"$dir/called_equal_different"
	tail -qn 1 "$dir/found_5_percent" "$dir/called_equal_different" | cut -c1-150 >&2
done
report found_5_percent SLOWER
sed -i 's/"verdict":"\(SLOWER\|FASTER\)"/"verdict":"DIFFERENT"/' "$dir/called_equal_different"
report called_equal_different DIFFERENT
