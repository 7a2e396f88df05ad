# Sourced by the scripts beside it: the repository root, messages, the compiler cache.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"

say() { printf '\033[1m==> %s\033[0m\n' "$*" >&2; }
die() { # die EXIT_CODE MESSAGE...
  local code=$1
  shift
  printf '%s: %s\n' "${0##*/}" "$*" >&2
  exit "$code"
}

# Objects are found again from another clone of the repository.
export CCACHE_BASEDIR=$root CCACHE_NOHASHDIR=1
