"""A change under review in CI, from the first push to the last: editors/ci as CI would run it,
against hosts on this machine.

    simulation_test.py FATHOM
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

from loopback import Answer, git
from loopback_github import GitHub
from loopback_gitlab import GitLab

HERE = pathlib.Path(__file__).resolve().parent
CI = HERE.parents[1] / "editors/ci"
FATHOM = ""

START = "def a(x):\n    return x\n\n\ndef b(y):\n    return y\n"
DEFECTS = ("def a(x):\n    if x == None:\n        return 0\n    return x\n\n\n"
           "def b(y):\n    if y == None:\n        return 1\n    return y\n")


class World(unittest.TestCase):
    """A repository with a branch `topic` off main, and a host that knows it."""

    def setUp(self):
        folder = tempfile.mkdtemp(prefix="fathom-ci-")
        self.addCleanup(shutil.rmtree, folder)
        self.folder = pathlib.Path(folder)
        self.repository = self.folder / "repository"
        subprocess.run(["git", "init", "-q", "-b", "main", self.repository], check=True)
        git(self.repository, "config", "user.email", "a@example.org")
        git(self.repository, "config", "user.name", "A")
        self.push(START, "Begin")
        git(self.repository, "checkout", "-q", "-b", "topic")
        self.log = self.folder / "reviews.log"
        self.log.touch()
        self.report = self.folder / "out/report.json"

    def open(self, host):
        self.host = host
        self.addCleanup(host.close)

    def push(self, text, message="Change", path="m.py"):
        (self.repository / path).write_text(text, encoding="utf-8")
        git(self.repository, "add", "-A")
        git(self.repository, "commit", "-q", "-m", message)

    def environment(self, **more):
        return {**os.environ, "FATHOM": str(HERE / "scripted_fathom.sh"), "FATHOM_BINARY": FATHOM,
                "SCRIPTED_LOG": str(self.log), "FATHOM_RESULTS": str(self.folder / "results"), **more}

    def review(self, **more):
        """The first job. Where it is given a token nevertheless, the reviewer does not see it."""
        return subprocess.run([CI / "review.sh", "--base", "main", "--out", self.report.parent], cwd=self.repository,
                              env=self.environment(FATHOM_TOKEN="t", **more), capture_output=True, text=True, check=False)

    def post(self, *more, head=None, token=None):
        """The second job."""
        if isinstance(self.host, GitHub):
            options = ["github", "--repository", "owner/name"]
        else:
            options = ["gitlab", "--project", "group/name"]
        return subprocess.run(
            [sys.executable, CI / "post.py", *options, "--number", "7", "--head", head or self.host.head(),
             "--api", self.host.url, "--fathom", HERE / "scripted_fathom.sh", *more, self.report],
            env=self.environment(FATHOM_TOKEN=token or self.host.token), capture_output=True, text=True, check=False)

    def run_both(self, *more):
        self.assertIn(self.review().returncode, (0, 1))
        posted = self.post(*more)
        self.assertEqual(posted.returncode, 0, posted.stderr)
        return posted

    def edit_report(self, change):
        report = json.loads(self.report.read_text("utf-8"))
        change(report)
        self.report.write_text(json.dumps(report), "utf-8")


def apply_suggestion(text, body, first, last):
    """What the host's button does: the block's lines in the place of first to last."""
    block = re.search(r"^(`{3,})suggestion\S*\n(.*?)^\1$", body, re.DOTALL | re.MULTILINE)[2]
    lines = text.splitlines(keepends=True)
    return "".join(lines[:first - 1]) + block + "".join(lines[last:])


class OnGitHub(World):
    def setUp(self):
        super().setUp()
        self.open(GitHub(self.repository))

    def test_comments_come_once_over_three_pushes_and_applying_them_passes_the_check(self):
        self.push(DEFECTS)
        self.run_both()
        self.assertEqual([(c["path"], c["line"]) for c in self.host.comments], [("m.py", 2), ("m.py", 8)])

        moved = "import sys\n\n\n" + DEFECTS
        self.push(moved)
        self.run_both()
        self.assertEqual(len(self.host.comments), 2, "the same findings, three lines below")

        fixed = moved
        for comment, line in zip(self.host.comments, (5, 11)):
            fixed = apply_suggestion(fixed, comment["body"], line, line)
        self.assertEqual(fixed, moved.replace("== None", "is None"))
        self.host.reply(self.host.comments[1])
        self.push(fixed)
        self.assertEqual(self.review().returncode, 0)
        self.assertEqual(self.post().returncode, 0)
        self.assertEqual([c["line"] for c in self.host.comments if "line" in c], [8],
                         "what somebody answered stays, the other is gone")
        self.assertEqual(self.host.n_reviews, 1)

    def test_running_the_same_twice_posts_and_reviews_once(self):
        self.push(DEFECTS)
        self.run_both()
        again = self.run_both()
        self.assertIn("0 new, 2 there already", again.stdout)
        self.assertEqual(self.host.n_reviews, 1)
        self.assertEqual(len(self.log.read_text().splitlines()), 1, "the result was kept")
        self.push(DEFECTS + "\n")
        self.run_both()
        self.assertEqual(len(self.log.read_text().splitlines()), 2, "other content is reviewed anew")

    def test_a_fork_without_rights_gets_annotations(self):
        self.push(DEFECTS)
        self.review()
        self.host.may_write = False
        posted = self.post()
        self.assertEqual(posted.returncode, 0, posted.stderr)
        self.assertIn("may not comment", posted.stderr)
        self.assertEqual(posted.stdout.count("::warning file=m.py,line="), 2)
        self.assertEqual(self.host.comments, [])

    def test_a_wrong_token_gets_annotations(self):
        self.push(DEFECTS)
        self.review()
        self.assertIn("::warning file=m.py", self.post(token="wrong").stdout)

    def test_many_findings_come_in_batches(self):
        self.push("".join(f"def f{i}(x):\n    return x{i} == None\n" for i in range(70)))
        self.run_both()
        self.assertEqual((len(self.host.comments), self.host.n_reviews), (70, 3))
        self.run_both()
        self.assertEqual(len(self.host.comments), 70, "and all pages of them are known again")

    def test_rate_limits_are_waited_for(self):
        self.push(DEFECTS)
        self.review()
        soon = int(time.time())
        self.host.faults = [Answer(429, "slow down", Retry_After=1),
                            Answer(403, "API rate limit exceeded", X_RateLimit_Remaining=0, X_RateLimit_Reset=soon)]
        self.assertEqual(self.post().returncode, 0)
        self.assertEqual(len(self.host.comments), 2)

    def test_a_wait_beyond_the_limit_ends_with_a_reason(self):
        self.push(DEFECTS)
        self.review()
        self.host.faults = [Answer(429, "slow down", Retry_After=3600)]
        posted = self.post("--max-wait", "5")
        self.assertEqual(posted.returncode, 3)
        self.assertIn("slow down", posted.stderr)

    def test_an_answer_that_is_lost_does_not_double_comments(self):
        self.push(DEFECTS)
        self.review()
        self.host.lose_answer_to = "POST"
        self.assertEqual(self.post().returncode, 0)
        self.assertEqual(len(self.host.comments), 2)

    def test_lines_outside_the_diff_are_never_posted(self):
        self.push(DEFECTS.replace("def b", "\n" * 20 + "def b"))
        self.review()

        def forge(report):
            report["findings"][0]["lines"] = report["findings"][0]["suggestion"]["lines"] = {"begin": 900, "end": 900}
            for file in report["files"]:
                file["hunks"].append({"old_begin": 900, "old_count": 0, "new_begin": 900, "new_count": 9, "added": []})

        self.edit_report(forge)
        self.assertEqual(self.post().returncode, 0)
        self.assertEqual(len(self.host.comments), 1)

    def test_a_report_that_is_none_is_refused_before_anything_is_sent(self):
        self.push(DEFECTS)
        self.review()
        self.edit_report(lambda report: report["findings"][0].update(body="<b>"))
        posted = self.post()
        self.assertEqual(posted.returncode, 2)
        self.assertIn("/findings/0/body", posted.stderr)
        self.assertEqual(self.host.requests, [])

    def test_a_strangers_mark_hides_nothing(self):
        self.push(DEFECTS)
        self.review()
        mark = json.loads(self.report.read_text("utf-8"))["findings"][0]["fingerprint"]
        self.host.add({"path": "m.py", "line": 2, "body": f"x <!-- fathom:{mark} -->"}, "mallory")
        self.post()
        self.assertEqual(sum(c["user"]["login"] == self.host.author for c in self.host.comments), 2)
        self.assertEqual(sum(c["user"]["login"] == "mallory" for c in self.host.comments), 1)

    def test_nothing_is_posted_once_the_branch_has_moved_on(self):
        self.push(DEFECTS)
        self.review()
        head = self.host.head()
        self.push(DEFECTS + "\n")
        self.assertIn("moved on", self.post(head=head).stdout)
        self.assertEqual(self.host.count("POST"), 0)

    def test_an_incomplete_review_removes_nothing(self):
        self.push(DEFECTS)
        self.run_both()

        def forget(report):
            report["findings"] = []
            report["complete"] = False
            report["unreviewed"] = [{"path": "m.py", "uri": "m.py", "lines": None, "reason": "out of time",
                                     "expected": False}]

        self.edit_report(forget)
        self.assertEqual(self.post().returncode, 0)
        self.assertEqual(len(self.host.comments), 2)

    def test_the_first_job_leaves_every_document_and_tells_the_runner(self):
        self.push(DEFECTS)
        files = {name: self.folder / name for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
        run = self.review(GITHUB_ACTIONS="true", **{k: str(v) for k, v in files.items()})
        self.assertEqual(run.returncode, 1)
        self.assertEqual(run.stdout.count("::warning file=m.py"), 2)
        quiet = self.review(GITHUB_ACTIONS="true", FATHOM_ANNOTATIONS="false")
        self.assertNotIn("::warning", quiet.stdout)
        self.assertIn("findings=2\nstatus=1\n", files["GITHUB_OUTPUT"].read_text())
        self.assertIn("2 findings (2 warnings)", files["GITHUB_STEP_SUMMARY"].read_text())
        self.assertEqual(sorted(p.name for p in self.report.parent.iterdir()),
                         ["gl-code-quality-report.json", "junit.xml", "report.json", "report.rdjsonl", "report.sarif",
                          "summary.md"])

    def test_usage_errors_say_what_to_do(self):
        run = subprocess.run([CI / "review.sh", "--base", "nowhere"], cwd=self.repository, env=self.environment(),
                             capture_output=True, text=True, check=False)
        self.assertEqual(run.returncode, 2)
        self.assertIn("fetch-depth", run.stderr)
        for number in ("7/../8", "", "-1", "7;x"):
            run = subprocess.run([sys.executable, CI / "post.py", "github", "--repository", "o/n", f"--number={number}",
                                  "--head", "0" * 40, "x.json"], capture_output=True, check=False,
                                 env=self.environment(FATHOM_TOKEN="t"))
            self.assertEqual(run.returncode, 2, number)


class ByTheRealReviewer(World):
    """`fathom review` itself, which finds credentials without asking a model."""

    def test_a_credential_is_reported_once_and_repeated_nowhere(self):
        self.open(GitHub(self.repository))
        token = "ghp_" + "1a2B3c4D5e6F7g8H9i0J1k2L3m4N5o6P7q8R"
        self.push(START + f'\n\nTOKEN = "{token}"\n')
        for text in ("", "# one more line\n"):
            self.push(text + (self.repository / "m.py").read_text("utf-8") + "\n")
            run = self.review(FATHOM=FATHOM)
            self.assertEqual(run.returncode, 1, run.stderr)
            posted = self.post("--fathom", FATHOM)
            self.assertEqual(posted.returncode, 0, posted.stderr)
            self.assertNotIn(token, run.stdout + run.stderr + posted.stdout)
        self.assertEqual([c["path"] for c in self.host.comments], ["m.py"])
        self.assertIn("credential", self.host.comments[0]["body"])
        for document in self.report.parent.iterdir():
            self.assertNotIn(token, document.read_text("utf-8"), document.name)


class OnGitLab(World):
    def setUp(self):
        super().setUp()
        self.open(GitLab(self.repository))

    def open_lines(self):
        notes = [d["notes"][0] for d in self.host.discussions]
        return [n["position"]["new_line"] for n in notes if not n["resolved"]]

    def test_discussions_come_once_over_three_pushes_and_applying_them_passes_the_check(self):
        self.push(DEFECTS)
        self.run_both()
        self.assertEqual(self.open_lines(), [2, 8])

        moved = "import sys\n\n\n" + DEFECTS
        self.push(moved)
        self.run_both()
        self.assertEqual(self.open_lines(), [2, 8], "the same findings, three lines below")

        fixed = moved
        for discussion, line in zip(self.host.discussions, (5, 11)):
            self.assertIn("```suggestion:-0+0\n", discussion["notes"][0]["body"])
            fixed = apply_suggestion(fixed, discussion["notes"][0]["body"], line, line)
        self.assertEqual(fixed, moved.replace("== None", "is None"))
        self.host.reply(self.host.discussions[1])
        self.push(fixed)
        self.assertEqual(self.review().returncode, 0)
        self.assertEqual(self.post().returncode, 0)
        self.assertEqual(self.open_lines(), [8], "what somebody answered stays, the other is resolved")
        self.assertEqual(self.post().returncode, 0)
        self.assertEqual(self.host.count("PUT"), 1, "and resolved once")

    def test_many_findings_are_known_again_on_all_pages(self):
        self.push("".join(f"def f{i}(x):\n    return x{i} == None\n" for i in range(120)))
        self.run_both()
        self.run_both()
        self.assertEqual(len(self.host.discussions), 120)

    def test_without_rights_the_findings_are_in_the_log(self):
        self.push(DEFECTS)
        self.review()
        self.host.may_write = False
        posted = self.post()
        self.assertEqual(posted.returncode, 0, posted.stderr)
        self.assertIn("m.py:2: warning:", posted.stdout)

    def test_rate_limits_and_lost_answers_do_not_double_discussions(self):
        self.push(DEFECTS)
        self.review()
        self.host.faults = [Answer(429, "Retry later", Retry_After=1)]
        self.host.lose_answer_to = "POST"
        self.assertEqual(self.post().returncode, 0)
        self.assertEqual(self.open_lines(), [2, 8])


if __name__ == "__main__":
    FATHOM = str(pathlib.Path(sys.argv.pop(1)).resolve())
    unittest.main()
