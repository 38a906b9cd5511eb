#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# bench_wrk.sh FOLDER: processor time that a closed loop of HTTP requests costs its generator, tayra's
# against wrk's (-t1), on one private nginx: compared by tayra bench itself, in turns in random order,
# on the figure that each run works out.  One JSON object; the last line of the comparison as "verdict".
set -eu
here=$(realpath "$0")
for need in nginx wrk; do
	command -v $need >/dev/null || { echo "bench_wrk: no $need: skipped" >&2; exit 0; }
done

# one TOOL TAYRA URL: run it for a second and print user and system time in us a request.
if [ "${2:-}" = --one ]; then
	tool=$3 tayra=$4 url=$5
	out=$(mktemp)
	trap 'rm -f "$out"' EXIT
	TIMEFORMAT='%U %S'
	if [ "$tool" = wrk ]; then
		used=$({ time wrk -t1 -c10 -d1s "$url" >"$out" 2>/dev/null; } 2>&1)
		requests=$(sed -n 's/^ *\([0-9]*\) requests in .*/\1/p' "$out")
	else
		used=$({ time "$tayra" bench run --url "$url" --connections 10 --duration 1s --json >"$out" 2>/dev/null; } 2>&1)
		requests=$(tail -n 1 "$out" | sed -n 's/.*"requests":\([0-9]*\).*/\1/p')
	fi
	echo "$used $requests" | awk '$3 > 0 { printf "%.4f\n", ($1 + $2) * 1e6 / $3 }'
	exit 0
fi

tayra=$(realpath "$1/tayra")
dir=$(mktemp -d)
trap 'kill "$(cat "$dir/pid" 2>/dev/null)" 2>/dev/null || true; rm -rf "$dir"' EXIT
port=$((20000 + $$ % 20000))
head -c 1024 /dev/zero | tr '\0' x >"$dir/index.html"
cat >"$dir/nginx.conf" <<END
pid $dir/pid; error_log /dev/null; worker_processes 1; events { worker_connections 256; }
http { access_log off; keepalive_requests 1000000000; server { listen 127.0.0.1:$port; root $dir; } }
END
chmod 755 "$dir"
nginx -c "$dir/nginx.conf" 2>/dev/null
url=http://127.0.0.1:$port/index.html
"$tayra" bench run --arm wrk="bash $here $1 --one wrk $tayra $url" --arm tayra="bash $here $1 --one tayra $tayra $url" \
	--metric output --slice 1ms --pairs "${PAIRS:-20}" --budget 5m --json >"$dir/out" || true
cat "$dir/out" >&2
tail -n 1 "$dir/out" | sed -n 's/^{"verdict":"\([A-Z]*\)".*"ratio":\([0-9.]*\),"lo":\([0-9.]*\),"hi":\([0-9.]*\),.*"pairs":\([0-9]*\).*/{"bench":"wrk","metric":"cpu_per_request_of_wrk","value":\2,"unit":"ratio","lo":\3,"hi":\4,"n":\5,"verdict":"\1","repeat":"make bench BENCH=wrk"}/p'
