#!/usr/bin/env bash
# The real VS Code in a browser, for tests/editors/vscode: code-server in .cache/, Debian's chromium, and what
# builds the extension.
#
#   scripts/vscode.sh fetch        does nothing if all is there; exit code 1 and a reason if it cannot
#   scripts/vscode.sh pack FILE    builds the extension and packs it as FILE (.vsix)
#
# The first fetch takes about a minute and 320 MB; .cache/ is kept between runs.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

cache=${FATHOM_CACHE:-$root/.cache}/code-server
extension=$root/editors/vscode

# Fetches what a lock file pins; its scripts do not run.
install() { # install FOLDER [NPM_ARGUMENTS...]
  (cd "$1" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error "${@:2}") >&2 ||
    die 1 "npm ci in $1 failed (above)"
}

fetch_code_server() {
  local stamp=$cache/.lock-checksum lock server=$cache/node_modules/code-server
  lock=$(sha256sum "$root/tests/editors/vscode/host/package-lock.json" | cut -d' ' -f1)
  [ "$(cat "$stamp" 2>/dev/null)" != "$lock" ] || return 0
  say "Fetching VS Code for the tests: about 320 MB, once, into $cache"
  rm -rf "$cache"
  mkdir -p "$cache"
  cp "$root"/tests/editors/vscode/host/package*.json "$cache"
  install "$cache"
  : >"$cache.log"
  # The package comes with a lock of its own for these, which "npm ci" finds incomplete.
  for folder in "$server/lib/vscode" "$server/lib/vscode/extensions"; do
    (cd "$folder" && npm install --ignore-scripts --omit=dev --no-audit --no-fund) >>"$cache.log" 2>&1 ||
      die 1 "npm install in $folder failed: $(tail -n 3 "$cache.log")"
  done
  # Of its compiled modules it needs this one; without the others (terminals, watchers, ...) it says so in its log.
  (cd "$cache" && npm_config_nodedir=$(dirname "$(dirname "$(readlink -f "$(command -v node)")")") \
    npm rebuild --build-from-source argon2) >>"$cache.log" 2>&1 ||
    die 1 "argon2 cannot be compiled: $(tail -n 3 "$cache.log")"
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
