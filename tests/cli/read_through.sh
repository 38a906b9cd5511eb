#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# read_through.sh TAYRA SOURCE: `tayra serve -c` between clients that others wrote and SQLite,
# PostgreSQL and HTTP servers of its own.  What the README says is run as it stands there, on
# another port.  TAP.
set -u
. "$(dirname "$0")/../claim.sh"
tayra=$(realpath "$1")
source=$(realpath "$2")
dir=$(mktemp -d)
server=
web=
database=
# shellcheck disable=SC2317 # called by the trap
clean() {
	for pid in $server $web $database; do kill "$pid" 2>/dev/null; done
	wait 2>/dev/null
	rm -rf "$dir"
}
trap clean EXIT
cd "$dir" || exit 99
chmod 755 "$dir"
unset TAYRA_PASSWORD

skip() {
	count=$((count + 1))
	echo "ok $count - $1 # SKIP $2"
}

# start FILE OPTION...: serve it on a free port, into $server and $port.
start() {
	file=$1
	shift
	: >serving # not the port of the one before
	"$tayra" serve --listen 127.0.0.1:0 --admin off -c "$file" "$@" >serving 2>err </dev/null &
	server=$!
	port=
	for _ in $(seq 200); do
		port=$(sed -n 's/.* on 127\.0\.0\.1:\([0-9]*\):.*/\1/p' serving)
		[ -z "$port" ] || return 0
		kill -0 "$server" 2>/dev/null || break
		sleep 0.1
	done
	cat err
	return 1
}

stop() {
	kill "$server"
	wait "$server"
	code=$?
	server=
}

# say TEXT: a connection of its own says it and hangs up; what comes back, in one line.
say() {
	exec 3<>"/dev/tcp/127.0.0.1/$port" || return 1
	printf '%b' "$1" >&3
	timeout 30 cat <&3 | tr -d '\r' | tr '\n' ' '
	exec 3>&-
}

# get KEY: the reply to GET, in one line.
get() {
	say "GET $1\r\nQUIT\r\n"
}

finish() {
	echo "1..$count"
	[ "$bad" -eq 0 ]
	exit
}

if ! command -v python3 >/dev/null || ! python3 -c 'import sqlite3'; then
	skip "read-through" "no python3 with sqlite3, which makes the data and a web server"
	finish
fi

section() { sed -n '/^## Serve it$/,/^## /p' "$source/README.md"; }

# The data: what the README makes, and 200 more.
section | sed -n '/^    python3 -c /,/"$/p' >make
sh make >out 2>err
claim "the README's database is made by its two lines"
python3 - <<'END'
import sqlite3
db = sqlite3.connect("packages.db")
db.executemany("insert into packages values(?, ?, ?)", [(f"p{i}", f"1.{i}", i) for i in range(200)])
db.execute("insert into packages values('void', null, 0)")
db.commit()
END

# --- an origin that fails -------------------------------------------------------------------------
printf '%s\n' 'origins: {packages: {sqlite: gone.db}}' 'routes:' \
	'  - {keys: "g:{name}", origin: packages, query: "select a from gone where name = ?1"}' >gone.yaml
python3 -c 'import sqlite3; sqlite3.connect("gone.db").execute("create table gone(name, a)")'
start gone.yaml >out
python3 -c 'import sqlite3; sqlite3.connect("gone.db").execute("drop table gone")'
get g:x | grep -q "^-ORIGIN origin 'packages' failed: no such table: gone +OK"
claim "the reply says why an origin fails"
for _ in $(seq 200); do
	grep -q "serve: origin 'packages': no such table: gone$" err && break
	sleep 0.1
done
grep -q "serve: origin 'packages': no such table: gone$" err
claim "and so does standard error"
stop

# --- the README ---------------------------------------------------------------------------------
section | sed -n '/^```yaml$/,/^```$/p' | sed '/^```/d' >tayra.yaml
[ "$(wc -l <tayra.yaml)" -lt 15 ] && [ "$(wc -l <tayra.yaml)" -gt 5 ]
claim "the README's configuration has under 15 lines"
section | sed -n 's/^    \(build\/tayra serve -c .*\|redis-cli .*\)$/\1/p' >commands
[ "$(wc -l <commands)" -eq 2 ]
claim "the README needs two commands"
if command -v redis-cli >/dev/null; then
	start tayra.yaml >out
	sed -n 's/^redis-cli/redis-cli -p '"$port"'/p' commands >asked
	sh asked >out 2>err
	[ "$(cat out)" = "$(section | sed -n 's/^      \({.*\)$/\1/p')" ]
	claim "and what it shows is what comes out"
	stop
else
	skip "and what it shows is what comes out" "no redis-cli (./run peers)"
fi

# --- check --------------------------------------------------------------------------------------
"$tayra" serve --check -c tayra.yaml >out 2>err
[ $? -eq 0 ] && [ ! -s err ] && grep -q "^pkg:{name}: from sqlite 'packages' as row, ttl 60s, stale 1h, limit 1 to 4$" out
claim "--check says what would be served"
sed 's/sqlite: packages.db/sqlite: nowhere.db/' tayra.yaml >wrong.yaml
"$tayra" serve --check -c wrong.yaml >out 2>err
[ $? -eq 2 ] && [ ! -s out ] && grep -q '^tayra serve: wrong.yaml:3:5: ' err
claim "--check ends with 2 and the place of what is wrong"
printf '%s\n' 'origins:' '  a: {redis: "redis://127.0.0.1:1"}' '  b: {redis: "redis://127.0.0.1:2"}' 'routes:' \
	'  - {keys: "a:{k}", origin: a, query: "GET {k}"}' '  - {keys: "c:{k}", origin: a, query: "GET {k}"}' \
	'  - {keys: "b:{k}", origin: b, query: "GET {k}"}' >away.yaml
"$tayra" serve --check --admin off -c away.yaml >out 2>err
[ $? -eq 0 ] && [ "$(wc -l <err)" -eq 2 ] && grep -q '^tayra serve: away.yaml:2:7: cannot be asked yet' err &&
	grep -q '^tayra serve: away.yaml:3:7: cannot be asked yet' err
claim "each origin that does not answer yet has a line"
printf '%s\n' 'origins: {packages: {sqlite: packages.db}}' 'routes:' \
	'  - {keys: "t:{k}", origin: packages, query: "select 1 where 1 = ?1"}' \
	'  - {keys: "u:{a}:{b}", origin: packages, query: "select ?1, ?2"}' \
	'  - {keys: "u:{a}", origin: packages, query: "select 1 where 1 = ?1"}' \
	'  - {keys: "t:{a}:{b}", origin: packages, query: "select ?1, ?2"}' >hidden.yaml
"$tayra" serve --check -c hidden.yaml >out 2>err
[ $? -eq 0 ] && [ "$(wc -l <err)" -eq 1 ] &&
	grep -q "^tayra serve: hidden.yaml:6:6: route 't:{a}:{b}' is never reached: 't:{k}' before it" err
claim "--check warns of a route that is never reached"
printf '%s\n' 'origins:' '  packages:' '    sqlite: packages.db' '    feed: {changes: nowhere}' 'routes:' \
	'  - {keys: "pkg:{k}", origin: packages, query: "select 1 where 1 = ?1", absent_ttl: 5s}' \
	'loads: {refresh_at: 0.8}' >feed.yaml
"$tayra" serve --check --admin off -c feed.yaml >out 2>err
[ $? -eq 2 ] && [ ! -s out ] &&
	grep -q "^tayra serve: feed.yaml:4:5: feed of origin 'packages': no table of changes 'nowhere'; tayra serve --feed-sql writes the SQL that makes it$" err
claim "--check says that a feed has no table"
sed -i 's/{changes: nowhere}/on/' feed.yaml
"$tayra" serve --check --admin off -c feed.yaml >out 2>err
[ $? -eq 0 ] && grep -q "^feed of 'packages' for pkg:\*: any commit$" out &&
	grep -q "^pkg:{k}: from sqlite .*, ttl 60s, absent_ttl 5s, refresh_at 0.8, limit 1 to 4$" out
claim "--check says who tells of changes, and how routes load"
printf '%s\n' 'origins:' '  db:' '    sqlite: told.db' '    feed: {changes: change}' '  pg:' \
	'    postgres: host=/nowhere' '    feed: on' 'routes:' \
	'  - {keys: "t:{id}", origin: db, query: "select v from t where id = ?1", table: t}' >sql.yaml
python3 -c 'import sqlite3; sqlite3.connect("told.db").executescript("create table t(id integer primary key, v); insert into t values(1, 1)")'
"$tayra" serve --feed-sql -c sql.yaml >told.sql 2>err && [ ! -s err ] &&
	python3 -c 'import sqlite3; sqlite3.connect("told.db").executescript(open("told.sql").read())'
claim "--feed-sql writes what makes a table tell"
sed '$a\  - {keys: "u:{id}", origin: pg, query: "select v from u where id = $1", table: u}' sql.yaml >two.yaml
"$tayra" serve --feed-sql -c two.yaml >out 2>err
[ $? -eq 2 ] && [ ! -s out ] &&
	grep -q "tables of several origins tell: say of which, --feed-sql=db or --feed-sql=pg$" err &&
	"$tayra" serve --feed-sql=db -c two.yaml >out 2>err && cmp -s out told.sql &&
	"$tayra" serve --feed-sql=pg -c two.yaml >out 2>err && grep -q "^-- Origin 'pg'" out && ! grep -q "'db'" out
claim "of one origin, for its database alone"
"$tayra" serve --feed-sql=gp -c two.yaml >out 2>err
[ $? -eq 2 ] && grep -q "no route of an origin 'gp' has a table$" err
claim "which must have tables"
sed -i '/^  pg:/,/^    feed: on/d' sql.yaml
if start sql.yaml >out; then
	first=$(get t:1)
	python3 -c 'import sqlite3; d = sqlite3.connect("told.db"); d.execute("update t set v = 2"); d.commit()'
	for _ in $(seq 100); do
		[ "$(get t:1)" = '$1 2 +OK ' ] && break
		sleep 0.05
	done
	[ "$first" = '$1 1 +OK ' ] && [ "$(get t:1)" = '$1 2 +OK ' ]
	claim "and then a commit is in the next replies"
	stop
fi
sed -i 's/table: t}/table: "no such"}/; s/{changes: change}/on/' sql.yaml
"$tayra" serve --feed-sql -c sql.yaml >out 2>err
[ $? -eq 2 ] && grep -q "^tayra serve: sql.yaml:6:.*: the feed of origin 'db' has no changes" err
claim "and says where there is nothing to write into"
"$tayra" serve -c nowhere.yaml >out 2>err
[ $? -eq 2 ] && grep -q '^tayra serve: nowhere.yaml: No such file' err
claim "a configuration must be there"
mkdir elsewhere
(cd elsewhere && "$tayra" serve --check -c ../tayra.yaml >../out 2>../err)
claim "paths are as seen from the configuration's folder"

# --- many keys at once, and warmed up -------------------------------------------------------------
for i in $(seq 0 199); do printf 'version:p%d\t%d\n' "$i" "$i"; done >keys
printf 'version:none\nother\n' >>keys
cat >warm.yaml <<'END'
warm: keys
origins: {packages: {sqlite: packages.db}}
routes:
  - keys: "version:{name}"
    origin: packages
    query: select 'one ' || version from packages where name = ?1
    batch: select k.value, 'many ' || version from json_each(?1) k join packages p on p.name = k.value
    threads: 1
END
start warm.yaml >out
claim "serves a route with a query for many keys"
for _ in $(seq 200); do
	info=$(say 'INFO warming\r\nQUIT\r\n')
	case $info in *warm_running:0*) break ;; esac
	sleep 0.1
done
echo "$info" >out
grep -q 'warm_keys:201 warm_done:201 warm_loaded:200 warm_present:0 warm_absent:1 warm_failed:0' out && grep -q 'warm_unrouted:1' out
claim "and has loaded at its start what it was told to, as INFO says"
[ "$(say 'EXISTS version:p0 version:p199\r\nQUIT\r\n')" = ':2 +OK ' ]
claim "which is there before anybody asks"
say "GET version:p150\r\nGET version:p151\r\nGET version:p152\r\nQUIT\r\n" | grep -q many
claim "by the query for many"
stop
printf 'a\tb\n' >keys
"$tayra" serve --check -c warm.yaml >out 2>err
[ $? -eq 2 ] && grep -q "^tayra serve: warm: .*keys:1: priority 'b' is not a number" err
claim "a bad line of the file is refused"
printf 'a\n' >keys
"$tayra" serve --check --warm keys >out 2>err
[ $? -eq 2 ] && grep -q '^tayra serve: warm: without routes nothing is loaded$' err
claim "and a file where nothing is loaded"

# --- clients ------------------------------------------------------------------------------------
cat >sqlite.yaml <<'END'
origins:
  packages:
    sqlite: packages.db
routes:
  - keys: "pkg:{name}"
    origin: packages
    query: select version, size from packages where name = ?1
    as: row
  - keys: "version:{name}"
    origin: packages
    query: select version from packages where name = ?1
  - keys: "all:{prefix}"
    origin: packages
    query: select name from packages where name glob ?1 || '*' order by size
    as: json
    max_rows: 20
END
start sqlite.yaml >out
claim "serves three routes of one database"
[ "$(get version:p7)" = '$3 1.7 +OK ' ] && [ "$(get version:none)" = '$-1 +OK ' ] && [ "$(get version:void)" = '$-1 +OK ' ]
claim "raw is the first column, no row and NULL are nil"
get all:p19 | grep -q '^[$][0-9]* \[{"name":"p19"},{"name":"p190"},.*,{"name":"p199"}\] +OK $'
claim "json is all rows"
[ "$(get all:none)" = '$2 [] +OK ' ] && get all:p | grep -q "^-ORIGIN the value is over the route's max_bytes or max_rows"
claim "no rows are [], too many an error"
[ "$(get "\"version:x' or '1'='1\"")" = '$-1 +OK ' ]
claim "a key is bound, never spliced in"

python=
for candidate in python3 /usr/bin/python3; do
	[ -n "$python" ] || ! "$candidate" -c 'import redis' 2>/dev/null || python=$candidate
done
if [ -n "$python" ]; then
	timeout 60 "$python" - "$port" >out 2>err <<'END'
import json, sys, redis
r = redis.Redis(host="127.0.0.1", port=int(sys.argv[1]))
assert json.loads(r.get("pkg:bash")) == {"version": "5.2.15", "size": 1491168}
assert r.get("pkg:none") is None and r.get("other") is None
assert r.mget("version:p1", "none", "version:p2", "version:none") == [b"1.1", None, b"1.2", None]
p = r.pipeline(transaction=False)
for i in range(200):
    p.get(f"version:p{i}")
p.set("x", 1)
p.get("x")
assert p.execute() == [f"1.{i}".encode() for i in range(200)] + [True, b"1"]
assert r.exists("version:p199") == 1 and r.exists("pkg:p199") == 0 and 0 < r.ttl("version:p199") <= 60
assert r.set("version:p5", "mine") and r.get("version:p5") == b"mine"
assert r.delete("version:p5") == 1 and r.get("version:p5") == b"1.5"
try:
    r.get("all:p")
    raise SystemExit("too many rows should be an error")
except redis.ResponseError as e:
    assert str(e).startswith("ORIGIN "), e
END
	claim "python3-redis reads through"
else
	skip "python3-redis reads through" "no python3-redis (./run peers)"
fi

# node_module NAME: the folder it is in, as NODE_PATH.
node_module() {
	for path in "${NODE_PATH:-}" /usr/share/nodejs /usr/lib/node_modules; do
		if [ -n "$path" ] && NODE_PATH=$path node -e "require('$1')" 2>/dev/null; then
			echo "$path"
			return 0
		fi
	done
	return 1
}

if command -v node >/dev/null && path=$(node_module redis); then
	NODE_PATH=$path timeout 60 node - "$port" >out 2>err <<'END'
const assert = require("assert"), { createClient } = require("redis");
(async () => {
	const r = createClient({ socket: { port: Number(process.argv[2]) } });
	await r.connect();
	assert.deepEqual(JSON.parse(await r.get("pkg:bash")), { version: "5.2.15", size: 1491168 });
	assert.equal(await r.get("pkg:none"), null);
	assert.deepEqual(await r.mGet(["version:p1", "none", "version:p2"]), ["1.1", null, "1.2"]);
	const many = await Promise.all([...Array(200).keys()].map((i) => r.get(`version:p${i}`)));
	many.forEach((v, i) => assert.equal(v, `1.${i}`));
	await r.set("version:p6", "mine");
	assert.equal(await r.get("version:p6"), "mine");
	assert.equal(await r.del("version:p6"), 1);
	assert.equal(await r.get("version:p6"), "1.6");
	await assert.rejects(r.get("all:p"), /ORIGIN /);
	await r.quit();
})().catch((e) => { console.error(e); process.exit(1); });
END
	claim "node-redis reads through"
else
	skip "node-redis reads through" "no node with redis (./run peers, or NODE_PATH)"
fi

if command -v node >/dev/null && path=$(node_module ioredis); then
	NODE_PATH=$path timeout 60 node - "$port" >out 2>err <<'END'
const assert = require("assert"), Redis = require("ioredis");
(async () => {
	const r = new Redis({ port: Number(process.argv[2]), enableAutoPipelining: true });
	assert.deepEqual(JSON.parse(await r.get("pkg:bash")), { version: "5.2.15", size: 1491168 });
	assert.deepEqual(await r.mget("version:p1", "none", "version:p2"), ["1.1", null, "1.2"]);
	const many = await Promise.all([...Array(200).keys()].map((i) => r.get(`version:p${i}`)));
	many.forEach((v, i) => assert.equal(v, `1.${i}`));
	await assert.rejects(r.get("all:p"), /ORIGIN /);
	await r.quit();
})().catch((e) => { console.error(e); process.exit(1); });
END
	claim "ioredis reads through"
else
	skip "ioredis reads through" "no node with ioredis (NODE_PATH)"
fi
say 'INFO loads\r\nQUIT\r\n' | grep -q ' origin_packages:limit=[0-9.]*,running=0,waiting=0,mean_ms=[0-9.]*,reason=[a-z]'
claim "INFO says how the origin does"
stop
[ "$code" -eq 0 ]
claim "ends with 0"

# --- with a tier below ---------------------------------------------------------------------------
start sqlite.yaml --tier file:kept >out
[ "$(get version:p8)" = '$3 1.8 +OK ' ]
claim "loads with a file tier below"
stop
python3 -c 'import sqlite3
db = sqlite3.connect("packages.db")
db.execute("update packages set version = \"2.0\" where name = \"p8\"")
db.commit()'
start sqlite.yaml --tier file:kept >out
[ "$(say 'EXISTS version:p8\r\nGET version:p8\r\nDEL version:p8\r\nGET version:p8\r\nQUIT\r\n')" = ':1 $3 1.8 :1 $3 2.0 +OK ' ]
claim "after a restart what was loaded is there, until its time is over or it is deleted"
stop

# --- HTTP ---------------------------------------------------------------------------------------
# A server that is asked: /count says how often, /slow/X takes its time, /gone is 404.
cat >web.py <<'END'
import http.server, threading, time
lock, calls = threading.Lock(), 0
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        global calls
        if self.path != "/count":
            with lock:
                calls += 1
        if self.path.startswith("/v1/slow"):
            time.sleep(0.3)
        body = str(calls) if self.path == "/count" else "web:" + self.path
        self.send_response(404 if self.path.startswith("/v1/gone") else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())
    def log_message(self, *args):
        pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
END
python3 web.py >webport 2>/dev/null &
web=$!
for _ in $(seq 100); do
	[ -s webport ] && break
	sleep 0.1
done
webport=$(cat webport)
cat >http.yaml <<END
origins:
  web:
    http: http://127.0.0.1:$webport/v1/
routes:
  - keys: "short:{path}"
    origin: web
    path: "/{path}"
    ttl: 300ms
    stale: 1h
  - keys: "doc:{path}"
    origin: web
    path: "/{path}"
END
if start http.yaml >out; then
	[ "$(get doc:a)" = '$9 web:/v1/a +OK ' ] && [ "$(get doc:gone)" = '$-1 +OK ' ] && [ "$(get '"doc:a/../b c"')" = '$22 web:/v1/a%2F..%2Fb%20c +OK ' ]
	claim "an HTTP server is an origin, and a key cannot leave its place in the URL"
	before=$(python3 -c "import urllib.request as u; print(u.urlopen('http://127.0.0.1:$webport/count').read().decode())")
	python3 - "$port" >out 2>err <<'END'
import socket, sys
ask, want = b"*2\r\n$3\r\nGET\r\n$8\r\ndoc:slow\r\n", b"$12\r\nweb:/v1/slow\r\n"
clients = [socket.create_connection(("127.0.0.1", int(sys.argv[1]))) for _ in range(100)]
for c in clients:
    c.settimeout(30)
    c.sendall(ask)
for c in clients:
    got = b""
    while len(got) < len(want):
        more = c.recv(100)
        assert more, got
        got += more
    assert got == want, got
END
	claim "100 clients get one cold key"
	after=$(python3 -c "import urllib.request as u; print(u.urlopen('http://127.0.0.1:$webport/count').read().decode())")
	[ $((after - before)) -eq 1 ]
	claim "which is loaded once"
	[ "$(get short:x)" = '$9 web:/v1/x +OK ' ]
	claim "a value with a short life is loaded"
	kill "$web"
	wait "$web" 2>/dev/null
	web=
	sleep 0.4
	[ "$(say 'EXISTS short:x\r\nGET short:x\r\nGET doc:a\r\nQUIT\r\n')" = ':0 $9 web:/v1/x $9 web:/v1/a +OK ' ]
	claim "and served stale when the server is gone"
	get short:y | grep -q "^-ORIGIN origin 'web' failed: "
	claim "what was never loaded is an error, not a nil"
	stop
else
	cat err
	false
	claim "an HTTP server is an origin"
fi

# --- learning and alerts ------------------------------------------------------------------------
# A server that alerts are posted to, into the file `posted`.
cat >hook.py <<'END'
import http.server
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        with open("posted", "ab") as out:
            out.write(self.rfile.read(int(self.headers["Content-Length"])) + b"\n")
        self.send_response(204)
        self.end_headers()
    def log_message(self, *args):
        pass
server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
END
python3 hook.py >hookport 2>/dev/null &
web=$!
for _ in $(seq 100); do
	[ -s hookport ] && break
	sleep 0.1
done
printf '#!/bin/sh\ncat >>"%s/told"\necho "$1" >>"%s/told"\n' "$dir" "$dir" >notify
chmod +x notify
cat >learn.yaml <<END
origins:
  packages: {sqlite: packages.db}
routes:
  - {keys: "version:{name}", origin: packages, query: select version from packages where name = ?1}
learn:
  ttl_learning: on
alerts:
  - name: busy
    rule: tayra_lookups > 50
    sentence: Somebody asks
    exec: [./notify, team web]
    webhook: http://127.0.0.1:$(cat hookport)/alert
  - {name: quiet, rule: tayra_lookups < 0, webhook: "http://127.0.0.1:$(cat hookport)/alert"}
END
"$tayra" serve --check --admin off -c learn.yaml >out 2>err
[ $? -eq 0 ] && grep -q '^learning: ttl_learning on (staleness_budget 0.01), prefetch_refresh monitor, .*, patterns on$' out &&
	grep -q "^alert 'busy': tayra_lookups > 50, tells ./notify and a server$" out
claim "--check says what is learned, and whom alerts tell"
sed 's/rule: tayra_lookups > 50/rule: tayra_lookup > 50/' learn.yaml >wrong.yaml
"$tayra" serve --check -c wrong.yaml >out 2>err
[ $? -eq 2 ] && grep -q "^tayra serve: wrong.yaml:9:5: alert 'busy': there is no metric 'tayra_lookup'; did you mean 'tayra_lookups'" err
claim "and where a rule names no metric"
if start learn.yaml --admin 127.0.0.1:0 >out; then
	page=$(sed -n 's/.*status at \(http:[^ ]*\).*/\1/p' serving)
	python3 - "$port" >out 2>err <<'END'
import socket, sys
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
for key in ["p1"] * 90 + ["p2"] * 9 + ["p3"]:
    s.sendall(f"GET version:{key}\r\n".encode())
    got = b""
    while got.count(b"\n") < 2:
        got += s.recv(100)
END
	say 'INFO learning\r\nQUIT\r\n' >out
	grep -q ' ttl_learning:on ' out && grep -q ' ttls_chosen:[1-9]' out && grep -q ' ttl_mean_ms:[1-9]' out
	claim "times to live are learned, and INFO says so"
	if [ -n "$page" ]; then
		python3 - "$page" >out 2>err <<'END'
import json, sys, urllib.request as u
hot = json.load(u.urlopen(sys.argv[1] + "patterns.json"))["hot_keys"]
assert hot[0]["key"] == "version:p1" and 0.85 < hot[0]["share"] < 0.95, hot
assert "version:p1" in u.urlopen(sys.argv[1] + "patterns").read().decode()
shown = u.urlopen(sys.argv[1]).read().decode()
for card in "Loads a second", "Origin time", "Failed loads", "Stale answers", "Limit":
    assert "<h3>" + card + "</h3>" in shown, card
assert "<h3>Load cost</h3>" not in shown and "tayra_tier_" not in shown
END
		claim "/patterns.json names the hot key, and the page what is loaded"
	else
		skip "/patterns.json names the hot key" "built without libmicrohttpd"
	fi
	for _ in $(seq 200); do
		[ -s posted ] && grep -q 'team web$' told 2>/dev/null && break
		sleep 0.1
	done
	[ "$(grep -c '"alert":"busy","state":"firing","sentence":"Somebody asks"' posted)" -eq 1 ] &&
		[ "$(grep -c '"alert":' posted)" -eq 1 ] && grep -q '"alert":"busy"' told
	claim "an alert tells a program and a server, and no other does"
	say 'CONFIG SET tayra-bypass-learning yes\r\nCONFIG GET tayra-bypass-learning\r\nQUIT\r\n' | grep -q '^+OK .* yes '
	claim "learning is bypassed by one switch"
	stop
else
	cat err
	false
	claim "serves what learns and alerts"
fi
kill "$web"
wait "$web" 2>/dev/null
web=

# --- Redis: another tayra serve answers as one --------------------------------------------------
"$tayra" serve --listen 127.0.0.1:0 --admin off >behind 2>/dev/null </dev/null &
web=$!
behind=
for _ in $(seq 200); do
	behind=$(sed -n 's/.* on 127\.0\.0\.1:\([0-9]*\):.*/\1/p' behind)
	[ -z "$behind" ] || break
	sleep 0.1
done
cat >redis.yaml <<END
origins:
  behind: {redis: "redis://127.0.0.1:$behind"}
routes:
  - {keys: "u:{id}", origin: behind, query: 'GET "user {id}"', ttl: 200ms, stale: 1h}
END
start redis.yaml >out && front=$port && port=$behind && say 'SET "user 7" ann\r\nQUIT\r\n' >out && port=$front &&
	[ "$(get u:7)" = '$3 ann +OK ' ] && [ "$(get u:8)" = '$-1 +OK ' ]
claim "a Redis server is an origin"
kill "$web"
wait "$web" 2>/dev/null
web=
sleep 0.3
[ "$(get u:7)" = '$3 ann +OK ' ] && get u:9 | grep -Eq '^-(ORIGIN|TIMEOUT) '
claim "and when it is gone what is stale is served, and the rest an error"
stop

# --- PostgreSQL ---------------------------------------------------------------------------------
bin=
for candidate in /usr/lib/postgresql/*/bin; do
	[ -x "$candidate/initdb" ] && bin=$candidate
done
# initdb refuses root.
unprivileged=
[ "$(id -u)" -ne 0 ] || unprivileged="setpriv --reuid=nobody --regid=nogroup --clear-groups"
if [ -z "$bin" ] || { [ -n "$unprivileged" ] && ! $unprivileged true 2>/dev/null; }; then
	skip "a PostgreSQL server is an origin" "no postgresql that can be started here (./run peers)"
	finish
fi
mkdir pg
[ -z "$unprivileged" ] || chown nobody:nogroup pg
if ! (cd pg && HOME=$dir/pg $unprivileged "$bin/initdb" -D data -U tayra -A trust -N -E UTF8 --locale=C) >out 2>&1; then
	skip "a PostgreSQL server is an origin" "initdb does not work here"
	finish
fi
(cd pg && exec $unprivileged "$bin/postgres" -D data -k "$dir/pg" -F -c listen_addresses= -c shared_buffers=1MB) >pg.log 2>&1 &
database=$!
for _ in $(seq 300); do
	"$bin/pg_isready" -q -h "$dir/pg" -U tayra -d postgres && break
	sleep 0.1
done
"$bin/psql" -q -h "$dir/pg" -U tayra -d postgres >out 2>&1 <<'END'
create table users(id integer primary key, name text, active boolean);
insert into users select i, 'user ' || i, i % 2 = 0 from generate_series(1, 100) i;
END
cat >pg.yaml <<END
origins:
  users:
    postgres: host=$dir/pg user=tayra dbname=postgres
    limit: 4
routes:
  - keys: "user:{id}"
    origin: users
    query: select name, active from users where id = \$1
    as: row
    ttl: 300ms
    stale: 1h
END
start pg.yaml >out && [ "$(get user:7)" = '$32 {"name":"user 7","active":false} +OK ' ]
claim "a PostgreSQL server is an origin"
[ "$(get user:1000)" = '$-1 +OK ' ] && [ "$(get user:abc)" = '$-1 +OK ' ]
claim "no row is nil, and so is what cannot be a key there"
"$bin/psql" -q -h "$dir/pg" -U tayra -d postgres -c "update users set name = 'new' where id = 7" >out 2>&1
sleep 0.4
[ "$(get user:7)" = '$29 {"name":"new","active":false} +OK ' ]
claim "a change is seen when the value's time is over"
kill -QUIT "$database"
wait "$database" 2>/dev/null
database=
sleep 0.4
[ "$(get user:7)" = '$29 {"name":"new","active":false} +OK ' ]
claim "served stale when the database is gone"
get user:8 | grep -Eq '^-(ORIGIN|TIMEOUT) '
claim "and an error for what was never loaded"
stop
start pg.yaml >out
claim "starts while the database is down"
grep -q 'pg.yaml:3:5: cannot be asked yet' err
claim "and says so"
stop

finish
