"""An editor whose user has a server: asked once, served from there, and from here while it is away.

    python3 tests/e2e/remote_editor_test.py path/to/fathom
"""

from __future__ import annotations

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import urllib.request

import lsp_client

FATHOM = ""
TEXT = """#include <string>
#include <vector>

int count_words(const std::string& text) {
  int count = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == ' ') cou
  }
  ret
}

std::vector<std::string> split_lines(const std::string& text) {
  std::vector<std::string> lines;
  size_t be
}
"""
PLACES = [TEXT.index(word) + len(word) for word in ("') cou", "  ret", "size_t be")]
# What is ready in time is another text on a busy machine.
ALL_AT_ONCE = "completion.latency_budget_ms = 0\n"


class Server:
    """`fathom serve --http`, as another machine would run it."""

    def __init__(self, folder: pathlib.Path, port: int = 0) -> None:
        environment = os.environ | {"XDG_CONFIG_HOME": str(folder / "server"), "XDG_RUNTIME_DIR": str(folder / "server"),
                                    "XDG_STATE_HOME": str(folder / "server")}
        (folder / "server").mkdir(exist_ok=True, mode=0o700)
        self.process = subprocess.Popen(
            [FATHOM, "serve", "--http", str(port), "--socket", str(folder / "server/socket")],
            env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.port = int(re.search(r"http://localhost:(\d+)", self.process.stdout.readline())[1])

    def has_worked(self) -> bool:
        """It has loaded its model, which it does for the first request."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=60) as reply:
            return 'fathom_model_ready{role="completion",model=""} 1' in reply.read().decode()

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


class Case(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="fathom-editor-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.project = self.folder / "project"
        self.project.mkdir()
        self.uri = (self.project / "a.cpp").as_uri()
        self.server = self.start_server()
        self.configure("config", f'remote.completion_url = "http://127.0.0.1:{self.server.port}"\n')
        self.configure("nobody", "")

    def configure(self, name: str, text: str) -> None:
        (self.folder / name / "fathom").mkdir(parents=True)
        (self.folder / name / "fathom/fathom.toml").write_text(ALL_AT_ONCE + text)

    def start_server(self, port: int = 0) -> Server:
        server = Server(self.folder, port)
        self.addCleanup(server.stop)
        return server

    def editor(self, name: str = "config") -> lsp_client.Client:
        client = lsp_client.Client(FATHOM, env=os.environ | {
            "XDG_CONFIG_HOME": str(self.folder / name), "XDG_STATE_HOME": str(self.folder / "state")})
        self.addCleanup(client.process.kill)
        client.request("initialize", "initialize", {
            "workspaceFolders": [{"uri": self.project.as_uri(), "name": "project"}]})
        client.answer("initialize")
        client.notify("initialized")
        client.open(self.uri, TEXT)
        self.n_requests = 100
        return client

    def ask(self, client: lsp_client.Client, method: str, params: dict):
        self.n_requests += 1
        client.request(self.n_requests, method, params)
        return client.answer(self.n_requests)["result"]

    def suggestions(self, client: lsp_client.Client) -> list[str]:
        texts = []
        for place in PLACES:
            line = TEXT.count("\n", 0, place)
            character = place - TEXT.rfind("\n", 0, place) - 1
            answer = self.ask(client, "textDocument/inlineCompletion", {
                "textDocument": {"uri": self.uri}, "position": {"line": line, "character": character},
                "context": {"triggerKind": 1}})
            texts.append("".join(item["insertText"] for item in answer["items"]))
        return texts

    def explanation(self, client: lsp_client.Client) -> str:
        return self.ask(client, "workspace/executeCommand", {
            "command": "fathom.explain", "arguments": [{"uri": self.uri}]})["answer"]

    def wait_for_status(self, client: lsp_client.Client, **members) -> None:
        client.expect({"method": "didChangeStatus", "params": members})

    def question(self, client: lsp_client.Client) -> dict:
        return client.expect({"method": "window/showMessageRequest"})

    def respond(self, client: lsp_client.Client, question: dict, title: str | None) -> None:
        client.send({"jsonrpc": "2.0", "id": question["id"], "result": title and {"title": title}})

    def here(self) -> tuple[list[str], str]:
        """What the engine of this machine says."""
        client = self.editor("nobody")
        self.wait_for_status(client, message="ready")
        texts = self.suggestions(client), self.explanation(client)
        client.finish()
        return texts

    def test_serves_the_same_text_from_there_once_the_user_allows_it(self):
        client = self.editor()
        question = self.question(client)
        self.assertIn(f"http://127.0.0.1:{self.server.port}", question["params"]["message"])
        self.assertFalse(any(self.suggestions(client)))
        self.assertFalse(self.server.has_worked())
        self.respond(client, question, "Send")
        self.wait_for_status(client, kind="Normal", server=f"http://127.0.0.1:{self.server.port}")
        there = self.suggestions(client), self.explanation(client)
        self.assertTrue(self.server.has_worked())
        self.assertTrue(all(there[0]) and there[1], there)
        self.assertEqual(there, self.here())
        client.finish()

        again = self.editor()  # is not asked
        self.wait_for_status(again, server=f"http://127.0.0.1:{self.server.port}")
        self.assertNotIn("window/showMessageRequest", [message.get("method") for message in again.all_received])
        again.finish()

    def test_computes_here_and_sends_nothing_after_a_no(self):
        client = self.editor()
        self.respond(client, self.question(client), "Never for This Folder")
        self.wait_for_status(client, message="ready")
        self.assertTrue(all(self.suggestions(client)))
        self.assertFalse(self.server.has_worked())
        client.finish()

    def test_computes_here_while_the_server_is_away_and_goes_back(self):
        client = self.editor()
        self.respond(client, self.question(client), "Send")
        self.wait_for_status(client, kind="Normal", server=f"http://127.0.0.1:{self.server.port}")
        self.assertTrue(all(self.suggestions(client)))

        self.server.stop()
        # One request finds out, those that follow are not lost.
        client.notify("textDocument/didChange", {
            "textDocument": {"uri": self.uri, "version": 2},
            "contentChanges": [{"text": "\n" + TEXT}]})
        self.suggestions(client)
        self.wait_for_status(client, kind="Warning")
        self.wait_for_status(client, kind="Warning", busy=False)
        while not all(self.suggestions(client)):
            pass

        self.start_server(self.server.port)
        for version in range(3, 1000):
            client.notify("textDocument/didChange", {
                "textDocument": {"uri": self.uri, "version": version},
                "contentChanges": [{"text": f"// {version}\n" + TEXT}]})
            self.suggestions(client)
            status = self.ask(client, "fathom/status", {})
            if "problem" not in status["models"][0]["server"]:
                break
        else:
            self.fail("it never went back")
        client.finish()


if __name__ == "__main__":
    FATHOM = str(pathlib.Path(sys.argv.pop(1)).absolute())
    unittest.main()
