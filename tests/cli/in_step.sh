#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# in_step.sh TAYRA SOURCE: the walk of docs/in_step.md as it stands there: its configurations are read,
# its SQLite commands run, on another port, and what they answer is what it says.  TAP.
set -u
. "$(dirname "$0")/../claim.sh"
tayra=$(realpath "$1")
source=$(realpath "$2")
guide=$source/docs/in_step.md
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
if ! command -v python3 >/dev/null || ! python3 -c 'import sqlite3'; then
	echo "1..0 # SKIP no python3 with sqlite3"
	exit 0
fi

# block KIND N: the n-th of that kind in the guide.
block() {
	awk -v kind="$1" -v n="$2" '/^```/ { on = $0 == "```" kind && ++seen == n; next } on' "$guide"
}

# The commands of the walk, as far as it uses them.
tayra() {
	"$tayra" "$@"
}
sqlite3() {
	python3 -c 'import sqlite3, sys
db = sqlite3.connect(sys.argv[1], timeout=10)
db.executescript(sys.argv[2] if len(sys.argv) > 2 else sys.stdin.read())
db.commit()' "$@"
}
redis-cli() {
	exec 3<>"/dev/tcp/127.0.0.1/$port" || return 1
	printf '%s\r\nQUIT\r\n' "$*" >&3
	timeout 30 cat <&3 | tr -d '\r' | sed -n '/^\$/d; s/^[+-]//; 1,2p' | head -n 1
	exec 3>&-
}

block yaml 1 >tayra.yaml
eval "$(block sh 1)" >out 2>err
tayra serve --check --admin off -c tayra.yaml >out 2>err
[ $? -eq 2 ] && grep -q "no table of changes 'tayra_changes'" err
claim "without the triggers it says what is missing"
eval "$(block sh 2 | grep -e --feed-sql)" >out 2>err && tayra serve --check --admin off -c tayra.yaml >out 2>err &&
	[ ! -s err ]
claim "and nothing is missing once --feed-sql is run"

"$tayra" serve --listen 127.0.0.1:0 --admin off -c tayra.yaml >serving 2>err </dev/null &
server=$!
for _ in $(seq 200); do
	port=$(sed -n 's/.* on 127\.0\.0\.1:\([0-9]*\):.*/\1/p' serving)
	[ -z "$port" ] || break
	sleep 0.1
done
# A line is a command and, behind '#', what it answers, up to a colon.
block sh 2 | grep -v '^tayra ' >lines
while IFS= read -r line; do
	command=${line%%#*}
	want=
	[ "$command" = "$line" ] || want=$(sed 's/.*# *//; s/:.*//' <<<"$line")
	for _ in $(seq 200); do
		eval "$command" >out 2>err
		case $(cat out) in
		"$want"*) break ;;
		esac
		sleep 0.05
	done
	case $(cat out) in
	"$want"*) true ;;
	*) false ;;
	esac
	claim "$command: $want"
done <lines
[ "$count" -eq 7 ]
claim "all of it was run"

block yaml 2 >tayra.yaml
tayra serve --feed-sql -c tayra.yaml >out 2>err && grep -q '^CREATE TRIGGER' out
claim "the triggers of PostgreSQL are written"
sed 's/{channel: tayra}/{replication: tayra}/' tayra.yaml >log.yaml
tayra serve --feed-sql -c log.yaml >out 2>err && grep -q '^CREATE PUBLICATION "tayra"' out
claim "and its publication"
{
	cat tayra.yaml
	block yaml 3
} >several.yaml
tayra serve --check --admin off -c several.yaml >out 2>err && grep -q 'a remote tier' out
claim "a remote tier is one line more"

echo "1..$count"
[ "$bad" -eq 0 ]
