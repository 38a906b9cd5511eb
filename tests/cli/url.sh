#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# url.sh TAYRA: `tayra bench run --url` as a program, on a `tayra serve` of its own: figures of one
# server, servers compared, one that stands still, one that is not there.  TAP.
set -u
. "$(dirname "$0")/../claim.sh"
tayra=$(realpath "$1")
dir=$(mktemp -d)
server=
secure=
failing=
trap '[ -z "$failing" ] || kill "$failing" 2>/dev/null; [ -z "$secure" ] || kill "$secure" 2>/dev/null; [ -z "$server" ] || { kill -CONT "$server"; kill "$server"; } 2>/dev/null; rm -rf "$dir"' EXIT
cd "$dir" || exit 99
unset TAYRA_PASSWORD TAYRA_FORWARD

# refused PATTERN WHAT OPTION...: exits with 2, silent on stdout, one line on stderr that matches.
refused() {
	pattern=$1
	what=$2
	shift 2
	"$tayra" bench run "$@" >out 2>err </dev/null
	got=$?
	[ "$got" -eq 2 ] && [ ! -s out ] && [ "$(wc -l <err)" -eq 1 ] &&
		grep -q -- "^tayra bench run: $pattern" err
	claim "$what"
}

field() {
	tail -n 1 out | sed -n "s/^[^}]*\"$1\":\"\\{0,1\\}\\([^,\"}]*\\).*/\\1/p"
}
between() {
	awk -v x="$1" -v lo="$2" -v hi="$3" 'BEGIN { exit !(x + 0 >= lo && x + 0 <= hi) }'
}

"$tayra" serve --listen 127.0.0.1:0 --memory 64M >serving 2>err </dev/null &
server=$!
port=
for _ in $(seq 600); do
	port=$(sed -n 's/.* on 127\.0\.0\.1:\([0-9]*\):.*/\1/p' serving)
	[ -z "$port" ] || break
	sleep 0.1
done
url="redis://127.0.0.1:$port"

# believed OPTION...: compares, and again where the machine is so busy that it is not to be believed (4).
believed() {
	for _ in 1 2 3 4 5; do
		"$tayra" bench run "$@" --json >out 2>err
		got=$?
		[ $got -eq 4 ] || break
	done
	return $got
}

# Whether a run is valid depends on how busy this machine is: 0 with valid, 4 without.
agrees() {
	case "$1:$(field valid)" in
	0:true | 4:false) true ;;
	*) false ;;
	esac
}

"$tayra" bench run --url "$url/" --rate 500 --duration 2s --json >out 2>err
agrees $? && between "$(field requests)" 800 1200 && [ "$(field errors)" -eq 0 ] &&
	between "$(field rate_per_s)" 350 650 && between "$(field p50_ms)" 0.001 500 &&
	between "$(field lag_p99_ms)" 0 500 && grep -q '"stability"' out && ! grep -q '"memory_peak_mib":null' out
claim "one server gives its figures, with those of its process"
"$tayra" bench run --url "$url/" --rate 200 --duration 300ms --html one.html --md one.md >out 2>err
grep -q '<h2>Time</h2>' one.html && grep -q '^### Latency' one.md && tail -1 one.html | grep -q '</html>$' &&
	grep -q '^  believed: others used' out && ! grep -q "<script" one.html
claim "its page and its Markdown are written"
awk -v p50="$(field p50_ms)" -v p99="$(field p99_ms)" -v p999="$(field p999_ms)" -v max="$(field max_ms)" \
	'BEGIN { exit !(p50 <= p99 && p99 <= p999 && p999 <= max) }'
claim "in order"
"$tayra" bench run --url "$url/" --connections 4 --duration 500ms --json >out 2>err
agrees $? && between "$(field requests)" 100 10000000 && grep -q 'from when a request was sent' out
claim "without a rate the clients ask again when answered"

(sleep 1; kill -STOP $server; sleep 1; kill -CONT $server) &
"$tayra" bench run --url "$url/" --rate 300 --connections 16 --duration 4s --json >out 2>err
wait $!
between "$(field p99_ms)" 850 5000 && between "$(field max_ms)" 950 5000 && between "$(field requests)" 1000 1400
claim "a server that stood still for a second is seen to have: p99 $(field p99_ms), max $(field max_ms) ms"

value=$(head -c 500000 /dev/zero | tr '\0' x)
{
	printf '*3\r\n$3\r\nSET\r\n$3\r\nbig\r\n$500000\r\n'
	printf '%s\r\n' "$value"
} >big
if command -v python3 >/dev/null; then
	python3 - "$port" <<'END'
import socket, sys
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
s.sendall(open("big", "rb").read())
assert s.recv(100) == b"+OK\r\n"
END
	believed --url quick="$url/absent" --url slow="$url/big" --connections 1 --pairs 12 --slice 50ms
	[ $? -eq 1 ] && [ "$(field verdict)" = SLOWER ] && [ "$(field metric)" = p50_ms ] && between "$(field ratio)" 1.3 10000 &&
		between "$(field pairs)" 6 12 && grep -q 'slow is SLOWER' out
	claim "a server that takes longer to answer is SLOWER, with exit 1"
	believed --url quick="$url/absent" --url slow="$url/big" --metric cpu --connections 1 --pairs 12 --slice 50ms
	[ $? -eq 1 ] && [ "$(field verdict)" = SLOWER ] && [ "$(field metric)" = cpu ]
	claim "and by its processor time"

	cat >failing.py <<'END'
import socket, struct, sys, threading

ANSWER = b"HTTP/1.1 %d Said\r\nContent-Length: 5\r\n\r\nhello"
count = 0

# /well: 200, after 5 ms; /thirds: at once, each third with 500; /reset: no answer but RST.
def serve(c):
    global count
    while (asked := c.recv(65536)):
        count += 1
        if b"/reset" in asked:
            c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return c.close()
        if b"/well" in asked:
            threading.Event().wait(0.005)
        c.sendall(ANSWER % (500 if b"/thirds" in asked and count % 3 == 0 else 200))

s = socket.create_server(("127.0.0.1", 0), backlog=128)
print(s.getsockname()[1], flush=True)
while True:
    threading.Thread(target=serve, args=(s.accept()[0],), daemon=True).start()
END
	python3 failing.py >failing 2>/dev/null &
	failing=$!
	for _ in $(seq 600); do
		[ ! -s failing ] || break
		sleep 0.1
	done
	web="http://127.0.0.1:$(cat failing)"
	believed --url well="$web/well" --url thirds="$web/thirds" --connections 1 --pairs 12 --slice 100ms
	[ $? -eq 0 ] && [ "$(field verdict)" = FASTER ] && [ "$(field a_failed_ratio)" = 0 ] &&
		between "$(field b_failed_ratio)" 0.2 0.45 && grep -q '^  requests failed: 0% of well, .*% of thirds; the verdict' out
	claim "a server that is fast because it fails is said to fail"
	for _ in 1 2 3; do # without it: 5 s and more
		from=$(date +%s)
		"$tayra" bench run --url "$web/reset" --rate 100 --duration 500ms --timeout 300ms --json >out 2>err
		got=$?
		[ $(($(date +%s) - from)) -ge 4 ] || break
	done
	[ $got -eq 4 ] && [ $(($(date +%s) - from)) -lt 4 ] && [ "$(field errors)" -gt 0 ]
	claim "what could not be sent is not tried for longer than an answer may take"
fi
"$tayra" bench run --url "$url/" --rate 100 --duration 60s --json >out 2>err &
pid=$!
sleep 2
kill -INT $pid
wait $pid
[ $? -eq 130 ] && grep -q interrupted err && between "$(field requests)" 20 600 &&
	tail -n 1 out | grep -q '"partial":true' && grep -q '^  it was stopped: [0-9.]* s of 60 s' out
claim "Ctrl-C exits with 130, prints what there is, and marks it"
"$tayra" bench run --url "$url/" --rate 100 --duration 100ms --json --html /dev/full >out 2>err
[ $? -eq 2 ] && grep -q '/dev/full' err && tail -n 1 out | grep -q '"partial":false'
claim "what can be shown is, when a page cannot be written"

(ulimit -n 100 && exec "$tayra" bench run --url http://127.0.0.1:1/ --connections 40) >out 2>err </dev/null
[ $? -eq 2 ] && grep -q '40 connections and 64 other files are more than' err
claim "connections beyond the limit of files are refused, with what else needs files"
refused 'redis://127.0.0.1:1/0: connection refused' "a server that is not there is named" --url redis://127.0.0.1:1
refused "--arm is a command and --url a server" "commands and servers are not compared" --arm true --url "$url"
refused "--busy-poll is of a load by --rate" "clients that wait for answers do not poll" --url "$url" --busy-poll
refused "--rate '0' is not a number of requests" "a rate of 0 is refused" --url "$url" --rate 0
refused "--rate 'nan' is not" "a rate that is no number is refused" --url "$url" --rate nan
refused '--rate, --arrivals, .* are of servers' "a rate of commands is refused" --arm true --arm true --rate 5
refused "--metric 'wall' does not exist" "a metric of commands is refused" --url "$url" --metric wall
"$tayra" bench run --url "$url" --command "SET said 'two words'" --rate 200 --duration 300ms --json >out 2>err
agrees $? && [ "$(field errors)" -eq 0 ] && "$tayra" bench run --url "$url" --command 'STRLEN said' --rate 200 --duration 300ms --json >out 2>err
agrees $? && [ "$(field errors)" -eq 0 ]
claim "any command can be asked"
"$tayra" bench run --url "$url" --command NOSUCH --rate 200 --duration 300ms --json >out 2>err
[ $? -eq 4 ] && [ "$(field errors)" -gt 0 ] && grep -q "unknown command 'NOSUCH'" out
claim "and one that the server refuses is an error"
refused '--command .*a . is not closed' "a command that is not closed is refused" --url "$url" --command "GET 'x"
refused 'a header is given as' "a header without a colon is refused" --url http://127.0.0.1:1/ --header x
refused 'a header with a byte that no header has' "a header cannot smuggle another" --url http://127.0.0.1:1/ --header "$(printf 'a: b\r\nc: d')"
refused '--body: /absent/file: No such file' "a body that is not there is named" --url http://127.0.0.1:1/ --body @/absent/file
refused '--body: .*: is no file' "a folder is no body" --url http://127.0.0.1:1/ --body @.
refused '--method, .* are of servers' "commands take no header" --arm true --arm true --header 'a: b'
refused '--cacert and --insecure are of https' "without TLS nobody need be trusted" --url http://127.0.0.1:1/ --insecure
refused 'https://127.0.0.1:1/: connection refused' "TLS to nobody is refused as ever" --url https://127.0.0.1:1/
printf '0\n0.05\n0.05\n0.3\n' >moments
for _ in 1 2 3 4 5; do # its end may be seen late
	"$tayra" bench run --url "$url" --arrivals trace:moments --json >out 2>err
	got=$?
	! between "$(field took_s)" 0.3 0.31 || break
done
agrees $got && [ "$(field requests)" -eq 4 ] && between "$(field took_s)" 0.3 0.31
claim "a trace says when requests become due, and how long it takes"
"$tayra" bench run --url "$url" --arrivals uniform --rate 100 --burst 20/200ms --duration 500ms --json --md arrivals.md >out 2>err
agrees $? && [ "$(field requests)" -eq 110 ] && grep -q '20 more at once, every 0.2 s' arrivals.md && grep -q '100 requests a second evenly' arrivals.md
claim "even arrivals and bursts are counted"
"$tayra" bench run --url "$url" --burst 30/100ms --duration 300ms --json >out 2>err
agrees $? && [ "$(field requests)" -eq 90 ] && grep -q 'from when a request was due' out
claim "bursts need no rate"
printf '0\n0.01\n0.01\n0.03\n' >moments
"$tayra" bench run --url a="$url" --url b="$url" --arrivals trace:moments --slice 50ms --pairs 6 --metric throughput_per_s --json >out 2>err
[ $? -ne 2 ] && [ "$(field metric)" = throughput_per_s ]
claim "servers are compared by a trace"
printf '1\n0.5\n' >moments
refused '--arrivals: moments:2: is earlier' "moments that fall are refused" --url "$url" --arrivals trace:moments
refused '--arrivals: none: No such file' "so is a trace that is not there" --url "$url" --arrivals trace:none
refused "--arrivals 'normal' is not poisson" "and a kind that there is not" --url "$url" --arrivals normal
refused "--burst '5' is not N/PERIOD" "a burst without a period is refused" --url "$url" --burst 5
refused "--burst '5/10us' is not N/PERIOD" "so is one too often" --url "$url" --burst 5/10us
refused '10000000 requests a second on average' "and one too large" --url "$url" --burst 100000/10ms
refused '--arrivals poisson and uniform need a --rate' "arrivals need a rate" --url "$url" --arrivals uniform
seq 0 9 >moments
refused 'a trace says when, and so does --rate' "a trace and a rate are two" --url "$url" --arrivals trace:moments --rate 5
refused '--slice is shorter than the period' "a slice without a burst is refused" --url a="$url" --url b="$url" --burst 5/1s --slice 100ms
if command -v openssl >/dev/null && redis-server --version >/dev/null 2>&1; then
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -keyout key.pem -out cert.pem -subj /CN=localhost \
		-addext 'subjectAltName=DNS:localhost,IP:127.0.0.1' 2>/dev/null
	for far in 7919 7927 7933 7937; do # it cannot be told to find a port that is free
		tls_port=$((port > 40000 ? port - far : port + far))
		: >redis.log
		redis-server --port 0 --tls-port $tls_port --bind 127.0.0.1 --tls-cert-file cert.pem --tls-key-file key.pem \
			--tls-ca-cert-file cert.pem --tls-auth-clients no --save '' --daemonize no >redis.log 2>&1 &
		secure=$!
		for _ in $(seq 600); do
			grep -q 'Ready to accept' redis.log && break 2
			kill -0 $secure 2>/dev/null || break
			sleep 0.1
		done
	done
	if grep -q 'Ready to accept' redis.log; then
		"$tayra" bench run --url rediss://localhost:$tls_port --cacert cert.pem --rate 200 --duration 500ms --json >out 2>err
		agrees $? && [ "$(field errors)" -eq 0 ] && between "$(field requests)" 40 200
		claim "a server is asked over TLS, when its certificate is trusted"
		refused "rediss://localhost:$tls_port.*certificate" "and not when nobody trusts it" --url rediss://localhost:$tls_port
		"$tayra" bench run --url rediss://127.0.0.1:$tls_port --insecure --rate 200 --duration 500ms --json >out 2>err
		agrees $? && [ "$(field errors)" -eq 0 ]
		claim "nor need it be, if so said"
	fi
fi
refused 'a URL begins with' "another protocol is refused" --url ftp://x/

echo "1..$count"
[ $bad -eq 0 ]
