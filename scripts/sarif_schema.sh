#!/bin/sh
# Fetches the official JSON schema of SARIF 2.1.0 into .cache/sarif and prints its path; exit code 1
# and a reason if it cannot. An npm package (@microsoft/jest-sarif, MIT) has it.
set -eu

cache=${FATHOM_CACHE:-$(cd "$(dirname "$0")/.." && pwd)/.cache}
schema=$cache/sarif/sarif-2.1.0.json
package=@microsoft/jest-sarif@1.0.0-beta.0
sha256=748e2c3d1a842e7bb258416685c7ea3a0da40005b72267b2052c2856d48ad102

give_up() {
  echo "${0##*/}: $1" >&2
  exit 1
}

if [ ! -f "$schema" ]; then
  command -v npm >/dev/null || give_up "npm is missing"
  mkdir -p "$cache/sarif"
  folder=$(mktemp -d "$cache/sarif/XXXXXX")
  trap 'rm -rf "$folder"' EXIT
  (cd "$folder" && npm pack --silent "$package" >/dev/null 2>&1) || give_up "npm cannot fetch $package"
  echo "$sha256  $(echo "$folder"/*.tgz)" | sha256sum --check --quiet >&2 ||
    give_up "$package is not what it was"
  tar -xzf "$folder"/*.tgz -C "$folder" package/lib/schemas/sarif-2.1.0-rtm.5.json
  mv "$folder/package/lib/schemas/sarif-2.1.0-rtm.5.json" "$schema"
fi
echo "$schema"
