"""`fathom patch`, and `--check` and terminals of both commands, with a model that says what a test wants.

    python3 tests/e2e/patch_test.py path/to/fathom
"""

from __future__ import annotations

import fcntl
import os
import select
import subprocess
import termios
import time

from review_case import CODE, Case, finding, main

FIRST = finding(7, "  int b = a / 0;", "  int b = a;")
SECOND = finding(17, "  int b = a + 3;", "  int b = a * 3;")
QUESTION = "Take this change [y,n,a,q,?]? "


class PatchCase(Case):
    def setUp(self) -> None:
        super().setUp()
        self.a_change()
        self.changed = (self.repository / "a.c").read_text()
        self.model = ["--model", self.model_that_says(FIRST, SECOND)]

    def text(self) -> str:
        return (self.repository / "a.c").read_text()

    def in_terminal(self, *args: str, answers: list[tuple[str, str]] = [], stdout: int | None = None,
                    **environment: str) -> tuple[str, int]:
        """What a terminal shows and the exit status; types each answer once its question is there."""
        master, slave = os.openpty()
        self.addCleanup(os.close, master)
        process = subprocess.Popen(
            [self.program, *args], cwd=self.repository, env={**self.environment(), **environment}, stdin=slave,
            stdout=slave if stdout is None else stdout, stderr=slave, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(slave, termios.TIOCSCTTY, 0))
        os.close(slave)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        shown, read_to, left = "", 0, list(answers)
        while True:
            self.assertTrue(select.select([master], [], [], 60)[0], f"nothing comes after {shown!r}")
            try:
                data = os.read(master, 65536)
            except OSError:  # the other end is closed
                break
            shown += data.decode().replace("\r\n", "\n")
            while left and left[0][0] in shown[read_to:]:
                question, answer = left.pop(0)
                read_to = shown.index(question, read_to) + len(question)
                os.write(master, answer.encode())
        self.assertEqual(left, [], shown)
        return shown, process.wait(60)


class Patch(PatchCase):
    def test_prints_a_diff_that_applies_and_says_what_was_verified(self) -> None:
        diff = self.fathom("patch", *self.model).stdout
        self.assertIn(b"# a.c:7: the line 7 is wrong\n#   applies, adds no syntax error\n", diff)
        self.assertNotIn(b"\x1b", diff)
        self.git("apply", "-", stdin=diff)
        self.assertEqual(self.text(), CODE.replace("a * 1", "a"))

    def test_prints_nothing_where_nothing_is_suggested(self) -> None:
        self.assertEqual(self.fathom("patch", "--model", self.model_that_says()).stdout, b"")
        self.assertEqual(self.fathom("patch").stdout, b"", "the built-in model is not certain of anything")

    def test_keeps_to_itself_what_would_break_the_code(self) -> None:
        for replacement in ("  int b = (a;", "  int b = a / 0;", "  int b = a;\u202e"):
            model = self.model_that_says(finding(7, "  int b = a / 0;", replacement))
            self.assertEqual(self.fathom("patch", "--model", model).stdout, b"", replacement)

    def test_changes_the_files_themselves_if_it_is_told_to(self) -> None:
        run = self.fathom("patch", "--apply", *self.model)
        self.assertEqual((run.stdout, run.stderr), (b"", b"fathom: changed a.c\n"))
        self.assertEqual(self.text(), CODE.replace("a * 1", "a"))

    def test_changes_no_file_that_is_not_what_was_reviewed(self) -> None:
        self.git("add", "-A")
        self.write("a.c", "// later\n" + self.changed)
        run = self.fathom("patch", "--apply", "--staged", *self.model, status=2)
        self.assertIn(b"a.c is not what was reviewed; nothing has been changed", run.stderr)
        self.assertEqual(self.text(), "// later\n" + self.changed)

    def test_keeps_what_passes_the_check_and_says_why_the_rest_does_not(self) -> None:
        run = self.fathom("patch", "--check", "if grep '/ 0' a.c; then exit 1; fi", *self.model)
        self.assertIn(b"#   applies, adds no syntax error, passes the check\n", run.stdout)
        self.assertIn(b"-  int b = a / 0;\n+  int b = a;\n", run.stdout)
        self.assertNotIn(b"a + 3", run.stdout)
        self.assertEqual(run.stderr, b"fathom: a suggestion failed the check:\n  int b = a / 0;\n\n")
        report = self.report("--check", "false", *self.model, status=1)
        self.assertEqual([("suggestion" in f) for f in report["findings"]], [False, False])
        report = self.report("--check", "true", *self.model, status=1)
        self.assertEqual([f["suggestion"]["checked"] for f in report["findings"]], [True, True])

    def test_checks_a_copy_and_stops_a_check_that_hangs(self) -> None:
        self.write("build/log", "")
        run = self.fathom("patch", "--check", "rm -rf a.c build .git", *self.model)
        self.assertIn(b"passes the check", run.stdout)
        self.assertEqual(self.text(), self.changed)
        run = self.fathom("patch", "--check", "sleep 600", "--check-seconds", "1", *self.model)
        self.assertEqual(run.stdout, b"")
        self.assertIn(b"a suggestion failed the check", run.stderr)

    def test_refuses_what_does_not_go_together(self) -> None:
        self.fathom("patch", "--interactive", "--diff", "-", status=2)
        self.fathom("patch", "--check", "true", "--diff", "-", stdin=self.git("diff"), status=2)


class Terminal(PatchCase):
    def test_asks_about_each_change_in_colours(self) -> None:
        shown, status = self.in_terminal("patch", "-i", "--apply", *self.model,
                                         answers=[(QUESTION, "n\n"), (QUESTION, "y\n")])
        self.assertEqual(status, 0)
        self.assertIn("\033[31m-  int b = a / 0;\033[0m\n\033[32m+  int b = a;\033[0m\n", shown)
        self.assertIn("(1/2) " + QUESTION, shown)
        self.assertIn("(2/2) " + QUESTION, shown)
        self.assertEqual(self.text(), CODE.replace("a * 1", "a / 0"))

    def test_takes_all_or_stops_and_explains_the_answers(self) -> None:
        shown, _ = self.in_terminal("patch", "-i", "--apply", *self.model, NO_COLOR="1",
                                    answers=[(QUESTION, "what\n"), (QUESTION, "q\n")])
        self.assertIn("a: take it and all that follow", shown)
        self.assertNotIn("\033[3", shown)
        self.assertEqual(self.text(), self.changed)
        self.in_terminal("patch", "-i", "--apply", *self.model, answers=[(QUESTION, "a\n")])
        self.assertEqual(self.text(), CODE.replace("a * 1", "a"))

    def test_asks_on_the_terminal_while_the_diff_goes_elsewhere(self) -> None:
        with open(self.folder / "out.patch", "wb") as out:
            shown, _ = self.in_terminal("patch", "-i", *self.model, stdout=out.fileno(),
                                        answers=[(QUESTION, "y\n"), (QUESTION, "\x04")])
        self.assertIn("\033[32m+  int b = a;", shown)
        self.git("apply", "-", stdin=(self.folder / "out.patch").read_bytes())
        self.assertEqual(self.text(), self.changed.replace("a / 0", "a"))

    def test_changes_nothing_after_ctrl_c(self) -> None:
        _, status = self.in_terminal("patch", "-i", "--apply", *self.model,
                                     answers=[(QUESTION, "y\n"), (QUESTION, "\x03")])
        self.assertNotEqual(status, 0)
        self.assertEqual(self.text(), self.changed)

    def test_ctrl_c_ends_a_check_and_keeps_the_findings(self) -> None:
        started = time.monotonic()
        shown, status = self.in_terminal("review", "--check", "sleep 600", *self.model,
                                         answers=[("Checking suggestions  1 of 2", "\x03")])
        self.assertLess(time.monotonic() - started, 300)
        self.assertEqual(status, 1)
        self.assertIn("the line 7 is wrong", shown)
        self.assertIn("the line 17 is wrong", shown)

    def test_says_how_far_it_is_and_wipes_that(self) -> None:
        shown, status = self.in_terminal("review", *self.model)
        self.assertEqual(status, 1)
        self.assertIn("\rReviewing  1 of 1\033[K", shown)
        self.assertIn("\r\033[K", shown)
        self.assertIn("the line 7 is wrong", shown.split("\r\033[K")[-1])
        self.assertNotIn(b"Reviewing", self.fathom("review", *self.model, status=1).stderr)


if __name__ == "__main__":
    main()
