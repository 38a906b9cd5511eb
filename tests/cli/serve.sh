#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# serve.sh TAYRA: `tayra serve` as a program: its options, its end, and clients that others wrote.
# Speaks the protocol itself through bash's /dev/tcp.  TAP.
set -u
. "$(dirname "$0")/../claim.sh"
tayra=$(realpath "$1")
dir=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null; rm -rf "$dir"' EXIT
cd "$dir" || exit 99
unset TAYRA_PASSWORD TAYRA_FORWARD

skip() {
	count=$((count + 1))
	echo "ok $count - $1 # SKIP $2"
}

# refused PATTERN WHAT OPTION...: exits with 2, silent on stdout, one line on stderr that matches.
refused() {
	pattern=$1
	what=$2
	shift 2
	timeout 60 "$tayra" serve "$@" >out 2>err </dev/null
	got=$?
	[ "$got" -eq 2 ] && [ ! -s out ] && [ "$(wc -l <err)" -eq 1 ] && grep -q '^tayra serve: ' err &&
		grep -q -- "$pattern" err
	claim "$what"
	[ "$result" = ok ] || sed "s/^/# exit $got: /" err
}

# start OPTION...: a server on a free port, into $server and $port.
start() {
	: >serving # not the port of the one before
	"$tayra" serve --listen 127.0.0.1:0 --memory 16M "$@" >serving 2>err </dev/null &
	server=$!
	port=
	for _ in $(seq 600); do
		port=$(sed -n 's/.* on 127\.0\.0\.1:\([0-9]*\):.*/\1/p' serving)
		[ -z "$port" ] || return 0
		sleep 0.1
	done
	return 1
}

# stop SIGNAL: the server's exit code, into $code.
stop() {
	kill "-$1" "$server"
	wait "$server"
	code=$?
	server=
}

# say TEXT: a connection of its own says it and hangs up; what comes back.
say() {
	exec 3<>"/dev/tcp/127.0.0.1/$port" || return 1
	printf '%b' "$1" >&3
	timeout 60 cat <&3
	exec 3>&-
}

refused "is not one in figures" "a name is no address" --listen example.org:6379
refused "no address with a port" "an address needs a port" --listen 127.0.0.1
refused "port '99999' is not a number from 0 to 65535" "a port has an end" --listen 127.0.0.1:99999
refused "IPv6 goes in brackets" "IPv6 goes in brackets" --listen ::1:6379
refused "can be reached from other machines" "the status page stays on the loopback" --listen 127.0.0.1:0 --admin 0.0.0.0:0
refused "status page: 'here' is no address" "the status page needs an address" --listen 127.0.0.1:0 --admin here
refused "can be reached from other machines: give a password" "protected mode says why" --listen 0.0.0.0:0
refused "too few: at least 8M" "too little memory is refused" --memory 1M
refused "forward: " "what to stand in front of must be a Redis" --listen 127.0.0.1:0 --forward http://localhost
refused "is no tier" "a tier has a kind" --listen 127.0.0.1:0 --tier /tmp
refused "there is a file tier already" "there is one file tier" --tier file:a --tier file:b
refused "file-tier-limit.*is no size" "a tier's limit is a size" --tier file:a,limit=much
refused "is no size" "a size that is none is refused" --memory lots
refused "policy.* does not exist" "an unknown policy is refused" --policy best
refused "is not a number from 1" "no clients at all are refused" --maxclients 0
refused "takes no argument 'tayra.yaml': a configuration is given with -c" "a configuration needs its option" tayra.yaml
refused "feed-sql is about a configuration" "so does what is written from it" --feed-sql
refused "is no duration" "a duration needs a unit" --timeout 30
refused "takes no argument" "arguments are refused" now
refused "No such file" "a password file must be there" --password-file nowhere
: >empty
refused "is empty" "a password file must say something" --password-file empty
refused "requirepass is empty" "a password must not be empty" --requirepass ""

refused "option '-c' needs a value: FILE (it is --config)" "-c says that it wants a file" -c
refused "unknown option '-x'" "a letter that is no option is" -x
"$tayra" serve -h >out 2>err && "$tayra" serve --help | cmp -s - out && [ -s out ] && [ ! -s err ]
claim "-h is --help"

# What cannot be served is refused by --check as well, which takes and makes nothing.
refused "status page: 'here' is no address" "--check reads the status page's address" --check --admin here
refused "can be reached from other machines" "--check keeps the page on the loopback" --check --admin 0.0.0.0:0
refused "nowhere/tier: cannot be made: No such file" "--check sees that a tier's folder cannot be made" --check --tier file:nowhere/tier
refused "empty: cannot be opened: Not a directory" "--check sees that a tier's folder is a file" --check --tier file:empty
mkdir photos
: >photos/photo.jpg
refused "photos: 'photo.jpg' is not of this tier: it wants a directory of its own" "--check sees that a tier's folder holds other files" --check --tier file:photos
[ "$(ls -A photos)" = photo.jpg ]
claim "and leaves them alone"
refused "remote tier: " "--check reads the URL of a remote tier" --check --tier remote:http://localhost
refused "forward: not with routes or tiers" "--check knows what does not go together" --check --tier file:tier --forward redis://127.0.0.1:1
"$tayra" serve --check --listen 127.0.0.1:0 --admin 127.0.0.1:9 --tier file:tier --tier remote:redis://127.0.0.1:1 >out 2>err
[ $? -eq 0 ] && [ ! -s err ] && [ ! -e tier ] &&
	grep -q 'no password, file tier tier, a remote tier, status at http://127.0.0.1:9/$' out
claim "--check names tiers and the status page, and makes no folder"

start
claim "says in one line what it serves"
[ "$(wc -l <serving)" -eq 1 ] && [ ! -s err ]
claim "and nothing else"
[ "$(say '*1\r\n$4\r\nPING\r\nSET a 1\r\n*2\r\n$3\r\nGET\r\n$1\r\na\r\nQUIT\r\n' | tr -d '\r\n')" = '+PONG+OK$11+OK' ]
claim "answers what a shell says"
[ "$(say '*x\r\n' | tr -d '\r\n')" = '-ERR Protocol error: invalid multibulk length' ]
claim "closes with an error on what is no protocol"
# In a shell of its own: the server may hang up while it is being said, and SIGPIPE ends who says it.
(say "$(head -c 3000 "$tayra" | tr -d '\0%\\')\r\nQUIT\r\n") >noise 2>&1
[ "$(say 'PING\r\nQUIT\r\n' | tr -d '\r\n')" = '+PONG+OK' ]
claim "survives noise"
"$tayra" serve --listen "127.0.0.1:$port" >out 2>err </dev/null
[ $? -eq 2 ] && [ ! -s out ] && [ "$(wc -l <err)" -eq 1 ] && grep -q 'cannot listen on 127.0.0.1.*in use' err
claim "a port in use is said in one line"

if command -v redis-cli >/dev/null; then
	cli="redis-cli -h 127.0.0.1 -p $port"
	[ "$($cli set k v ex 10000)" = OK ] && [ "$($cli get k)" = v ] && [ "$($cli -3 ttl k)" -ge 9900 ]
	claim "redis-cli sets and gets in RESP2 and RESP3"
	for i in $(seq 200); do echo "SET key:$i $i"; done | $cli --pipe >out 2>&1
	grep -q 'errors: 0, replies: 200' out
	claim "redis-cli --pipe loads"
	[ "$($cli --scan --pattern 'key:1?' | sort | tr '\n' ' ')" = "key:10 key:11 key:12 key:13 key:14 key:15 key:16 key:17 key:18 key:19 " ]
	claim "redis-cli --scan finds"
	$cli info | grep -q '^keyspace_hits:[1-9]'
	claim "INFO counts hits"
else
	for what in "redis-cli sets and gets in RESP2 and RESP3" "redis-cli --pipe loads" "redis-cli --scan finds" "INFO counts hits"; do
		skip "$what" "no redis-cli (./run peers)"
	done
fi

python=
for candidate in python3 /usr/bin/python3; do
	[ -n "$python" ] || ! "$candidate" -c 'import redis' 2>/dev/null || python=$candidate
done
if [ -n "$python" ]; then
	timeout 60 "$python" - "$port" >out 2>&1 <<'END'
import sys, redis
r = redis.Redis(host="127.0.0.1", port=int(sys.argv[1]), client_name="suite")
r.flushall()
assert r.set("a", b"\x00\r\n\xff", px=500000) and r.get("a") == b"\x00\r\n\xff"
assert 0 < r.pttl("a") <= 500000 and r.persist("a") and r.ttl("a") == -1
assert r.set("a", 1, nx=True) is None and r.set("a", 1, get=True) == b"\x00\r\n\xff"
assert r.incr("n", 5) == 5 and float(r.incrbyfloat("n", 0.5)) == 5.5
p = r.pipeline(transaction=False)
for i in range(5000):
    p.set(f"k{i}", i)
for i in range(5000):
    p.get(f"k{i}")
assert p.execute()[5000:] == [str(i).encode() for i in range(5000)]
assert sorted(r.scan_iter(match="k*", count=500)) == sorted(f"k{i}".encode() for i in range(5000))
assert r.mget("k1", "none", "k2") == [b"1", None, b"2"]
assert r.info()["role"] == "master" and r.client_getname() == "suite"
assert any(c["name"] == "suite" for c in r.client_list())
assert r.config_get("databases") == {"databases": "16"}
try:
    r.lpush("l", 1)
    raise SystemExit("lpush should be refused")
except redis.ResponseError as e:
    assert "does not serve" in str(e)
END
	claim "python3-redis finds its way"
	[ "$result" = ok ] || sed 's/^/# /' out
else
	skip "python3-redis finds its way" "no python3-redis (./run peers)"
fi

stop TERM
[ "$code" -eq 0 ]
claim "SIGTERM ends it with 0"
start --admin 127.0.0.1:0
page=$(sed -n 's|.*, status at http://127\.0\.0\.1:\([0-9]*\)/$|\1|p' serving)
if [ -n "$page" ]; then
	exec 3<>"/dev/tcp/127.0.0.1/$page"
	printf 'GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' >&3
	timeout 60 cat <&3 | tail -n 1 | grep -qx ok
	claim "the status page is where the line says"
	exec 3>&-
else
	skip "the status page is where the line says" "built without libmicrohttpd"
fi
stop TERM
start --admin off
! grep -q status serving
claim "and can be left out"
stop TERM
echo 'a secret' >password
start --password-file password --policy tayra --maxclients 10 --timeout 1h --output-limit 1M
[ "$(say 'GET a\r\nAUTH "a secret"\r\nGET a\r\nQUIT\r\n' | tr -d '\r\n')" = '-NOAUTH Authentication required.+OK$-1+OK' ]
claim "the password of a file is asked for"
grep -q 'policy tayra, 10 clients, password required' serving
claim "and the options are what it says they are"
stop INT
[ "$code" -eq 0 ]
claim "Ctrl-C ends it with 0"
TAYRA_PASSWORD=hidden start
[ "$(say 'PING\r\nAUTH hidden\r\nQUIT\r\n' | tr -d '\r\n')" = '-NOAUTH Authentication required.+OK+OK' ]
claim "the password of the environment is asked for"
exec 4<>"/dev/tcp/127.0.0.1/$port"
printf 'AUTH hidden\r\n*2\r\n$3\r\nGET\r\n$100\r\nhalf' >&4
sleep 0.1
stop TERM
[ "$code" -eq 0 ]
claim "it ends cleanly with a request half read"
exec 4>&-

echo "1..$count"
[ "$bad" -eq 0 ]
