#!/usr/bin/env bash
# Sets up, builds, and shows what fathom does: completions, a streamed continuation and an
# explanation of the files in samples/ by the built-in model, then how to connect an editor.
#
#   scripts/demo.sh
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
[ $# -eq 0 ] || die 2 "takes no options"

scripts/setup.sh --no-tests
say "Building"
cmake --preset release -DFATHOM_TESTS=OFF >/dev/null
cmake --build --preset release --target fathom
fathom=$root/build/release/editors/cli/fathom

# In a sample, $0 marks the cursor. What fathom sees is the file without the mark.
complete_sample() { # complete_sample FILE
  local file=$1 line column
  line=$(grep -nF '$0' "$file" | cut -d: -f1)
  column=$(sed -n "${line}p" "$file" | awk '{ print index($0, "$0") }')
  say "fathom complete $file:$line:$column"
  local text
  text=$(sed 's/\$0//' "$file" | "$fathom" complete --stdin "$file:$line:$column")
  # The lines around the cursor, the suggestion in place of the mark.
  sed -n "$((line > 3 ? line - 3 : 1)),$((line - 1))p" "$file"
  awk -v line="$line" -v text="$text" 'NR == line {
    at = index($0, "$0")
    printf "%s\033[1;32m%s\033[0m%s\n", substr($0, 1, at - 1), text, substr($0, at + 2)
  }' "$file"
}

for sample in samples/ledger.py samples/grid.cpp samples/cart.ts; do
  complete_sample "$sample"
done

say "fathom generate, from the text before the mark of samples/ledger.py (each token as it comes)"
before_mark=$(sed '/\$0/,$d' samples/ledger.py)
"$fathom" generate --prompt "$before_mark"$'\n' --max-tokens 32
echo

say "fathom explain samples/ledger.py:17-20 (the reasoning, then the answer, as they are written)"
"$fathom" explain --max-reasoning-tokens 128 samples/ledger.py:17-20

say "Connect an editor"
cat <<EOT
Neovim 0.12, in init.lua:

  vim.lsp.config('fathom', {
    cmd = { '$fathom', 'lsp', '--standalone' },
    filetypes = { 'c', 'cpp', 'go', 'java', 'javascript', 'lua', 'python', 'rust',
                  'typescript', 'typescriptreact' },
    root_markers = { '.git' },
  })
  vim.lsp.enable('fathom')
  vim.lsp.inline_completion.enable()
  vim.keymap.set('i', '<Tab>', function()
    return vim.lsp.inline_completion.get() and '' or '<Tab>'
  end, { expr = true })

Any other editor with a language client: run '$fathom lsp --standalone' for these languages.
To keep fathom, copy that one file anywhere; the built-in model is inside it.
EOT
