#!/bin/sh
# Fetches llama.cpp (Debian forky's) into .cache/llama.cpp without touching the system, and runs its
# programs.
#
#   scripts/llama_cpp.sh fetch            does nothing if it is there; exit code 1 and a reason if it
#                                         cannot
#   scripts/llama_cpp.sh PROGRAM [ARGS]   llama-completion, llama-bench, ...; sees this machine's files
#
# Debian 12 has no llama.cpp. The packages are unpacked, not installed; that needs mmdebstrap, and
# root or user namespaces.
set -eu

cache=${FATHOM_CACHE:-$(cd "$(dirname "$0")/.." && pwd)/.cache}
root=$cache/llama.cpp

give_up() {
  echo "llama_cpp.sh: $1" >&2
  exit 1
}

# Where this machine gets Debian itself from.
mirror() {
  {
    sed -n 's|^URIs: *\([^ ]*/debian\)/* *$|\1|p' /etc/apt/sources.list.d/*.sources || true
    sed -n 's|^deb  *\(\[[^]]*\]  *\)\{0,1\}\([^ ]*/debian\)/* .*|\2|p' /etc/apt/sources.list || true
  } 2>/dev/null | head -n 1
}

fetch() {
  [ ! -x "$root/usr/bin/llama-bench" ] || return 0
  command -v mmdebstrap >/dev/null ||
    give_up "mmdebstrap is missing (scripts/setup.sh installs it)"
  from=$(mirror)
  [ -n "$from" ] || give_up "apt's sources name no Debian mirror"
  mkdir -p "$cache"
  unpacked=$(mktemp -d "$cache/llama.cpp.XXXXXX")
  trap 'rm -rf "$unpacked"' EXIT
  mmdebstrap --quiet --aptopt='Acquire::Check-Valid-Until "false"' --variant=extract \
    --include=llama.cpp forky "$unpacked" "$from" >"$cache/llama.cpp.log" 2>&1 ||
    give_up "mmdebstrap failed: $(tail -n 1 "$cache/llama.cpp.log")"
  [ -x "$unpacked/usr/bin/llama-bench" ] ||
    give_up "there is no llama-bench in it, see $cache/llama.cpp.log"
  # Somebody else may have been faster; then theirs is as good.
  mv -T "$unpacked" "$root" 2>/dev/null || [ -x "$root/usr/bin/llama-bench" ]
}

fetch
[ "${1:-}" != fetch ] || exit 0

program=$1
shift
for libraries in "$root"/usr/lib/*-linux-gnu; do break; done
for loader in "$libraries"/ld-linux-*.so.*; do break; done
# It looks for its processor variants beside the running program, which here is the loader. Left out
# is the one for AMX: it aborts on latent attention, and the next best is taken.
for variant in "$libraries"/ggml/backends*/libggml-*.so; do
  case $variant in
    *sapphirerapids*) ;;
    *) [ -e "$libraries/${variant##*/}" ] || ln -s "$variant" "$libraries/" 2>/dev/null || true ;;
  esac
done
exec "$loader" --library-path "$libraries:$libraries/llama" "$root/usr/bin/$program" "$@"
