#!/usr/bin/env bash
# tools/run_tests.sh - `make test`: everything that this machine can run, and one closing line.
#
# TSAN_ROOMS names the rooms with threads; their unit tests, tests/concurrency and tests/inproc run a second time under
# the thread sanitizer.
set -u
cd "$(dirname "$0")/.."
rooms=${TSAN_ROOMS:-base monitor react control control/inproc}
results=build/results
rm -rf "$results"

# Live tests read the tracepoints' formats, as swerve does.
if [ "$(id -u)" -eq 0 ] && ! [ -e /sys/kernel/tracing/events ] && [ -d /sys/kernel/tracing ]; then
  mount -t tracefs tracefs /sys/kernel/tracing || echo "tracefs could not be mounted" >&2
fi

echo "-- building: dev"
tools/build.sh dev || exit 1
tools/run_ctest.sh dev tests

targets=(swerve_concurrency_test swerve_inproc_test swerve_allocations_test) names='concurrency|inproc'
for room in $rooms; do
  if find "src/$room" -maxdepth 1 -name '*_test.cc' ! -name '*_live_test.cc' 2>/dev/null | grep -q .; then
    targets+=("swerve_${room//\//_}_test")
    names=$names'|'$room
  fi
done
echo "-- building: tsan"
tools/build.sh tsan "${targets[@]}" || exit 1
tools/run_ctest.sh tsan thread-sanitizer -R "^($names):"

echo "-- building: embedded"
tools/build.sh embedded swerve_shared swerve_static || exit 1
tools/run_ctest.sh embedded embedded -R '^(sanity: the embedded|package: (it|what) is installed)'

exec python3 tools/ctest_summary.py "$results"/*.xml
