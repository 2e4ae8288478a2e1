#!/usr/bin/env bash
# tests/oracle/stock.sh DIR - Debian 12's own kernel, unpacked but not installed, as DIR/vmlinuz.
set -euo pipefail
mkdir -p "$1"
cd "$1"
[ -s vmlinuz ] && exit 0

package=$(apt-cache depends linux-image-amd64 | sed -n 's/^ *Depends: \(linux-image-6\.1\..*-amd64\)$/\1/p' | head -n 1)
[ -n "$package" ] || { echo "no linux-image-6.1 among Debian's packages (apt-get update?)" >&2; exit 1; }
echo "fetching $package"
rm -rf ./*.deb unpacked
apt-get -qq -o APT::Sandbox::User=root download "$package"
dpkg-deb -x ./*.deb unpacked
cp unpacked/boot/vmlinuz-* vmlinuz
rm -rf ./*.deb unpacked
