"""What tests of the daemon share: folders of its own for a daemon, doors to it, and a look at it.

A World keeps everything in a temporary folder, so that no daemon of the user's is met. On leaving
it ends every process that has this folder in its environment.
"""

import contextlib
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

from lsp_client import TIMEOUT_SECONDS, Client, Failure

# What a person might type, with places where a suggestion makes sense.
TYPED = """
def area(width, height):
    return width * height


def total(items):
    result = 0
    for item in items:
        result += item
    return result
"""


def setting(name, default):
    """A number that a longer run may set: FATHOM_TEST_<NAME>."""
    return int(os.environ.get(f"FATHOM_TEST_{name}", default))


class World:
    def __init__(self, binary, folder=None):
        self.binary = os.path.abspath(binary)
        self.folder = pathlib.Path(folder or tempfile.mkdtemp(prefix="fathom-e2e-"))
        self.env = dict(os.environ)
        for name in ("XDG_RUNTIME_DIR", "XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
            self.env[name] = str(self.folder / name.lower())
            os.makedirs(self.env[name], mode=0o700, exist_ok=True)
        self.socket = pathlib.Path(self.env["XDG_RUNTIME_DIR"]) / "fathom" / "fathom.sock"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for pid in self._processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        shutil.rmtree(self.folder, ignore_errors=True)

    def door(self, *arguments, prefix=()):
        return Client(self.binary, *arguments, standalone=False, env=self.env, prefix=prefix)

    def daemons(self):
        """The process ids of the daemons here."""
        return self._processes(lambda words: len(words) > 1 and words[1] == b"serve")

    def daemon(self):
        """The process id of the one daemon, once there is exactly one."""
        return wait_for("exactly one daemon", lambda: only(self.daemons()))

    def serve(self, *arguments):
        """Starts a daemon and waits until it listens."""
        process = subprocess.Popen(
            [self.binary, "serve", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=self.env,
            text=True,
        )
        line = process.stdout.readline()
        if not line.startswith("listening"):
            raise Failure(f"the daemon did not start: {line!r}")
        return process

    def log(self):
        """What the daemons that doors started have logged."""
        path = pathlib.Path(self.env["XDG_STATE_HOME"]) / "fathom" / "daemon.log"
        return path.read_text() if path.exists() else ""

    def _processes(self, wanted=lambda words: True):
        mark = f"XDG_RUNTIME_DIR={self.env['XDG_RUNTIME_DIR']}".encode()
        found = []
        for entry in os.listdir("/proc"):
            if not entry.isdigit():
                continue
            with contextlib.suppress(OSError):
                words = pathlib.Path("/proc", entry, "cmdline").read_bytes().split(b"\0")
                environment = pathlib.Path("/proc", entry, "environ").read_bytes().split(b"\0")
                if mark in environment and wanted(words):
                    found.append(int(entry))
        return found


def only(things):
    return things[0] if len(things) == 1 else None


def wait_for(what, look, seconds=TIMEOUT_SECONDS):
    """The first true value of `look`."""
    deadline = time.monotonic() + seconds
    while not (value := look()):
        if time.monotonic() > deadline:
            raise Failure(f"waited in vain for {what}")
        time.sleep(0.02)
    return value


def resident_kb(pid):
    return memory_kb(pid, "VmRSS:")


def virtual_bytes(pid):
    return memory_kb(pid, "VmSize:") << 10


def memory_kb(pid, kind):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(kind):
            return int(line.split()[1])
    raise Failure(f"process {pid} has no memory")


class Typist:
    """Types into one document of a client, asks for completions, and knows the text."""

    def __init__(self, client, uri):
        self.client = client
        self.uri = uri
        self.text = ""
        self.version = 1
        self.next_id = 0
        self.seconds = []  # each completion took
        self.n_suggestions = 0
        client.open(uri, self.text, "python")

    def type(self, piece):
        lines = self.text.split("\n")
        end = {"line": len(lines) - 1, "character": len(lines[-1])}
        self.version += 1
        self.text += piece
        self.client.notify(
            "textDocument/didChange",
            {
                "textDocument": {"uri": self.uri, "version": self.version},
                "contentChanges": [{"range": {"start": end, "end": end}, "text": piece}],
            },
        )

    def ask(self, method, params):
        self.next_id += 1
        self.client.request(self.next_id, method, params)
        return self.client.answer(self.next_id)

    def complete(self):
        """Asks at the end of the text; gives the items."""
        lines = self.text.split("\n")
        start = time.monotonic()
        answer = self.ask(
            "textDocument/inlineCompletion",
            {
                "textDocument": {"uri": self.uri},
                "position": {"line": len(lines) - 1, "character": len(lines[-1])},
                "context": {"triggerKind": 1},
            },
        )
        self.seconds.append(time.monotonic() - start)
        if "error" in answer:
            raise Failure(f"a completion failed: {answer['error']}")
        items = answer["result"]["items"]
        self.n_suggestions += bool(items)
        return items

    def explain(self):
        return self.ask(
            "workspace/executeCommand",
            {"command": "fathom.explain", "arguments": [{"uri": self.uri}]},
        )

    def lines_at_server(self):
        """How many lines the server thinks the document has: it says so to who asks behind them."""
        answer = self.ask(
            "textDocument/inlineCompletion",
            {
                "textDocument": {"uri": self.uri},
                "position": {"line": 1_000_000, "character": 0},
                "context": {"triggerKind": 1},
            },
        )
        if "error" not in answer:
            return None  # there was no server to ask
        return int(answer["error"]["message"].split()[-2])


def percentile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(share * len(values)))] if values else 0.0
