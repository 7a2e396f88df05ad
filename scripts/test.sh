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
asan_tests='^(base|binder|checkpoint|cli|completion|completion_syntax|engine|gguf|hostile_files|lsp_session|lsp_stdio|lsp_text|metadata|ops|pre_tokenizer|prefix_tree|quant|safetensors|tokenizer|traits)_test$'
tsan_tests='^(base|completion|engine_thread|lsp_stdio)_test$'
fuzz_seconds=30

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

run_fuzzer() { # run_fuzzer NAME
  local name=$1 folder=$results/fuzz corpus=build/fuzz-corpus/$1 seeds=tests/fuzz/corpus/$1
  mkdir -p "$folder" "$corpus"
  [ -d "$seeds" ] || seeds=
  local code=0
  # shellcheck disable=SC2086  # seeds may be nothing
  "${fixed_addresses[@]}" "build/fuzz/tests/fuzz/$name" -max_total_time=$fuzz_seconds -timeout=10 \
    -rss_limit_mb=2048 -print_final_stats=1 -artifact_prefix="$folder/$name-" \
    "$corpus" $seeds >"$folder/$name.log" 2>&1 || code=$?
  echo "$code" >"$folder/$name.exit_code"
  if [ "$code" -eq 0 ]; then
    echo "$name: $(sed -n 's/^stat::number_of_executed_units: *//p' "$folder/$name.log") inputs, no crash"
  else
    tail -n 40 "$folder/$name.log"
  fi
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

  say "Fuzzing, ${fuzz_seconds} s each"
  configure fuzz
  fuzzers=$(cd tests/fuzz && ls fuzz_*.cpp | sed 's/\.cpp$//')
  # shellcheck disable=SC2086
  cmake --build --preset fuzz --target $fuzzers
  export -f run_fuzzer
  export results fuzz_seconds
  printf '%s\n' $fuzzers | xargs -P 2 -I{} bash -c "fixed_addresses=(${fixed_addresses[*]}); run_fuzzer {}"
  runs+=("$results/fuzz")
fi

python3 scripts/count_tests.py "${runs[@]}"
