#!/usr/bin/env bash
# Races fathom against llama.cpp (Debian forky's) on GGUF files, in turns, on this machine.
#
#   bench/race.sh [--json] [MODEL.gguf...]     default: the built-in model
#
# For each file a Markdown table, or one line of JSON: prefill of 512 tokens, decode from nothing
# and behind those 512, and 16 new tokens behind them to the first token. Medians of the turns, and
# the ratio of the two programs with its smallest and largest value over the turns. TURNS (5) and
# THREADS (one for each core) are read from the environment. llama.cpp is unpacked into .cache/, not
# installed; that needs mmdebstrap, and root or user namespaces. Build fathom first
# (scripts/demo.sh), or set FATHOM. `fathom synth` makes files of real shapes.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../scripts/common.sh"

format=markdown
if [ "${1:-}" = --json ]; then
  format=json
  shift
fi
[ $# -gt 0 ] || set -- models/nano/fathom-nano.gguf
fathom=${FATHOM:-build/release/editors/cli/fathom}
threads=${THREADS:-$(nproc)}
turns=${TURNS:-5}
prompt=512
answer=64
new=16

[ -x "$fathom" ] || die 2 "$fathom is not built; run scripts/demo.sh, or set FATHOM"
for model in "$@"; do [ -f "$model" ] || die 2 "$model does not exist"; done

scripts/llama_cpp.sh fetch >&2 || die 2 "llama.cpp cannot be fetched (above)"

results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT

run_fathom() {
  "$fathom" bench --model "$1" --threads "$threads" --prompt-tokens "$prompt" \
    --max-tokens "$answer" --repeat 1 --json 2>"$results/errors"
}
run_peer() {
  LLAMA_CPP_AMX=$amx scripts/llama_cpp.sh llama-bench -m "$1" -t "$threads" -r 1 -o jsonl "${@:2}" 2>"$results/errors"
}

for model in "$@"; do
  # Its AMX variant is the faster one for files that it can take.
  amx=yes
  run_peer "$model" -p 16 -n 0 >/dev/null || amx=
  : >"$results/fathom.jsonl"
  : >"$results/peer.jsonl"
  for ((turn = 0; turn < turns; ++turn)); do # in turns: a busy moment of the machine hits both
    run_fathom "$model" >>"$results/fathom.jsonl" ||
      die 3 "fathom failed on $model: $(tail -n 3 "$results/errors")"
    { run_peer "$model" -p "$prompt" -n "$answer" &&
      run_peer "$model" -p "$new" -n "$answer" -d "$prompt"; } >>"$results/peer.jsonl" ||
      die 3 "llama.cpp failed on $model: $(tail -n 3 "$results/errors")"
  done
  python3 - "$results" "$format" "$(basename "$model")" "$threads" <<'EOT'
import json, statistics, sys

folder, form, model, threads = sys.argv[1:]

def rows(name):
    with open(f"{folder}/{name}.jsonl", encoding="utf-8") as file:
        return [json.loads(line) for line in file if line.strip()]

fathom, peer = rows("fathom"), rows("peer")

def of_peer(kind, behind):
    return [row["avg_ts"] for row in peer if row[kind] and bool(row["n_depth"]) == behind]

n_new = fathom[0]["new_tokens"]
cases = {
    "prefill": ([row["prefill_tokens_per_s"] for row in fathom], of_peer("n_prompt", False)),
    "decode, nothing before": ([row["decode_tokens_per_s_empty"] for row in fathom], of_peer("n_gen", False)),
    "decode behind the prompt": ([row["decode_tokens_per_s"] for row in fathom], of_peer("n_gen", True)),
    f"{n_new} new tokens to the first token":
        ([1e3 * n_new / row["ms_first_token_new"] for row in fathom], of_peer("n_prompt", True)),
}
table = []
for case, (ours, theirs) in cases.items():
    ratios = sorted(a / b for a, b in zip(ours, theirs, strict=True))
    table.append({"case": case, "fathom": statistics.median(ours), "llama_cpp": statistics.median(theirs),
                  "ratio": statistics.median(ratios), "ratio_min": ratios[0], "ratio_max": ratios[-1]})
roof = statistics.median(row["bandwidth_bytes_per_s"] for row in fathom)
bytes_per_token = fathom[0]["bytes_per_token"]
if form == "json":
    print(json.dumps({"model": model, "cpu": fathom[0]["cpu"], "threads": int(threads), "turns": len(fathom),
                      "bandwidth_bytes_per_s": roof, "bytes_per_token": bytes_per_token, "cases": table}))
else:
    print(f"\n{model}, {fathom[0]['cpu']}, {len(fathom)} turns; memory {roof / 1e9:.1f} GB/s, "
          f"{bytes_per_token / 1e9:.2f} GB a token\n")
    print("| tokens/s | fathom | llama.cpp | ratio (smallest to largest) |\n|---|---|---|---|")
    for row in table:
        print(f"| {row['case']} | {row['fathom']:.1f} | {row['llama_cpp']:.1f} "
              f"| {row['ratio']:.2f} ({row['ratio_min']:.2f} to {row['ratio_max']:.2f}) |")
EOT
done
