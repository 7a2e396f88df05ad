#!/usr/bin/env python3
"""Races fathom against llama-server on what people type: the same keys, model and threads, in turns.

    bench/typing_race.py [--model MODEL.gguf] [--threads N] [--turns N] [--json] [TRACE.json ...]

fathom runs `bench typing` on the traces. llama-server is asked as llama.vim asks it (README and
autoload/llama.vim of ggml-org/llama.vim): 256 lines of prefix and 64 of suffix around the cursor's
line, what is typed on that line as `prompt`, at most 128 tokens and 250 ms, its KV cache in use and
the server's options those of that README; no request with more than 8 characters behind the cursor;
a cache of 250 answers that also knows the texts with the first 1, 2 and 3 prefix lines removed and
finds answers typed along for up to 128 characters; after each shown suggestion the request for what
follows it, which is not waited for by the person and not counted in the latency. Keys follow the
answer at once; prints a Markdown table.

llama.cpp is Debian forky's, unpacked into .cache/ (scripts/llama_cpp.sh). Build fathom first.
"""

from __future__ import annotations

import argparse
import collections
import hashlib
import http.client
import json
import os
import pathlib
import socket
import statistics
import subprocess
import sys
import time
from typing import Any

ROOT = pathlib.Path(__file__).resolve().parent.parent
PREFIX_LINES, SUFFIX_LINES = 256, 64
N_PREDICT, MAX_PREDICT_MS, MAX_SPECULATE_MS = 128, 250, 1000
MAX_LINE_SUFFIX, MAX_CACHE, MAX_LOOKBACK = 8, 250, 128


def percentile(values: list[float], p: float) -> float:
    if not values:
        return 0.0
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, -(-int(p * 1000) * len(ordered) // 1000) - 1))]


class Server:
    """llama-server on a free port of this machine."""

    def __init__(self, model: str, threads: int) -> None:
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        self.process = subprocess.Popen(
            [str(ROOT / "scripts/llama_cpp.sh"), "llama-server", "-m", model, "-t", str(threads),
             "--host", "127.0.0.1", "--port", str(self.port), "-np", "1", "-c", "4096",
             "-b", "1024", "-ub", "1024", "--cache-reuse", "256", "--no-webui"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        deadline = time.monotonic() + 120
        while True:
            try:
                self.connection.request("GET", "/health")
                if self.connection.getresponse().read() and self.process.poll() is None:
                    self.infill("a", "b", "c", 1, 1)
                    return
            except (OSError, http.client.HTTPException, RuntimeError) as error:
                self.connection.close()
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError("llama-server does not start") from error
            time.sleep(0.2)

    def infill(self, prefix: str, suffix: str, prompt: str, n_predict: int, max_ms: int) -> Any:
        body = json.dumps({
            "input_prefix": prefix, "input_suffix": suffix, "prompt": prompt, "input_extra": [],
            "n_predict": n_predict, "t_max_predict_ms": max_ms, "t_max_prompt_ms": 500,
            "top_k": 40, "top_p": 0.99, "stream": False, "cache_prompt": True,
            "samplers": ["top_k", "top_p", "infill"], "temperature": 0.0,
        })
        self.connection.request("POST", "/infill", body, {"Content-Type": "application/json"})
        response = self.connection.getresponse()
        answer = json.loads(response.read())
        if response.status != 200:
            raise RuntimeError(f"llama-server: {answer}")
        return answer

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait()


class LlamaVim:
    """The editor's side: what is asked and what is remembered."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.cache: collections.OrderedDict[str, str] = collections.OrderedDict()
        self.latencies: list[float] = []
        self.evaluated = self.prompted = self.keys = self.cached = self.shown = 0
        self.speculated = 0

    @staticmethod
    def context(text: str, cursor: int) -> tuple[str, str, str, str]:
        """Prefix, begin and rest of the cursor's line, suffix."""
        begin = text.rfind("\n", 0, cursor) + 1
        end = text.find("\n", cursor)
        end = len(text) if end < 0 else end
        above = text[:begin].splitlines(keepends=True)[-PREFIX_LINES:]
        below = text[end + 1:].split("\n")[:SUFFIX_LINES]
        return "".join(above), text[begin:cursor], text[cursor:end], "\n".join(below) + "\n"

    @staticmethod
    def key(prefix: str, middle: str, suffix: str) -> str:
        return hashlib.sha256((prefix + middle + "|" + suffix).encode()).hexdigest()

    def remember(self, prefix: str, middle: str, suffix: str, answer: str) -> None:
        lines = prefix.splitlines(keepends=True)
        for n in range(4):
            key = self.key("".join(lines[n:]), middle, suffix)
            self.cache[key] = answer
            self.cache.move_to_end(key)
        while len(self.cache) > 4 * MAX_CACHE:
            self.cache.popitem(last=False)

    def find(self, prefix: str, middle: str, suffix: str) -> str | None:
        before = prefix + middle
        for n in range(min(MAX_LOOKBACK, len(before)) + 1):
            head, typed = before[:len(before) - n], before[len(before) - n:]
            cut = head.rfind("\n") + 1
            answer = self.cache.get(self.key(head[:cut], head[cut:], suffix))
            if answer is not None and answer.startswith(typed) and len(answer) > len(typed):
                return answer[len(typed):]
        return None

    def ask(self, text: str, cursor: int) -> str:
        """The suggestion after a key; counts its latency."""
        self.keys += 1
        begin = time.perf_counter()
        prefix, middle, rest, below = self.context(text, cursor)
        suffix = rest + "\n" + below
        if len(rest) > MAX_LINE_SUFFIX:
            self.latencies.append(1000 * (time.perf_counter() - begin))
            return ""
        answer = self.find(prefix, middle, suffix)
        if answer is not None:
            self.cached += 1
        else:
            prompt = middle if middle.strip() else ""
            result = self.server.infill(prefix, suffix, prompt, N_PREDICT, MAX_PREDICT_MS)
            answer = result["content"]
            if not middle.strip():
                answer = answer[len(middle):] if answer.startswith(middle) else answer
            self.count(result)
            self.remember(prefix, middle, suffix, answer)
        self.latencies.append(1000 * (time.perf_counter() - begin))
        answer = self.shown_part(answer, rest, below)
        if answer:
            self.shown += 1
            self.speculate(text, cursor, answer)
        return answer

    def count(self, result: Any) -> None:
        timings = result["timings"]
        self.evaluated += timings["prompt_n"]
        self.prompted += timings["prompt_n"] + timings.get("cache_n", 0)

    def speculate(self, text: str, cursor: int, answer: str) -> None:
        after = text[:cursor] + answer + text[cursor:]
        prefix, middle, rest, below = self.context(after, cursor + len(answer))
        suffix = rest + "\n" + below
        if self.key(prefix, middle, suffix) in self.cache:
            return
        result = self.server.infill(prefix, suffix, middle, N_PREDICT, MAX_SPECULATE_MS)
        self.speculated += result["timings"]["prompt_n"]
        self.remember(prefix, middle, suffix, result["content"])

    @staticmethod
    def shown_part(answer: str, rest: str, below: str) -> str:
        """What llama.vim draws: nothing that repeats what is there."""
        lines = answer.rstrip().split("\n")
        if rest and lines[0] == rest:
            return ""
        if rest:
            lines = lines[:1]
        if len(lines) > 1 and lines[1:] == below.split("\n")[:len(lines) - 1]:
            lines = lines[:1]
        return "\n".join(lines)


def progress(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


def play(trace: dict[str, Any], editor: LlamaVim) -> None:
    text, cursor, shown = trace["text"], 0, ""
    for n, (_, kind, *arguments) in enumerate(trace["events"], start=1):
        progress(f"{trace['path']}: llama-server, {n} of {len(trace['events'])} events")
        if kind == "move":
            line, column = arguments
            cursor = sum(len(l) + 1 for l in text.split("\n")[:line - 1]) + column - 1
            shown = ""
        elif kind in ("type", "pair"):
            text = text[:cursor] + "".join(arguments) + text[cursor:]
            cursor += len(arguments[0])
            shown = editor.ask(text, cursor)
        elif kind == "over":
            cursor += 1
            shown = editor.ask(text, cursor)
        elif kind == "backspace":
            text, cursor = text[:cursor - 1] + text[cursor:], cursor - 1
            shown = editor.ask(text, cursor)
        elif kind == "follow":
            there, at = text, cursor
            for _ in range(arguments[0]):
                if not shown:
                    break
                there, at = there[:at] + shown[0] + there[at:], at + 1
                shown = editor.ask(there, at)
            shown = ""
        elif kind == "accept":
            if shown:
                editor.ask(text[:cursor] + shown + text[cursor:], cursor + len(shown))
            shown = ""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("traces", nargs="*",
                        default=[str(p) for p in sorted((ROOT / "bench/traces").glob("*.json"))])
    parser.add_argument("--model", default=str(ROOT / "models/nano/fathom-nano.gguf"))
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--turns", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    fathom = os.environ.get("FATHOM", str(ROOT / "build/release/editors/cli/fathom"))
    if not os.access(fathom, os.X_OK):
        print(f"{fathom} is not built; run scripts/demo.sh, or set FATHOM", file=sys.stderr)
        return 2
    if subprocess.run([str(ROOT / "scripts/llama_cpp.sh"), "fetch"], check=False).returncode:
        print("llama.cpp cannot be fetched (above)", file=sys.stderr)
        return 2

    rows = []
    for path in args.traces:
        trace = json.loads(pathlib.Path(path).read_text(encoding="utf-8"))
        ours, theirs = [], []
        for _ in range(args.turns):  # in turns: a busy moment of the machine hits both
            progress(f"{trace['path']}: fathom")
            ours.append(json.loads(subprocess.run(
                [fathom, "bench", "typing", path, "--model", args.model, "--threads",
                 str(args.threads), "--json"], check=True, capture_output=True).stdout))
            server = Server(args.model, args.threads)
            try:
                editor = LlamaVim(server)
                play(trace, editor)
                theirs.append(editor)
            finally:
                server.stop()
        latencies = [ms for e in theirs for ms in e.latencies]
        rows.append({
            "path": trace["path"],
            "fathom_p50_ms": statistics.median(o["ms_all_median"] for o in ours),
            "fathom_p95_ms": statistics.median(o["ms_all_p95"] for o in ours),
            "fathom_tokens_per_key": statistics.median(o["evaluated_tokens_per_key"] for o in ours),
            "fathom_cached": statistics.median(o["from_cache_share"] for o in ours),
            "peer_p50_ms": percentile(latencies, 0.5),
            "peer_p95_ms": percentile(latencies, 0.95),
            "peer_tokens_per_key": sum(e.evaluated for e in theirs) / sum(e.keys for e in theirs),
            "peer_background_tokens_per_key":
                sum(e.speculated for e in theirs) / sum(e.keys for e in theirs),
            "peer_cached": sum(e.cached for e in theirs) / sum(e.keys for e in theirs),
        })
    progress("")
    if args.json:
        print(json.dumps(rows, indent=1))
        return 0
    print("| trace | | p50 ms | p95 ms | prompt tokens evaluated a key | from the cache |")
    print("|---|---|---|---|---|---|")
    for r in rows:
        print(f"| {r['path']} | fathom | {r['fathom_p50_ms']:.2f} | {r['fathom_p95_ms']:.1f} "
              f"| {r['fathom_tokens_per_key']:.1f} | {100 * r['fathom_cached']:.0f} % |")
        print(f"| | llama-server, as llama.vim | {r['peer_p50_ms']:.2f} | {r['peer_p95_ms']:.1f} "
              f"| {r['peer_tokens_per_key']:.1f} + {r['peer_background_tokens_per_key']:.1f} "
              f"speculated | {100 * r['peer_cached']:.0f} % |")
        ratio = r["peer_p50_ms"] / max(r["fathom_p50_ms"], 1e-6)
        fewer = r["peer_tokens_per_key"] / max(r["fathom_tokens_per_key"], 1e-6)
        print(f"| | ratio | {ratio:.1f} | {r['peer_p95_ms'] / max(r['fathom_p95_ms'], 1e-6):.1f} "
              f"| {fewer:.1f} | |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
