#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# guarded_query.sh GUARDED_QUERY: the example against a PostgreSQL server of its own, in a temporary
# folder; exit code 77, a skip, where none can be started.
set -eu
for initdb in /usr/lib/postgresql/*/bin/initdb; do bin=${initdb%/initdb}; done
[ -x "$bin/initdb" ] || exit 77
dir=$(mktemp -d "${TMPDIR:-/tmp}/tayra_example.XXXXXX")
server=
trap '[ -z "$server" ] || { kill -QUIT "$server"; wait "$server" || true; }; rm -rf "$dir"' EXIT

unprivileged() { # initdb refuses root
	if [ "$(id -u)" -eq 0 ]; then
		exec setpriv --reuid=nobody --regid="$(id -g nobody)" --clear-groups "$@"
	else
		exec "$@"
	fi
}
[ "$(id -u)" -ne 0 ] || chown nobody "$dir"
(cd "$dir" && unprivileged "$bin/initdb" -D data -U tayra -A trust -N --locale=C -E UTF8 >/dev/null) || exit 77
(cd "$dir" && unprivileged "$bin/postgres" -D data -k "$dir" -F -c listen_addresses= >/dev/null 2>&1) &
server=$!
tries=0
until "$bin/pg_isready" -q -h "$dir"; do
	tries=$((tries + 1))
	[ $tries -lt 600 ] || exit 77
	sleep 0.1
done

got=$("$1" "host=$dir user=tayra dbname=postgres" "SELECT upper(\$1)" "it's" b)
want="it's: IT'S (from PostgreSQL)
it's: IT'S (from the cache)
b: B (from PostgreSQL)
b: B (from the cache)"
[ "$got" = "$want" ] || { echo "got: $got"; echo "want: $want"; exit 1; }
if "$1" "host=$dir user=tayra dbname=postgres" "SELECT 1" a 2>/dev/null; then
	echo "a statement without a parameter was taken"
	exit 1
fi
got=$("$1" "host=$dir user=tayra dbname=postgres" "SELECT 1 / (length(\$1) - 1)" a 2>&1) && exit 1
case $got in
*"division by zero"*) ;;
*) echo "it does not say why: $got"; exit 1 ;;
esac
