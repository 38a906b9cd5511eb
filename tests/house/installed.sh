#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# installed.sh BUILD-FOLDER CONSUMER.C: install into an empty folder, and build and run a program
# with nothing but what is there: C and C++, shared and static.  So is one that uses every _INIT.
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

# A program that checks each TAYRA_X_INIT of the installed headers against struct tayra_x: as a
# constant and in a function, from headers within extern "C".
every_init() {
	headers=$dir$prefix/include/tayra
	macros=$(sed -n 's/^#define \(TAYRA_[A-Z_]*_INIT\)\b.*/\1/p' "$headers"/*.h | sort -u)
	[ "$(echo "$macros" | wc -l)" -ge 20 ] || { echo "the headers have too few _INIT" >&2; exit 1; }
	printf '#ifdef __cplusplus\nextern "C" {\n#endif\n'
	for header in "$headers"/*.h; do
		echo "#include <tayra/$(basename "$header")>"
	done
	printf '#ifdef __cplusplus\n}\n#endif\n#include <stdio.h>\n'
	for macro in $macros; do
		echo "static const struct $(struct_of "$macro") of_$macro = $macro;"
	done
	echo 'int main(void) {'
	for macro in $macros; do
		echo "	{ struct $(struct_of "$macro") made = $macro;"
		echo "	if (made.size != sizeof(made) || of_$macro.size != sizeof(made)) {"
		echo "		puts(\"$macro\"); return 1; } }"
	done
	cat <<-'EOF'
		if (of_TAYRA_STATS_INIT.cache.size != sizeof(struct tayra_cache_stats)) return 2;
		printf("tayra %s: %s\n", tayra_version(), tayra_status_text(TAYRA_OK));
		return 0;
		}
	EOF
}

struct_of() {
	echo "${1%_INIT}" | tr '[:upper:]' '[:lower:]'
}

every_init >"$dir/init.c"
# shellcheck disable=SC2046 # flags are words
{
	try c cc -std=c11 -Wall -Wextra -Werror "$consumer" $(flags --cflags --libs)
	try init cc -std=c11 -Wall -Wextra -Werror "$dir/init.c" $(flags --cflags --libs)
	# Not --static all the way down: Debian's sqlite3.pc names a static zlib its package does not need.
	try static cc -std=c11 "$consumer" $(flags --cflags) "$lib/libtayra.a" \
		$(pkg-config --libs $(pkg-config --print-requires-private tayra)) $(sed -n 's/^Libs.private://p' "$pc")
	if command -v c++ >/dev/null; then
		try cpp c++ -std=c++17 -Wall -Wextra -Wpedantic -Werror -x c++ "$consumer" $(flags --cflags --libs)
		for std in c++11 c++17 c++20; do
			try "init-$std" c++ -std=$std -Wall -Wextra -Wpedantic -Werror -x c++ "$dir/init.c" \
				$(flags --cflags --libs)
		done
	fi
}
