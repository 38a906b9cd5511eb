#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# installed.sh BUILD-FOLDER CONSUMER.C: install into an empty folder, and build and run a program
# with nothing but what is there: C and C++, shared and static.
set -eu
build=$1
consumer=$2
dir=$(mktemp -d "${TMPDIR:-/tmp}/tayra_installed.XXXXXX")
trap 'rm -rf "$dir"' EXIT

DESTDIR="$dir" meson install -C "$build" --no-rebuild --quiet >/dev/null
pc=$(find "$dir" -name tayra.pc)
[ -n "$pc" ] || { echo "no tayra.pc"; exit 1; }
PKG_CONFIG_PATH=$(dirname "$pc")
export PKG_CONFIG_PATH
lib=$(dirname "$PKG_CONFIG_PATH")

[ "$(pkg-config --modversion tayra)" = 0.1.0 ] || { echo "tayra.pc has another version"; exit 1; }
objdump -p "$lib/libtayra.so" | grep -q 'SONAME *libtayra.so.0$' || { echo "soname is not libtayra.so.0"; exit 1; }
[ ! -e "$lib/libtayra-base.a" ] || { echo "an internal archive is installed"; exit 1; }
# tayra.pc names system libraries too (Requires.private): only tayra's own paths get the prefix.
prefix=$(pkg-config --variable=prefix tayra)
flags() {
	pkg-config "$@" tayra | sed "s|\(-[IL]\)$prefix|\1$dir$prefix|g"
}

try() { # try NAME COMPILER ARGUMENT...
	name=$1
	shift
	"$@" -o "$dir/$name"
	LD_LIBRARY_PATH=$lib "$dir/$name" | grep -q '^tayra 0.1.0: ok$' || { echo "$name does not run"; exit 1; }
}
# shellcheck disable=SC2046 # flags are words
{
	try c cc -std=c11 -Wall -Wextra -Wno-missing-field-initializers -Werror "$consumer" $(flags --cflags --libs)
	# Not --static all the way down: Debian's sqlite3.pc names a static zlib its package does not need.
	try static cc -std=c11 "$consumer" $(flags --cflags) "$lib/libtayra.a" \
		$(pkg-config --libs $(pkg-config --print-requires-private tayra)) $(sed -n 's/^Libs.private://p' "$pc")
	if command -v c++ >/dev/null; then
		try cpp c++ -std=c++17 -Wall -Wextra -Werror -Wno-missing-field-initializers -x c++ "$consumer" $(flags --cflags --libs)
	fi
}
