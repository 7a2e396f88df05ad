#!/bin/sh
# Fetches Helix (Debian forky's) into .cache/hx without touching the system, and runs it.
#
#   scripts/helix.sh fetch      does nothing if it is there; exit code 1 and a reason if it cannot
#   scripts/helix.sh [ARGS...]  runs hx; what it starts in turn sees the machine as it is
set -eu

. "$(dirname "$0")/forky.sh"
root=$cache/hx

if [ "${1:-}" = fetch ]; then
  fetch hx hx
  exit 0
fi

fetch hx hx
for libraries in "$root"/usr/lib/*-linux-gnu; do break; done
for loader in "$libraries"/ld-linux-*.so.*; do break; done
exec "$loader" --library-path "$libraries" "$root/usr/bin/hx" "$@"
