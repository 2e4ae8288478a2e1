#!/usr/bin/env bash
# tools/run_ctest.sh PRESET RESULT [OPTION...] - runs ctest and shows what failed, without the lines of what passed.
#
# Leaves build/results/RESULT.xml for tools/ctest_summary.py, which is the judge, and everything in RESULT.log.
set -u
cd "$(dirname "$0")/.."
preset=$1 result=$PWD/build/results/$2
shift 2
mkdir -p build/results
echo "-- running: $(basename "$result")"
ctest --preset "$preset" --output-junit "$result.xml" --test-output-size-passed 65536 "$@" >"$result.log" 2>&1 ||
  sed '/tests passed,/,$d' "$result.log" | grep -v '^Test project\|^$\| Start *[0-9]*: \|  Passed  \|\*\*\*Skipped'
exit 0
