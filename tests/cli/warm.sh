#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# warm.sh TAYRA: `tayra warm` before a server of its own.  TAP.
set -u
. "$(dirname "$0")/../claim.sh"
tayra=$(realpath "$1")
dir=$(mktemp -d)
server=
# shellcheck disable=SC2317 # called by the trap
clean() {
	[ -z "$server" ] || kill "$server" 2>/dev/null
	wait 2>/dev/null
	rm -rf "$dir"
}
trap clean EXIT
cd "$dir" || exit 99
unset TAYRA_PASSWORD

"$tayra" serve --listen 127.0.0.1:0 --admin off >serving 2>err </dev/null &
server=$!
for _ in $(seq 200); do
	port=$(sed -n 's/.* on 127\.0\.0\.1:\([0-9]*\):.*/\1/p' serving)
	[ -z "$port" ] || break
	sleep 0.1
done
url=redis://127.0.0.1:$port

# warm OPTION...: into out, err and $code.
warm() {
	"$tayra" warm "$@" >out 2>err
	code=$?
}

# ask TEXT: what the server says, in one line.
ask() {
	exec 3<>"/dev/tcp/127.0.0.1/$port" || return 1
	printf '%b' "$1" >&3
	timeout 30 cat <&3 | tr -d '\r' | tr '\n' ' '
	exec 3>&-
}

ask 'SET a 1\r\nSET pkg:7 2\r\nSET "b c" 3\r\nQUIT\r\n' >said
printf 'a\nnone\t5\nb c\t0.5\n' >list
warm list --server "$url"
[ $code -eq 0 ] && grep -q '^tayra warm: 3 of 3 keys in .* s: 2 there, 1 not there, 0 failed$' out
claim "each key of a list is asked for, and what came of it is counted"
[ ! -s err ]
claim "nothing is drawn where there is no terminal"

printf 'time_s,key,size_bytes\n0,6,1\n1,7,1\n2,7,1\n' >trace.csv
warm - --prefix pkg: --limit 1 --server "$url" <trace.csv
[ $code -eq 0 ] && grep -q '1 of 1 keys in .*: 1 there' out && grep -q 'of 2 keys that differ, the 1 most' out
claim "of a trace on standard input the key that is read most often goes first"

for i in $(seq 3000); do echo "key $i"; done >many
warm many --concurrency 64 --server "$url"
[ $code -eq 0 ] && grep -q '3000 of 3000 keys' out && grep -q '3000 not there' out
claim "many are out at a time"

begin=$(date +%s%N)
warm list --rate 5 --server "$url"
took=$((($(date +%s%N) - begin) / 1000000))
[ $code -eq 0 ] && [ $took -ge 400 ]
claim "no more than so many a second"

printf 'a\nb\tx\n' >bad
warm bad --server "$url"
[ $code -eq 2 ] && [ "$(cat err)" = "tayra warm: bad:2: priority 'x' is not a number of at least 0" ]
claim "a bad line is refused before anything is asked"
warm nowhere --server "$url"
[ $code -eq 2 ] && [ "$(wc -l <err)" -eq 1 ]
claim "so is a file that is not there"
warm
[ $code -eq 2 ] && grep -q 'needs a FILE' err
claim "and none at all"
warm list --rate -1
[ $code -eq 2 ] && grep -q "rate '-1' is not a number from" err
claim "and a rate that is none"
warm list --server http://x
[ $code -eq 2 ] && [ "$(wc -l <err)" -eq 1 ]
claim "and a server that is no URL"

kill "$server"
wait "$server"
server=
warm list --server "$url"
[ $code -eq 5 ] && grep -q "^tayra warm: redis://127.0.0.1:$port/0: Connection refused" err
claim "a server that is not there is exit 5"
echo "1..$count"
[ $bad -eq 0 ]
