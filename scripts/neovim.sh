#!/bin/sh
# Fetches Neovim 0.12 (Debian forky's) into .cache/neovim without touching the system, and runs it.
#
#   scripts/neovim.sh fetch      does nothing if it is there; exit code 1 and a reason if it cannot
#   scripts/neovim.sh [ARGS...]  runs nvim; what it starts in turn sees the machine as it is
#
# Debian 12 has Neovim 0.7, which knows no inline completion. The packages are unpacked, not
# installed: 57 MB in .cache, some seconds. It needs mmdebstrap, and root or user namespaces.
set -eu

. "$(dirname "$0")/forky.sh"
root=$cache/neovim

if [ "${1:-}" = fetch ]; then
  fetch neovim nvim
  exit 0
fi

fetch neovim nvim
for libraries in "$root"/usr/lib/*-linux-gnu; do break; done
for loader in "$libraries"/ld-linux-*.so.*; do break; done
# The loader is named on the command line, not in the environment, so that programs started by
# Neovim (the language server) get the machine's own libraries.
export VIM="$root/usr/share/nvim" VIMRUNTIME="$root/usr/share/nvim/runtime"
exec "$loader" --library-path "$libraries" "$root/usr/bin/nvim" "$@"
