#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# check_guarded_http.sh GUARDED_HTTP: the example against a small server; 77, a skip, without python3.
set -eu
command -v python3 >/dev/null || exit 77
dir=$(mktemp -d "${TMPDIR:-/tmp}/tayra_example.XXXXXX")
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; rm -rf "$dir"' EXIT
cat >"$dir/server.py" <<'END'
import http.server, sys, threading
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        self.send_response(200 if self.path == "/" else 503)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")
    def log_message(self, *args):
        pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
END
python3 "$dir/server.py" >"$dir/port" 2>/dev/null &
server=$!
tries=0
until [ -s "$dir/port" ]; do
	tries=$((tries + 1))
	[ $tries -lt 200 ] || exit 77
	sleep 0.1
done
port=$(cat "$dir/port")
got=$("$1" "http://127.0.0.1:$port/" 200)
case $got in
[1-9]*" answered well, 0 not; limit "*) ;; # a crowded machine may shed some
*) echo "got: $got"; exit 1 ;;
esac
got=$("$1" "http://127.0.0.1:$port/busy" 100)
case $got in
"0 answered well, "[1-9]*" not; limit "*) ;;
*) echo "got: $got"; exit 1 ;;
esac
if "$1" 2>/dev/null; then exit 1; fi
