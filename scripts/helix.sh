#!/bin/sh
# Fetches Helix (Debian forky's) into .cache/hx without touching the system, and runs it.
#
#   scripts/helix.sh fetch      does nothing if it is there; exit code 1 and a reason if it cannot
#   scripts/helix.sh [ARGS...]  runs hx; what it starts in turn sees the machine as it is
set -eu

. "$(dirname "$0")/forky.sh"

fetch hx hx
[ "${1:-}" = fetch ] || run hx hx "$@"
