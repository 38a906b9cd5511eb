#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# live.sh TAYRA: what `tayra bench` shows of itself while it runs: the line on a terminal, metrics
# over HTTP.  TAP.
set -u
if [ -n "${TAYRA_INSTRUMENTED:-}" ]; then
	echo "1..0 # SKIP under instruments: half a minute of looking on"
	exit 0
fi
. "$(dirname "$0")/../claim.sh"
tayra=$(realpath "$1")
dir=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null; rm -rf "$dir"' EXIT
cd "$dir" || exit 99
unset TAYRA_PASSWORD TAYRA_FORWARD

"$tayra" serve --listen 127.0.0.1:0 --memory 64M >serving 2>err </dev/null &
server=$!
port=
for _ in $(seq 600); do
	port=$(sed -n 's/.* on 127\.0\.0\.1:\([0-9]*\):.*/\1/p' serving)
	[ -z "$port" ] || break
	sleep 0.1
done
url="redis://127.0.0.1:$port"

if command -v script >/dev/null; then
	# on_terminal COLUMNS OPTION...: the lines drawn, one a line.
	on_terminal() {
		wide=$1
		shift
		script -qec "stty cols $wide; '$tayra' bench run $*" /dev/null </dev/null 2>err |
			tr '\r' '\n' | sed "s/$(printf '\033')\[K//" >out
	}

	on_terminal 120 --url "$url" --rate 400 --duration 3s
	grep -q '^load 400/s: [0-9.]*/s, p50 [0-9.]* p99 [0-9.]* ms \[#*\.*\]  *[0-9]*%, [0-9]* s left$' out
	claim "on a terminal a line shows phase, rates, p50, p99 and the time left"
	on_terminal 120 --url "$url" --load "'50..100/s step 50 ramp 200ms sustain 400ms'" --slice 100ms
	grep -q '^warmup 20.0/s: .* left$' out && grep -q '^baseline 20.0/s: .*p99' out && grep -q '^stress 130/s: .* left$' out
	claim "and of a load test each phase with its rate"
	on_terminal 120 --arm "'sleep 0.01'" --arm "'sleep 0.02'" --pairs 20 --slice 20ms
	grep -q '^load, pair [0-9]* of 20 \[.* left$' out && ! grep -q '^load.*ratio' out
	claim "of commands the pairs, and not yet how they differ"
	on_terminal 40 --url "$url" --rate 400 --duration 1s
	grep -q '^load 400/s.* left$' out && ! grep '^load' out | grep -q '.\{40\}'
	claim "a narrow terminal gets a short line"
fi
"$tayra" bench run --url "$url" --rate 200 --duration 500ms >out 2>err
[ ! -s err ] && grep -q 'p99.9' out
claim "in a pipe there is no progress, and the table at the end"

# refused PATTERN WHAT OPTION...: exits with 2 at once, silent on stdout, one line on stderr that matches.
refused() {
	pattern=$1
	what=$2
	shift 2
	timeout 40 "$tayra" bench run --url "$url" --duration 60s "$@" >out 2>err </dev/null
	[ $? -eq 2 ] && [ ! -s out ] && [ "$(wc -l <err)" -eq 1 ] && grep -q -- "^tayra bench run: $pattern" err
	claim "$what"
}

# Where the run in the background shows its metrics.
shown_at() {
	at=
	for _ in $(seq 600); do
		at=$(sed -n 's/.* metrics at \(http:[^ ]*\/\)metrics$/\1/p' err)
		[ -z "$at" ] || return 0
		sleep 0.1
	done
	return 1
}
# value METRIC: of the text in `seen`.
value() {
	awk -v name="$1" '$1 == name { print $2 }' seen
}

refused "--listen 127.0.0.1:$port: Address already in use" "a port that is taken is said before the run" --listen "127.0.0.1:$port"
refused "alert 'x' is not NAME=RULE" "an alert is a name and a rule" --alert x
refused "alert 'x': there is no metric 'tayra_bench_lag_second'; did you mean 'tayra_bench_lag_seconds'?" \
	"a rule about what is not measured is said before the run" --alert 'x=tayra_bench_lag_second > 1'
refused "alert 'x': 'tayra_bench_requests' has no label status=errors" "so is one about a label's value that there is not" \
	--alert 'x=tayra_bench_requests{status=errors} > 1'
refused "alert 'x': 'tayra_bench_requests' has no label stat$" "and about a label, below the line of a fraction too" \
	--alert 'x=tayra_bench_requests{status=error,arm=later} / tayra_bench_requests{stat=ok} over 5s > 0.1'
printf 'urls: {a: "%s"}\nrate: 500\nduration: 900ms\nalerts:\n  slow: p99 tayra_bench_latency_seconds > 1ns\n  bad: tayra_bench_rate_wanted > 900\n' "$url" >plan.yaml
for _ in 1 2 3 4 5; do # 4: the machine was too busy for it to be believed
	"$tayra" bench run plan.yaml --json >out 2>err
	got=$?
	[ $got -eq 4 ] || break
done
[ $got -eq 0 ] && grep -q '^tayra bench run: alert slow fires at [0-9.e-]*: p99 ' err && ! grep -q 'alert bad' err
claim "a rule of a plan that fires is told at once, and moves no verdict"
grep -q '^  - alert slow: fired once, .* and still at the end' out && grep -q '^  - alert bad: not fired' out &&
	tail -n 1 out | grep -q '"alerts":\[{"name":"slow","rule":"p99 tayra_bench_latency_seconds > 1ns","fired":1,"firing":true,.*{"name":"bad",.*"fired":0,"firing":false,"first_s":null'
claim "what became of each rule is in the table and in the JSON"
sed -i 's/> 900/>/' plan.yaml
"$tayra" bench run plan.yaml >out 2>err
[ $? -eq 2 ] && grep -q "^tayra bench run: plan.yaml:6:3: alert 'bad' ends after '>'" err
claim "a rule that is none is refused with its line"
refused '--listen: 0.0.0.0:9464 can be reached from other machines' "metrics are for this machine alone" --listen 0.0.0.0:9464
refused "--listen: 'here' is no address" "an address is one" --listen here
without=$("$tayra" bench run --arm a=true --arm b=true --pairs 6 --listen 127.0.0.1:0 2>&1 >/dev/null | grep -c libmicrohttpd)
if [ "$without" -eq 0 ] && command -v curl >/dev/null; then
	# Where a machine is so busy that it is over before it is looked at, a longer one is.
	looked=
	for quarter in 1 4 15; do
		: >err # not the address of the one before
		"$tayra" bench run --url one="$url" --rate 300 --duration $((4 * quarter))s --listen 127.0.0.1:0 --json >out 2>err &
		pid=$!
		shown_at && sleep $quarter && curl -sSf "${at}healthz" >health && curl -sSf "${at}metrics" >seen && sleep 0.6 &&
			curl -sSf "${at}metrics" >later && looked=1 && break
		wait $pid
	done 2>curl.err
	[ -n "$looked" ]
	claim "while it runs its metrics are to be had"
	[ "$(cat health)" = ok ] && [ "$(tail -n 1 seen)" = '# EOF' ] &&
		[ "$(value 'tayra_bench_phase{phase="load"}')" = 1 ] && [ "$(value tayra_bench_rate_wanted)" = 300 ] &&
		awk -v x="$(value tayra_bench_done_ratio)" 'BEGIN { exit !(x > 0.1 && x <= 1) }'
	claim "they say in which phase it is, what rate it wants and how far it is"
	first=$(value 'tayra_bench_requests_total{arm="one",status="ok"}')
	[ "$first" -gt 100 ] && [ "$(value 'tayra_bench_latency_seconds_count{arm="one"}')" -ge "$first" ] &&
		[ "$(value 'tayra_bench_lag_seconds_bucket{arm="one",le="+Inf"}')" -gt 100 ] &&
		[ "$(awk '$1 == "tayra_bench_requests_total{arm=\"one\",status=\"ok\"}" { print $2 }' later)" -gt "$first" ]
	claim "requests, latencies and lags are counted as they come"
	awk -v watch="$(value tayra_bench_watch_cpu_seconds_total)" -v all="$(value tayra_bench_generator_cpu_seconds_total)" \
		'BEGIN { exit !(watch > 0 && all > watch) }'
	claim "and what looking costs: $(value tayra_bench_watch_cpu_seconds_total) of $(value tayra_bench_generator_cpu_seconds_total) s"
	if command -v promtool >/dev/null; then
		sed '/^#/!s/$/ 1700000000/' later >text
		promtool tsdb create-blocks-from openmetrics text blocks >promtool 2>&1
		claim "Prometheus reads them"
	fi
	wait $pid
	[ "$(tail -n 1 out | sed -n 's/^{"requests":\([0-9]*\),.*/\1/p')" -gt "$first" ] && ! curl -s "${at}healthz" >/dev/null
	claim "the result is as ever, and nobody listens any more"

	: >err
	"$tayra" bench run --arm quick=true --arm slow='sleep 0.02' --pairs 600 --listen 127.0.0.1:0 >out 2>err &
	pid=$!
	: >seen
	shown_at && for _ in $(seq 300); do
		curl -sS "${at}metrics" >seen
		awk '$1 ~ /slow.*"ok"/ && /^tayra_bench_requests_total/ && $2 > 3 { n++ } $1 == "tayra_bench_rounds_done" && $2 > 0 { n++ }
			END { exit n < 2 }' seen && break
		sleep 0.1
	done
	[ "$(value 'tayra_bench_requests_total{arm="slow",status="ok"}')" -gt 3 ] && [ "$(value tayra_bench_rounds_planned)" = 600 ] &&
		[ "$(value tayra_bench_rounds_done)" -gt 0 ] && [ -z "$(value tayra_bench_rate_wanted)" ] &&
		[ "$(value 'tayra_bench_latency_seconds_count{arm="slow"}')" -gt 3 ]
	claim "runs of commands are counted by arm, with the rounds done"
	kill -INT $pid
	wait $pid
	[ $? -eq 130 ]
	claim "Ctrl-C ends it as ever"
fi

echo "1..$count"
[ $bad -eq 0 ]
