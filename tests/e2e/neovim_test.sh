#!/bin/sh
# The real Neovim with the real server: neovim_test.sh FATHOM. Exit code 77: Neovim cannot be had
# here, and the reason is printed.
here=$(cd "$(dirname "$0")" && pwd)
neovim=$here/../../scripts/neovim.sh
"$neovim" fetch || exit 77
exec "$neovim" --clean -l "$here/neovim_test.lua" "$1" "$neovim"
