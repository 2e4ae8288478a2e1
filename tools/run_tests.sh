#!/usr/bin/env bash
# tools/run_tests.sh - `make test`: everything that this machine can run, and one closing line.
#
# TSAN_ROOMS names the rooms with threads; their unit tests run a second time under the thread sanitizer.
set -u
cd "$(dirname "$0")/.."
rooms=${TSAN_ROOMS:-base monitor react}
results=$PWD/build/results
rm -rf "$results"
mkdir -p "$results"

# run_ctest PRESET RESULT [OPTION...]: the failures are judged at the end, from the result.
run_ctest() {
  local preset=$1 result=$2
  shift 2
  echo "-- $result"
  ctest --preset "$preset" --output-junit "$results/$result.xml" --test-output-size-passed 65536 "$@" \
    >"$results/$result.log" 2>&1 || grep -v '^Test project\|^$\| Start *[0-9]*: \| Passed  ' "$results/$result.log"
}

# Live tests read the tracepoints' formats, as swerve does.
if [ "$(id -u)" -eq 0 ] && ! [ -e /sys/kernel/tracing/events ] && [ -d /sys/kernel/tracing ]; then
  mount -t tracefs tracefs /sys/kernel/tracing || echo "tracefs could not be mounted" >&2
fi

echo "-- building: dev"
tools/build.sh dev || exit 1
run_ctest dev tests

targets=() names=
for room in $rooms; do
  if compgen -G "src/$room/*_test.cc" >/dev/null; then
    targets+=("swerve_${room//\//_}_test")
    names=${names:+$names|}$room
  fi
done
if [ -n "$names" ]; then
  echo "-- building: tsan"
  tools/build.sh tsan "${targets[@]}" || exit 1
  run_ctest tsan thread-sanitizer -R "^($names):"
fi

echo "-- building: embedded"
tools/build.sh embedded embedded_probe || exit 1
run_ctest embedded embedded -R '^sanity: the embedded'

exec python3 tools/ctest_summary.py "$results"/*.xml
