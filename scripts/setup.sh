#!/usr/bin/env bash
# Installs what building and testing fathom needs on a plain Debian 12 with git, node and npm:
# packages by apt; the tree-sitter core, the grammars, the protocol's types and OpenAI's client by npm. Does nothing when all is there.
#
#   scripts/setup.sh [--no-tests]     --no-tests: only what building the program needs
#
# Exit codes: 0 everything is there; 2 something is missing that this script cannot install.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

packages_build=(
  g++ cmake ninja-build ccache pkg-config
  libboost1.81-dev nlohmann-json3-dev libcli11-dev libfmt-dev libexpected-dev libpcre2-dev libtomlplusplus-dev zlib1g-dev
  libcurl4-openssl-dev libssl-dev libgit2-dev
)
packages_test=(
  libgtest-dev libgmock-dev libbenchmark-dev python3
  libboost-context1.81-dev # fibers: the emulation that GPU kernels are tested on
  clang libclang-rt-14-dev # the fuzz targets
  clang-format
  lua-check # of the Neovim plugin
  mmdebstrap # brings the real Neovim and llama.cpp (scripts/neovim.sh, scripts/llama_cpp.sh)
  strace     # shows that no socket of the Internet is made
  nginx-light systemd # the layouts of docs/team.md
  openssl    # certificates of the server that the download tests talk to
  chromium ripgrep # the real VS Code in a browser (scripts/vscode.sh)
)

wanted=("${packages_build[@]}" "${packages_test[@]}")
case "${1:-}" in
  "") ;;
  --no-tests) wanted=("${packages_build[@]}") ;;
  *) die 2 "unknown option $1; usage: scripts/setup.sh [--no-tests]" ;;
esac

missing_packages() {
  local package
  for package in "${wanted[@]}"; do
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
      echo "$package"
  done
}

install_packages() {
  command -v dpkg-query >/dev/null ||
    die 2 "this is not a Debian system; install what these Debian 12 packages contain," \
      "then build with cmake --preset release: ${wanted[*]}"
  local missing
  missing=$(missing_packages | tr '\n' ' ')
  [ -n "$missing" ] || return 0

  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null ||
      die 2 "packages are missing and this user cannot install them; as root run:" \
        "apt-get install --no-install-recommends $missing"
    as_root=(sudo)
  fi

  say "Installing: $missing"
  local log
  log=$(mktemp)
  # shellcheck disable=SC2086  # a list of words
  if ! { "${as_root[@]}" apt-get -q update &&
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
      apt-get -qy install --no-install-recommends $missing; } >"$log" 2>&1 </dev/null; then
    tail -n 25 "$log" >&2
    die 2 "apt-get failed (above; all of it is in $log)"
  fi
  rm -f "$log"
}

install_from_npm() { # install_from_npm FOLDER WHAT
  local stamp=$1/node_modules/.lock-checksum lock
  lock=$(sha256sum "$1/package-lock.json" | cut -d' ' -f1)
  [ "$(cat "$stamp" 2>/dev/null)" != "$lock" ] || return 0

  command -v npm >/dev/null && command -v node >/dev/null ||
    die 2 "node and npm are needed to fetch $2; install Node.js 18 or newer" \
      "(Debian: apt-get install nodejs npm)"
  say "Fetching $2"
  # Of the grammars only the C sources are wanted: install scripts would build Node modules.
  (cd "$1" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error) >&2 ||
    die 2 "npm ci in $1/ failed (above)"
  echo "$lock" >"$stamp"
}

install_packages
install_from_npm third_party "the tree-sitter core and grammars"
[ "${1:-}" = --no-tests ] || install_from_npm tests/e2e/openai "OpenAI's client"
