"""The daemon is killed again and again while editors type: daemon_kill_test.py FATHOM

Every editor goes on, the next daemon has the text that the editor has, and there is one daemon
each time. A longer run: FATHOM_TEST_CLIENTS, FATHOM_TEST_KILLS.
"""

import os
import signal
import sys
import threading

from daemon_world import TYPED, Failure, Typist, World, setting, wait_for
from lsp_client import run


class Editor(threading.Thread):
    """Types until it is told to stop, and asks in between."""

    def __init__(self, world, number):
        super().__init__()
        self.number = number
        self.client = world.door()
        self.client.start()
        self.typist = Typist(self.client, f"file:///p/{number}.py")
        self.suggested = threading.Semaphore(0)  # released with each suggestion
        self.stop = threading.Event()
        self.problem = None

    def run(self):
        try:
            self.work()
        except Exception as problem:  # any: it is the result of this thread
            self.problem = f"editor {self.number}: {problem}"
            self.suggested.release()

    def work(self):
        i = 0
        while not self.stop.is_set():
            self.typist.type(TYPED[i % len(TYPED)])
            i += 1
            if self.typist.complete():
                self.suggested.release()

    def check_text(self):
        """After stop: the server has the text that was typed."""
        expected = self.typist.text.count("\n") + 1
        found = wait_for("a server", self.typist.lines_at_server)
        if found != expected:
            raise Failure(f"editor {self.number} has {expected} lines, the server {found}")

    def wait_for_suggestions(self, n):
        for _ in range(n):
            self.suggested.acquire()
            if self.problem:
                raise Failure(self.problem)


def drain(semaphore):
    while semaphore.acquire(blocking=False):
        pass


def main():
    n_clients = setting("CLIENTS", 6)
    n_kills = setting("KILLS", 10)
    with World(sys.argv[1]) as world:
        editors = [Editor(world, i) for i in range(n_clients)]
        for editor in editors:
            editor.start()
        daemons = []
        for _ in range(n_kills):
            for editor in editors:
                editor.wait_for_suggestions(1)
            daemons.append(world.daemon())
            os.kill(daemons[-1], signal.SIGKILL)
            for editor in editors:
                drain(editor.suggested)
        for editor in editors:
            editor.wait_for_suggestions(2)
        for editor in editors:
            editor.stop.set()
        for editor in editors:
            editor.join()
            if editor.problem:
                raise Failure(editor.problem)
            editor.check_text()
        last = world.daemon()
        if last in daemons or len(set(daemons)) != n_kills:
            raise Failure(f"the same daemon was seen twice: {daemons}, {last}")
        for editor in editors:
            editor.client.request("end", "shutdown")
            editor.client.answer("end")
            editor.client.notify("exit")
            if (code := editor.client.finish()) != 0:
                raise Failure(f"editor {editor.number}: exit code {code}")
            editor.client.check_answers()
            for message in editor.client.received:
                if message.get("method") == "window/showMessage":
                    raise Failure(f"the user was told: {message['params']}")
        completions = sum(len(e.typist.seconds) for e in editors)
        print(f"{n_kills} daemons killed, {n_clients} editors made {completions} completions")
        os.kill(world.daemon(), signal.SIGTERM)
        wait_for("the last daemon to leave", lambda: not world.daemons())
        if world.socket.exists():
            raise Failure("a daemon that was asked to leave left its socket")


run("daemon_kill_test", main)
