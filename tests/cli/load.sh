#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# load.sh TAYRA: `tayra bench run --url --load` as a program, on a `tayra serve` of its own: table, JSON
# line, exit codes, one-line errors, Ctrl-C.  TAP.
set -u
. "$(dirname "$0")/../claim.sh"
tayra=$(realpath "$1")
dir=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null; rm -rf "$dir"' EXIT
cd "$dir" || exit 99
unset TAYRA_PASSWORD TAYRA_FORWARD

# refused PATTERN WHAT OPTION...: exits with 2, silent on stdout, one line on stderr that matches.
refused() {
	pattern=$1
	what=$2
	shift 2
	"$tayra" bench run "$@" >out 2>err </dev/null
	got=$?
	[ "$got" -eq 2 ] && [ ! -s out ] && [ "$(wc -l <err)" -eq 1 ] &&
		grep -q -- "^tayra bench run: $pattern" err
	claim "$what"
}

: >serving
"$tayra" serve --listen 127.0.0.1:0 --memory 16M >serving 2>err </dev/null &
server=$!
port=
for _ in $(seq 600); do
	port=$(sed -n 's/.* on 127\.0\.0\.1:\([0-9]*\):.*/\1/p' serving)
	[ -z "$port" ] || break
	sleep 0.1
done
url="redis://127.0.0.1:$port/"

"$tayra" bench run --url "$url" --load '300..600/s step 300 ramp 20ms sustain 100ms success 50% p99 4s' \
	--slice 20ms --connections 8 --pid "$server" --html page.html --md page.md --json >out 2>err
got=$?
tail -n 1 out >last
verdict=$(sed -n 's/.*"result":{"verdict":"\([a-z]*\)".*/\1/p' last)
# Which verdict it is depends on how busy this machine is.
case "$got:$verdict" in
0:met | 1:failed | 4:invalid) true ;;
*) false ;;
esac
claim "a load test ends with a verdict, and exits with its code"
[ "$(grep -o '"phase":"[a-z]*"' last | tr -d '\n' | sed 's/"phase"//g')" = \
	':"warmup":"baseline":"load":"load":"stress":"stress":"stress":"recovery"' ]
claim "the JSON line has every phase in order"
! grep -q '"requests":0,' last && grep -q '"planned_per_s":780,' last
claim "every phase asked something, the last of stress 130% of the maximum"
! grep -q '"memory_peak_mib":null' last
claim "the memory of the server is in the figures of every phase"
[ "$(grep -cE '^  (warmup|baseline|load|stress|recovery) ' out)" -eq 8 ]
claim "the table has a row for each phase"

grep -q '<h2>Phases</h2>' page.html && grep -q '>recovery<' page.html && tail -1 page.html | grep -q '</html>$' &&
	grep -q '^### Time' page.md && grep -q '^  believed: ' out && grep -q '"cpu_pressure_ratio":' last
claim "its page, its Markdown and what it is to be believed by are there"
refused '/absent/x.html: No such file' "a page that cannot be written is told before the load" \
	--url "$url" --load 5/s --html /absent/x.html

# Evenly, and 10 more every 50 ms: 3 + 20 of 100 ms at the warm-up's 30/s, which last 100 ms each.
"$tayra" bench run --url "$url" --load '150/s ramp 20ms sustain 100ms success 50% p99 4s' \
	--slice 100ms --arrivals uniform --burst 10/50ms --html burst.html --json >out 2>err
got=$?
tail -n 1 out >last
[ "$got" -eq 0 ] || [ "$got" -eq 1 ] || [ "$got" -eq 4 ]
claim "a load test takes arrivals and bursts"
grep -q '"arrivals":"uniform","burst":10,"burst_every_s":0.05,' last &&
	sed -n 's/.*"phase":"warmup"[^}]*"slices":\([0-9]*\),"metrics":{"requests":\([0-9]*\),.*/\1 \2/p' last |
	awk '{ exit !($1 > 0 && $2 == 23 * $1) }' &&
	grep -q '10 more at once, every 0.05 s' burst.html
claim "in every slice as many as were asked for"
refused 'a trace says when, and so does --load' "a trace beside a line is refused" \
	--url "$url" --load 5/s --arrivals trace:x
refused 'the period of --burst is longer than the load.s sustain' "a burst that most rates would not see is refused" \
	--url "$url" --load '5/s sustain 1s' --burst 5/2s
refused '--slice is not a whole number of the periods' "slices with different bursts are refused" \
	--url "$url" --load 5/s --burst 5/2s --slice 3s
refused "--arrivals 'evenly' is not" "arrivals that are none are refused" --url "$url" --load 5/s --arrivals evenly

"$tayra" bench run --url "$url" --load '100/s sustain 1h' --slice 20ms --json >out 2>err &
load=$!
sleep 1
kill -INT "$load"
wait "$load"
got=$?
[ "$got" -eq 130 ] && tail -n 1 out | grep -q '"result":{"verdict":"stopped"' &&
	grep -q '^tayra bench run: interrupted' err && ! grep -q 'never settled' out
claim "Ctrl-C prints what there is, says so, and exits with 130"

refused '--load: at 8: .stpe. is no word of a load; did you mean .step.' \
	"a word that is none is told with its place" --url "$url" --load '1..9/s stpe 4'
refused '--load: no --url' "a load without a server is refused" --load 5/s
refused '--url: redis://127.0.0.1:1/.*refused' "a server that is not there is told at once" \
	--url redis://127.0.0.1:1/ --load 5/s
refused "--pid 4194304: no such process" "a process that is not there is told before the load" \
	--url "$url" --load 5/s --pid 4194304
refused "--slice .0s. is not a time" "a slice of nothing is refused" --url "$url" --load 5/s --slice 0s
refused "--connections .0. is not a whole number" "no connections are refused" \
	--url "$url" --load=5/s --connections 0
"$tayra" bench run --load 1/s --help >out 2>err && grep -q -- '--pid=PID' out &&
	"$tayra" bench run --help >out 2>err && grep -q -- '--load' out
claim "both forms of run tell of this one"

echo "1..$count"
[ "$bad" -eq 0 ]
