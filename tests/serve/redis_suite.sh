#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# redis_suite.sh TAYRA FOLDER: run Redis's own tests, those of Redis 7.0.15, against `tayra serve` in
# their mode for a server that runs already.  FOLDER holds their `tests` folder; get it, outside this
# repository, with
#     git clone https://github.com/redis/redis && git -C redis archive 7.0.15 tests | tar x -C FOLDER
# Needs tclsh 8.5 or later.  Fails when a test fails that is not in the list of skips below.
set -eu
tayra=$(realpath "$1")
folder=$2
[ -f "$folder/tests/test_helper.tcl" ] || {
	echo "redis_suite: $folder/tests/test_helper.tcl is not there" >&2
	exit 2
}
command -v tclsh >/dev/null || {
	echo "redis_suite: no tclsh" >&2
	exit 2
}
dir=$(mktemp -d)
server=
finish() {
	[ -z "$server" ] || kill "$server" 2>/dev/null || true
	rm -rf "$dir"
}
trap finish EXIT
trap 'exit 130' INT TERM

# What is skipped, by the reason.  Tests that Redis itself marks as needing DEBUG or a replica are
# left out by their tags.  (The suite takes one name a line.)
cat >"$dir/skips" <<'END'
INCR fails against a key holding a list
INCRBYFLOAT fails against a key holding a list
Extended SET GET with incorrect type should result in wrong type error
SETBIT against key with wrong type
SETRANGE against key with wrong type
EXPIRE - write on expire should work
Regression for a crash with blocking ops and pipelining
MGET against non-string key
raw protocol response
raw protocol response - deferred
raw protocol response - multiline
test argument rewriting - issue 9598
LCS basic
LCS len
LCS indexes
LCS indexes with match len
LCS indexes with match len and minimum match len
END
#   lists (RPUSH, LPUSH, BLPOP): INCR.. a list, INCRBYFLOAT.. a list, SET GET.. incorrect type,
#     SETBIT and SETRANGE against a wrong type, EXPIRE - write on expire, Regression for a crash
#   sets (SADD, SRANDMEMBER): MGET against non-string key, raw protocol response (3)
#   transactions (MULTI): test argument rewriting
#   LCS is not served: LCS (5)

# unit/auth is marked as not for a running server, since there the suite's first connection is older
# than the password.  A copy that connects anew after setting it runs all the same; its last part,
# about replicas, is left out.
cp -r "$folder/tests" "$dir/tests"
auth="$dir/tests/unit/auth.tcl"
awk '
	/tags {"masterauth"}/ { exit }
	{ gsub(/ external:skip/, "") }
	{ print }
	/overrides {requirepass foobar}/ { print "    reconnect 0" }
' "$folder/tests/unit/auth.tcl" >"$auth"
printf '    r config set requirepass ""\n}\n' >>"$auth"

"$tayra" serve --listen 127.0.0.1:0 --memory 256M >"$dir/serving" 2>&1 &
server=$!
port=
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
	port=$(sed -n 's/.* on 127\.0\.0\.1:\([0-9]*\):.*/\1/p' "$dir/serving")
	[ -z "$port" ] || break
	sleep 0.2
done
[ -n "$port" ] || {
	cat "$dir/serving" >&2
	exit 5
}

cd "$dir"
units="unit/type/incr unit/protocol unit/quit unit/type/string unit/expire unit/auth"
# shellcheck disable=SC2086,SC2046 # words
tclsh tests/test_helper.tcl --host 127.0.0.1 --port "$port" --singledb \
	--tags "-needs:repl -needs:debug" --ignore-encoding --ignore-digest --skipfile "$dir/skips" \
	$(for unit in $units; do echo "--single $unit"; done)
