#!/usr/bin/env bash
# Fuzzes everything that reads what others wrote, under AddressSanitizer and
# UndefinedBehaviorSanitizer; what was found stays in build/fuzz-corpus/ for the next run.
#
#   scripts/fuzz.sh [SECONDS]     seconds for each target, default 60; scripts/test.sh takes 10
#
# Exit codes: 0 no crash, 1 a crash (its input is in build/results/fuzz/), 2 cannot be set up.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

export fuzz_seconds=${1:-60}
case $fuzz_seconds in
  '' | *[!0-9]*) die 2 "'$fuzz_seconds' is no number of seconds; usage: scripts/fuzz.sh [SECONDS]" ;;
esac
scripts/setup.sh
export results=$root/build/results/fuzz
rm -rf "$results"
mkdir -p "$results"

# GCC's and clang's sanitizers reserve fixed addresses that strong randomisation may take.
export fixed_addresses=
if [ "$(cat /proc/sys/vm/mmap_rnd_bits 2>/dev/null || echo 0)" -gt 28 ] &&
  setarch -R true 2>/dev/null; then
  fixed_addresses="setarch -R"
fi

run_fuzzer() { # run_fuzzer NAME
  local name=$1 corpus=build/fuzz-corpus/$1 seeds=tests/fuzz/corpus/$1
  mkdir -p "$corpus"
  [ -d "$seeds" ] || seeds=
  local code=0
  # shellcheck disable=SC2086  # seeds and fixed_addresses may be nothing
  $fixed_addresses "build/fuzz/tests/fuzz/$name" -max_total_time="$fuzz_seconds" -timeout=10 \
    -rss_limit_mb=2048 -print_final_stats=1 -artifact_prefix="$results/$name-" \
    "$corpus" $seeds >"$results/$name.log" 2>&1 || code=$?
  echo "$code" >"$results/$name.exit_code"
  if [ "$code" -eq 0 ]; then
    echo "$name: $(sed -n 's/^stat::number_of_executed_units: *//p' "$results/$name.log") inputs, no crash"
  else
    tail -n 40 "$results/$name.log"
  fi
}
export -f run_fuzzer

say "Fuzzing, ${fuzz_seconds} s each"
cmake --preset fuzz >"$results/configure.log" ||
  { cat "$results/configure.log" >&2 && die 1 "cmake --preset fuzz failed"; }
fuzzers=$(cd tests/fuzz && ls fuzz_*.cpp | sed 's/\.cpp$//')
# shellcheck disable=SC2086  # a list of words
cmake --build --preset fuzz --target $fuzzers
# shellcheck disable=SC2086
printf '%s\n' $fuzzers | xargs -P 2 -I{} bash -c "run_fuzzer {}"
! grep -qv '^0$' "$results"/*.exit_code
