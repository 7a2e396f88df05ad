#!/usr/bin/env bash
# Races fathom against llama.cpp (Debian forky's) on one GGUF file, in turns, on this machine.
#
#   bench/race.sh [MODEL.gguf]     default: the built-in model
#
# Prints a Markdown table: tokens per second for 512 tokens of prompt and 64 of answer, median of
# five turns of each program. llama.cpp is unpacked into .cache/, not installed; that needs
# mmdebstrap, and root or user namespaces. Build fathom first (scripts/demo.sh).
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../scripts/common.sh"

model=${1:-models/nano/fathom-nano.gguf}
fathom=${FATHOM:-build/release/editors/cli/fathom}
threads=$(nproc)
turns=5

[ -f "$model" ] || die 2 "$model does not exist"
[ -x "$fathom" ] || die 2 "$fathom is not built; run scripts/demo.sh, or set FATHOM"

scripts/llama_cpp.sh fetch || die 2 "llama.cpp cannot be fetched (above)"

run_fathom() {
  "$fathom" bench --model "$model" --threads "$threads" --prompt-tokens 512 --max-tokens 64 \
    --repeat 1 --json 2>/dev/null
}
run_peer() {
  scripts/llama_cpp.sh llama-bench -m "$model" -t "$threads" -p 512 -n 64 -r 1 -o jsonl 2>/dev/null
}

results=$(mktemp -d)
for ((turn = 0; turn < turns; ++turn)); do # in turns: a busy moment of the machine hits both
  run_fathom >>"$results/fathom.jsonl"
  run_peer >>"$results/peer.jsonl" || echo "llama.cpp failed" >&2
done

python3 - "$results" <<'EOT'
import json, statistics, sys

def rows(name):
    with open(f"{sys.argv[1]}/{name}.jsonl", encoding="utf-8") as file:
        return [json.loads(line) for line in file if line.strip()]

def speed(values):
    return f"{statistics.median(values):.0f}" if values else "-"

fathom, peer = rows("fathom"), rows("peer")
print("| | prefill tokens/s | decode tokens/s |\n|---|---|---|")
print(f"| fathom ({fathom[0]['backend']}) | {speed([r['prefill_tokens_per_s'] for r in fathom])} "
      f"| {speed([r['decode_tokens_per_s'] for r in fathom])} |")
print(f"| llama.cpp | {speed([r['avg_ts'] for r in peer if r['n_prompt']])} "
      f"| {speed([r['avg_ts'] for r in peer if r['n_gen']])} |")
EOT
rm -rf "$results"
