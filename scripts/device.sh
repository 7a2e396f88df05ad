#!/usr/bin/env bash
# Tests and times the GPU backend on a machine that has a card and nothing else.
#
#   scripts/device.sh pack           here: builds, and packs programs and libraries into build/device/packed.tar.xz
#   scripts/device.sh run OUT.json   there, in a copy of this folder with that file: every test on the card,
#                                    then the benchmarks; one JSON with every figure. Under nine minutes.
#
# With DEVICE_BACKEND=cpu, `run` times the processor: for trying the script without a card.
# Exit codes: 0 all passed, 1 a test failed or a figure is missing, 2 there is no card.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

archive=$root/build/device/packed.tar.xz
backend=${DEVICE_BACKEND:-cuda}
# What is timed: shape and type, in order of what matters if time runs out.
models=(v2-lite:q4_k v2-lite:q8_0 v2-lite:bf16 1.3b:q4_k 1.3b:bf16 6.7b:q4_k 6.7b:bf16)
seconds_for_all=480

pack() {
  local folder=$root/build/device/packed
  cmake --preset device >&2
  cmake --build --preset device --target fathom device_test >&2
  rm -rf "$folder"
  mkdir -p "$folder/lib"
  cp build/device/editors/cli/fathom build/device/tests/cuda/device_test "$folder/"
  strip "$folder"/fathom "$folder"/device_test
  # Not glibc: the driver's libraries need the machine's own.
  ldd "$folder"/fathom "$folder"/device_test | awk '$2 == "=>" {print $3}' | sort -u |
    grep -Ev '/(libc|libm|libdl|librt|libpthread|libresolv|ld-linux[^/]*)\.so' |
    xargs -I{} cp -L {} "$folder/lib/"
  tar -C "$folder" -cJf "$archive" .
  du -h "$archive"
}

# Runs the tests on the card, under a wrapper (compute-sanitizer) if one is named; prints JSON.
run_tests() { # run_tests NAME FILTER [WRAPPER...]
  local name=$1 filter=$2 report=$folder/$1.json status=0
  shift 2
  GTEST_OUTPUT=json:$report "$@" "$folder/device_test" --gtest_filter="$filter" >"$report.log" 2>&1 || status=$?
  [ "$status" -eq 0 ] || tail -n 40 "$report.log" >&2
  python3 - "$report" "$name" "$status" <<'PYTHON'
import json, os, sys
path, name, status = sys.argv[1:]
report = json.load(open(path)) if os.path.exists(path) else {}
skipped = sum(t.get("result") == "SKIPPED" for s in report.get("testsuites", []) for t in s["testsuite"])
print(json.dumps({"name": name, "tests": report.get("tests", 0), "failures": report.get("failures", 1),
                  "skipped": skipped, "status": int(status)}))
PYTHON
}

bench() { # bench SHAPE TYPE
  local file=$folder/$1-$2.gguf out=$folder/$1-$2.bench.json started=$SECONDS status=0
  "$folder/fathom" synth --shape "$1" --quant "$2" "$file" >&2 &&
    "$folder/fathom" bench --model "$file" --backend "$backend" --prompt-tokens 2048 --max-tokens 128 --json \
      >"$out" || status=$?
  rm -f "$file"
  say "$1 $2: $((SECONDS - started)) s"
  return $status
}

run() { # run OUT.json
  local out=$1 model
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' EXIT
  cd "$root"
  if [ "$backend" = cuda ] && ! nvidia-smi -L >/dev/null 2>&1; then
    die 2 "there is no NVIDIA card here (nvidia-smi does not answer)"
  fi
  tar -C "$folder" -xJf "$archive"
  export LD_LIBRARY_PATH=$folder/lib:${LD_LIBRARY_PATH:-}
  nvidia-smi --query-gpu=name,driver_version,memory.total,clocks.max.sm,clocks.max.memory --format=csv \
    >"$folder/card.csv" 2>/dev/null || true
  say "Tests"
  run_tests all '*' >"$folder/tests.jsonl"
  if command -v compute-sanitizer >/dev/null; then
    say "compute-sanitizer"
    run_tests sanitizer '-*Golden*' timeout 90 compute-sanitizer --error-exitcode 9 >"$folder/sanitizer.jsonl"
  fi
  for model in "${models[@]}"; do
    [ "$SECONDS" -lt "$seconds_for_all" ] || { say "No time left for $model"; continue; }
    say "Timing ${model/:/ }"
    bench "${model%:*}" "${model#*:}" || say "$model: failed"
  done
  python3 - "$folder" "$out" <<'PYTHON'
import csv, glob, json, os, sys
folder, out = sys.argv[1:]
def lines(name):
    path = os.path.join(folder, name)
    return [json.loads(line) for line in open(path)] if os.path.exists(path) else []
card = os.path.join(folder, "card.csv")
result = {
    "card": list(csv.DictReader(open(card), skipinitialspace=True)) if os.path.exists(card) else [],
    "tests": lines("tests.jsonl"),
    "compute_sanitizer": lines("sanitizer.jsonl"),
    "bench": {os.path.basename(p)[:-len(".bench.json")]: json.load(open(p))
              for p in sorted(glob.glob(os.path.join(folder, "*.bench.json"))) if os.path.getsize(p)},
}
json.dump(result, open(out, "w"), indent=1)
for name, b in result["bench"].items():
    print(f"{name:14} decode {b['decode_tokens_per_s']:8.1f} tokens/s ({100 * b['bandwidth_fraction']:.0f} % of "
          f"{b['bandwidth_bytes_per_s'] / 1e12:.2f} TB/s)  prefill {b['prefill_tokens_per_s']:9.0f} tokens/s  "
          f"16 new tokens {b['ms_first_token_new']:6.1f} ms  load {b['ms_load']:6.0f} ms")
failed = [t["name"] for t in result["tests"] + result["compute_sanitizer"] if t["status"]]
total = sum(t["tests"] for t in result["tests"])
skipped = sum(t["skipped"] for t in result["tests"])
print(f"tests: {total} on the device, {skipped} skipped, failed in: {', '.join(failed) or 'none'}")
sys.exit(1 if failed or not result["bench"] else 0)
PYTHON
}

case "${1:-}" in
  pack) pack ;;
  run) run "${2:?usage: scripts/device.sh run OUT.json}" ;;
  *) die 2 "usage: scripts/device.sh pack | run OUT.json" ;;
esac
