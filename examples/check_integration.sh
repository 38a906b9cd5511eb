#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# check_integration.sh INTEGRATION: the example runs the showcase on a small catalogue, in slices too
# short to decide much, prints what the reports say, and names what is wrong with bad data.
set -eu
integration=$1
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
export TMPDIR="$dir"
awk 'BEGIN {
	for (i = 0; i < 200; i++)
		printf "Package: pkg%d\nVersion: 1\nDepends: pkg%d\nDescription: number %d\nSize: 1\n\n", i, int(i / 3), i
}' >"$dir/packages"
fail() {
	echo "$*"
	cat "$dir/out" "$dir/err"
	exit 1
}

"$integration" "$dir/packages" "$dir/results" 0.05 >"$dir/out" 2>"$dir/err" || fail "it failed"
grep -q "^written: $dir/results/report.html\$" "$dir/out" || fail "no report named"
for file in results.json report.html report.md portfolio.md; do
	[ -s "$dir/results/$file" ] || fail "$file is not there"
done
if ! grep -q '^this run cannot be believed' "$dir/out"; then
	grep -q '^average improvement over tuned: x[0-9]' "$dir/out" || fail "no average improvement"
	grep -q '^scores of 10: complexity' "$dir/out" || fail "no scores"
	# The program rounds to two decimals and the portfolio to three digits: 0.998 is 1.00 here.
	want=$(sed -n 's/^average improvement over tuned: x\([0-9.]*\).*/\1/p' "$dir/out")
	sed -n 's/.*Average improvement over the tuned service: x\([0-9.]*[0-9]\).*/\1/p' "$dir/results/portfolio.md" |
		awk -v want="$want" '{ n++; far = $1 - want > .0051 || want - $1 > .0051 } END { exit n != 1 || far }' ||
		fail "the portfolio says something else"
fi
[ -z "$(find "$dir" -name 'tayra-showcase-*' -o -name '.*.part')" ] || fail "something is left behind"
if "$integration" "$dir/nosuch" "$dir/results" >"$dir/out" 2>"$dir/err"; then
	fail "no data, and it said nothing"
fi
grep -q 'nosuch: No such file' "$dir/err" || fail "what is missing is not named"
