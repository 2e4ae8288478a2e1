#!/usr/bin/env bash
# tools/setup.sh [--have] GROUP... - installs what is missing of these groups of tools/packages.txt.
#
# With --have it installs nothing and its status says whether all is there.
# Says nothing when all is there. Where it cannot install, it lists what is missing and why each package is
# needed, and ends with status 1.
set -u
list=$(dirname "$0")/packages.txt
have=
if [ "${1:-}" = --have ]; then
  have=1
  shift
fi

if [ $# -eq 0 ]; then
  echo "usage: tools/setup.sh [--have] GROUP...    groups: $(awk '!/^#/ && NF {print $1}' "$list" | sort -u | xargs)" >&2
  exit 2
fi
for group in "$@"; do
  if ! grep -q "^$group " "$list"; then
    echo "tools/setup.sh: there is no group '$group' in tools/packages.txt" >&2
    exit 2
  fi
done
groups=" $* "

# Prints the packages of the groups that are not installed.
missing_packages() {
  awk -v groups="$groups" '!/^#/ && NF && index(groups, " " $1 " ") {print $2}' "$list" | sort -u >"$wanted"
  xargs dpkg-query -W -f='${Package} ${db:Status-Status}\n' <"$wanted" 2>/dev/null |
    awk '$2 == "installed" {print $1}' | sort -u | comm -13 - "$wanted"
}

# Prints what is missing, with the reason for each, and ends.
give_up() {
  echo "$1. Missing:" >&2
  for package in $missing; do
    awk -v p="$package" -v groups="$groups" '!/^#/ && $2 == p && index(groups, " " $1 " ") {
      why = $0; sub(/^[^#]*# */, "", why); printf "  %-20s %s\n", p, why; exit }' "$list" >&2
  done
  echo "Install with:  apt-get install --no-install-recommends" $missing >&2
  exit 1
}

if ! command -v dpkg-query >/dev/null; then
  echo "tools/setup.sh: this is no Debian; tools/packages.txt names what is needed, under Debian's names" >&2
  exit 0
fi
wanted=$(mktemp) && log=$(mktemp) || exit 1
trap 'rm -f "$wanted" "$log"' EXIT
missing=$(missing_packages)
[ -z "$missing" ] && exit 0
[ -z "$have" ] || exit 1
[ "$(id -u)" -eq 0 ] || give_up "Packages are missing, and only root can install them"

install() {
  DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing >"$log" 2>&1 </dev/null
}
update() { apt-get update -q >>"$log" 2>&1 </dev/null; }

echo "installing:" $missing
# Without lists nothing can be installed; with old ones the install fails, and new ones are fetched then.
compgen -G '/var/lib/apt/lists/*_Packages*' >/dev/null || update
install || { update && install; } || tail -n 5 "$log" >&2
missing=$(missing_packages)
[ -z "$missing" ] || give_up "Packages could not be installed (the lines above are apt's last)"
