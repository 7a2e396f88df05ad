"""`fathom review` on real repositories, with the built-in model.

    python3 tests/e2e/review_test.py path/to/fathom

What the built-in model finds is worth nothing, so these tests let it speak (--min-confidence 0) only to see that
whatever is said is in the right place, applies, and is the same twice.
"""

from __future__ import annotations

import json
import signal
import subprocess

from review_case import CODE, Case, main

TOKEN = "ghp_" + "1a2B3c4D5e6F7g8H9i0J1k2L3m4N5o6P7q8R"


class Review(Case):
    def test_says_nothing_of_no_change(self) -> None:
        self.write("a.c", CODE)
        self.commit()
        report = self.report()
        self.assertEqual((report["findings"], report["files"], report["complete"]), ([], [], True))

    def test_is_silent_with_the_built_in_model(self) -> None:
        self.a_change()
        report = self.report()
        self.assertEqual(report["findings"], [])
        self.assertEqual(report["hunks"], 2)
        self.assertGreater(report["prompt_tokens"], 0)

    def test_gives_the_same_bytes_twice_and_with_one_or_two_threads(self) -> None:
        self.a_change()
        runs = [self.fathom("review", "--format", "json", "--min-confidence", "0", *threads, status=None).stdout
                for threads in ([], [], ["--threads", "1"], ["--threads", "2"])]
        self.assertEqual(len(set(runs)), 1)

    def test_gives_the_same_bytes_whatever_is_asked_side_by_side(self) -> None:
        for i in range(3):
            self.write(f"f{i}.c", CODE)
        self.commit()
        for i in range(3):
            self.write(f"f{i}.c", CODE.replace("a * 1", f"a / {i}"))
        runs = [self.fathom("review", "--format", "json", "--min-confidence", "0", *one_by_one, status=None).stdout
                for one_by_one in ([], ["--max-tokens", "1000000"])]
        self.assertEqual(runs[0], runs[1])
        self.assertEqual(json.loads(runs[0])["hunks"], 3)

    def test_finds_secrets_and_fails_on_them(self) -> None:
        self.a_change()
        self.write("k.py", f"key = '{TOKEN}'\n")
        self.git("add", "k.py")
        for style in ("json", "text", "sarif", "github", "markdown"):
            run = self.fathom("review", "--format", style, status=1)
            self.assertNotIn(TOKEN.encode(), run.stdout + run.stderr)
        report = self.report("--staged", status=1)
        self.assertEqual([(f["path"], f["lines"]["begin"], f["category"]) for f in report["findings"]],
                         [("k.py", 1, "secret")])
        self.write("k.py", f"key = '{TOKEN}'  # fathom:allow\n")
        self.assertEqual(self.report()["rejected"]["suppressed"], 1)

    def test_a_baseline_silences_what_it_lists_wherever_it_moves(self) -> None:
        self.write("k.py", "a = 1\n")
        self.commit()
        self.write("k.py", f"a = 1\nkey = '{TOKEN}'\n")
        self.fathom("review", "--write-baseline", "base.json")
        self.write("k.py", f"import os\n\na = 1\nkey = '{TOKEN}'\n")
        self.assertEqual(self.report("--baseline", "base.json")["findings"], [])
        earlier = self.fathom("review", "--format", "json", status=1).stdout
        (self.repository / "earlier.json").write_bytes(earlier)
        self.assertEqual(self.report("--baseline", "earlier.json")["findings"], [])
        self.write("k.py", f"a = 1\nkey = '{TOKEN}'\nother = '{TOKEN[:-1]}s'\n")
        self.assertEqual(len(self.report("--baseline", "base.json", status=1)["findings"]), 1)

    def test_reads_a_diff_from_elsewhere(self) -> None:
        self.a_change()
        diff = self.git("diff", "HEAD")
        self.assertEqual(self.report("--diff", "-", stdin=diff), self.report())
        elsewhere = self.folder / "elsewhere"
        elsewhere.mkdir()
        run = subprocess.run([self.program, "review", "--diff", "-", "--format", "json"], cwd=elsewhere, input=diff,
                             capture_output=True, timeout=120, env=self.environment())
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertEqual(json.loads(run.stdout)["hunks"], 2)

    def test_says_what_is_wrong_with_the_command(self) -> None:
        self.a_change()
        for args, message in ((("no-such-ref",), "not a revision"), (("--staged", "--base", "main"), "exclude"),
                              (("--diff", "none.diff"), "none.diff"), (("--baseline", "a.c"), "not a baseline"),
                              (("--format", "xml"), "xml"), (("--fail-on", "never"), "never")):
            run = self.fathom("review", *args, status=None)
            self.assertIn(run.returncode, (2, 3), args)
            self.assertIn(message, run.stderr.decode(), args)
            self.assertEqual(run.stdout, b"")
        self.fathom("review", "--diff", "-", stdin=b"--- a/../x\n+++ b/../x\n@@ -1 +1 @@\n-a\n+b\n", status=2)

    def test_is_incomplete_when_its_budget_is_spent(self) -> None:
        self.write("a.c", "int a;\n")
        self.commit()
        self.write("a.c", "".join(f"int variable_{i} = {i};\n" for i in range(10000)))
        report = self.report("--max-tokens", "1", "--min-confidence", "0", status=3)
        self.assertFalse(report["complete"])
        self.assertIn("out of tokens", {part["reason"] for part in report["unreviewed"]})
        lines = [part["lines"] for part in report["unreviewed"]]
        self.assertEqual(lines[-1]["end"], 10000)

    def test_ctrl_c_keeps_what_there_is(self) -> None:
        self.write("a.c", "int a;\n")
        self.write("k.py", "a = 1\n")
        self.commit()
        self.write("a.c", "".join(f"int variable_{i} = {i};\n" for i in range(20000)))
        self.write("k.py", f"key = '{TOKEN}'\n")
        run = subprocess.Popen([self.program, "review", "--format", "json", "--verbose"], cwd=self.repository,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=self.environment())
        run.stderr.readline()  # the model is being loaded, so it listens to signals
        run.send_signal(signal.SIGINT)
        output, errors = run.communicate(timeout=60)
        self.assertEqual(run.returncode, 3, errors)
        report = json.loads(output)
        self.assertEqual([f["category"] for f in report["findings"]], ["secret"])
        self.assertIn("interrupted", {part["reason"] for part in report["unreviewed"]})

    def test_whatever_is_found_is_on_added_lines(self) -> None:
        self.write("crlf.c", CODE.replace("\n", "\r\n"))
        self.write("latin.c", "// gr\xfc\xdfe\n".encode("latin-1") + CODE.encode())
        self.write("old name.c", CODE)
        self.commit()
        self.git("mv", "old name.c", "n\u00e4w.c")
        for name in ("crlf.c", "latin.c", "n\u00e4w.c"):
            path = self.repository / name
            path.write_bytes(path.read_bytes().replace(b"a * 2", b"a / 2").rstrip(b"\r\n"))
        report = self.report("--min-confidence", "0", status=None)
        self.assertEqual({f["new_uri"] for f in report["files"]}, {"crlf.c", "latin.c", "n%C3%A4w.c"})
        added = {f["new_uri"]: {n for h in f["hunks"] for r in h["added"] for n in range(r["begin"], r["end"] + 1)}
                 for f in report["files"]}
        for finding in report["findings"]:
            lines = range(finding["lines"]["begin"], finding["lines"]["end"] + 1)
            self.assertTrue(added[finding["uri"]] & set(lines), finding)


if __name__ == "__main__":
    main()
