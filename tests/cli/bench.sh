#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# bench.sh TAYRA: `tayra bench` as a program: verdicts, exit codes, one-line errors, Ctrl-C.  TAP.
set -u
. "$(dirname "$0")/../claim.sh"
tayra=$(realpath "$1")
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 99
export TMPDIR="$dir"

# refused CODE PATTERN WHAT ARGUMENT...: exits with CODE, silent on stdout, one line on stderr.
refused() {
	code=$1
	pattern=$2
	what=$3
	shift 3
	timeout 60 "$tayra" bench "$@" >out 2>err </dev/null
	got=$?
	[ "$got" -eq "$code" ] && [ ! -s out ] && [ "$(wc -l <err)" -eq 1 ] &&
		grep -q '^tayra bench' err && grep -q -- "$pattern" err
	claim "$what"
	[ "$result" = ok ] || echo "# exit $got, wanted $code and $pattern"
}

# got CODE: what the last run was to exit with, and a last line that holds each of the words.
field() {
	tail -n 1 out | sed -n "s/.*\"$1\":\"\\{0,1\\}\\([^,\"}]*\\).*/\\1/p"
}
between() {
	awk -v x="$1" -v lo="$2" -v hi="$3" 'BEGIN { exit !(x + 0 >= lo && x + 0 <= hi) }'
}

refused 2 "unknown command 'rnu' (did you mean 'run'?)" "an unknown subcommand gets a suggestion" rnu
refused 2 'no --arm: two commands are needed' "no arm is an error" run
refused 2 'one --arm has nothing to be compared with' "one arm is an error" run --arm true
refused 2 "two arms are called 'a'" "two arms of one name are refused" run --arm a=true --arm a=true
refused 2 "metric 'wal' .*did you mean 'wall'" "an unknown metric gets a suggestion" run --metric wal
refused 2 "margin '0%' is not a share above 0" "a margin of 0 is refused" run --margin 0%
refused 2 "margin 'nan' is not a share" "a margin of nan is refused" run --margin nan
refused 2 "margin '60%' is not a share above 0 and up to 50%" "a margin of 60% is refused" run --margin 60%
refused 2 "budget '60' is not a time" "a budget without a unit is refused" run --budget 60
refused 2 "budget '0s' is not a time" "a budget of nothing is refused" run --budget 0s
refused 2 "pairs '5' is not a whole number within 6 .. 1000" "5 pairs are refused" run --pairs 5
refused 2 "'true': takes options only" "a word too many is refused" run true
refused 2 "arm b: 'x \"y': a \" is not closed" "a quote that is not closed is refused" run --arm true --arm 'x "y'
refused 2 "arm b: 'no-such-program' cannot be run: No such file" "a program that is not there is named" run --arm true --arm no-such-program
refused 2 "arm b: 'sh' exited with 3: no table" "a command that fails is named, with what it says" run --arm true --arm "sh -c 'echo no table >&2; exit 3'"
refused 2 "arm a: 'sleep' took longer than its limit" "a command that takes too long has failed" run --arm 'sleep 10' --arm true --timeout 50ms
refused 2 '/absent/x.md: No such file' "an unwritable summary is refused before the work" run --arm 'sleep 9' --arm 'sleep 9' --md /absent/x.md
refused 2 'a gate needs --base and --head' "a gate without a base is refused" gate --head true
refused 2 'one or the other' "a gate of commands and revisions is refused" gate --base true --head true --base-ref HEAD
refused 2 '--run is missing' "a gate of revisions needs a command" gate --base-ref HEAD
refused 2 "base-ref 'HEAD': .*not a git repository" "a gate of revisions needs git" gate --base-ref HEAD --run true
refused 2 'an A/A has one --arm' "an A/A has one arm" aa --arm true --arm false
refused 2 "effect '0' is not a share" "an effect of nothing is refused" plan --effect 0 --arm true

"$tayra" bench run --arm a='sleep .01' --arm b='sleep .04' --budget 4s --json >out 2>err </dev/null
[ $? -eq 1 ] && [ "$(field verdict)" = SLOWER ] && [ "$(field metric)" = wall ] && between "$(field ratio)" 1.3 4.4 &&
	between "$(field lo)" 1.1 4.4 && between "$(field pairs)" 6 1000 && between "$(field aa_ratio)" .2 5 &&
	between "$(field p)" 0 .05 && between "$(field mde)" 0 100 && [ ! -s err ]
claim "a command that takes longer is SLOWER, with exit 1 and every field"
grep -q '  b is SLOWER: [0-9.]* times a (' out && grep -q 'a again .*A/A' out
claim "and a table with its A/A says so"
"$tayra" bench run --arm a='sleep .04' --arm b='sleep .01' --pairs 12 --json >out 2>err </dev/null
[ $? -eq 0 ] && [ "$(field verdict)" = FASTER ] && [ "$(field pairs)" -eq 12 ]
claim "one that takes less is FASTER, with exit 0"
"$tayra" bench run --arm a='sleep .05' --arm b='sleep .05' --margin 40% --pairs 20 --json >out 2>err </dev/null
[ $? -eq 0 ] && [ "$(field verdict)" = SAME ]
claim "equal ones are SAME within a wide margin, with exit 0"
work="i=0; while [ \$i -lt 10000 ]; do i=\$((i+1)); done"
"$tayra" bench run --metric cpu --arm a='sleep .02' --arm b="sh -c '$work'" --pairs 6 --slice 1ms --json >out 2>err </dev/null
[ $? -eq 1 ] && [ "$(field verdict)" = SLOWER ] && [ "$(field metric)" = cpu ] && between "$(field ratio)" 1.5 1000
claim "cpu counts work and not waiting"
"$tayra" bench run --arm a='sleep .2' --arm b='sleep .2' --budget 1500ms --json >out 2>err </dev/null
[ $? -eq 3 ] && [ "$(field verdict)" = UNDECIDED ] && tr -s '\n ' ' ' <out | grep -q 'fewer than 6 decide nothing. A larger --budget holds more: [0-9]* s would do.' &&
	[ "$(field lo)" = null ]
claim "a budget that holds too few pairs is UNDECIDED, with exit 3"
"$tayra" bench run --arm a=true --arm b=true --arm c=true --arm d='sleep .05' --pairs 6 --json >out 2>err </dev/null
[ $? -eq 3 ] && grep -q '"verdict":"UNDECIDED".*"b":"d".*"pairs_missing":1[,}]' out &&
	grep -q 'd: UNDECIDED: 6 pairs were run, and among 4 arms fewer than 7 decide nothing' out && grep -q 'A larger --pairs' out
claim "of several arms too few pairs are named, with how many are missing"
grep -q '^  believed: A/A' out && [ "$(grep -v '^{' out | wc -L)" -le 100 ] && grep -q '^    [^ ]' out
claim "what is said of it is in lines of 100 columns, indented where they go on"
"$tayra" bench run --arm a=true --arm b=true --arm c='sleep .05' --pairs 8 --json >out 2>err </dev/null
[ $? -eq 1 ] && [ "$(tail -n 2 out | grep -c '"verdict"')" -eq 2 ] && grep -q '"verdict":"SLOWER".*"b":"c"' out
claim "a third arm is judged as well"

: >runs
"$tayra" bench run --arm a=true --arm b="sh -c 'echo >>runs; test \$(wc -l <runs) -lt 12 || { echo full >&2; exit 4; }'" \
	--slice 1ms --pairs 20 --json >out 2>err </dev/null
[ $? -eq 2 ] && grep -q "arm b: 'sh' exited with 4: full" err && [ "$(field partial)" = true ] &&
	between "$(field pairs)" 6 12 && grep -q 'of 20 planned: it failed' out
claim "what fails in the middle keeps the pairs it had, marked"

"$tayra" bench run --arm a='sleep .01' --arm b='sleep .01' --pairs 1000 --json >out 2>err </dev/null &
pid=$!
sleep 2
kill -INT $pid
wait $pid
[ $? -eq 130 ] && grep -q 'interrupted' err && [ "$(field partial)" = true ] && between "$(field pairs)" 1 999
claim "Ctrl-C exits with 130 and prints what there is"
"$tayra" bench run --arm a='sleep 9' --arm b='sleep 9' >out 2>err </dev/null &
pid=$!
sleep .5
kill -INT $pid
wait $pid
[ $? -eq 130 ] && grep -q 'UNDECIDED: 0 pairs were run, and fewer than 6 decide nothing.$' out
claim "who stopped it is not told to give it longer"
"$tayra" bench aa --arm 'sleep .01' --pairs 6 -n 9999 >out 2>err </dev/null &
pid=$!
sleep 3
kill -INT $pid
wait $pid
[ $? -eq 130 ] && grep -q 'it ended early: 9999 were to be made' out
claim "a part of an A/A is marked as one"

"$tayra" bench gate --base 'sleep .03' --head 'sleep .2' --pairs 8 --md summary.md --json >out 2>err </dev/null
[ $? -eq 1 ] && [ "$(field pass)" = false ] && [ "$(field verdict)" = SLOWER ] &&
	grep -q '^| head .*| SLOWER |$' summary.md && grep -q '^## wall' summary.md
claim "a gate stops what is slower, and its summary is Markdown"
"$tayra" bench gate --base 'sleep .04' --head 'sleep .01' --pairs 8 --md summary.md --json >out 2>err </dev/null
[ $? -eq 0 ] && [ "$(field pass)" = true ] && [ "$(grep -c '^## wall' summary.md)" -eq 2 ]
claim "and lets pass what is faster, and adds to the summary"

"$tayra" bench run --arm a='sleep .01' --arm b="sh -c 'sleep .01 # <b>&'" --pairs 6 --html page.html >out 2>err </dev/null
[ -s page.html ] && head -1 page.html | grep -q '^<!doctype html>' && tail -1 page.html | grep -q '</html>$' &&
	grep -q 'sleep .01 # &lt;b&gt;&amp;' page.html && ! grep -qE '<script|http|<b>&' page.html &&
	[ "$(wc -c <page.html)" -lt 300000 ] && grep -q 'a again' page.html && [ "$(grep -c '<svg class="plot"' page.html)" -eq 3 ] &&
	grep -q '<h2>Is it to be believed?</h2>' page.html && grep -q 'somebody waited for I/O' page.html && [ ! -s err ]
claim "a page has verdict, intervals, rounds and spread, loads nothing, and escapes what it is given"

cat >priced.yaml <<'END'
arms:
  old: sh -c 'i=0; while [ $i -lt 9000 ]; do i=$((i+1)); done'
  new: "true"
metric: cpu
pairs: 8
slice: 1ms
prices:
  currency: EUR
  label: <test>
  cpu_hour: 0.03..0.05
  memory_gib_hour: 0
  origin_million_calls: 0
  requests_per_month: 1e9
  engineer_hour: 1
  engineer_hours_to_adopt: 1
  engineer_hours_per_month: 0
  months: 12
END
"$tayra" bench run priced.yaml --history priced.jsonl --html priced.html --md priced.md --json >out 2>err </dev/null
[ $? -eq 0 ] && [ ! -s err ] && grep -q 'saving, a month' out && tail -n 1 out | grep -q '"cost":{"efficiency_a"' &&
	tail -n 1 out | grep -q '"tornado":\[{.*"input":"cpu_hour"' && grep -q '<h2>Cost</h2>' priced.html &&
	grep -q '&lt;test&gt;' priced.html && grep -q '<h2>History</h2>' priced.html && grep -q '^### Cost' priced.md
claim "a plan has prices, as a mapping, and the page cost and history"
sed 's/0.03..0.05/0.05..0.03/' priced.yaml >wrong.yaml
refused 2 "wrong.yaml:10:3: 'cpu_hour' begins above its end" "a price that is none is told with its place" run wrong.yaml
sed '/months/d' priced.yaml >wrong.yaml
refused 2 "prices: 'months' is missing" "and one that is missing" run wrong.yaml
refused 2 'only --metric cpu has a price' "what is no processor time has no price" run priced.yaml --metric wall
refused 2 '--prices: /absent/p.json: No such file' "prices that are not there are told" \
	run --arm true --arm true --metric cpu --prices /absent/p.json

cat >plan.yaml <<'END'
# What is compared.
arms:
  old: sleep .01
  new: sleep .04
pairs: 8
slice: 1ms
json: true
END
if "$tayra" bench run plan.yaml --pairs 7 >out 2>err </dev/null; [ $? -eq 1 ]; then
	[ "$(field verdict)" = SLOWER ] && [ "$(field a)" = old ] && [ "$(field pairs)" -eq 7 ]
	claim "a plan is read from YAML, and what is given besides wins"
	printf 'arms:\n  a: true\nmargni: 2%%\n' >bad.yaml
	refused 2 "bad.yaml:3:1: unknown setting 'margni' (did you mean 'margin'?)" "an unknown setting names its line" run bad.yaml
	printf 'arms:\n  a: true\nmargin: 0%%\n' >bad.yaml
	refused 2 "bad.yaml:3:1: --margin '0%' is not" "a bad value names its line" run --plan bad.yaml
	printf 'arms: true\n' >bad.yaml
	refused 2 "bad.yaml:1:1: 'arms' is a mapping" "arms that are none are refused" run --plan=bad.yaml
	printf 'arms: {a: true, a: true}\n' >bad.yaml
	refused 2 'bad.yaml:1:' "a name twice is refused" run --plan=bad.yaml
	printf 'plan: bad.yaml\n' >bad.yaml
	refused 2 'bad.yaml:1:1: a plan names no other plan' "a plan of a plan is refused" run --plan=bad.yaml
	refused 2 'absent.yaml: No such file' "a plan that is not there is named" run absent.yaml
fi

if command -v git >/dev/null; then
	mkdir repo && cd repo || exit 99
	git init -q . && git config user.email t@example.org && git config user.name t
	printf '#!/bin/sh\nexec sleep .01\n' >tool.in && git add tool.in && git commit -qm one
	printf '#!/bin/sh\nexec sleep .05\n' >tool.in && git commit -qam two
	ln -s ../out ../err .
	"$tayra" bench gate --base-ref HEAD~1 --head-ref HEAD --build "sh -c 'cp tool.in tool && chmod +x tool'" \
		--run ./tool --pairs 10 --json --md ../gate.md >../out 2>../err </dev/null
	[ $? -eq 1 ] && [ "$(field verdict)" = SLOWER ] && [ "$(field a)" = base ] && [ "$(field b)" = head ]
	claim "a gate builds two revisions and runs both"
	grep -q '^| revisions | base HEAD~1, head HEAD |' ../gate.md && grep -q "^| build | sh -c 'cp tool.in tool " ../gate.md
	claim "and its page says which, and how they were built"
	[ "$(git worktree list | wc -l)" -eq 1 ] && [ -z "$(find "$dir" -name 'tayra-bench-*')" ]
	claim "and leaves no checkout behind"
	refused 2 "base-ref 'nosuch': .*nosuch" "a revision that is not there is named" gate --base-ref nosuch --run ./tool
	refused 2 "base-ref '--quiet': is no revision" "an option is no revision" gate --base-ref=--quiet --run ./tool
	refused 2 "build of HEAD~1: 'sh' exited with 7: no compiler" "a build that fails is named" \
		gate --base-ref HEAD~1 --build "sh -c 'echo no compiler >&2; exit 7'" --run ./tool
	[ "$(git worktree list | wc -l)" -eq 1 ] && [ -z "$(find "$dir" -name 'tayra-bench-*')" ]
	claim "and they leave nothing behind either"
	cd ..
fi

"$tayra" bench aa -n 3 --arm 'sleep .005' --pairs 6 --json >out 2>err </dev/null
[ $? -eq 0 ] && [ "$(field sessions)" -eq 3 ] && grep -q '3 comparisons of a with itself' out
claim "an A/A counts how often equal things are called different"
"$tayra" bench plan --arm 'sleep .005' --budget 10s --json >out 2>err </dev/null
[ $? -eq 0 ] && between "$(field pairs)" 6 10000 && between "$(field noise)" 0 2 && between "$(field pair_s)" .01 5
claim "a plan says how many pairs an effect needs"
printf '%s\n' 'echo "begin"' 'echo "took $(($1 + $$ % 5)) us: $(($1 + $$ % 5))"' >number.sh
"$tayra" bench run --arm a='sh number.sh 100' --arm b='sh number.sh 150' --metric output --pairs 12 --slice 1ms --json >out 2>err
[ $? -eq 1 ] && [ "$(field verdict)" = WORSE ] && [ "$(field metric)" = output ] && between "$(field a_value)" 100 104 && between "$(field ratio)" 1.4 1.6
claim "a number that a command prints itself can be what is compared"
"$tayra" bench run --arm a='sh number.sh 100' --arm b='sh number.sh 150' --metric score --pairs 12 --slice 1ms --json >out 2>err
[ $? -eq 0 ] && [ "$(field verdict)" = BETTER ]
claim "and more of it be better"
refused 2 "arm b: the last line of 'echo' does not end with a number of at least 0: '3 ms'" "what is no number is shown" run --arm 'echo 3' --arm 'echo 3 ms' --metric output
refused 2 "arm a: 'true' printed no last line with a number" "and nothing is said to be nothing" run --arm true --arm 'echo 3' --metric output
for commit in one two three four; do
	"$tayra" bench run --metric cpu --arm a="sh -c '$work'" --arm b="sh -c ':'" --pairs 6 --slice 1ms --name loop \
		--commit $commit --history past.jsonl >out 2>err </dev/null || break
done
[ "$(wc -l <past.jsonl)" -eq 4 ] && grep -c '"commit":"four"' past.jsonl >/dev/null
claim "each run adds its verdict to the history"
cat past.jsonl past.jsonl >twice.jsonl # as a merge does
head -c 100 past.jsonl >>twice.jsonl
"$tayra" bench history twice.jsonl --json >out 2>err
[ $? -eq 0 ] && [ "$(field runs)" -eq 4 ] && [ "$(field bench)" = loop ] && between "$(field trend_p)" 0 1 &&
	grep -q 'twice.jsonl:9: not a line of JSON' err
claim "a history is read with its doubles once, and what was cut off is named"
head -n 1 past.jsonl >once.jsonl
"$tayra" bench history once.jsonl >out 2>err && grep -q '^  1 run: no trend' out
claim "one run is one run"
"$tayra" bench history past.jsonl >out 2>err && grep -q '^loop, cpu of b' out && grep -q 'FASTER' out && grep -q '4 runs: ' out
claim "and shown with its trend"
printf '%s' '{"label":"test","currency":"EUR","cpu_hour":0.04,"memory_gib_hour":0,"origin_million_calls":0,"requests_per_month":1e9,"engineer_hour":1,"engineer_hours_to_adopt":1,"engineer_hours_per_month":0,"months":12}' >prices.json
"$tayra" bench cost past.jsonl --prices prices.json --json >out 2>err
[ $? -eq 0 ] && tail -n 1 out | grep -q '"saving":{"value":[0-9.]*,"lo":[0-9.]*,"hi":[0-9.]*}' && grep -q 'saving, a month' out &&
	grep -q 'processor time, as measured' out
claim "a decided difference in processor time has a price, with its interval"
sed 's/"verdict":"FASTER"/"verdict":"UNDECIDED"/' past.jsonl >undecided.jsonl
"$tayra" bench cost undecided.jsonl --prices prices.json --json >out 2>err
[ $? -eq 0 ] && tail -n 1 out | grep -q '"saving":{"value":null' && grep -q 'no money: the verdict is UNDECIDED' out
claim "and one that is undecided has none"
"$tayra" bench report past.jsonl >out 2>err && grep -q '^| loop | cpu | [0-9.]* | .* | FASTER | .* | 4 | .*p ' out
claim "a report of it is Markdown"
"$tayra" bench report past.jsonl --html history.html >out 2>err && grep -q '<td class="wrap">loop</td>' history.html && [ ! -s out ] &&
	[ "$(grep -c '<svg class="plot"' history.html)" -eq 2 ] && [ "$(grep -c '<details>' history.html)" -eq 2 ]
claim "or a page, with its series drawn"
refused 2 '/absent/x.html: No such file' "an unwritable page is named" report past.jsonl --html /absent/x.html
refused 2 'no file of a history given' "a history needs a file" history
refused 2 '/: Is a directory' "a directory is no history" history /
for words in history report cost; do
	refused 2 '/dev/zero: is a device, and a history is a file or a pipe' "a device is no history: $words" $words /dev/zero
done
timeout 10 "$tayra" bench history - >out 2>err </dev/zero
[ $? -eq 2 ] && grep -q '^tayra bench history: stdin: is a device' err
claim "nor is one on standard input"
cat past.jsonl | "$tayra" bench history - --json >out 2>err && [ "$(field runs)" -eq 4 ]
claim "but a pipe is"
refused 2 '/dev/zero: is no regular file, and a history is kept in one' "a history is not kept in a device" run --arm 'sleep 9' --arm 'sleep 9' --history /dev/zero
ln -s /dev/zero endless.yaml
refused 2 'endless.yaml: more than 256 KiB' "a plan that never ends is refused" run endless.yaml
: >empty.jsonl
refused 2 'no verdict in the history' "an empty history is said to be so" history empty.jsonl
refused 2 'absent.jsonl: No such file' "a history that is not there is named" history absent.jsonl
refused 2 'nothing of that name' "a name that is not in the history is said so" history past.jsonl --bench nosuch
refused 2 '/absent/h.jsonl: No such file' "an unwritable history is refused before the work" run --arm 'sleep 9' --arm 'sleep 9' --history /absent/h.jsonl
refused 2 "arm a: 'sleep' took longer than the whole budget" "a command that never ends is ended by the budget" run --arm 'sleep 99' --arm true --budget 200ms
refused 2 "arm a: 'sleep' took longer than the whole budget" "and by that of a plan" plan --arm 'sleep 99' --budget 200ms
"$tayra" bench run --arm a='echo 0' --arm b='echo 5' --metric output --pairs 6 --slice 1ms >out 2>err </dev/null
[ $? -eq 1 ] && grep -q '^  b is WORSE: 5.00, and a has 0 (p 0.0312)\.$' out && ! grep -q nan out
claim "a difference to 0 has no ratio, and is said without one"
"$tayra" bench run --arm a='echo 1e300' --arm b='echo 1e-300' --metric output --pairs 6 --slice 1ms >out 2>err </dev/null
[ $? -eq 0 ] && grep -q '^  a  *1e+300 ' out && grep -q '^  b  *1e-300 ' out
claim "figures of any size are shown as they are"
refused 3 'the pilot saw a figure of 0' "a plan from figures of 0 says so" plan --arm 'echo 0' --metric output --budget 20s --slice 1ms
for words in 'run --arm true --arm true --pairs 6 --slice 1ms' 'run --arm true --arm true --pairs 6 --slice 1ms --json' \
	'plan --arm true --budget 20s --slice 1ms' 'aa --arm true --pairs 6 -n 1 --slice 1ms' 'run --help'; do
	"$tayra" bench $words >/dev/full 2>err </dev/null
	got=$?
	: >out
	[ $got -eq 2 ] && [ "$(grep -c 'standard output: cannot be written' err)" -eq 1 ] && [ "$(wc -l <err)" -eq 1 ]
	claim "a full disk under the output is said so: $words"
done
"$tayra" bench run --help >out 2>err && grep -q -- '--budget=TIME' out && [ ! -s err ]
claim "help goes to stdout"

echo "1..$count"
[ $bad -eq 0 ]
