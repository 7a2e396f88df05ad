#!/bin/sh
# The plugin in the real Neovim, with the real daemon: plugin_test.sh FATHOM [PART OF A TEST'S NAME].
# Exit code 77: Neovim cannot be had here, and the reason is printed.
here=$(cd "$(dirname "$0")" && pwd)
repository=$(cd "$here/../../.." && pwd)
neovim=$repository/scripts/neovim.sh
"$neovim" fetch || exit 77
exec "$neovim" --clean -l "$here/plugin_test.lua" "$1" "$neovim" "$repository" "${2:-}"
