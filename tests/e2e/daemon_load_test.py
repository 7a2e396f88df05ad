"""Many editors at once on one daemon: daemon_load_test.py FATHOM

Each types, completes, explains, and leaves in one of several ways, some by dying. Every request is
answered exactly once, and the daemon's memory comes back when they have gone. A longer run:
FATHOM_TEST_CLIENTS, FATHOM_TEST_KEYS, FATHOM_TEST_ROUNDS, FATHOM_TEST_SEED.
"""

import random
import sys
import threading
import time

from daemon_world import TYPED, Failure, Typist, World, percentile, resident_kb, setting, wait_for
from lsp_client import run

SHORT = {"explain": {"maxReasoningTokens": 4, "maxAnswerTokens": 4}}


class Editor(threading.Thread):
    def __init__(self, world, number, seed, n_keys):
        super().__init__()
        self.world = world
        self.number = number
        self.random = random.Random(seed)
        self.n_keys = n_keys
        self.seconds = []
        self.n_suggestions = 0
        self.problem = None

    def run(self):
        try:
            self.work()
        except Exception as problem:  # any: it is the result of this thread
            self.problem = f"editor {self.number}: {problem}"

    def work(self):
        client = self.world.door()
        client.start({"initializationOptions": SHORT})
        typist = Typist(client, f"file:///p/{self.number}.py")
        for i in range(self.n_keys):
            typist.type(TYPED[i % len(TYPED)])
            if i % 4 == 3:
                typist.complete()
        if self.random.random() < 0.3 and "error" in (answer := typist.explain()):
            raise Failure(f"an explanation failed: {answer['error']}")
        self.seconds = typist.seconds
        self.n_suggestions = typist.n_suggestions
        self.leave(client, typist)

    def leave(self, client, typist):
        way = self.random.choice(["properly", "silently", "in the middle", "killed"])
        if way == "killed":
            client.process.kill()
            client.process.wait()
            return
        if way == "in the middle":
            for i in range(3):
                client.request(f"last {i}", "textDocument/codeAction", {
                    "textDocument": {"uri": typist.uri},
                    "range": {"start": {"line": 0, "character": 0},
                              "end": {"line": 0, "character": 0}},
                    "context": {"diagnostics": []},
                })
        if way == "properly":
            client.request("end", "shutdown")
            client.answer("end")
            client.notify("exit")
        code = client.finish()
        if code != (0 if way == "properly" else 1):
            raise Failure(f"left {way}, exit code {code}")
        client.check_answers()


def play_round(world, number, n_clients, n_keys, seed):
    start = time.monotonic()
    editors = [Editor(world, i, f"{seed} {number} {i}", n_keys) for i in range(n_clients)]
    for editor in editors:
        editor.start()
    for editor in editors:
        editor.join()
    problems = [editor.problem for editor in editors if editor.problem]
    if problems:
        raise Failure(f"{len(problems)} of {n_clients} editors: " + "; ".join(problems[:5]))
    seconds = [s for editor in editors for s in editor.seconds]
    print(
        f"round {number}: {n_clients} editors, {len(seconds)} completions, "
        f"{sum(e.n_suggestions for e in editors)} suggestions; "
        f"p50 {1000 * percentile(seconds, 0.5):.0f} ms, p95 {1000 * percentile(seconds, 0.95):.0f} ms; "
        f"{time.monotonic() - start:.1f} s"
    )
    if not any(editor.n_suggestions for editor in editors):
        raise Failure("nothing was suggested to anybody")


def memory_when_alone(world, n_expected):
    """Once all clients are gone; the daemon says so in its log."""
    wait_for("all clients to leave", lambda: world.log().count(" is gone, ") == n_expected)
    return resident_kb(world.daemon())


def main():
    n_clients = setting("CLIENTS", 50)
    n_keys = setting("KEYS", 24)
    n_rounds = setting("ROUNDS", 2)
    seed = setting("SEED", 1)
    with World(sys.argv[1]) as world:
        # How much of its caches the first round touches depends on how fast the machine is.
        for number in range(2):
            play_round(world, number, n_clients, n_keys, seed)
        n_gone = 2 * n_clients
        before = memory_when_alone(world, n_gone)
        daemon = world.daemon()
        for number in range(2, n_rounds + 1):
            play_round(world, number, n_clients, n_keys, seed)
            n_gone += n_clients
        after = memory_when_alone(world, n_gone)
        print(f"memory of the daemon: {before} kB after the second round, {after} kB after the last")
        if world.daemon() != daemon:
            raise Failure("the daemon is another one than before")
        if after > 1.05 * before:
            raise Failure(f"the daemon keeps {after - before} kB of clients that have gone")


run("daemon_load_test", main)
