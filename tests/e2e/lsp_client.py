"""A language client for tests: starts `fathom lsp` and talks to it over its pipes."""

import json
import os
import queue
import re
import subprocess
import sys
import tempfile
import threading
import time

# Everything here takes milliseconds; the limit is for machines that build at the same time.
TIMEOUT_SECONDS = 120


class Failure(Exception):
    """What a test expected and what came instead."""


def frame(body):
    """`body` (bytes) as it goes over the wire."""
    return b"Content-Length: %d\r\n\r\n%s" % (len(body), body)


class Client:
    """One server process. Counts answers: each request must get exactly one."""

    def __init__(self, binary, *arguments, standalone=True, env=None, prefix=()):
        """`prefix` is a command that runs another one, as strace does."""
        self._home = tempfile.TemporaryDirectory()  # settings and statistics of nobody
        folders = {"XDG_CONFIG_HOME": self._home.name, "XDG_STATE_HOME": self._home.name}
        mode = ["--standalone"] if standalone else []
        self.process = subprocess.Popen(
            [*prefix, binary, "lsp", *mode, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=env or {**os.environ, **folders},
        )
        self.n_answers = {}  # by request id, of those sent
        self.methods = {}  # by request id, of those sent
        self.null_answers = 0  # answers to what could not be read
        self.received = []  # messages nobody has expected yet
        self.all_received = []
        self._arriving = queue.Queue()
        self._ended = False  # the output, and all of it was taken from _arriving
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def send_bytes(self, data):
        try:
            self.process.stdin.write(data)
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # the server is gone; whoever waits for an answer will say so

    def send(self, message):
        if "method" in message and "id" in message:
            self.n_answers.setdefault(message["id"], 0)
            self.methods[message["id"]] = message["method"]
        self.send_bytes(frame(json.dumps({"jsonrpc": "2.0", **message}).encode()))

    def request(self, request_id, method, params=None):
        self.send({"id": request_id, "method": method, "params": params or {}})

    def notify(self, method, params=None):
        self.send({"method": method, "params": params or {}})

    def expect(self, pattern):
        """Waits for a message that matches; gives it. Others are kept for later."""
        deadline = time.monotonic() + TIMEOUT_SECONDS
        for message in self.received:
            if mismatch(pattern, message) is None:
                self.received.remove(message)
                return message
        while True:
            try:
                message = self._next(deadline - time.monotonic())
            except queue.Empty:
                raise Failure(f"nothing matched {pattern} in time; unread: {self.received}") from None
            if message is None:
                raise Failure(f"the server ended before {pattern}; unread: {self.received}")
            self._count(message)
            problem = mismatch(pattern, message)
            if problem is None:
                return message
            if "id" in pattern and message.get("id") == pattern["id"] and "method" not in message:
                raise Failure(f"{problem}\n  expected {pattern}\n  came     {message}")
            self.received.append(message)

    def answer(self, request_id):
        return self.expect({"id": request_id, "method": "<absent>"})

    def start(self, params=None):
        """initialize, initialized, and waits for the model."""
        self.request("start", "initialize", params)
        result = self.answer("start")["result"]
        self.notify("initialized")
        self.expect({"method": "window/logMessage", "params": {"message": "<re:ready>"}})
        return result

    def open(self, uri, text, language="cpp"):
        self.notify(
            "textDocument/didOpen",
            {"textDocument": {"uri": uri, "languageId": language, "version": 1, "text": text}},
        )

    def finish(self):
        """Closes the input; gives the exit code once the server has ended and all was read."""
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass
        try:
            code = self.process.wait(TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise Failure("the server did not end when its input did") from None
        self._reader.join()
        while not self._ended:
            if (message := self._next(0)) is not None:
                self._count(message)
                self.received.append(message)
        return code

    def check_answers(self):
        """After finish(): every request was answered exactly once."""
        wrong = {i: n for i, n in self.n_answers.items() if n != 1}
        if wrong:
            raise Failure(f"answers by request id, not one each: {wrong}")

    def _next(self, timeout_seconds):
        """The next message; None at the end of the output."""
        if self._ended:
            return None
        message = self._arriving.get(timeout=max(0.01, timeout_seconds))
        self._ended = message is None
        return message

    def _count(self, message):
        self.all_received.append(message)
        if "method" in message:
            return
        if message.get("id") is None:
            self.null_answers += 1
        else:
            self.n_answers[message["id"]] = self.n_answers.get(message["id"], 0) + 1

    def _read(self):
        out = self.process.stdout
        while line := out.readline():
            length = int(re.fullmatch(rb"Content-Length: (\d+)\r\n", line).group(1))
            assert out.readline() == b"\r\n"
            self._arriving.put(json.loads(out.read(length)))
        self._arriving.put(None)


def mismatch(pattern, value, where=""):
    """Nothing if `value` matches, else what is wrong and where.

    Objects match if every member of the pattern does; arrays match element by element. Strings
    that mean more: "<any>", "<string>", "<number>", "<array>", "<absent>", "<re:REGEX>", and
    {"<each>": P}, an array in which every element matches P.
    """
    if pattern == "<any>":
        return None
    kinds = {"<string>": str, "<number>": int, "<array>": list}
    if isinstance(pattern, str) and pattern in kinds:
        return None if isinstance(value, kinds[pattern]) else f"{where} is no {pattern}"
    if isinstance(pattern, str) and pattern.startswith("<re:"):
        found = isinstance(value, str) and re.search(pattern[4:-1], value)
        return None if found else f"{where} does not match {pattern}"
    if isinstance(pattern, dict) and "<each>" in pattern:
        if not isinstance(value, list):
            return f"{where} is no array"
        problems = (mismatch(pattern["<each>"], v, f"{where}[{i}]") for i, v in enumerate(value))
        return next((p for p in problems if p), None)
    if isinstance(pattern, dict):
        if not isinstance(value, dict):
            return f"{where} is no object"
        for key, expected in pattern.items():
            here = f"{where}.{key}"
            if expected == "<absent>":
                if key in value:
                    return f"{here} is there"
            elif key not in value:
                return f"{here} is missing"
            elif problem := mismatch(expected, value[key], here):
                return problem
        return None
    if isinstance(pattern, list):
        if not isinstance(value, list) or len(pattern) != len(value):
            return f"{where} is no array of {len(pattern)}"
        pairs = enumerate(zip(pattern, value))
        return next((p for i, (e, v) in pairs if (p := mismatch(e, v, f"{where}[{i}]"))), None)
    same = pattern == value and isinstance(pattern, bool) == isinstance(value, bool)
    return None if same else f"{where} is {value!r}, not {pattern!r}"


def run(name, test, *arguments):
    """Calls a test; what it expected in vain ends the process."""
    try:
        test(*arguments)
    except Failure as failure:
        sys.exit(f"{name}: {failure}")


def run_case(cases):
    """`<test>.py BINARY CASE` of a test whose globals() are `cases`."""
    binary, case = sys.argv[1:]
    run(case, cases[case], binary)
