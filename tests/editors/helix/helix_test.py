#!/usr/bin/env python3
"""A user at a real Helix, which knows no inline completion: helix_test.py FATHOM

Helix runs on a pseudo-terminal with the configuration of docs/editors.md. A name is typed until its
menu offers a suggestion; accepted, it has to end up in the file. Which text is suggested is not
tested. Then what has changed is reviewed. Exit code 77: Helix cannot be had here, and the reason is
printed.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pathlib
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
from typing import Any, Callable, Iterator

ROOT = pathlib.Path(__file__).resolve().parents[3]
HELIX = ROOT / "scripts/helix.sh"
WAIT_S = 60  # for machines that build at the same time; all of it takes milliseconds


def configuration(fathom: str) -> str:
    """What docs/editors.md says, with this program, the built-in model, and no other server."""
    page = (ROOT / "docs/editors.md").read_text()
    blocks = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    text = next(block for block in blocks if "[language-server.fathom]" in block)
    model = ROOT / "models/nano/fathom-nano.gguf"
    for documented, here in [
            ('"fathom"\n', f'"{fathom}"\n'),
            ('["lsp"]', f'["lsp", "--standalone", "--model", "{model}"]'),
            ('["clangd", "fathom"]', '["fathom"]')]:
        assert documented in text, f"docs/editors.md does not say {documented} any more"
        text = text.replace(documented, here, 1)
    return text


# Typed one after the other until there is a suggestion.
PIECES = ["o", "int add(int a, int b) {\r", "return a", " + b;\r}\rint subtract(int a, int b) {\r",
          "return ", "a", ";\r}\rint sum = "]


class Terminal:
    """A program on a pseudo-terminal; `seen` is all that it wrote."""

    def __init__(self, command: list[str], env: dict[str, str], folder: pathlib.Path) -> None:
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(folder)
            os.execvpe(command[0], command, env)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        self.seen = ""

    def read(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if select.select([self.fd], [], [], left)[0]:
                try:
                    self.seen += os.read(self.fd, 65536).decode(errors="replace")
                except OSError:  # it has ended
                    return

    def type(self, keys: str) -> None:
        for key in keys:
            os.write(self.fd, key.encode())
            self.read(0.02)

    def ended(self) -> bool:
        return os.waitpid(self.pid, os.WNOHANG)[0] == self.pid

    def mode(self) -> str:
        """The last one that the status line showed."""
        return (re.findall(r"NOR|INS", self.screen_text()) or [""])[-1]

    def leave_insert_mode(self) -> None:
        self.type("\x1b")  # alone: with a key behind it, it would be Alt and that key
        self.wait_for("the normal mode", lambda: self.mode() == "NOR")

    def wait_for(self, what: str, holds: Callable[[], bool]) -> None:
        end = time.monotonic() + WAIT_S
        while not holds():
            if time.monotonic() > end:
                raise AssertionError(f"waited in vain for {what}:\n{self.screen_text()[-2000:]}")
            self.read(0.1)

    def screen_text(self) -> str:
        """What it wrote, without control sequences."""
        controls = r"\x1b(\[[0-9;?]*[ -/]*[@-~]|[()].|[=>]|\][^\x07\x1b]*(\x07|\x1b\\))"
        return re.sub(controls, "", self.seen)


def text_of(log: pathlib.Path) -> str:
    return log.read_text(errors="replace") if log.exists() else ""


def offers(log: pathlib.Path) -> list[list[dict[str, Any]]]:
    """What the server offered, by Helix's own log: the items of each answer."""
    answers = re.findall(r"fathom <- (\{.*\})", text_of(log))
    results = [json.loads(answer).get("result") for answer in answers]
    return [r["items"] for r in results if isinstance(r, dict) and "items" in r]


@contextlib.contextmanager
def helix_with(fathom: str, source: pathlib.Path, log: pathlib.Path) -> Iterator[Terminal]:
    """A Helix with a file and a model; ended by whoever uses it."""
    folder = source.parent
    (folder / "helix").mkdir(exist_ok=True)
    (folder / "helix/languages.toml").write_text(configuration(fathom))
    env = dict(os.environ, TERM="xterm-256color", HOME=str(folder), XDG_CONFIG_HOME=str(folder),
               XDG_CACHE_HOME=str(folder / "cache"), XDG_STATE_HOME=str(folder / "state"))
    helix = Terminal([str(HELIX), "-v", "--log", str(log), str(source)], env, folder)
    try:
        helix.wait_for("the model", lambda: "the model is ready" in text_of(log))
        yield helix
        helix.wait_for("Helix to end", helix.ended)
    except BaseException:
        os.kill(helix.pid, signal.SIGKILL)
        raise


def play(fathom: str, folder: pathlib.Path) -> None:
    source, log = folder / "sum.cpp", folder / "helix.log"
    source.write_text("// Sums.\n")
    with helix_with(fathom, source, log) as helix:
        items: list[dict[str, Any]] = []
        for piece in PIECES:
            helix.type(piece)
            helix.leave_insert_mode()
            helix.type(":w\ra")
            helix.wait_for("the insert mode", lambda: helix.mode() == "INS")
            before, n_offers = source.read_text(), len(offers(log))
            helix.type("\x18")  # C-x asks for completions
            helix.wait_for("an answer", lambda n=n_offers: len(offers(log)) > n)
            if items := offers(log)[-1]:
                break
        if not items:
            raise AssertionError("nothing was suggested anywhere")
        label = items[0]["label"].strip()
        helix.wait_for("the menu", lambda: label in helix.screen_text())
        helix.read(0.5)  # the menu is drawn whole
        helix.type("\x0e\r")  # C-n takes the first entry, Enter inserts it
        helix.leave_insert_mode()
        helix.type(":wq\r")
    written = source.read_text()
    # Helix orders its menu by its own taste.
    offered = [item["textEdit"]["newText"] for item in items]
    accepted = [text for text in offered if written.count(text) > before.count(text)]
    if not accepted:
        raise AssertionError(f"offered was {offered!r}, written was {written!r}")
    print(f"ok: accepted {accepted[0]!r}")


def git(folder: pathlib.Path, *arguments: str) -> None:
    nobody = {f"GIT_{who}_{what}": "a@b" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    env = dict(os.environ, GIT_CONFIG_GLOBAL="/dev/null", GIT_CONFIG_SYSTEM="/dev/null", **nobody)
    subprocess.run(["git", *arguments], cwd=folder, env=env, check=True)


def play_review(fathom: str, folder: pathlib.Path) -> None:
    """By the command of docs/editors.md, which has no arguments."""
    source, log = folder / "key.cpp", folder / "helix.log"
    command = ":lsp-workspace-command fathom.review"
    assert command in (ROOT / "docs/editors.md").read_text()
    source.write_text("// A key.\n")
    git(folder, "init", "-q", ".")
    git(folder, "add", "key.cpp")
    git(folder, "commit", "-q", "-m", "x")
    source.write_text("// A key.\nauto key = \"ghp_" + "1a2B3c4D5e6F7g8H9i0J1k2L3m4N5o6P7q8R\";\n")
    with helix_with(fathom, source, log) as helix:
        helix.type(command + "\r")
        helix.wait_for("the finding", lambda: '"code":"secret"' in text_of(log))
        # Blanks that the screen had already are not written again.
        helix.wait_for("the summary", lambda: "in1changedfile" in re.sub(r"\s", "", helix.screen_text()))
        helix.type(":q\r")
    print("ok: reviewed")


def main() -> int:
    fathom = str(pathlib.Path(sys.argv[1]).resolve())
    fetched = subprocess.run([HELIX, "fetch"], check=False, capture_output=True, text=True)
    if fetched.returncode != 0:
        print(fetched.stderr.strip())
        return 77
    with tempfile.TemporaryDirectory() as folder:
        play(fathom, pathlib.Path(folder))
    with tempfile.TemporaryDirectory() as folder:
        play_review(fathom, pathlib.Path(folder))
    return 0


if __name__ == "__main__":
    sys.exit(main())
