#!/usr/bin/env bash
# bench/run.sh - measures swerve on this machine: one table with ratios and limits. `make bench` calls it.
#
# BUILD and SWERVE: the build and its command (default build/release). ROUNDS: how often each is measured (7).
# docs/performance.md says how each figure is measured. Ends with 1 when a limit is exceeded.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/.." && pwd)
build=${BUILD:-$root/build/release}
swerve=${SWERVE:-$build/swerve}
cc=${CC:-cc}

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
"$cc" -O2 -Wall -o "$scratch/calls" "$here/calls.c"
"$cc" -O2 -Wall -o "$scratch/wakeups" "$root/examples/wakeups.c"
"$cc" -O2 -Wall -o "$scratch/empty_programs" "$root/tests/oracle/empty_programs.c" -lbpf
${CXX:-c++} -O2 -std=c++20 -Wall -o "$scratch/make_trace" "$here/make_trace.cc"
python3 "$here/measure.py" "$build" "$swerve" "$scratch"
