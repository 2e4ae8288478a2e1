#!/usr/bin/env bash
# tools/run_check.sh - `make check`: layout, static checks, the sanitizers, a minute of each fuzzer, the static build.
#
# Runs all of them and says at the end which failed. FUZZ_SECONDS sets the time of one fuzzer.
set -u
cd "$(dirname "$0")/.."
seconds=${FUZZ_SECONDS:-60}
failed=()

step() {
  local name=$1
  shift
  echo "-- $name"
  "$@" || failed+=("$name")
}

format() { git ls-files '*.cc' '*.h' '*.c' | xargs -r clang-format --dry-run -Werror; }

tidy() {
  tools/build.sh dev || return 1
  run-clang-tidy -quiet -extra-arg=-Wno-unknown-warning-option -p build/dev "$PWD/src/.*" 2>/dev/null | sed 's/\x1b\[[0-9;]*m//g' >build/clang-tidy.log
  [ "${PIPESTATUS[0]}" -eq 0 ] && return
  grep -A4 'error:' build/clang-tidy.log
  return 1
}

sanitized() {
  tools/build.sh "$1" || return 1
  tools/run_ctest.sh "$1" "$1"
  python3 tools/ctest_summary.py "build/results/$1.xml"
}

fuzz() {
  tools/build.sh fuzz || return 1
  local fuzzer name status=0
  for fuzzer in build/fuzz/fuzz/*_fuzz; do
    [ -x "$fuzzer" ] || continue
    name=$(basename "$fuzzer")
    mkdir -p "build/corpus/$name"
    local options=(-max_total_time="$seconds" -timeout=10 -print_final_stats=0 -artifact_prefix="build/corpus/$name.")
    [ -e "fuzz/${name%_fuzz}.dict" ] && options+=(-dict="fuzz/${name%_fuzz}.dict")
    local folders=("build/corpus/$name")
    [ -d "fuzz/corpus/${name%_fuzz}" ] && folders+=("fuzz/corpus/${name%_fuzz}")
    if "$fuzzer" "${options[@]}" "${folders[@]}" >"build/corpus/$name.log" 2>&1; then
      echo "$name: $(tail -n 1 "build/corpus/$name.log")"
    else
      echo "$name failed:" && tail -n 40 "build/corpus/$name.log"
      status=1
    fi
  done
  return $status
}

step "clang-format" format
step "clang-tidy" tidy
step "address and undefined-behaviour sanitizers" sanitized asan
step "thread sanitizer" sanitized tsan
step "fuzzers, $seconds s each" fuzz
step "one static swerve" make static

if [ ${#failed[@]} -gt 0 ]; then
  printf 'failed: %s\n' "${failed[@]}"
  exit 1
fi
echo "all checks passed"
