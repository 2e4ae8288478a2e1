#!/bin/sh
# What `make run` shows: the live kernel watched for some seconds, while a small load provokes the monitors.
#   run_demo.sh [SWERVE]
# Ends with 0 when a violation was seen and explained. Without the rights or BPF it shows what works without them.
set -u

root=$(cd "$(dirname "$0")/.." && pwd)
swerve=${1:-${SWERVE:-$root/build/dev/swerve}}
seconds=4
scratch=$(mktemp -d) || exit 1
load=
watch=
stop() {
  [ -z "$load" ] || kill "$load" 2>/dev/null
  [ -z "$watch" ] || kill "$watch" 2>/dev/null
  rm -rf "$scratch"
}
trap stop EXIT
trap 'exit 1' INT TERM

if ! "$swerve" doctor > "$scratch/doctor"; then
  cat "$scratch/doctor"
  echo
  echo "So nothing can be watched live here. What works without: the models. Monitor wwnr:"
  echo
  "$swerve" model "$root/monitors/wwnr/wwnr.dot"
  [ "$(id -u)" != 0 ]
  exit
fi

"${CC:-cc}" -O2 -o "$scratch/rwfs_demo" "$root/examples/rwfs_demo.c" || exit 1
"${CC:-cc}" -O2 -o "$scratch/wakeups" "$root/examples/wakeups.c" || exit 1

echo "\$ swerve list"
"$swerve" list
echo
echo "\$ swerve mon wwnr rwfs --for ${seconds}s        # while tasks wake each other, and files are saved"
"$swerve" mon wwnr rwfs --for "${seconds}s" > "$scratch/out" &
watch=$!
"$scratch/wakeups" $((seconds + 2)) &
load=$!
# A few saves a second, so that one is seen however long attaching takes.
while kill -0 "$watch" 2>/dev/null; do
  "$scratch/rwfs_demo" unsafe "$scratch/settings"
  "$scratch/rwfs_demo" safe "$scratch/settings"
  sleep 0.5
done
wait "$watch"
status=$?
watch=

# Reports are separated by empty lines; the last paragraph is the summary. Shown: the first report
# of each kind.
awk 'BEGIN { RS = ""; ORS = "\n\n" }
     { text[NR] = $0; of[NR] = $1 $2 }
     END {
       for (i = 1; i < NR; i++) if (!seen[of[i]]++) print text[i]; else more++
       if (more) print "... and " more " more like these."
       ORS = "\n"; print text[NR]
     }' "$scratch/out"
if [ "$status" -ne 0 ]; then
  echo "swerve ended with status $status" >&2
  exit 1
fi
if ! grep -q 'is not allowed in state' "$scratch/out"; then
  echo "no violation was seen" >&2
  exit 1
fi
