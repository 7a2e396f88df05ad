#!/bin/sh
# Fetches Neovim 0.12 (Debian forky's) into .cache/neovim without touching the system, and runs it.
#
#   scripts/neovim.sh fetch        does nothing if it is there; exit code 1 with a reason if it cannot
#   scripts/neovim.sh [ARGS...]    runs nvim; what it starts runs outside, on the machine's own files
#
# Debian 12 has Neovim 0.7, which has no inline completion. The files of forky are unpacked, not
# installed, so mmdebstrap needs root or user namespaces; the download is about 60 MB.
set -eu

cache=${FATHOM_CACHE:-$(cd "$(dirname "$0")/.." && pwd)/.cache}
root=$cache/neovim

give_up() {
  echo "neovim.sh: $1" >&2
  exit 1
}

# The mirror this machine uses for Debian itself.
mirror() {
  cat /etc/apt/sources.list.d/*.sources 2>/dev/null | sed -n 's/^URIs: *\([^ ]*\/debian\)\/* *$/\1/p' | head -n 1
  sed -n 's/^deb  *\(\[[^]]*\]  *\)\{0,1\}\([^ ]*\/debian\)\/* .*/\2/p' /etc/apt/sources.list 2>/dev/null | head -n 1
}

fetch() {
  [ -x "$root/usr/bin/nvim" ] && return 0
  command -v mmdebstrap >/dev/null || give_up "mmdebstrap is not installed (scripts/setup.sh installs it)"
  from=$(mirror | head -n 1)
  [ -n "$from" ] || give_up "no Debian mirror in the sources of apt"
  mkdir -p "$cache"
  unpacked=$(mktemp -d "$cache/neovim.XXXXXX")
  trap 'rm -rf "$unpacked"' EXIT
  mmdebstrap --quiet --aptopt='Acquire::Check-Valid-Until "false"' --variant=extract \
    --include=neovim forky "$unpacked" "$from" >"$cache/neovim.log" 2>&1 ||
    give_up "mmdebstrap failed: $(tail -n 1 "$cache/neovim.log")"
  [ -x "$unpacked/usr/bin/nvim" ] || give_up "the download holds no nvim, see $cache/neovim.log"
  mv "$unpacked" "$root"
  trap - EXIT
}

if [ "${1:-}" = fetch ]; then
  fetch
  exit 0
fi

fetch
libraries=$root/usr/lib/x86_64-linux-gnu
export VIM="$root/usr/share/nvim" VIMRUNTIME="$root/usr/share/nvim/runtime"
exec "$libraries/ld-linux-x86-64.so.2" --library-path "$libraries:$libraries/lapack" \
  "$root/usr/bin/nvim" "$@"
