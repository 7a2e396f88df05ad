#!/usr/bin/env python3
"""Other programs and an editor on one daemon: what batching gains, and what it costs the editor.

    bench/http_clients.py FATHOM [--seconds N] [--model FILE]

With a model, by default the built-in one: tokens/s of 1 and of 8 clients that complete text over HTTP, each its own; then
64 clients for --seconds (60), whose answers are compared with what each got alone, while an editor
types a function again and again and asks for a completion every fourth key, as before it without them.
Prints Markdown.
"""

from __future__ import annotations

import argparse
import http.client
import json
import pathlib
import re
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests/e2e"))
from daemon_world import TYPED, Typist, World, percentile  # noqa: E402

N_TOKENS = 64


class Asker(threading.Thread):
    """
    Asks one question until `end`; knows what it got first. `anew`: always for another text by chance, because what was
    written before is guessed ahead, and then one client alone is as fast as several.
    """

    def __init__(self, port: int, number: int, anew: bool) -> None:
        super().__init__()
        self.number = number
        self.anew = anew
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        self.end = 0.0
        self.n_tokens = self.n_answers = 0
        self.answers: set[str] = set()

    def ask(self) -> str:
        body = {"prompt": f"def f{self.number}(x):\n    y{self.number} = x + {self.number}\n", "max_tokens": N_TOKENS}
        if self.anew:
            body |= {"temperature": 1, "seed": 1000 * self.number + self.n_answers, "ignore_eos": True}
        self.connection.request("POST", "/v1/completions", json.dumps(body))
        answer = json.loads(self.connection.getresponse().read())
        self.n_tokens += answer["usage"]["completion_tokens"]
        self.n_answers += 1
        return answer["choices"][0]["text"]

    def run(self) -> None:
        while time.monotonic() < self.end:
            self.answers.add(self.ask())


def flood(port: int, n_clients: int, seconds: float, anew: bool) -> list[Asker]:
    askers = [Asker(port, i, anew) for i in range(n_clients)]
    for asker in askers:
        asker.answers.add(asker.ask())  # alone
        asker.n_tokens = asker.n_answers = 0
    end = time.monotonic() + seconds
    for asker in askers:
        asker.end = end
        asker.start()
    return askers


def typing(world: World, seconds: float, turn: int) -> list[float]:
    client = world.door()
    client.start()
    typist = Typist(client, f"file:///p/{turn}.py")
    end = time.monotonic() + seconds
    i = 0
    while time.monotonic() < end:
        typist.type(TYPED[i % len(TYPED)])
        i += 1
        if i % 4 == 0:
            typist.complete()
        time.sleep(0.05)
    client.finish()
    return [1000 * s for s in typist.seconds]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("fathom")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--model", default="nano")
    options = parser.parse_args()
    with World(options.fathom) as world:
        daemon = subprocess.Popen([options.fathom, "serve", "--http", "0", "--model", options.model], env=world.env, text=True, stdout=subprocess.PIPE)
        port = int(re.search(r"http://localhost:(\d+)", daemon.stdout.readline())[1])
        rates = {}
        for n_clients in (1, 8):
            askers = flood(port, n_clients, options.seconds / 4, anew=True)
            begin = time.monotonic()
            for asker in askers:
                asker.join()
            rates[n_clients] = sum(a.n_tokens for a in askers) / (time.monotonic() - begin)
        idle = typing(world, options.seconds / 2, 1)
        askers = flood(port, 64, options.seconds, anew=False)
        loaded = typing(world, options.seconds - 5, 2)
        for asker in askers:
            asker.join()
        daemon.terminate()
        daemon.wait()
    n_mixed = sum(len(asker.answers) != 1 for asker in askers)
    print("| clients | tokens/s |\n|---|---|")
    for n_clients, rate in rates.items():
        print(f"| {n_clients} | {rate:.0f} |")
    print(f"\n8 clients over one: {rates[8] / rates[1]:.2f}. 64 clients for {options.seconds:.0f} s:"
          f" {sum(a.n_answers for a in askers)} answers, {n_mixed} clients with another answer than alone.")
    print("\n| editor | median ms | 95th percentile ms | completions |\n|---|---|---|---|")
    for name, values in (("alone", idle), ("beside 64 clients", loaded)):
        print(f"| {name} | {percentile(values, 0.5):.1f} | {percentile(values, 0.95):.1f} | {len(values)} |")


if __name__ == "__main__":
    main()
