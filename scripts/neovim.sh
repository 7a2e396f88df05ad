#!/bin/sh
# Fetches Neovim 0.12 (Debian forky's) into .cache/neovim without touching the system, and runs it.
#
#   scripts/neovim.sh fetch      does nothing if it is there; exit code 1 and a reason if it cannot
#   scripts/neovim.sh [ARGS...]  runs nvim; what it starts in turn sees the machine as it is
#
# Debian 12 has Neovim 0.7, which knows no inline completion. The packages are unpacked, not
# installed: 57 MB in .cache, some seconds. It needs mmdebstrap, and root or user namespaces.
set -eu

cache=${FATHOM_CACHE:-$(cd "$(dirname "$0")/.." && pwd)/.cache}
root=$cache/neovim

give_up() {
  echo "neovim.sh: $1" >&2
  exit 1
}

# Where this machine gets Debian itself from.
mirror() {
  {
    sed -n 's|^URIs: *\([^ ]*/debian\)/* *$|\1|p' /etc/apt/sources.list.d/*.sources || true
    sed -n 's|^deb  *\(\[[^]]*\]  *\)\{0,1\}\([^ ]*/debian\)/* .*|\2|p' /etc/apt/sources.list || true
  } 2>/dev/null | head -n 1
}

fetch() {
  [ ! -x "$root/usr/bin/nvim" ] || return 0
  command -v mmdebstrap >/dev/null || give_up "mmdebstrap is missing (scripts/setup.sh installs it)"
  from=$(mirror)
  [ -n "$from" ] || give_up "apt's sources name no Debian mirror"
  mkdir -p "$cache"
  unpacked=$(mktemp -d "$cache/neovim.XXXXXX")
  trap 'rm -rf "$unpacked"' EXIT
  mmdebstrap --quiet --aptopt='Acquire::Check-Valid-Until "false"' --variant=extract \
    --include=neovim forky "$unpacked" "$from" >"$cache/neovim.log" 2>&1 ||
    give_up "mmdebstrap failed: $(tail -n 1 "$cache/neovim.log")"
  [ -x "$unpacked/usr/bin/nvim" ] || give_up "there is no nvim in it, see $cache/neovim.log"
  # Somebody else may have been faster; then theirs is as good.
  mv -T "$unpacked" "$root" 2>/dev/null || [ -x "$root/usr/bin/nvim" ]
}

if [ "${1:-}" = fetch ]; then
  fetch
  exit 0
fi

fetch
for libraries in "$root"/usr/lib/*-linux-gnu; do break; done
for loader in "$libraries"/ld-linux-*.so.*; do break; done
# The loader is named on the command line, not in the environment, so that programs started by
# Neovim (the language server) get the machine's own libraries.
export VIM="$root/usr/share/nvim" VIMRUNTIME="$root/usr/share/nvim/runtime"
exec "$loader" --library-path "$libraries" "$root/usr/bin/nvim" "$@"
