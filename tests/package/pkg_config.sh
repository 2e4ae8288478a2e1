#!/bin/sh
# pkg_config.sh COMPILER SOURCES - builds the programs in SOURCES by pkg-config, and runs them. PREFIX is the installed package.
set -eu
PKG_CONFIG_PATH=$(find "$PREFIX" -type d -name pkgconfig)
export PKG_CONFIG_PATH
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# with COMPILER SOURCE PACKAGE
with() {
  # shellcheck disable=SC2046  # they are words
  "$1" -std=c++20 $(pkg-config --cflags "$3") "$2" -o "$folder/program" $(pkg-config --libs "$3")
  LD_LIBRARY_PATH=$(pkg-config --variable=libdir "$3") "$folder/program"
}
with "$1" "$2/with_swerve.cc" swerve
if pkg-config --exists swerve-fuse; then with "$1" "$2/with_fuse.cc" swerve-fuse; fi
