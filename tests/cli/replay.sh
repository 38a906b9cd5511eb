#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# replay.sh TAYRA: `tayra replay` as a program: exit codes, one-line errors, output, Ctrl-C.  TAP.
set -u
. "$(dirname "$0")/../claim.sh"
tayra=$(realpath "$1")
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 99

# refused CODE PATTERN WHAT ARGUMENT...: exits with CODE, silent on stdout, one line on stderr that
# matches and begins with the command.
refused() {
	code=$1
	pattern=$2
	what=$3
	shift 3
	"$tayra" "$@" >out 2>err </dev/null
	got=$?
	[ "$got" -eq "$code" ] && [ ! -s out ] && [ "$(wc -l <err)" -eq 1 ] &&
		grep -q '^tayra' err && grep -q -- "$pattern" err
	claim "$what"
	if [ "$result" != ok ]; then
		sed 's/^/# /' err
		echo "# exit $got, wanted $code and $pattern"
	fi
}

cat >small.csv <<'END'
time_s,key,size_bytes
0,1,1
1,2,1
2,1,1
3,3,1
4,2,1
END
sed 's/,1$/,10/' small.csv >sized.csv
printf 'time_s,key,size_bytes\n0,1,1\n1,2,1,4,5,6,7,8,9\n' >nine.csv
printf 'time_s,key,size_bytes\n0,1,1\n1,2,-1\n' >negative.csv
printf 'time_s,key,size_bytes\n' >rowless.csv
printf 'time_s,key,size_bytes\n0,user:1,5\n' >text.csv
: >empty.csv
head -c 4000 "$tayra" >binary.csv
run="--policy lru --capacity 2"

# shellcheck disable=SC2086 # $run is words
{
	refused 2 'nine.csv:3: 9 columns where the header has 3' "9 columns name the line" replay nine.csv $run
	refused 2 "negative.csv:3: size_bytes '-1' is negative" "a negative size names the line" replay negative.csv $run
	refused 2 'binary.csv: binary data' "a binary trace is refused" replay binary.csv $run
	refused 2 'binary.csv:1: ' "a binary trace called csv is refused" replay binary.csv $run --format csv
	refused 2 'empty.csv: the file is empty' "an empty file is refused" replay empty.csv $run
	refused 2 'rowless.csv:1: no requests' "a trace without rows is refused" replay rowless.csv $run
	refused 2 'absent.csv: No such file' "a missing file is named" replay absent.csv $run
	refused 2 ': Is a directory' "a folder is no trace" replay . $run
	refused 2 "capacity '0' is 0" "a capacity of 0 is refused" replay small.csv --policy lru --capacity 0
	refused 2 "capacity 'abc%' is not a percentage" "a capacity of abc% is refused" replay small.csv --policy lru --capacity abc%
	refused 2 "capacity '1e30' " "a capacity of 1e30 is refused" replay small.csv --policy lru --capacity 1e30
	refused 2 "capacity '-3' is negative" "a negative capacity is refused" replay small.csv --policy lru --capacity -3
	refused 2 "capacity '200%' is over 100%" "more than everything is refused" replay small.csv --policy lru --capacity 200%
	refused 2 'element that is empty' "an empty list element is refused" replay small.csv --policy lru --capacity 1,,2
	refused 2 'sized.csv: capacity .2. counts objects.*byte suffix' "objects of real sizes are refused" replay sized.csv $run
	refused 2 'small.csv: capacity .2K. counts bytes.*--sizes real' "bytes of unit sizes are refused" replay small.csv --policy lru --capacity 2K
	refused 2 "did you mean 'lru'.*fifo lru s3fifo tayra belady" "an unknown policy lists those there are" replay small.csv --policy lur --capacity 2
	refused 2 "policy 'arc' does not exist.*fifo lru s3fifo tayra belady" "a policy to come is unknown" replay small.csv --policy arc --capacity 2
	refused 2 "policy 'belady' does not exist.*: .*lru s3fifo" "the cache engine has two policies" replay small.csv --engine cache --policy belady --capacity 2
	refused 2 '/absent/r.html: No such file' "an unwritable report is refused before the trace is read" replay absent.csv $run --report /absent/r.html
	refused 2 'small.csv: is a trace' "a report is not written over a trace" replay small.csv $run --report ./small.csv
	refused 2 "unknown option '--polcy' (did you mean '--policy'?)" "an unknown option gets a suggestion" replay small.csv --polcy lru
	refused 2 "'--capacity' needs a value" "a missing value is said" replay small.csv --policy lru --capacity
	refused 2 "'--json' takes no value" "a value too many is said" replay small.csv $run --json=1
	refused 2 "sizes '.*did you mean 'real'" "an unknown choice gets a suggestion" replay small.csv $run --sizes reel
	refused 2 'no trace given' "no trace is an error" replay $run
	refused 2 '--policy is missing' "no policy is an error" replay small.csv --capacity 2
	refused 2 'no trace given, --policy is missing, --capacity is missing' "all that is missing is said at once" replay
	refused 2 "did you mean 'lru'" "a policy in capitals gets a suggestion" replay small.csv --policy LRU --capacity 2
	refused 2 "text.csv:2: key 'user:1' .* number the keys, or hash them" "a text key gets a hint" replay text.csv $run
	refused 2 'stdin: nothing came' "an empty standard input is said so" replay - $run
	refused 2 'small.csv: no costs for --objective cost' "an objective without costs is refused" replay small.csv --policy tayra --capacity 2 --objective cost
	refused 2 "unknown command 'repaly' (did you mean 'replay'?)" "help for a command that is none gets a suggestion" help repaly
	refused 2 "limit '0'" "a limit of 0 is refused" replay small.csv $run --limit 0
	refused 2 'no column cost_ms' "a cost column that is not there is refused" replay small.csv $run --cost column
	refused 2 "horizon 'soon' is neither" "a horizon that is none is refused" replay small.csv --predict --horizon soon
	refused 2 "horizon '0' is neither" "a horizon of nothing is refused" replay small.csv --predict --horizon 0
	refused 2 '--horizon is of --predict' "a horizon without a prediction is refused" replay small.csv $run --horizon 5
	refused 2 '--predict replays no policies and takes no --policy' "--predict takes no policy" replay small.csv --predict --policy lru
	refused 2 '--patterns replays no policies and takes no --report' "--patterns takes no report" replay small.csv --patterns --report r.html
	refused 2 '--predict and --patterns do not go together' "--predict and --patterns are two things" replay small.csv --predict --patterns
	refused 2 'no trace given' "--patterns needs a trace" replay --patterns
	refused 2 'nine.csv:3: 9 columns' "--patterns names the line" replay nine.csv --patterns
	refused 2 'nine.csv:3: 9 columns' "--predict names the line" replay nine.csv --predict --horizon 1
	refused 2 'rowless.csv: no requests' "--patterns wants requests" replay rowless.csv --patterns
	refused 2 "unknown command 'repaly' (did you mean 'replay'?)" "an unknown command gets a suggestion" repaly
}

# By hand: 1 and 2 miss, 1 hits, 3 misses and evicts 2, 2 misses.
cat >wanted <<'END'
{"trace":"small.csv","policy":"lru","sizes":"unit","capacity":2,"requests":5,"misses":4,"miss_ratio":0.8,"byte_miss_ratio":null,"cost_miss_ratio":null,
END
"$tayra" replay small.csv --policy lru --capacity 2 --json >out 2>err &&
	sed 's/"ns_per_request".*//' out | cmp -s - wanted && [ ! -s err ]
claim "--json prints one object with the fields other tools rely on"
grep -q '"ns_per_request":[0-9.e+]*,"metadata_bytes_per_object":[0-9.]*}$' out
claim "--json ends with cost and metadata"

"$tayra" replay - --policy lru,belady --capacity 2,50% --json <small.csv >out &&
	[ "$(wc -l <out)" -eq 4 ] && grep -q '"trace":"-","policy":"belady","sizes":"unit","capacity":2,' out
claim "standard input is a trace, for belady too, and lists are replayed in full"

"$tayra" replay sized.csv --policy lru --capacity 20B --json | grep -q '"sizes":"real","capacity":20,"requests":5,"misses":4,"miss_ratio":0.8,"byte_miss_ratio":0.8,'
claim "a trace with sizes is replayed in bytes"
"$tayra" replay sized.csv --policy lru --capacity 2 --sizes unit --json | grep -q '"sizes":"unit","capacity":2,.*"byte_miss_ratio":0.8,'
claim "--sizes unit keeps the byte miss ratio of a trace with sizes"
"$tayra" replay small.csv --policy lru --capacity 2 --limit 3 --json | grep -q '"requests":3,"misses":2,'
claim "--limit replays the first rows only"
"$tayra" replay small.csv --policy s3fifo --capacity 2 --engine cache --json | grep -q '"policy":"s3fifo",.*"requests":5,'
claim "--engine cache drives the production engine"

"$tayra" replay small.csv sized.csv --sizes unit --policy lru,fifo --capacity 1,2 --report r.html >out 2>err &&
	[ ! -s err ] && [ "$(grep -c ' requests, ' out)" -eq 2 ] && [ "$(grep -c '^  lru ' out)" -eq 4 ] &&
	[ "$(grep -c '^  fifo ' out)" -eq 4 ]
claim "a table names each trace once and has a line a cell"
# 1 2 1 3 2 at 2: fifo misses 3, lru 4.  1 2 1 3 1: fifo 4, lru 3.
sed 's/^4,2,/4,1,/' small.csv >recent.csv
"$tayra" replay small.csv recent.csv --policy lru,fifo --capacity 2 >out && grep -q '^  fifo .* +25.00%' out &&
	grep -q '^  fifo .* -25.00%' out
claim "the table says how many misses are saved against lru, and lost in the same measure"
[ "$(grep -c '<svg' r.html)" -eq 2 ] && [ "$(grep -c '<polyline' r.html)" -eq 4 ] && ! grep -qE '<script|http' r.html
claim "--report draws a line a policy and loads nothing"

# 100 keys go round: within 100 requests each comes back, for sure.
awk 'BEGIN { print "time_s,key,size_bytes"; for (i = 0; i < 20000; i++) print i / 10 "," i % 100 ",9" }' >round.csv
"$tayra" replay round.csv round.csv --predict --horizon 100 >out 2>err && [ ! -s err ] &&
	[ "$(grep -c '^round.csv: is a key used again within 100 requests?' out)" -eq 2 ] &&
	grep -q '^   90% to 100%  .* 100.0% ' out && grep -q '^Brier score below that of the base rate on [0-2] of 2 traces' out
claim "--predict shows what was predicted and what came of it"
"$tayra" replay - --predict --horizon 10s --json <round.csv >out 2>err &&
	grep -q '^{"trace":"-","horizon":10,"horizon_unit":"s","labels":[0-9]*,"base_rate":[0-9.]*,"brier":0.0[0-9]*,"brier_base":.*,"brier_recency":.*,"brier_fixed":.*,"bins":\[{"predicted":null,"observed":null,"count":0},.*}\]}$' out
claim "--predict --json is one object, and a horizon may be a time"
"$tayra" replay small.csv $run --cost key --json | grep -q '"cost_miss_ratio":0\.'
claim "--cost key prices every miss"
"$tayra" replay small.csv $run --cost key | grep -q 'of cost' && ! "$tayra" replay small.csv $run | grep -q 'of cost'
claim "the table has a column for cost where there is one"
"$tayra" replay small.csv --predict --json | grep -q '"horizon":100,"horizon_unit":"requests","labels":0,"base_rate":null,'
claim "without a label --predict says null"
"$tayra" replay round.csv --patterns >out 2>err && [ ! -s err ] && grep -q '^20k uses of about 100 keys in 2000 s: 99.5% hits, 100 loads' out
claim "--patterns tells how keys are used"
awk 'BEGIN { print "time_s,key,size_bytes,ttl_s,cost_ms"; for (i = 0; i < 20000; i++) print i / 10 "," (i % 4 ? 1 : i) ",9,5,3" }' >hot.csv
"$tayra" replay hot.csv --patterns --json | grep -q '"hints":\[.*{"kind":"hot_key","subject":"1",.*"saving":{"requests_per_s":7.3' &&
	"$tayra" replay hot.csv --patterns --json | grep -q '"kind":"used_once"'
claim "--patterns --json has hints with evidence and saving"

"$tayra" replay small.csv --engine cache --policy tayra --capacity 2,3 | grep -Eq '^  B/obj has what an empty cache takes in it: tayra [0-9.]* KiB$' &&
	! "$tayra" replay small.csv $run | grep -q 'empty cache'
claim "what an empty cache takes is told where B/obj has it"

cp small.csv fed.csv
"$tayra" replay - --policy lru --capacity 2 --report fed.csv <fed.csv >out 2>err
[ $? -eq 2 ] && [ ! -s out ] && grep -q 'fed.csv: is a trace' err && cmp -s small.csv fed.csv
claim "a report is not written over the trace that standard input is"

rm -f r.html
mkfifo deserted
: <deserted &
exec 3>deserted
wait
"$tayra" replay small.csv --policy lru --capacity 2 --json --report r.html >&3 2>err
[ $? -eq 5 ] && grep -q 'standard output: ' err && [ -s r.html ]
claim "a pipe nobody reads is a failure, and the report is written all the same"
exec 3>&-

"$tayra" replay small.csv nine.csv --policy lru --capacity 2 --json >out 2>err
[ $? -eq 2 ] && [ "$(wc -l <out)" -eq 1 ] && [ "$(wc -l <err)" -eq 1 ]
claim "what was complete before a bad trace is kept"
"$tayra" replay small.csv nine.csv --policy lru --capacity 2 >both 2>&1
[ $? -eq 2 ] && [ "$(grep -n '^  lru ' both | cut -d: -f1)" -lt "$(grep -n 'nine.csv:3' both | cut -d: -f1)" ]
claim "the table of a trace is printed before the error of the next"
"$tayra" replay sized.csv --policy s3fifo --capacity 30B | grep -q '^  s3fifo caches no object of a tenth of the capacity' &&
	! "$tayra" replay sized.csv --policy lru --capacity 30B | grep -q 's3fifo'
claim "where s3fifo misses everything a line says why"
"$tayra" help replay >out && "$tayra" replay --help | cmp -s - out && "$tayra" help | grep -q '^  replay '
claim "help and a command's name print that command's help"

if command -v zstd >/dev/null; then
	awk 'BEGIN { print "time_s,key,size_bytes"; for (i = 0; i < 200000; i++) print i "," (i * 7919) % 10007 ",1" }' | zstd -q >full.csv.zst
	head -c $(($(wc -c <full.csv.zst) * 3 / 4)) full.csv.zst >cut.csv.zst
	refused 2 'cut.csv.zst:[0-9][0-9]*: the zstd data is damaged or cut short' "a truncated zst is refused" replay cut.csv.zst --policy lru --capacity 2
	"$tayra" replay full.csv.zst --policy lru --capacity 20000 --json | grep -q '"requests":200000,"misses":10007,'
	claim "a whole zst is read"
else
	count=$((count + 1))
	echo "ok $count - a truncated zst is refused # SKIP no zstd program"
fi

if [ -w /dev/full ]; then
	"$tayra" replay small.csv --policy lru --capacity 2 --json >/dev/full 2>err
	[ $? -eq 5 ] && [ "$(wc -l <err)" -eq 1 ]
	claim "output that cannot be written is a failure"
fi

"$tayra" --help >out && grep -q '^  replay ' out && "$tayra" replay --help >out && grep -q -- '--capacity' out
claim "--help goes to standard output"
"$tayra" --version | grep -qx 'tayra [0-9.]*'
claim "--version is one line"

# Ctrl-C in the middle: wait for a first cell, interrupt, and see what is there.
awk 'BEGIN { print "time_s,key,size_bytes"; for (i = 0; i < 300000; i++) print i "," (i * 7919) % 100003 ",1" }' >large.csv
capacities=1
i=2
while [ $i -le 60 ]; do
	capacities=$capacities,$((i * 1000))
	i=$((i + 1))
done
rm -f out err
"$tayra" replay large.csv large.csv large.csv --policy belady,belady-bypass,s3fifo --capacity "$capacities" --json --report part.html >out 2>err &
pid=$!
tries=0
while [ ! -s out ] && [ $tries -lt 600 ]; do
	sleep 0.05
	tries=$((tries + 1))
done
kill -INT $pid
wait $pid
got=$?
lines=$(wc -l <out)
[ $got -eq 130 ] && [ "$lines" -ge 1 ] && [ "$lines" -lt 540 ] && [ "$(grep -c '}$' out)" -eq "$lines" ]
claim "Ctrl-C exits 130 with the cells that are complete"
[ "$result" = ok ] || sed "s/^/# exit $got, $lines lines: /" err
grep -q '</html>' part.html && [ "$(wc -l <err)" -eq 1 ] && grep -q interrupted err
claim "Ctrl-C still writes the report and says so in one line"

mkfifo pipe
rm -f out err
"$tayra" replay pipe --policy lru --capacity 2 >out 2>err &
pid=$!
exec 3<>pipe
printf 'time_s,key,size_bytes\n0,1,1\n' >&3
sleep 0.3
kill -INT $pid
wait $pid
[ $? -eq 130 ] && [ "$(wc -l <err)" -eq 1 ]
claim "Ctrl-C ends the wait for input"
exec 3>&-

echo "1..$count"
[ $bad -eq 0 ]
