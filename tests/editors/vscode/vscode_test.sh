#!/bin/sh
# The extension with the real VS Code and the real program: vscode_test.sh FATHOM. Exit code 77: VS Code
# cannot be had here, and the reason is printed. Pictures stay in build/results/vscode.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
"$root/scripts/vscode.sh" fetch || exit 77

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export FATHOM="$1" FATHOM_VSIX="$folder/fathom.vsix" FATHOM_PICTURES="$root/build/results/vscode"
"$root/scripts/vscode.sh" pack "$FATHOM_VSIX"
size=$(stat -c %s "$FATHOM_VSIX")
echo "the package has $size bytes"
[ "$size" -lt 1000000 ]
(cd "$root/editors/vscode" && npm run --silent check && npm run --silent test)
node --test --test-concurrency=1 "$here"/*_test.mjs
