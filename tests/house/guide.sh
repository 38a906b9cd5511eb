#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# guide.sh: every tayra name and every file that the architecture guide mentions exists, and every name
# of the original that it is to explain has its row.
set -eu
cd "$(dirname "$0")/../.."
guide=docs/developers/performance-optimization-system.md
bad=0
complain() {
	echo "$guide: $*"
	bad=1
}

names=$(grep -oE '(tayra|TAYRA)_[A-Za-z0-9_]+' "$guide" | sort -u)
[ "$(echo "$names" | wc -l)" -ge 30 ] || complain "hardly any names: is the table gone?"
for name in $names; do
	cat include/tayra/*.h | grep -qw "$name" || complain "$name is not in the headers"
done
# "tayra_strategy.predictor": the member too.
grep -oE '`tayra_[a-z_]+\.[a-z_]+`' "$guide" | tr -d '`' | tr . ' ' | while read -r struct member; do
	sed -n "/^struct $struct {/,/^}/p" include/tayra/*.h | grep -qw "$member" ||
		echo "$guide: $struct has no $member"
done | grep . && bad=1
for file in $(grep -oE '(src|tools|examples|docs)/[A-Za-z0-9_./-]+\.(c|h|md|png)|tools/check_[a-z]+' "$guide" | sort -u); do
	[ -e "$file" ] || complain "there is no $file"
done
for original in AdaptiveCacheOptimizer EnhancedCacheManager CacheStrategy AsyncPerformanceOptimizer \
	AdaptiveConcurrencyLimiter IntelligentTaskScheduler TaskPriority PerformanceBenchmarkSuite \
	BenchmarkMetrics LoadTestConfig PerformanceOptimizationShowcase OptimizationResults; do
	grep -q "^| $original |" "$guide" || complain "$original has no row"
done
exit $bad
