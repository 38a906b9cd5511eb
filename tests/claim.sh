# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# claim.sh, read by the tests that are scripts: a TAP line for each thing that is claimed.  A script that
# is done says: echo "1..$count"; [ $bad -eq 0 ]
count=0
bad=0

# Reports the outcome of the condition before it, with what the last run wrote when it does not hold.
claim() {
	if [ $? -eq 0 ]; then
		result=ok
	else
		result="not ok"
		bad=$((bad + 1))
	fi
	count=$((count + 1))
	echo "$result $count - $*"
	[ "$result" = ok ] || for file in out err; do
		[ ! -f $file ] || head -n 60 $file | sed 's/^/# /'
	done
}
