#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# pace.sh TAYRA SOURCE: `tayra pace sim` as a program: exit codes, one-line errors, output.  TAP.
set -u
. "$(dirname "$0")/../claim.sh"
tayra=$(realpath "$1")
source=$(realpath "$2")
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 99

# refused PATTERN WHAT ARGUMENT...: exits with 2, silent on stdout, one line that matches.
refused() {
	pattern=$1
	what=$2
	shift 2
	"$tayra" "$@" >out 2>err </dev/null
	got=$?
	[ "$got" -eq 2 ] && [ ! -s out ] && [ "$(wc -l <err)" -eq 1 ] && grep -q '^tayra pace' err &&
		grep -q -- "$pattern" err
	claim "$what"
	[ "$result" = ok ] || sed "s/^/# exit $got: /" err
}

cat >small.yaml <<'END'
about: small
length: 6s
loads: [{kind: poisson, load: 2, deadline: 500ms}]
goals:
- {goal: A, figure: goodput_of_possible, least: 0.5}
- {goal: B, figure: goodput_of_oracle, least: 0.5}
END
sed 's/least: 0.5/least: 2/' small.yaml >missed.yaml
printf 'loads: [{cliens: 3}]\n' >wrong.yaml
printf 'length: 5s\nloads: [{}]\n' >goalless.yaml
ln -s loop.yaml loop.yaml

refused 'unknown command' 'an unknown subcommand is refused' pace simulate
refused 'no scenario given' 'no scenario is refused' pace sim
refused "did you mean 'low_knee'" 'a name that is near is offered' pace sim low_kne
refused 'nowhere.yaml: No such file' 'a file that is not there is named' pace sim nowhere.yaml
refused 'loop.yaml: ' 'a link to itself is refused' pace sim ./loop.yaml
refused 'directory' 'a directory is refused' pace sim ./
refused "wrong.yaml:1:10: .*'clients'" 'a wrong setting is named with its place' pace sim wrong.yaml
refused "fixed:0" 'a limit of 0 is refused' pace sim small.yaml --limiter fixed:0
refused "'none:3' has no limit to begin with" 'a limit for none is refused' pace sim small.yaml --limiter none:3
printf 'length: 2s\nloads: [{}]\npace: {limit_max: 4}\n' >bound.yaml
refused "bound.yaml: --limiter 'aimd:8' does not begin from limit_min 1 to limit_max 4" \
	'a beginning out of bounds is refused' pace sim bound.yaml --limiter aimd:8
refused "does not exist" 'an unknown limiter is refused' pace sim small.yaml --limiter vega
refused "element that is empty" 'an empty limiter is refused' pace sim small.yaml --limiter aimd,
refused "is no number" 'a wrong seed is refused' pace sim small.yaml --seed -1
refused "from 1 to 100" 'no seeds are refused' pace sim small.yaml --goals --seeds 0
refused "takes no scenario" 'all and a scenario do not go together' pace sim --all small.yaml

"$tayra" pace sim goalless.yaml --goals >out 2>err
[ $? -eq 2 ] && grep -q 'goalless has no goals' err
claim 'a scenario without goals cannot be judged'

"$tayra" pace sim small.yaml --limiter aimd,fixed:8 >one 2>err && "$tayra" pace sim small.yaml \
	--limiter aimd,fixed:8 >two && cmp one two && [ "$(wc -l <one)" -eq 4 ] && [ ! -s err ]
claim 'a run says the same twice'

"$tayra" pace sim small.yaml --json --seed 5 >out &&
	grep -q '^{"scenario":"small","limiter":"[a-z0-9]*","seed":5,"trace":"[0-9a-f]\{16\}",.*}$' out
claim 'one JSON object a line'

"$tayra" pace sim small.yaml --goals --seeds 2 --limiter fixed:8,fixed:400 --json >out
[ $? -eq 0 ] && [ "$(wc -l <out)" -eq 4 ] &&
	grep -q '^{"goal":"B","scenario":"small","limiter":"fixed:8","what":"goodput_of_oracle","figure":[0-9.]*,"oracle":[0-9.]*,"bar":0.5,"side":"least","lo":[0-9.]*,"hi":[0-9.]*,"pass":true,"seeds":2,"repeat":"[^"]*"}$' out
claim 'a line a goal; the first limiter decides the exit code'

"$tayra" pace sim missed.yaml --goals --seeds 1 --limiter fixed:8 >out
[ $? -eq 1 ] && grep -q MISSED out
claim 'a goal that is missed exits with 1'

"$tayra" pace sim --list >out && for f in "$source"/contrib/scenarios/*.yaml; do
	name=${f##*/}
	grep -q "^${name%.yaml} " out || echo "$name"
done >missing && [ ! -s missing ]
claim 'every file of contrib/scenarios has its name'

"$tayra" pace sim "$source/contrib/scenarios/cold_burst.yaml" --limiter fixed:8 | tail -n 1 >file &&
	"$tayra" pace sim cold_burst --limiter fixed:8 | tail -n 1 >named && cmp file named
claim 'a name and its file are the same'

"$tayra" pace sim small.yaml --limiter aimd,fixed:4 --report page.html >out && grep -q '</html>' page.html &&
	[ "$(grep -c '<svg class="plot"' page.html)" -eq 4 ] && ! grep -q '<script\|https*:' page.html
claim 'a page with four plots, no script, nothing from elsewhere'

"$tayra" pace sim small.yaml --goals --seeds 1 --limiter fixed:8 --report page.html >out && grep -q reached page.html
claim 'a page of goals'

cat >'<img src=x>.yaml' <small.yaml
"$tayra" pace sim './<img src=x>.yaml' --limiter fixed:8 --report page.html >out && ! grep -q '<img' page.html &&
	grep -q '<h2>&lt;img src=x&gt;</h2>' page.html
claim 'the name of a file is text in a page'

long=./$(printf '%0100d' 0)/$(printf '%0100d' 1)/$(printf '%0100d' 2).yaml
mkdir -p "${long%/*}" && cp small.yaml "$long" && "$tayra" pace sim "$long" --goals --seeds 1 --limiter fixed:8 --json >out &&
	grep -q "\"repeat\":\"tayra pace sim $long --goals --limiter fixed:8 --seed 1 --seeds 1 --json\"" out
claim 'how to repeat it is whole, however long the path'

cp small.yaml kept.yaml
refused 'is a scenario' 'a scenario is not overwritten by its report' pace sim small.yaml --report ./small.yaml
cmp -s small.yaml kept.yaml
claim 'and is as it was'
printf 'time_s,key,size_bytes\n0,1,1\n1,2,1\n' >asked.csv
cp asked.csv kept.csv
printf 'length: 2s\nloads: [{kind: replay, trace: asked.csv}]\n' >replay.yaml
"$tayra" pace sim small.yaml replay.yaml --limiter fixed:8 --report ./asked.csv >out 2>err
[ $? -eq 2 ] && grep -q 'asked.csv: is a trace' err && [ "$(wc -l <err)" -eq 1 ] && cmp -s asked.csv kept.csv
claim 'nor is a trace that one replays, whichever'
refused 'nowhere/page.html: ' 'a page that cannot be written is told before work begins' \
	pace sim small.yaml --report nowhere/page.html

printf 'length: 1h\nloads: [{clients: 400}]\n' >long.yaml
"$tayra" pace sim small.yaml long.yaml long.yaml long.yaml >out 2>err &
pid=$!
sleep 1
kill -INT $pid
wait $pid
got=$?
[ $got -eq 130 ] && grep -q '^  ' out && [ "$(wc -l <err)" -eq 1 ]
claim 'Ctrl-C leaves what is complete'

"$tayra" pace sim --settings >out && grep -q '^  swing_depth ' out && grep -q '^  jain ' out
claim 'all settings are shown'

if [ -w /dev/full ]; then
	"$tayra" pace sim small.yaml --json >/dev/full 2>err
	[ $? -eq 2 ] && [ "$(wc -l <err)" -eq 1 ]
	claim 'an output that is full is told'
fi

"$tayra" help pace >out && grep -q '^Usage: tayra pace' out && "$tayra" pace sim --help | grep -q -- --limiter
claim 'help'

echo "1..$count"
exit $((bad > 0))
