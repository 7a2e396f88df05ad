"""A repository of git, and `fathom` run in it: what the tests of reviews and patches share."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

import scripted_model

CODE = "".join(f"int f{i}(int a) {{\n  int b = a * {i};\n  return b;\n}}\n\n" for i in range(4))


class Case(unittest.TestCase):
    program = ""

    def setUp(self) -> None:
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="fathom-review-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.repository = self.folder / "repository"
        self.repository.mkdir()
        self.git("init", "-q", "-b", "main", ".")

    def environment(self) -> dict[str, str]:
        return {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null",
                "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b",
                "HOME": str(self.folder), "XDG_CONFIG_HOME": str(self.folder / "config")}

    def git(self, *args: str, stdin: bytes = b"") -> bytes:
        return subprocess.run(["git", *args], cwd=self.repository, input=stdin, check=True, capture_output=True,
                              env=self.environment()).stdout

    def write(self, name: str, text: str | bytes) -> None:
        path = self.repository / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())

    def commit(self) -> None:
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "x")

    def fathom(self, *args: str, status: int | None = 0, stdin: bytes = b"") -> subprocess.CompletedProcess:
        run = subprocess.run([self.program, *args], cwd=self.repository, input=stdin, capture_output=True, timeout=120,
                             env=self.environment())
        if status is not None:
            self.assertEqual(run.returncode, status, run.stderr.decode(errors="replace"))
        return run

    def report(self, *args: str, status: int | None = 0, stdin: bytes = b"") -> dict:
        return json.loads(self.fathom("review", "--format", "json", *args, status=status, stdin=stdin).stdout)

    def a_change(self) -> None:
        self.write("a.c", CODE)
        self.commit()
        self.write("a.c", CODE.replace("a * 1", "a / 0").replace("a * 3", "a + 3"))

    def model_that_says(self, *findings: dict) -> str:
        """A model that answers every question with these findings."""
        path = self.folder / "scripted.gguf"
        scripted_model.write_model(path, json.dumps({"findings": findings}, separators=(",", ":")))
        return str(path)


def finding(line: int, quote: str, replacement: str | None, severity: str = "error") -> dict:
    return {"line": line, "quote": quote, "message": f"the line {line} is wrong", "category": "bug",
            "severity": severity, "replacement": replacement}


def main() -> None:
    Case.program = os.path.abspath(sys.argv.pop(1))
    unittest.main()
