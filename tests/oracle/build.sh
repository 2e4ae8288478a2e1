#!/usr/bin/env bash
# tests/oracle/build.sh DIR - the reference kernel from Debian's source package, as DIR/bzImage.
#
# Built once, and again when reference.config or the package has changed. Minutes on two cores, and 3 GB of disk
# meanwhile. Needs the group `oracle` of tools/packages.txt.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
dir=$(cd "$1" && pwd)

package=$(dpkg-query -W -f='${Package} ${Version}' linux-source-6.1)
made_of=$(echo "$package"; sha256sum <"$here/reference.config")
if [ -f "$dir/bzImage" ] && [ "$(cat "$dir/made-of" 2>/dev/null)" = "$made_of" ]; then exit 0; fi

echo "building the reference kernel from $package, into $dir; this takes minutes"
tree=$dir/linux-source-6.1
rm -rf "$dir/bzImage" "$tree"
tar -C "$dir" -xf /usr/src/linux-source-6.1.tar.xz
log=$dir/build.log
make_quietly() {
  if ! make -C "$tree" -s "$@" >>"$log" 2>&1; then
    tail -n 20 "$log" >&2
    exit 1
  fi
}
: >"$log"
make_quietly tinyconfig kvm_guest.config
(cd "$tree" && scripts/kconfig/merge_config.sh -m .config "$here/reference.config" >>"$log")
make_quietly olddefconfig
for wanted in CONFIG_RV_MON_WIP CONFIG_RV_MON_WWNR CONFIG_DEBUG_INFO_BTF CONFIG_BPF_JIT CONFIG_9P_FS CONFIG_KALLSYMS_ALL CONFIG_FUSE_FS; do
  grep -q "^$wanted=y" "$tree/.config" || { echo "$wanted is off: something that it needs is missing" >&2; exit 1; }
done
make_quietly -j"$(nproc)" bzImage
cp "$tree/arch/x86/boot/bzImage" "$dir/bzImage"
cp "$tree/.config" "$dir/config"
rm -rf "$tree"
echo "$made_of" >"$dir/made-of"
