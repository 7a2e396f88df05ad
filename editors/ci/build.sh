#!/usr/bin/env bash
# Builds fathom from the source that this file is part of and installs it; on Debian 12, elsewhere see
# README.md for what is needed.
#
#   build.sh PREFIX
#   build.sh --key      "key=HASH" of that source, for caches
set -euo pipefail

[ $# -eq 1 ] || {
  echo "usage: build.sh PREFIX | --key" >&2
  exit 2
}
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
if [ "$1" = --key ]; then
  find CMakeLists.txt CMakePresets.json cmake completion editors engine lsp models scripts third_party -type f \
    -not -path '*/node_modules/*' -not -name '*.pyc' -print0 | sort -z | xargs -0 sha256sum | sha256sum | sed 's/^/key=/; s/ .*//'
  exit
fi
scripts/setup.sh --no-tests
cmake --preset release -DFATHOM_TESTS=OFF
cmake --build --preset release
cmake --install build/release --prefix "$1"
