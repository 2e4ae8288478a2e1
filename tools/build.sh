#!/usr/bin/env bash
# tools/build.sh PRESET [-DNAME=VALUE...] [TARGET...] - configures and builds build/PRESET, quietly.
#
# On a terminal the progress is one line; otherwise only what fails is shown.
set -eu
cd "$(dirname "$0")/.."
preset=$1
shift
settings=() targets=()
for word in "$@"; do
  case $word in
    -D*) settings+=("$word") ;;
    *) targets+=("$word") ;;
  esac
done

mkdir -p "build/$preset"
log=build/$preset/configure.log
if ! cmake --preset "$preset" "${settings[@]}" >"$log" 2>&1; then
  cat "$log" >&2
  exit 1
fi
quiet=--quiet
[ -t 1 ] && quiet=
exec ninja -C "build/$preset" $quiet "${targets[@]}"
