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

fetch neovim nvim
export VIM="$cache/neovim/usr/share/nvim" VIMRUNTIME="$cache/neovim/usr/share/nvim/runtime"
[ "${1:-}" = fetch ] || run neovim nvim "$@"
