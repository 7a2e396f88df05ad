#!/bin/sh
# Fetches llama.cpp (Debian forky's) into .cache/llama.cpp without touching the system, and runs its
# programs.
#
#   scripts/llama_cpp.sh fetch            does nothing if it is there; exit code 1 and a reason if it
#                                         cannot
#   scripts/llama_cpp.sh PROGRAM [ARGS]   llama-completion, llama-bench, ...; sees this machine's files
#
# Debian 12 has no llama.cpp. The packages are unpacked, not installed; that needs mmdebstrap, and
# root or user namespaces. Its AMX variant aborts on latent attention and is left out, unless
# LLAMA_CPP_AMX is set.
set -eu

. "$(dirname "$0")/forky.sh"
root=$cache/llama.cpp

fetch llama.cpp llama-bench
[ "${1:-}" != fetch ] || exit 0

program=$1
shift
for libraries in "$root"/usr/lib/*-linux-gnu; do break; done
for loader in "$libraries"/ld-linux-*.so.*; do break; done
# It looks for its processor variants beside the running program, which here is the loader: one for
# each set of variants.
variants=$libraries/variants${LLAMA_CPP_AMX:+-amx}
if [ ! -d "$variants" ]; then
  new=$(mktemp -d "$variants.XXXXXX")
  cp "$loader" "$new/"
  for variant in "$libraries"/ggml/backends*/libggml-*.so; do
    case "AMX=${LLAMA_CPP_AMX:-} $variant" in
      "AMX= "*sapphirerapids*) ;;
      *) ln -s "$variant" "$new/" ;;
    esac
  done
  mv -T "$new" "$variants" 2>/dev/null || rm -rf "$new" # somebody else was first
fi
exec "$variants/${loader##*/}" --library-path "$libraries:$libraries/llama" \
  "$root/usr/bin/$program" "$@"
