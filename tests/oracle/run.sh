#!/usr/bin/env bash
# tests/oracle/run.sh [PART...] - compares with the reference: a kernel with its own RV, in QEMU.
#
# Parts: same (event for event with the kernel's wwnr), wip (with its wip), tree (operations on the control files), panic (the
# reactor, for real), probes (fentry, fexit), cost (instructions), stock (the static swerve on Debian's own kernel). Without any: all. Everything that is built stays in build/oracle. Ends with 1
# when a part has failed. REFERENCE_KERNEL and SWERVE_STATIC name ones that are built already.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
dir=$root/build/oracle
mkdir -p "$dir/bin"
[ $# -gt 0 ] || set -- same wip tree panic probes cost stock

if [ -n "${SWERVE_STATIC:-}" ]; then
  cp "$SWERVE_STATIC" "$dir/bin/swerve" || exit 1
else
  make -s -C "$root" static || exit 1
  strip -o "$dir/bin/swerve" "$root/build/static/swerve" || exit 1
fi
cc=${CC:-cc}
"$cc" -O2 -Wall -static -pthread -o "$dir/bin/load" "$here/load.c" || exit 1
"$cc" -O2 -Wall -static -o "$dir/bin/empty_programs" "$here/empty_programs.c" -lbpf -lelf -lz 2>"$dir/link.log" ||
  { cat "$dir/link.log"; exit 1; }
"$cc" -O2 -Wall -static -o "$dir/bin/treeops" "$here/treeops.c" || exit 1
"$cc" -O2 -static -o "$dir/bin/rwfs_demo" "$root/examples/rwfs_demo.c" || exit 1
reference=${REFERENCE_KERNEL:-$dir/reference/bzImage}

boot() { "$here/boot.sh" "$@" "$dir"/bin/* "$here/guest_serve.sh" "$root/monitors"; }

# side_by_side SCRIPT COMPARE OUT [FILE...]: again, up to three times in all, when the host was so busy that records were lost.
side_by_side() {
  local script=$1 compare=$2 out=$3 status try
  shift 3
  for try in 1 2 3; do
    rm -rf "$out"
    mkdir -p "$out"
    MEMORY=2048 boot "$reference" "$here/$script" "$out" "$@" || return 1
    python3 "$here/$compare" "$out/times" "$out/kernel.txt" "$out/swerve.json"
    status=$?
    [ "$status" = 3 ] || return "$status"
  done
  return 1
}

same() {
  local status=0 cpus first seed
  for setting in 2,kernel,1 2,swerve,2 4,kernel,3 4,swerve,4; do
    IFS=, read -r cpus first seed <<<"$setting"
    printf 'first=%s seconds=10 seed=%s\n' "$first" "$seed" >"$dir/settings"
    echo "  $cpus CPUs, $first is switched on first:"
    CPUS=$cpus side_by_side guest_compare.sh compare.py "$dir/same-$cpus-$first" "$dir/settings" || status=1
  done
  return $status
}

wip() { side_by_side guest_wip.sh compare_wip.py "$dir/wip"; }

tree() {
  local status=0 seed
  for seed in 1 2 3; do
    python3 -B "$here/tree.py" ops 400 "$seed" >"$dir/operations" || return 1
    rm -rf "$dir/tree-$seed"
    boot "$reference" "$here/guest_tree.sh" "$dir/tree-$seed" "$dir/operations" &&
      python3 -B "$here/tree.py" compare "$dir/tree-$seed"/{kernel,swerve}.txt || status=1
  done
  return $status
}

panic() {
  local status=0
  CONSOLE=$dir/panic.console boot "$reference" "$here/guest_panic.sh" "$dir/panic" >"$dir/panic.txt" 2>&1
  grep -q '^provoking' "$dir/panic.console" && grep -q 'does not allow event' "$dir/panic.console" &&
    grep -q 'Kernel panic - not syncing: sysrq triggered crash' "$dir/panic.console" || status=1
  if [ $status = 0 ]; then echo "  the machine panicked at the violation"; else tail -n 20 "$dir/panic.console"; fi
  return $status
}

probes() {
  boot "$reference" "$here/guest_probes.sh" "$dir/probes" "$here/opens.toml" "$here/opens.dot"
}

cost() {
  COUNT=1 LIMIT=600 boot "$reference" "$here/guest_cost.sh" "$dir/cost" >"$dir/cost.txt" ||
    { cat "$dir/cost.txt"; return 1; }
  python3 "$here/cost.py" "$dir/cost.txt"
}

stock() {
  "$here/stock.sh" "$dir/stock" && boot "$dir/stock/vmlinuz" "$here/guest_stock.sh" "$dir/stock/out"
}

declare -A title=(
  [same]="The kernel's own wwnr and swerve's on the same load at the same time, event for event"
  [wip]="The same for wip, on every change of preemption"
  [tree]="The same operations on the kernel's control files and on swerve's"
  [panic]="The reactor panic on a provoked violation"
  [probes]="Probes that other kernels lack"
  [cost]="Instructions added to a ping-pong round trip (2 switches, 2 wake-ups), counted"
  [stock]="The static swerve on Debian's own kernel"
)
failed=()
for part in "$@"; do
  [ -n "${title[$part]:-}" ] || { echo "there is no part '$part'; there are: same wip tree panic probes cost stock" >&2; exit 2; }
  if [ "$part" != stock ] && [ -z "${REFERENCE_KERNEL:-}" ]; then "$here/build.sh" "$dir/reference" || exit 1; fi
  echo "${title[$part]}"
  "$part" || { failed+=("$part"); echo "  FAILED"; }
done
if [ ${#failed[@]} -gt 0 ]; then
  echo "oracle: failed: ${failed[*]}"
  exit 1
fi
echo "oracle: all as the reference says"
