"""`fathom.review` of the language server on real repositories, with the real binary.

    editor_review_test.py FATHOM CASE

What the built-in model finds is worth nothing; that a secret was added is found by rule.
"""

import os
import shutil
import signal
import subprocess

from daemon_world import World
from lsp_client import Client, Failure, run_case

SECRET = 'key = "ghp_' + '1a2B3c4D5e6F7g8H9i0J1k2L3m4N5o6P7q8R"\n'
CAPABILITIES = {"textDocument": {"codeAction": {"codeActionLiteralSupport": {}}}}


class Repository:
    """In a folder whose name has a blank and a letter that is not ASCII."""

    def __init__(self, world):
        self.env = {**world.env, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null",
                    "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "a",
                    "GIT_COMMITTER_EMAIL": "a@b"}
        self.folder = world.folder / "a reposit\u00f6ry"
        self.folder.mkdir()
        self.git("init", "-q", "-b", "main", ".")
        self.write("a.py", "import os\n")
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "x")

    def git(self, *arguments):
        subprocess.run(["git", *arguments], cwd=self.folder, env=self.env, check=True)

    def write(self, name, text):
        (self.folder / name).write_text(text, encoding="utf-8")

    def uri(self, name=""):
        return (self.folder / name).as_uri()

    def initialize(self):
        return {"rootUri": self.uri(), "capabilities": CAPABILITIES}


def review(client, request_id, argument=None, **members):
    client.request(request_id, "workspace/executeCommand",
                   {"command": "fathom.review", "arguments": [argument or {}], **members})


def published(client, uri, line):
    """Waits until the secret is said to be in that line; gives its diagnostic."""
    message = client.expect({
        "method": "textDocument/publishDiagnostics",
        "params": {"uri": uri, "diagnostics": [{"code": "secret", "source": "fathom", "severity": 1,
                                                "range": {"start": {"line": line}}}]}})
    return message["params"]["diagnostics"][0]


def change(client, uri, version, line, text):
    place = {"line": line, "character": 0}
    client.notify("textDocument/didChange",
                  {"textDocument": {"uri": uri, "version": version},
                   "contentChanges": [{"range": {"start": place, "end": place}, "text": text}]})


def journey(binary):
    """Findings, progress, an edit above, a dismissal, an edit that removes, and all at once."""
    with World(binary) as world:
        repository = Repository(world)
        text = "import os\n" + SECRET
        repository.write("a.py", text)
        uri = repository.uri("a.py")
        client = Client(binary, env=world.env)
        client.start(repository.initialize())
        review(client, 1, workDoneToken="t")
        client.expect({"method": "$/progress", "params": {"token": "t", "value": {"kind": "begin", "percentage": 0}}})
        published(client, uri, 1)
        client.expect({"method": "$/progress", "params": {"token": "t", "value": {"percentage": "<number>"}}})
        client.expect({"method": "$/progress", "params": {"token": "t", "value": {"kind": "end"}}})
        result = client.answer(1)["result"]
        if result["summary"] != "1 finding in 1 changed file" or len(result["findings"]) != 1:
            raise Failure(f"not what was published: {result}")

        client.open(uri, text, "python")
        change(client, uri, 2, 0, "# above\n")
        diagnostic = published(client, uri, 2)
        client.request(2, "textDocument/codeAction", {
            "textDocument": {"uri": uri}, "range": diagnostic["range"],
            "context": {"diagnostics": [diagnostic], "only": ["quickfix"]}})
        actions = client.answer(2)["result"]
        dismiss = next(action for action in actions if action["title"] == "Dismiss this finding")
        client.request(3, "workspace/executeCommand", dismiss["command"])
        client.answer(3)
        gone = {"method": "textDocument/publishDiagnostics", "params": {"uri": uri, "diagnostics": []}}
        client.expect(gone)
        review(client, 4)
        if client.answer(4)["result"]["findings"]:
            raise Failure("a dismissed finding came again")

        text = "import os\n# \u202ehidden\n"
        repository.write("a.py", text)
        client.open(uri, text, "python")
        review(client, "fix")
        if not client.answer("fix")["result"]["findings"][0]["hasFix"]:
            raise Failure("hidden characters can be taken out")
        line = {"start": {"line": 1, "character": 0}, "end": {"line": 1, "character": 3}}
        client.request("actions", "textDocument/codeAction", {
            "textDocument": {"uri": uri}, "range": line, "context": {"diagnostics": [], "only": ["quickfix"]}})
        fix = client.answer("actions")["result"][0]
        edit = fix["edit"]["changes"][uri][0]
        if edit["newText"] != "# hidden\n" or not fix["isPreferred"]:
            raise Failure(f"not the fix: {fix}")
        client.notify("textDocument/didChange", {
            "textDocument": {"uri": uri, "version": 2},
            "contentChanges": [{"range": edit["range"], "text": edit["newText"]}]})
        client.expect(gone)

        repository.write("b.py", SECRET)
        repository.git("add", "b.py")
        other = repository.uri("b.py")
        review(client, 5, {"scope": "staged", "uri": other, "show": True})
        published(client, other, 0)
        client.expect({"method": "window/showMessage", "params": {"type": 3, "message": "<re:^fathom: 1 finding in 1 ch>"}})
        client.answer(5)
        client.open(other, SECRET, "python")
        change(client, other, 2, 0, "another_")
        client.expect({"method": "textDocument/publishDiagnostics", "params": {"uri": other, "diagnostics": []}})
        client.finish()
        client.check_answers()


def runs_nothing(binary):
    """What a repository has configured to be run when it is looked at is not."""
    with World(binary) as world:
        repository = Repository(world)
        marker = world.folder / "marker"
        script = world.folder / "script"
        script.write_text(f"#!/bin/sh\ntouch '{marker}'\ncat\n")
        script.chmod(0o700)
        repository.write(".gitattributes", "*.py filter=f diff=d\n")
        for key in ("core.fsmonitor", "core.pager", "filter.f.clean", "filter.f.smudge", "filter.f.process",
                    "diff.d.textconv", "diff.d.command", "diff.external", "core.sshCommand"):
            repository.git("config", key, str(script))
        hook = repository.folder / ".git" / "hooks" / "post-index-change"
        hook.parent.mkdir(exist_ok=True)
        shutil.copy(script, hook)
        repository.write("a.py", "import os\n" + SECRET)
        client = Client(binary, env=world.env)
        client.start(repository.initialize())
        review(client, 1)
        if not client.answer(1)["result"]["findings"]:
            raise Failure("nothing was reviewed")
        if marker.exists():
            raise Failure("a program of the repository's was run")
        client.finish()


def in_the_way(binary):
    """One message each: no repository, no branch, a folder that has gone; and cancelling."""
    with World(binary) as world:
        repository = Repository(world)
        repository.write("a.py", "import os\n" + SECRET + "value = 1\n" * 2000)
        client = Client(binary, env=world.env)
        client.start(repository.initialize())
        review(client, 1, {"uri": world.folder.as_uri()})
        client.expect({"id": 1, "error": {"code": -32803, "message": "<re:no git repository>"}})
        review(client, 2, {"scope": "branch", "base": "nowhere"})
        client.expect({"id": 2, "error": {"code": -32803, "message": "<re:'nowhere' is not a revision>"}})
        review(client, 3, workDoneToken=3)
        published(client, repository.uri("a.py"), 1)
        client.notify("window/workDoneProgress/cancel", {"token": 3})
        client.expect({"id": 3, "error": {"code": -32800}})
        client.expect({"method": "$/progress", "params": {"token": 3, "value": {"kind": "end"}}})
        review(client, 4)
        review(client, 5)
        client.expect({"id": 4, "error": {"code": -32800}})
        client.notify("$/cancelRequest", {"id": 5})
        client.expect({"id": 5, "error": {"code": -32800}})
        shutil.rmtree(repository.folder)
        review(client, 6)
        client.expect({"id": 6, "error": {"code": -32803, "message": "<re:no git repository>"}})
        client.finish()
        client.check_answers()


def daemon_dies(binary):
    """The request says so, its findings are taken away, and the next review works; and a client that leaves in the
    middle of its own takes nothing with it."""
    with World(binary) as world:
        repository = Repository(world)
        repository.write("a.py", "import os\n" + SECRET + "value = 1\n" * 2000)
        uri = repository.uri("a.py")
        client = world.door()
        client.start(repository.initialize())
        review(client, 1)
        published(client, uri, 1)
        daemon = world.daemon()
        os.kill(daemon, signal.SIGKILL)
        client.expect({"method": "textDocument/publishDiagnostics", "params": {"uri": uri, "diagnostics": []}})
        client.expect({"id": 1, "error": {"code": -32803}})
        repository.write("a.py", "import os\n" + SECRET)
        review(client, 2)
        published(client, uri, 1)
        client.answer(2)

        repository.write("a.py", "import os\n" + SECRET + "value = 1\n" * 2000)
        other = world.door()
        other.start(repository.initialize())
        review(other, 1)
        published(other, uri, 1)
        other.process.kill()
        other.process.wait()
        repository.write("a.py", "import os\n" + SECRET)
        review(client, 3)
        client.answer(3)
        client.finish()
        client.check_answers()


if __name__ == "__main__":
    run_case(globals())
