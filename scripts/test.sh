#!/usr/bin/env bash
# Sets up, builds, and runs every test of fathom.
#
#   scripts/test.sh [--quick]     --quick: the optimised build only, no sanitizers, no fuzzing
#
# The last line counts: "tests: N passed, N failed, N skipped". Exit codes: 0 all passed,
# 1 a test failed, 2 this machine cannot be set up. Results stay in build/results/.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

quick=no
case "${1:-}" in
  "") ;;
  --quick) quick=yes ;;
  *) die 2 "unknown option $1; usage: scripts/test.sh [--quick]" ;;
esac

# Tests that meet hostile input, index by hand, or have threads run again under the sanitizers.
asan_tests='^(base|binder|checkpoint|cli|completion|completion_syntax|cross_file_set|model_host|workspace|lsp_server|engine|drafting|http|gguf|hostile_files|kv_spill|published_attacks|gguf_parts|gguf_writer|convert|model_store|lsp_session|lsp_stdio|lsp_text|metadata|ops|pre_tokenizer|prefix_tree|quant|remote|review|review_format|safetensors|tokenizer|traits)_test$'
tsan_tests='^(base|completion|engine_thread|http|lsp_server|lsp_stdio|model_host|parallel|remote|workspace)_test$'

results=$root/build/results
rm -rf "$results"
mkdir -p "$results"
scripts/setup.sh

# GCC's and clang's sanitizers reserve fixed addresses that strong randomisation may take.
fixed_addresses=()
if [ "$(cat /proc/sys/vm/mmap_rnd_bits 2>/dev/null || echo 0)" -gt 28 ] &&
  setarch -R true 2>/dev/null; then
  fixed_addresses=(setarch -R)
fi

configure() { # configure PRESET
  cmake --preset "$1" >"$results/$1-configure.log" ||
    { cat "$results/$1-configure.log" >&2 && die 1 "cmake --preset $1 failed"; }
}

# Runs the tests of a build whose names match; never fails itself: count_tests.py judges.
run_tests() { # run_tests PRESET [REGEX]
  local folder=$results/$1 filter=(-R "${2:-.}")
  mkdir -p "$folder/gtest"
  # Only after the build: CTest leaves out the commands of programs that are not there.
  ctest --test-dir "build/$1" "${filter[@]}" --show-only=json-v1 >"$folder/ctest.json"
  GTEST_OUTPUT="xml:$folder/gtest/" "${fixed_addresses[@]}" \
    ctest --test-dir "build/$1" "${filter[@]}" --parallel 2 --output-on-failure \
    --no-tests=error --output-junit "$folder/ctest.xml" || true
}

# Names of the tests of a configured build that match: also the names of their programs.
programs() { # programs PRESET REGEX
  ctest --test-dir "build/$1" -N -R "$2" | sed -n 's/^ *Test *#[0-9]*: //p'
}

say "Optimised build and all tests"
configure ci
cmake --build --preset ci
run_tests ci
runs=("$results/ci")

if [ "$quick" = no ]; then
  for build in asan tsan; do
    tests=${build}_tests
    say "${build}: the tests that meet hostile input or threads"
    configure $build
    # shellcheck disable=SC2046  # a list of words
    cmake --build --preset $build --target $(programs $build "${!tests}")
    run_tests $build "${!tests}"
    runs+=("$results/$build")
  done

  # Crashes are counted below, with everything else.
  scripts/fuzz.sh 10 || true
  runs+=("$results/fuzz")
fi

python3 scripts/count_tests.py "${runs[@]}"
