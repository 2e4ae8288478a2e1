#!/bin/sh
# tools/build_docs.sh FOLDER - makes the reference of the public headers in FOLDER/html; fails where something is not
# documented.
set -eu
OUTPUT=$(mkdir -p "$1" && cd "$1" && pwd)
cd "$(dirname "$0")/.."
VERSION=$(sed -n 's/^project(Swerve VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)
export VERSION OUTPUT
python3 tools/doxygen_input.py include "$OUTPUT/include"
exec doxygen tools/Doxyfile
