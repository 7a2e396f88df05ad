#!/usr/bin/env bash
# The real VS Code in a browser, for tests/editors/vscode: code-server in .cache/, Debian's chromium, and what
# builds the extension.
#
#   scripts/vscode.sh fetch        does nothing if all is there; exit code 1 and a reason if it cannot
#   scripts/vscode.sh pack FILE    builds the extension and packs it as FILE (.vsix)
#
# The first fetch takes some minutes (npm, and the compiler for five Node modules) and 320 MB.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

cache=${FATHOM_CACHE:-$root/.cache}/code-server
extension=$root/editors/vscode

# Fetches what a lock file pins; its scripts do not run.
install() { # install FOLDER [NPM_ARGUMENTS...]
  (cd "$1" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error "${@:2}") >&2 ||
    die 1 "npm ci in $1 failed (above)"
}

# Compiles Node modules where they are, against the headers of the machine's Node.js.
compile() { # compile FOLDER MODULE...
  (cd "$1" && npm_config_nodedir=$(dirname "$(dirname "$(readlink -f "$(command -v node)")")") \
    npm rebuild --build-from-source "${@:2}") >>"$cache.log" 2>&1 || true # node-pty's last step fails, harmlessly
}

fetch_code_server() {
  local stamp=$cache/.lock-checksum lock server=$cache/node_modules/code-server
  lock=$(sha256sum "$root/tests/editors/vscode/host/package-lock.json" | cut -d' ' -f1)
  [ "$(cat "$stamp" 2>/dev/null)" != "$lock" ] || return 0
  say "Fetching VS Code for the tests (minutes, once)"
  rm -rf "$cache"
  mkdir -p "$cache"
  cp "$root"/tests/editors/vscode/host/package*.json "$cache"
  install "$cache"
  install "$server/lib/vscode" --omit=dev
  install "$server/lib/vscode/extensions" --omit=dev
  : >"$cache.log"
  compile "$cache" argon2
  compile "$server/lib/vscode" node-pty @vscode/spdlog native-watchdog @parcel/watcher kerberos
  mkdir -p "$server/lib/vscode/node_modules/@vscode/ripgrep/bin"
  ln -sf "$(command -v rg)" "$server/lib/vscode/node_modules/@vscode/ripgrep/bin/rg"
  node "$server/out/node/entry.js" --version >>"$cache.log" 2>&1 ||
    die 1 "code-server does not start: $(tail -n 3 "$cache.log")"
  echo "$lock" >"$stamp"
}

fetch_builder() {
  local stamp=$extension/node_modules/.lock-checksum lock
  lock=$(sha256sum "$extension/package-lock.json" | cut -d' ' -f1)
  [ "$(cat "$stamp" 2>/dev/null)" != "$lock" ] || return 0
  install "$extension"
  echo "$lock" >"$stamp"
}

case "${1:-}" in
  fetch)
    for program in node npm chromium rg; do
      command -v $program >/dev/null || die 1 "$program is missing (scripts/setup.sh installs it)"
    done
    fetch_builder
    fetch_code_server
    ;;
  pack)
    cd "$extension"
    node esbuild.mjs
    node_modules/.bin/vsce package --no-dependencies --allow-missing-repository --skip-license --no-rewrite-relative-links \
      --out "$2" >/dev/null
    ;;
  *) die 2 "usage: scripts/vscode.sh fetch | pack FILE" ;;
esac
