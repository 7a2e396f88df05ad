"""What a transcript cannot say: robustness_test.py FATHOM CASE

Cases: many_requests, long_line, input_ends_anywhere, parent_dies, slow_reader.
"""

import json
import os
import subprocess
import time

from lsp_client import Client, Failure, frame, run_case

URI = "file:///p/a.py"
SOURCE = "def area(width, height):\n    return \n"


def place(line, character):
    return {
        "textDocument": {"uri": URI},
        "position": {"line": line, "character": character},
        "context": {"triggerKind": 2},
    }


def many_requests(binary):
    """200 completions at once, some cancelled, one document closed: one answer each."""
    client = Client(binary)
    client.start()
    client.open(URI, SOURCE, "python")
    for i in range(200):
        client.request(i, "textDocument/inlineCompletion", place(1, 4 + i % 8))
        if i % 3 == 1:
            client.notify("$/cancelRequest", {"id": i})
        if i % 5 == 1:
            client.notify("$/cancelRequest", {"id": i - 1})
        if i == 100:
            client.notify("textDocument/didClose", {"textDocument": {"uri": URI}})
            client.open(URI, SOURCE, "python")
    client.answer(199)
    client.request("end", "shutdown")
    client.answer("end")
    client.notify("exit")
    if client.finish() != 0:
        raise Failure("the exit code is not 0")
    client.check_answers()
    errors = {m["error"]["code"] for m in client.received if "error" in m}
    if not errors <= {-32800}:
        raise Failure(f"errors other than cancellation: {errors}")


def long_line(binary):
    """Edits and completions in 5 MB without a line ending stay quick enough to type in."""
    client = Client(binary)
    client.start()
    client.open(URI, "x = [" + "1, " * 1_700_000, "javascript")
    column = 5 + 3 * 1_700_000
    took = []
    for i in range(10):
        start = time.monotonic()
        here = {"line": 0, "character": column + i}
        client.notify(
            "textDocument/didChange",
            {
                "textDocument": {"uri": URI, "version": 2 + i},
                "contentChanges": [{"range": {"start": here, "end": here}, "text": "2"}],
            },
        )
        client.request(i, "textDocument/inlineCompletion", place(0, column + i + 1))
        client.answer(i)
        took.append(time.monotonic() - start)
    median = sorted(took)[len(took) // 2]
    print(f"median {1000 * median:.0f} ms from edit to answer")
    if median > 5:
        raise Failure(f"an edit took {median:.1f} s")
    client.finish()
    client.check_answers()


def input_ends_anywhere(binary):
    """The input ends after every so many bytes: the server ends soon, without a crash."""
    messages = [
        {"id": 1, "method": "initialize", "params": {"processId": os.getpid()}},
        {"method": "initialized", "params": {}},
        {
            "method": "textDocument/didOpen",
            "params": {
                "textDocument": {"uri": URI, "languageId": "python", "version": 1, "text": SOURCE}
            },
        },
        {"id": 2, "method": "textDocument/inlineCompletion", "params": place(1, 11)},
        {
            "id": 3,
            "method": "workspace/executeCommand",
            "params": {"command": "fathom.explain", "arguments": [{"uri": URI}]},
        },
    ]
    stream = b"".join(frame(json.dumps(m).encode()) for m in messages)
    slowest = 0.0
    for n_bytes in range(0, len(stream) + 1, max(1, len(stream) // 40)):
        start = time.monotonic()
        result = subprocess.run(
            [binary, "lsp", "--standalone"],
            input=stream[:n_bytes],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            timeout=60,
            check=False,
        )
        slowest = max(slowest, time.monotonic() - start)
        if result.returncode != 1:
            raise Failure(f"input ends at byte {n_bytes}: exit code {result.returncode}")
    print(f"slowest end {1000 * slowest:.0f} ms, start included")


def parent_dies(binary):
    """The server ends when the process named in initialize is gone, its pipes open or not."""
    editor = subprocess.Popen(["sleep", "60"])
    client = Client(binary)
    client.start({"processId": editor.pid})
    editor.kill()
    editor.wait()
    if client.process.wait(60) != 1:
        raise Failure("the exit code is not 1")


def slow_reader(binary):
    """A client that sends without reading loses nothing."""
    process = subprocess.Popen(
        [binary, "lsp", "--standalone"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    n_requests = 20_000  # their answers are many times what a pipe holds
    for i in range(n_requests):
        process.stdin.write(frame(json.dumps({"id": i, "method": "textDocument/hover"}).encode()))
    process.stdin.flush()
    time.sleep(0.2)
    # Closed from here on, so that what is read ends; nothing that was asked may be missing.
    process.stdin.close()
    text = process.stdout.read()
    if text.count(b"-32002") != n_requests:
        raise Failure(f"{text.count(b'-32002')} answers to {n_requests} requests")
    process.wait(60)


run_case(globals())
