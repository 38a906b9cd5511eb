# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# stage.sh, read by tools/test and tools/test_long: one stage is a build folder, how it is
# configured, and which tests run in it.  Logs are collected, and counted once at the end.
logs=
began=$(date +%s)

export ASAN_OPTIONS="${ASAN_OPTIONS:-strict_string_checks=1:detect_stack_use_after_return=1}"
export UBSAN_OPTIONS="${UBSAN_OPTIONS:-halt_on_error=1:print_stacktrace=1}"
export TSAN_OPTIONS="${TSAN_OPTIONS:-second_deadlock_stack=1}"

# Of builds with a sanitizer.  Lines are all that its reports want of the debug information; the rest is
# a quarter of the compiler's time.  gcc warns of less certain things there (its manual says so), and
# what is an error is for the release build to say.
sanitized="-Db_lundef=false -Doptimization=1 -Ddebug=false -Dc_args=-g1 -Dwerror=false"

say() {
	printf '\n== %s\n' "$*"
}

# configure FOLDER ARGUMENT...: once, and again for a folder that was made without tests; ninja
# does it when a meson.build changes.  Where it fails, a log that is not there stands for the failure.
configure() {
	folder=$1
	shift
	[ -f "$folder/build.ninja" ] || meson setup "$folder" "$@" >"$folder.setup.log" 2>&1 || {
		cat "$folder.setup.log"
		logs="$logs $folder/unconfigured.json"
		return 1
	}
	rm -f "$folder.setup.log"
	[ -d "$folder/tests" ] || meson configure "$folder" -Dtests=enabled
}

# build_and_test FOLDER LOG-NAME SETUP ARGUMENT-OF-MESON-TEST...: the setups are in tests/meson.build.
build_and_test() {
	folder=$1
	base=$2
	setup=$3
	shift 3
	log="$folder/meson-logs/$base-$setup.json" # the name meson makes of both
	logs="$logs $log"
	rm -f "$log"
	# Some of the tests mostly wait: two more at a time than there are processors.
	meson test -C "$folder" --num-processes "$(($(getconf _NPROCESSORS_ONLN) + 2))" --logbase "$base" --setup "$setup" --print-errorlogs "$@"
}

# The setup for programs built with a sanitizer: some containers forbid setarch.
layout() {
	if setarch -R true 2>/dev/null; then echo fixed_layout; else echo patient; fi
}

# The last line printed: the sum over all stages.
finish() {
	printf '\n== %s s\n' "$(($(date +%s) - began))"
	# shellcheck disable=SC2086 # a list of paths without blanks
	tools/summary $logs
}
