#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# live.sh TAYRA: what `tayra bench` shows of itself while it runs: the line on a terminal.  TAP.
set -u
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
for _ in $(seq 100); do
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
	on_terminal 120 --url "$url" --load "'50..100/s step 50 ramp 1s sustain 1s'" --slice 100ms
	grep -q '^warmup 20.0/s: .* left$' out && grep -q '^baseline 20.0/s: .*p99' out && grep -q '^stress 130/s: .* left$' out
	claim "and of a load test each phase with its rate"
	on_terminal 120 --arm "'sleep 0.01'" --arm "'sleep 0.02'" --pairs 30
	grep -q '^load, pair [0-9]* of 30 \[.* left$' out && ! grep -q '^load.*ratio' out
	claim "of commands the pairs, and not yet how they differ"
	on_terminal 40 --url "$url" --rate 400 --duration 2s
	grep -q '^load 400/s.* left$' out && ! grep '^load' out | grep -q '.\{40\}'
	claim "a narrow terminal gets a short line"
fi
"$tayra" bench run --url "$url" --rate 200 --duration 1s >out 2>err
[ ! -s err ] && grep -q 'p99.9' out
claim "in a pipe there is no progress, and the table at the end"

echo "1..$count"
[ $bad -eq 0 ]
