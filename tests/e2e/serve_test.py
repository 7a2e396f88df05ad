"""`fathom serve` as a program: serve_test.py FATHOM"""

import json
import os
import pathlib
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time

from lsp_client import Failure, frame

TIMEOUT_SECONDS = 120


def check(condition, what):
    if not condition:
        raise Failure(what)


class Daemon:
    def __init__(self, binary, path, *arguments, **environment):
        self.process = subprocess.Popen(
            [binary, "serve", *(["--socket", path] if path else []), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **environment},
        )
        self.line = self.process.stdout.readline()

    def wait(self):
        """Exit status, and what it said on stderr."""
        errors = self.process.communicate(timeout=TIMEOUT_SECONDS)[1]
        return self.process.returncode, errors

    def stop(self, signal_number=signal.SIGTERM):
        self.process.send_signal(signal_number)
        return self.wait()


class Connection:
    def __init__(self, address):
        family = socket.AF_INET if isinstance(address, tuple) else socket.AF_UNIX
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        self.socket.settimeout(TIMEOUT_SECONDS)
        self.socket.connect(address)
        self.file = self.socket.makefile("rb")

    def send(self, method, params, request_id=None):
        message = {"jsonrpc": "2.0", "method": method, "params": params}
        if request_id is not None:
            message["id"] = request_id
        self.socket.sendall(frame(json.dumps(message).encode()))

    def answer(self, request_id):
        """The answer, or None if the daemon hangs up."""
        while True:
            length = None
            try:
                while (line := self.file.readline()) not in (b"\r\n", b""):
                    if line.lower().startswith(b"content-length:"):
                        length = int(line.split(b":")[1])
            except ConnectionResetError:
                return None
            if length is None:
                return None
            message = json.loads(self.file.read(length))
            if message.get("id") == request_id and "method" not in message:
                return message

    def initialize(self, **options):
        self.send("initialize", {"capabilities": {}, "initializationOptions": options}, 1)
        answer = self.answer(1)
        self.send("initialized", {})
        return answer


def serves_clients_and_stops(binary, folder):
    path = str(folder / "s")
    daemon = Daemon(binary, path)
    check(daemon.line == f"listening at {path}\n", f"it said {daemon.line!r}")
    check(stat.S_IMODE(os.stat(path).st_mode) == 0o600, "others can use the socket")
    clients = [Connection(path) for _ in range(3)]
    for client in clients:
        check("result" in client.initialize(), "a client was not greeted")
    uri = "file:///p/a.py"
    source = "def area(width, height):\n    return \n"
    for client in clients:
        document = {"uri": uri, "languageId": "python", "version": 1, "text": source}
        client.send("textDocument/didOpen", {"textDocument": document})
        arguments = [{"uri": uri, "question": "What is it?"}]
        # Waits for the model; what is in flight when the daemon stops is answered.
        client.send("workspace/executeCommand", {"command": "fathom.explain", "arguments": arguments}, 2)
        client.send("unknown", {}, 3)
        check("error" in client.answer(3), "a request was not answered")
    daemon.process.send_signal(signal.SIGTERM)
    for client in clients:
        check(client.answer(2) is not None, "a request in flight was not answered")
    status, errors = daemon.wait()
    check(status == 0 and not errors, f"it ended with {status} and said {errors!r}")
    check(not os.path.exists(path), "the socket is still there")


def is_one_however_many_are_started(binary, folder):
    path = str(folder / "s")
    daemons = [Daemon(binary, path) for _ in range(4)]
    serving = [d for d in daemons if d.line.startswith("listening")]
    check(len(serving) == 1, f"{len(serving)} daemons listen")
    for daemon in daemons:
        if daemon in serving:
            continue
        check(daemon.line.startswith("already running, pid "), f"it said {daemon.line!r}")
        check(daemon.wait()[0] == 0, "the one that is too many did not end well")
    # Killed, it leaves its socket, and the next one takes its place.
    serving[0].stop(signal.SIGKILL)
    check(os.path.exists(path), "no socket is left")
    again = Daemon(binary, path)
    check(again.line.startswith("listening"), f"it said {again.line!r}")
    check("result" in Connection(path).initialize(), "the new one does not serve")
    again.stop()


def uses_its_own_folder(binary, folder):
    runtime = folder / "runtime"
    runtime.mkdir()
    daemon = Daemon(binary, None, XDG_RUNTIME_DIR=str(runtime))
    check(daemon.line == f"listening at {runtime}/fathom/fathom.sock\n", f"it said {daemon.line!r}")
    check(stat.S_IMODE((runtime / "fathom").stat().st_mode) == 0o700, "others can enter the folder")
    daemon.stop(signal.SIGINT)
    (runtime / "fathom").chmod(0o755)
    refused = Daemon(binary, None, XDG_RUNTIME_DIR=str(runtime))
    status, errors = refused.wait()
    check(status == 2 and "open to other users" in errors, f"it ended with {status}: {errors!r}")


def wants_the_token_on_its_port(binary, folder):
    daemon = Daemon(binary, str(folder / "s"), "--port", "0")
    port = int(daemon.line.split("port ")[1].split()[0])
    token = (folder / "fathom.token").read_text().strip()
    check("result" in Connection(("127.0.0.1", port)).initialize(token=token), "the token is refused")
    stranger = Connection(("127.0.0.1", port))
    check("error" in stranger.initialize(token=token[::-1]), "a stranger is let in")
    check(stranger.answer(2) is None, "the stranger is still connected")
    daemon.stop()
    check(not (folder / "fathom.token").exists(), "the token is still there")


def leaves_when_nobody_comes(binary, folder):
    daemon = Daemon(binary, str(folder / "s"), "--idle-exit", "0.001")
    status, _ = daemon.wait()
    check(status == 0, f"it ended with {status}")


def logs_to_a_file_without_what_is_in_documents(binary, folder):
    log = folder / "state" / "fathom" / "daemon.log"
    daemon = Daemon(binary, str(folder / "s"), "--log-file", str(log))
    client = Connection(str(folder / "s"))
    client.initialize()
    document = {"uri": "file:///a.py", "languageId": "python", "version": 1, "text": "unspeakable = "}
    client.send("textDocument/didOpen", {"textDocument": document})
    client.send("textDocument/inlineCompletion", {"textDocument": {"uri": "file:///a.py"},
                                                  "position": {"line": 0, "character": 14}}, 2)
    client.answer(2)
    daemon.stop()
    text = log.read_text()
    check("listens at" in text and "client 1 is here" in text, f"the log is {text!r}")
    check("unspeakable" not in text, "the log holds what is in documents")
    check(stat.S_IMODE(log.stat().st_mode) == 0o600, "others can read the log")
    refused = Daemon(binary, str(folder / "t"), "--log-file", "/dev/full/daemon.log")
    status, errors = refused.wait()
    check(status == 2 and "/dev/full" in errors, f"it ended with {status}: {errors!r}")


def main():
    binary = sys.argv[1]
    for case in (
        serves_clients_and_stops,
        is_one_however_many_are_started,
        uses_its_own_folder,
        wants_the_token_on_its_port,
        leaves_when_nobody_comes,
        logs_to_a_file_without_what_is_in_documents,
    ):
        start = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            case(binary, pathlib.Path(folder))
        print(f"{case.__name__}: ok, {time.monotonic() - start:.1f} s")


if __name__ == "__main__":
    main()
