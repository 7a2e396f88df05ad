"""A real llama-server behind fathom: the same text as the engine here, nothing sent unasked.

    python3 tests/e2e/remote_llama_server_test.py path/to/fathom

Exit status 77, with the reason, where llama.cpp cannot be fetched (scripts/llama_cpp.sh).
"""

from __future__ import annotations

import json
import os
import pathlib
import pty
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.request
from collections.abc import Callable

FATHOM = ""
ROOT = pathlib.Path(__file__).resolve().parents[2]
NANO = ROOT / "models/nano/fathom-nano.gguf"
SECRET = "ghp_" + "a1B2c3D4e5F6g7H8i9J0" + "k1L2m3N4o5P6q7R8"
# In F32 llama.cpp rounds no activations to 8 bits, as it does beside quantised weights; what is left
# are ties that are nearer than the order of sums.
LEAST_SHARE = 0.95


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start_server(folder: pathlib.Path, model: pathlib.Path,
                 options: list[str] = []) -> tuple[subprocess.Popen, int]:
    port = free_port()
    log = (folder / "server.log").open("w")
    server = subprocess.Popen(
        ["scripts/llama_cpp.sh", "llama-server", "-m", model, "--port", str(port), "-t", "1",
         "-c", "4096", "--parallel", "2", "--kv-unified", "--no-warmup", *options],
        stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=ROOT)
    log.close()
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and server.poll() is None:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5).close()
            return server, port
        except OSError:
            time.sleep(0.1)
    sys.exit("llama-server does not answer:\n" + (folder / "server.log").read_text())


class Wire(threading.Thread):
    """Stands between fathom and the server and writes down what fathom sends."""

    def __init__(self, server_port: int) -> None:
        super().__init__(daemon=True)
        self.server_port = server_port
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.sent = bytearray()
        self.n_connections = 0
        self.first_event = 0.0  # when the first token since this was set to 0 came
        self.start()

    def run(self) -> None:
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            self.n_connections += 1
            server = socket.create_connection(("127.0.0.1", self.server_port))
            for end in (client, server):  # or small pieces would wait for those before to be acknowledged
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self.copy, args=(client, server, self.write_down), daemon=True).start()
            threading.Thread(target=self.copy, args=(server, client, self.look_at_clock), daemon=True).start()

    def write_down(self, data: bytes) -> None:
        self.sent += data

    def look_at_clock(self, data: bytes) -> None:
        if not self.first_event and b"data: {" in data and b'"logprob"' in data:
            self.first_event = time.monotonic()

    @staticmethod
    def copy(source: socket.socket, target: socket.socket, see: Callable[[bytes], None]) -> None:
        try:
            while data := source.recv(1 << 16):
                see(data)
                target.sendall(data)
        except OSError:
            pass
        for end in (source, target):
            try:
                end.shutdown(socket.SHUT_RDWR)  # the other direction ends, too
            except OSError:
                pass
        source.close()

    def prompts(self) -> list[list[int]]:
        return [json.loads(body) for body in re.findall(rb'"prompt":(\[[0-9,]*\])', self.sent)]


class Case(unittest.TestCase):
    port = 0  # of the server
    model = pathlib.Path()  # that it runs

    def setUp(self) -> None:
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="fathom-remote-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.project = self.folder / "project"
        self.project.mkdir()
        (self.project / ".fathom.toml").write_text("")
        self.wire = Wire(self.port)
        self.addCleanup(self.wire.listener.close)
        self.origin = f"http://127.0.0.1:{self.wire.port}"
        (self.folder / "config/fathom").mkdir(parents=True)
        self.configure(self.origin)
        self.environment = os.environ | {"XDG_CONFIG_HOME": str(self.folder / "config"),
                                         "XDG_STATE_HOME": str(self.folder / "state")}

    def configure(self, url: str) -> None:
        (self.folder / "config/fathom/fathom.toml").write_text(
            f'[engine]\nmodel = "{self.model}"\n[remote]\ncompletion_url = "{url}"\n')

    def consent(self) -> None:
        file = self.folder / "state/fathom/remote-consent"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{self.origin} {self.folder.resolve()}\n")

    def fathom(self, *arguments: object) -> subprocess.CompletedProcess:
        return subprocess.run([FATHOM, *map(str, arguments)], capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, cwd=self.project, env=self.environment,
                              timeout=300)

    def there(self, *arguments: object) -> str:
        run = self.fathom(*arguments)
        self.assertEqual(run.returncode, 0, run.stderr)
        return run.stdout

    def here(self, *arguments: object) -> str:
        return self.there(*arguments, "--model", self.model)

    def text_of(self, prompt: list[int]) -> str:
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/detokenize",
                                         json.dumps({"tokens": prompt}).encode())
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)["content"]

    def write(self, name: str, text: str) -> pathlib.Path:
        file = self.project / name
        file.write_text(text)
        return file

    # What is sent.

    def test_nothing_is_sent_before_somebody_allows_it(self) -> None:
        file = self.write("a.py", "def add(a, b):\n    return \n")
        for command in (("complete", f"{file}:2:12"), ("explain", file)):
            run = self.fathom(*command)
            self.assertNotEqual(run.returncode, 0)
            self.assertIn("nothing was sent", run.stderr)
            self.assertIn(f"{self.origin} {self.project.resolve()}", run.stderr)
        self.assertEqual(self.wire.n_connections, 0)

    def ask_on_terminal(self, answer: str, file: pathlib.Path) -> tuple[int, str]:
        main, terminal = pty.openpty()
        run = subprocess.Popen([FATHOM, "complete", f"{file}:2:12"], stdin=terminal,
                               stdout=subprocess.PIPE, stderr=terminal, cwd=self.project,
                               env=self.environment)
        os.close(terminal)
        os.write(main, answer.encode() + b"\n")
        shown = b""
        try:
            while data := os.read(main, 4096):
                shown += data
        except OSError:  # the terminal's other end is closed
            pass
        os.close(main)
        run.communicate(timeout=300)
        return run.returncode, shown.decode(errors="replace")

    def test_a_person_is_asked_once(self) -> None:
        file = self.write("a.py", "def add(a, b):\n    return \n")
        status, shown = self.ask_on_terminal("n", file)
        self.assertIn(self.origin, shown)
        self.assertNotIn("unencrypted", shown, "it stays on this machine")
        self.assertNotEqual(status, 0)
        self.assertEqual(self.wire.n_connections, 0)
        status, shown = self.ask_on_terminal("y", file)
        self.assertEqual(status, 0, shown)
        self.assertGreater(self.wire.n_connections, 0)
        self.assertEqual(self.fathom("complete", f"{file}:2:12").returncode, 0, "not asked again")

    def test_secrets_stay_here(self) -> None:
        self.consent()
        file = self.write("a.py", f'TOKEN = "{SECRET}"\n\ndef add(a, b):\n    return \n')
        self.there("complete", f"{file}:4:12")
        self.there("explain", file, "--question", f"what is {SECRET} for?",
                   "--max-reasoning-tokens", 4)
        refused = self.fathom("explain", self.write(".env", "PASSWORD=hunter2\n"))
        self.assertIn("holds credentials", refused.stderr)
        prompts = [self.text_of(prompt) for prompt in self.wire.prompts()]
        self.assertTrue(any("TOKEN" in prompt for prompt in prompts), "the code was sent")
        for text in [*prompts, self.wire.sent.decode(errors="replace")]:
            self.assertNotIn(SECRET, text)
            self.assertNotIn(SECRET[:20], text)
            self.assertNotIn("hunter2", text)

    def test_a_project_cannot_name_a_server(self) -> None:
        self.configure("")
        (self.project / ".fathom.toml").write_text(
            f'[remote]\ncompletion_url = "{self.origin}"\n')
        file = self.write("a.py", "def add(a, b):\n    return \n")
        run = self.fathom("complete", f"{file}:2:12")
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertIn("not for projects to decide", run.stderr)
        self.assertEqual(self.wire.n_connections, 0)

    # What comes back.

    def compare(self, commands: list[tuple], key: str | None = None) -> list[tuple]:
        """Those whose text differs."""
        def text(out: str) -> str:
            return json.loads(out)[key] if key else out
        return [c for c in commands if text(self.there(*c)) != text(self.here(*c))]

    def test_completions_are_those_of_the_engine_here(self) -> None:
        self.consent()
        commands = []
        for source in sorted((ROOT / "completion").glob("*.cpp"))[:15]:
            lines = source.read_text().split("\n")
            copy = self.write(source.name, "\n".join(lines))
            code = [i for i, line in enumerate(lines) if len(line.strip()) > 12]
            # In the middle of a word, where the text is bound, and at the end of an indentation.
            for i, column in ((code[len(code) // 3], None), (code[len(code) // 2], 9)):
                line = lines[i]
                indent = len(line) - len(line.lstrip())
                commands.append(("complete", f"{copy.name}:{i + 1}:{column or indent + 1}",
                                 "--json"))
        differing = self.compare(commands, "text")
        self.report("completions", len(commands), differing)

    def test_explanations_are_those_of_the_engine_here(self) -> None:
        self.consent()
        commands = []
        for i, code in enumerate(("def add(a, b):\n    return a + b\n", "int x = 5;\n",
                                  "for line in file:\n    print(line)\n")):
            file = self.write(f"e{i}.py", code)
            commands.append(("explain", file.name, "--max-reasoning-tokens", 24))
        limited = 'max_answer_tokens = 48\n'
        with (self.folder / "config/fathom/fathom.toml").open("a") as config:
            config.write("[explain]\n" + limited)
        differing = self.compare(commands)
        self.report("explanations", len(commands), differing)

    def test_reviews_are_those_of_the_engine_here(self) -> None:
        self.consent()
        diff = self.write("change.diff", "--- a/a.py\n+++ b/a.py\n@@ -1,2 +1,3 @@\n def f(x):\n"
                          "-    return x\n+    y = x / 0\n+    return y\n")
        options = ("review", "--diff", diff, "--format", "json", "--max-tokens", 200,
                   "--min-confidence", 0, "--fail-on", "error")
        def findings(*extra: str) -> object:
            run = self.fathom(*options, *extra)
            self.assertIn(run.returncode, (0, 1, 3), run.stderr)
            return json.loads(run.stdout)["findings"]
        self.assertEqual(findings(), findings("--model", str(self.model)))
        self.assertTrue(self.wire.prompts())

    def test_fathom_is_such_a_server_too(self) -> None:
        home = self.folder / "server"
        home.mkdir(mode=0o700)
        places = {name: str(home) for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME",
                                               "XDG_RUNTIME_DIR")}
        port = free_port()
        self.origin = f"http://127.0.0.1:{port}"
        self.configure(self.origin)
        self.consent()
        server = subprocess.Popen([FATHOM, "serve", "--http", str(port), "--model", self.model],
                                  env=os.environ | places, stdin=subprocess.DEVNULL,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(server.wait)
        self.addCleanup(server.kill)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                urllib.request.urlopen(f"{self.origin}/v1/models", timeout=5).close()
                break
            except OSError:
                time.sleep(0.1)
        self.write("e.py", "def add(a, b):\n    return a + b\n")
        diff = self.write("change.diff", "--- a/a.py\n+++ b/a.py\n@@ -1 +1 @@\n-x\n+y = 1 / 0\n")
        self.assertEqual(self.compare([("explain", "e.py", "--max-reasoning-tokens", 24),
                                       ("review", "--diff", diff, "--format", "json")]), [])

    def report(self, what: str, n: int, differing: list[tuple]) -> None:
        print(f"{what}: {n - len(differing)} of {n} the same", file=sys.stderr)
        self.assertGreaterEqual((n - len(differing)) / n, LEAST_SHARE, differing)

    def test_doctor_says_where_text_goes(self) -> None:
        out = self.fathom("doctor").stdout
        self.assertIn(f"text goes to {self.origin}: llama-server", out)

    def test_a_server_that_is_not_there_is_named(self) -> None:
        self.origin = f"http://127.0.0.1:{free_port()}"
        self.configure(self.origin)
        self.consent()
        file = self.write("a.py", "def add(a, b):\n    return \n")
        run = self.fathom("complete", f"{file}:2:12")
        self.assertNotEqual(run.returncode, 0)
        self.assertIn(f"{self.origin} refuses connections", run.stderr)


if __name__ == "__main__":
    FATHOM = str(pathlib.Path(sys.argv.pop(1)).resolve())
    fetched = subprocess.run(["scripts/llama_cpp.sh", "fetch"], cwd=ROOT, capture_output=True)
    if fetched.returncode != 0:
        print(fetched.stderr.decode(errors="replace").strip())
        sys.exit(77)
    with tempfile.TemporaryDirectory(prefix="fathom-remote-") as server_folder:
        Case.model = pathlib.Path(server_folder) / "nano-f32.gguf"
        subprocess.run([FATHOM, "convert", NANO, Case.model, "--quant", "f32"], check=True,
                       capture_output=True)
        llama, Case.port = start_server(pathlib.Path(server_folder), Case.model)
        try:
            result = unittest.main(exit=False).result
        finally:
            llama.kill()
            llama.wait()
    sys.exit(not result.wasSuccessful())
