#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# scenario.sh TAYRA SOURCES: scenarios of `tayra bench run --url`, on a `tayra serve` of its own: in a
# plan, in a file, with data, with what is wrong in them.  TAP.
set -u
. "$(dirname "$0")/../claim.sh"
tayra=$(realpath "$1")
contrib=$(realpath "$2")/contrib
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

field() {
	tail -n 1 out | sed -n "s/^[^}]*\"$1\":\"\\{0,1\\}\\([^,\"}]*\\).*/\\1/p"
}
# kind NAME FIGURE: of the list of kinds.
kind() {
	tail -n 1 out | sed -n "s/.*{\"name\":\"$1\"[^}]*\"$2\":\\([^,}]*\\).*/\\1/p"
}
between() {
	awk -v x="$1" -v lo="$2" -v hi="$3" 'BEGIN { exit !(x + 0 >= lo && x + 0 <= hi) }'
}
# Whether a run is valid depends on how busy this machine is: 0 with valid, 4 without.
agrees() {
	case "$1:$(field valid)" in
	0:true | 4:false) true ;;
	*) false ;;
	esac
}

"$tayra" serve --listen 127.0.0.1:0 --memory 64M >serving 2>err </dev/null &
server=$!
port=
for _ in $(seq 100); do
	port=$(sed -n 's/.* on 127\.0\.0\.1:\([0-9]*\):.*/\1/p' serving)
	[ -z "$port" ] || break
	sleep 0.1
done
url="redis://127.0.0.1:$port"

mkdir data
printf 'id,name\n1,one\n2,"two, or ""so"""\n' >data/items.csv
cat >plan.yaml <<END
url: $url
scenario:
  - name: write
    command: SET 'item:{id}' 'is {name}'
    think: 20ms
  - name: read
    weight: 3
    command: GET item:{id}
    think: ~20ms
data: data/items.csv
data_order: sequence
connections: 4
duration: 1s
END
"$tayra" bench run --plan plan.yaml --json --md out.md --html out.html --seed 3 >out 2>err
agrees $? && [ "$(field errors)" -eq 0 ] && between "$(field requests)" 16 600 && grep -q '^  read  *[0-9]' out
claim "a plan has a scenario, and its clients think"
[ "$(($(kind write requests) + $(kind read requests)))" -eq "$(field requests)" ] && [ "$(kind write errors)" = 0 ] &&
	between "$(kind read share)" 0.5 0.95
claim "each kind has its figures in the JSON, and they are all there is"
grep -q '^| read |' out.md && grep -q '<h2>Kinds of requests</h2>' out.html
claim "and in the reports"
"$tayra" bench run --url "$url" --command "SET check 'is two, or \"so\"'" --rate 50 --duration 100ms >out 2>err
"$tayra" bench run --url "$url" --command 'GET item:2' --rate 50 --duration 100ms --json >out 2>err
[ "$(field errors)" -eq 0 ]
claim "what it wrote can be read"
sed '/^url\|^connections\|^duration/d; s/data\///' plan.yaml >data/scenario.yaml
"$tayra" bench run --url "$url" --scenario data/scenario.yaml --rate 400 --duration 500ms --json >out 2>err
agrees $? && [ "$(field errors)" -eq 0 ] && between "$(field requests)" 100 320
claim "a file of its own has one too, asked at a rate; its data is beside it"
"$tayra" bench run --url a="$url" --url b="$url" --scenario data/scenario.yaml --metric throughput_per_s --pairs 6 --slice 50ms --json >out 2>err
[ $? -ne 2 ] && [ "$(field metric)" = throughput_per_s ] && grep -q '^ *read  *a  *[0-9]' out && grep -q '^ *read  *b  *[0-9]' out &&
	tail -n 1 out | grep -q '"a_kinds":\[{"name":"write".*"b_kinds":\[{"name":"write"'
claim "servers are compared by one, and each has the figures of its kinds"
tail -n 1 out | grep -q '"kinds":\[{"name":"write","metric":"p50_ms","verdict":"[A-Z]*",.*{"name":"read","metric":"p50_ms"' &&
	grep -q '^ *read  *b  *[0-9.-]* .*\(SAME\|FASTER\|SLOWER\|UNDECIDED\|INVALID\)$' out && grep -q "Holm's" out
claim "and each kind a verdict"
cat >short.yaml <<END
url: $url
scenario: data/scenario.yaml
rate: 200
duration: 200ms
END
"$tayra" bench run --plan short.yaml --json >out 2>err
agrees $? && [ "$(field errors)" -eq 0 ] && between "$(field requests)" 10 100 && grep -q '"kinds"' out
claim "a plan may name the file instead"
printf 'id,name\n7,x\n' >seven.csv
"$tayra" bench run --url "$url" --scenario data/scenario.yaml --data seven.csv --data-order zipf:1.1 --rate 100 --duration 200ms --json >out 2>err
agrees $? && [ "$(field errors)" -eq 0 ]
claim "data on the command line wins"
"$tayra" bench run --load '300/s ramp 20ms sustain 100ms success 50% p99 4s' --url "$url" --scenario data/scenario.yaml --slice 20ms --json >out 2>err
[ "$(kind read errors)" = 0 ] && grep -q '^  read  *[0-9]' out
claim "a load test asks by one"

# wrong SED PATTERN WHAT: the scenario edited is refused.
wrong() {
	sed "$1" data/scenario.yaml >data/bad.yaml
	refused "$2" "$3" --url "$url" --scenario data/bad.yaml
}
wrong 's/{id}/{idd}/' "data/bad.yaml:2:5: write: {idd}: data/items.csv has no such column; did you mean 'id'" "a place that nothing fills is named with the nearest column"
wrong 's/weight/wieght/' "--scenario: data/bad.yaml:6:5: .*wieght.*did you mean 'weight'" "a wrong setting has its line and a suggestion"
wrong 's/20ms/soon/' "--scenario: data/bad.yaml:4:5: think 'soon' is no time" "so has a wrong time"
wrong 's/name: read/name: write/' "--scenario: data/bad.yaml:5:.*two kinds are called 'write'" "and a name twice"
wrong 's/weight: 3/weight: 0/' "--scenario: data/bad.yaml:6:.*weight '0' is not a number" "and a weight of nothing"
wrong 's/think: ~20ms/path: \/x/' "--scenario: data/bad.yaml:7:.*one or the other" "a kind is of HTTP or of Redis"
wrong 's/sequence/zipf:no/' "--scenario: data/bad.yaml:.*'zipf:no' is not random" "an order there is not is refused"
wrong 's/scenario:/scenarios:/' "--scenario: data/bad.yaml:.*has no 'scenario:'" "a file without a scenario is none"
wrong 's/items.csv/none.csv/' "data/none.csv: No such file" "data that is not there is named"
printf 'id,name\n1\n' >data/items.csv
wrong '' "data/items.csv:2: no value for column 'name': 1 of 2 fields" "a row that is cut is named with its line"
printf 'id,name\n1,"a\n' >data/items.csv
wrong '' "data/items.csv:2: a quote that is never closed" "and a quote that stays open"
printf 'id,name\n1,a\0\n' >data/items.csv
wrong '' "data/items.csv:2: a byte 0" "and a byte 0"
printf 'id,name\n1,"a\nb"\n' >data/items.csv
cat >http.yaml <<'END'
- name: only
  path: /
  headers: { x-name: "{name}" }
END
refused "http.yaml:1:3: only: data/items.csv:2: the value of 'name' has a byte 0x0a, which no header has" "a value that would end a header is refused" --url http://127.0.0.1:1/ --scenario http.yaml --data data/items.csv
refused "http.yaml:1:3: only: a method, headers and a body are for http" "what is of HTTP is no command" --url "$url" --scenario http.yaml --data seven.csv
refused "http.yaml:1:3: only: {name}: there is no data" "a place needs data" --url http://127.0.0.1:1/ --scenario http.yaml
refused 'data seven.csv: no scenario' "data alone is nothing" --url "$url" --data seven.csv
refused 'a scenario says itself what is asked' "a scenario and a command are two" --url "$url" --scenario http.yaml --command PING
refused 'an order of rows, and no --data' "an order needs rows" --url "$url" --scenario http.yaml --data-order sequence
refused 'http://127.0.0.1:1/: connection refused' "the example in contrib is right" --url http://127.0.0.1:1/ --scenario "$contrib/bench-scenario.yaml"

echo "1..$count"
[ "$bad" -eq 0 ]
