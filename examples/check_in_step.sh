#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# check_in_step.sh IN_STEP: a commit of somebody else, and a write of our own, are in the next
# answers; and what it says at its head works as it stands.
set -eu
command -v python3 >/dev/null || { echo "no python3: skipped"; exit 77; }
folder=$(mktemp -d)
trap 'kill "$pid" 2>/dev/null || :; rm -rf "$folder"' EXIT
pid=
"$1" --triggers >"$folder/triggers.sql"
run_sql() {
	python3 -c 'import sqlite3, sys
d = sqlite3.connect(sys.argv[1], timeout=10)
d.executescript(sys.argv[2]); d.commit()' "$folder/shop.db" "$1"
}
run_sql "pragma journal_mode=wal; create table item(id integer primary key, name text);
insert into item values(7, 'table')"
run_sql "$(cat "$folder/triggers.sql")"
mkfifo "$folder/in"
"$1" "$folder/shop.db" <"$folder/in" >"$folder/out" &
pid=$!
exec 3>"$folder/in"
say() { echo "$1" >&3; }
# expect N LINE: the N-th line of its output, when it comes.
expect() {
	for _ in $(seq 500); do
		[ "$(wc -l <"$folder/out")" -lt "$1" ] || break
		sleep 0.02
	done
	got=$(sed -n "$1p" "$folder/out")
	[ "$got" = "$2" ] || { echo "line $1: '$got' is not '$2'"; exit 1; }
}
# What is loaded in the millisecond in which the feed began to hear is loaded once more.
say "get 1"
expect 1 "item:1:  (no such key)"
sleep 0.1
say "get 7"
expect 2 "item:7: table (loaded)"
say "get 7"
expect 3 "item:7: table (from the cache)"
run_sql "update item set name = 'chair' where id = 7"
sleep 0.5
say "get 7"
expect 4 "item:7: chair (loaded)"
say "page 7 8"
expect 5 "page:7 8: <page of 7 8> (loaded)"
say "page 7 8"
expect 6 "page:7 8: <page of 7 8> (from the cache)"
say "put 8 lamp shade"
expect 7 "item:8: ok"
say "page 7 8"
expect 8 "page:7 8: <page of 7 8> (loaded)"
say "get 9"
expect 9 "item:9:  (no such key)"
exec 3>&-
wait "$pid"
