#!/usr/bin/env python3
"""How often the text from a real llama-server is the one that the engine here decodes.

    bench/remote_agreement.py FATHOM [--model FILE]... [--prompts N] [--seed N] [--backend NAME]
                              [--server-option OPTION]...

N prompts (200) by a fixed seed: completions in this project's sources, explanations of pieces of them, reviews of
lines taken out of them; greedy, with and without a server (scripts/llama_cpp.sh). Then the prompts of the completions as
tokens, 32 of which each side decodes: where they part first, the server's logarithms of the probabilities of its
token and of the one that came here; how much later than the server's first event fathom's first text of an
explanation comes. Default models: the built-in one in F32, in Q8_0, and as it is. Prints Markdown.
"""

from __future__ import annotations

import argparse
import dataclasses
import http.client
import json
import math
import os
import pathlib
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests/e2e"))
from remote_llama_server_test import NANO, Wire, start_server  # noqa: E402

N_TOKENS = 32
FOLDERS = ("completion/*.cpp", "engine/*.cpp", "lsp/*.cpp", "bench/*.py", "tests/e2e/*.py", "editors/nvim/lua/fathom/*.lua",
           "editors/vscode/src/server/*.ts")


@dataclasses.dataclass
class World:
    """A project, and a configuration with a server."""
    fathom: str
    folder: pathlib.Path
    model: pathlib.Path
    backend: str

    def __post_init__(self) -> None:
        self.project = self.folder / "project"
        self.project.mkdir()
        (self.project / ".fathom.toml").write_text("")
        self.environment = os.environ | {"XDG_CONFIG_HOME": str(self.folder / "config"), "XDG_STATE_HOME": str(self.folder / "state"),
                                         "XDG_RUNTIME_DIR": str(self.folder)}

    def configure(self, origin: str) -> None:
        for name, text in (("config/fathom/fathom.toml", f'[engine]\nmodel = "{self.model}"\n[remote]\ncompletion_url = "{origin}"\n'
                            "[explain]\nmax_answer_tokens = 48\n"),
                           ("state/fathom/remote-consent", f"{origin} {self.folder.resolve()}\n")):
            file = self.folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)

    def run(self, command: list[str], here: bool) -> str:
        choice = ["--model", str(self.model), "--backend", self.backend] if here else []
        with (self.folder / "errors").open("w") as errors:
            run = subprocess.Popen([self.fathom, *command, *choice], stdout=subprocess.PIPE, stderr=errors, text=True,
                                   stdin=subprocess.DEVNULL, cwd=self.project, env=self.environment)
        out = run.stdout.read(1)
        self.first_text = time.monotonic()
        out += run.stdout.read()
        if run.wait() not in (0, 1, 3):
            sys.exit(f"{command}: {(self.folder / 'errors').read_text()}")
        if command[0] == "complete":
            return json.loads(out)["text"]
        if command[0] == "explain":
            return out
        findings = json.loads(out)["findings"]
        return json.dumps([finding | {"confidence": 0} for finding in findings])  # which is a number, no text


def commands(project: pathlib.Path, n: int, seed: int) -> list[list[str]]:
    """Seven of ten complete, two explain, one reviews."""
    chance = random.Random(seed)
    sources = sorted(path for pattern in FOLDERS for path in ROOT.glob(pattern))
    chosen = []
    for i in range(n):
        source = chance.choice(sources)
        name = f"{i}_{source.name}"
        lines = source.read_text().split("\n")
        code = [number for number, line in enumerate(lines) if len(line.strip()) > 12]
        line = chance.choice(code)
        if i % 10 < 7:
            indent = len(lines[line]) - len(lines[line].lstrip())
            column = chance.randint(indent, len(lines[line]))
            lines[line] = lines[line][:column]
            chosen.append(["complete", f"{name}:{line + 1}:{column + 1}", "--json"])
        elif i % 10 < 9:
            chosen.append(["explain", f"{name}:{line + 1}-{min(line + 12, len(lines))}", "--max-reasoning-tokens", "24"])
        else:
            begin = max(line - 3, 0)
            kept = [" " + text for text in lines[begin:line]]
            change = f"--- a/{name}\n+++ b/{name}\n@@ -{begin + 1},{len(kept) + 1} +{begin + 1},{len(kept) + 1} @@\n"
            change += "\n".join([*kept, "-" + lines[line], "+" + lines[line].replace("<", "<=").replace("1", "2") + " "]) + "\n"
            (project / f"{i}.diff").write_text(change)
            chosen.append(["review", "--diff", f"{i}.diff", "--format", "json", "--max-tokens", "200", "--min-confidence", "0"])
        (project / name).write_text("\n".join(lines))
    return chosen


def post(port: int, path: str, body: object) -> dict:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    connection.request("POST", path, json.dumps(body))
    return json.loads(connection.getresponse().read())


def parting(ours: str, places: list[dict]) -> float | None:
    """The difference where the server's tokens leave our text. Several tokens may begin as it goes on: then the nearest."""
    text = ""
    margins = [math.inf]
    for place in places:
        rest = ours[len(text):]
        margins += [place["logprob"] - other["logprob"] for other in place["top_logprobs"][1:]
                    if other["token"] and rest.startswith(other["token"])]
        if not rest.startswith(place["token"]):
            return min(margins)
        text += place["token"]
    return None


def partings(world: World, prompts: list[list[int]], server_port: int) -> list[float | None]:
    """For each prompt: nothing, or by how much the server finds its token likelier than the one from here."""
    daemon = subprocess.Popen([world.fathom, "serve", "--http", "0", "--model", str(world.model), "--backend", world.backend],
                              env=world.environment, text=True, stdout=subprocess.PIPE)
    port = int(re.search(r"http://localhost:(\d+)", daemon.stdout.readline())[1])
    found: list[float | None] = []
    for prompt in prompts:
        ours = post(port, "/v1/completions", {"prompt": prompt, "max_tokens": N_TOKENS})["choices"][0]["text"]
        places = post(server_port, "/completion", {"prompt": prompt, "n_predict": N_TOKENS, "temperature": 0, "n_probs": 20, "samplers": ["temperature"],
                                                   "return_tokens": True})["completion_probabilities"]
        found.append(parting(ours, places))
    daemon.terminate()
    daemon.wait()
    return found


def measure(options: argparse.Namespace, folder: pathlib.Path, model: pathlib.Path) -> None:
    world = World(options.fathom, folder, model, options.backend)
    llama, port = start_server(folder, model, options.server_option)
    wire = Wire(port)
    try:
        world.configure(f"http://127.0.0.1:{wire.port}")
        same: dict[str, list[bool]] = {"complete": [], "explain": [], "review": []}
        prompts = []
        delays = []
        for command in commands(world.project, options.prompts, options.seed):
            wire.sent.clear()
            same[command[0]].append(world.run(command, here=False) == world.run(command, here=True))
            if command[0] == "complete" and (sent := wire.prompts()):
                prompts.append(sent[-1])
            if command[0] == "explain":
                time.sleep(0.3)  # what the server still says to the one before
                wire.first_event = 0.0
                world.run([*command[:-1], "0"], here=False)  # without reasoning: the answer is what is shown
                delays.append(1000 * (world.first_text - wire.first_event))
        parted = partings(world, prompts, port)
    finally:
        llama.kill()
        llama.wait()
    n_same = sum(map(sum, same.values()))
    counts = " | ".join(f"{sum(each)} of {len(each)}" for each in same.values())
    margins = sorted(margin for margin in parted if margin is not None)
    print(f"| {model.stem} | {counts} | {n_same} of {options.prompts} ({n_same / options.prompts:.1%}) | {len(parted) - len(margins)} of {len(parted)} | "
          + (", ".join(f"{margin:.3f}" for margin in margins) or "none")
          + f" | {statistics.median(delays):.1f}, {max(delays):.1f} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("fathom")
    parser.add_argument("--model", type=pathlib.Path, action="append")
    parser.add_argument("--prompts", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--backend", default="auto")
    parser.add_argument("--server-option", action="append", default=[])
    options = parser.parse_args()
    options.fathom = str(pathlib.Path(options.fathom).resolve())
    print("| model | complete | explain | review | all the same | 32 tokens the same | nats between the two tokens where they part | ms behind the server, median and most |\n|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory(prefix="fathom-agreement-") as name:
        folder = pathlib.Path(name)
        models = [model.resolve() for model in options.model or []]
        for quant in () if models else ("f32", "q8_0"):
            models.append(folder / f"nano-{quant}.gguf")
            subprocess.run([options.fathom, "convert", NANO, models[-1], "--quant", quant], check=True, capture_output=True)
        for model in models if options.model else [*models, NANO]:
            (folder / model.stem).mkdir()
            measure(options, folder / model.stem, model)


if __name__ == "__main__":
    main()
